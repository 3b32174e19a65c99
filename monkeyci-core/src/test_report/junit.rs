//! The XML that JUnit began, and that every test runner writes a little differently.
//!
//! Read as a stream of tags with a list of open ones, not by recursion: a report is written by a job, and may be nested
//! a million deep. Only the five entities of XML and characters by number are resolved, so that none can grow.

use std::io::{BufReader, Read};

use monkeyci_model::result::{TestCase, TestProblem, TestSuite};
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::{FILE_BYTES, TEXT_BYTES, TestReportError};

/// Tags within tags.
const DEPTH: usize = 64;

/// Reads one report; `room` is how many more tests are kept.
pub(super) fn read(
    file: impl Read,
    path: &str,
    room: &mut usize,
    suites: &mut Vec<TestSuite>,
) -> Result<(), TestReportError> {
    // It may grow while it is read.
    let mut xml = Reader::from_reader(BufReader::new(file.take(FILE_BYTES)));
    let mut buffer = Vec::new();
    let mut open = Open { room, done: suites, suites: Vec::new(), case: None, problem: None, depth: 0, any: false };
    loop {
        let at = xml.buffer_position();
        let malformed = |what: String| TestReportError::Malformed { path: path.to_owned(), at, what };
        let event = xml.read_event_into(&mut buffer).map_err(|error| malformed(error.to_string()))?;
        match event {
            Event::Start(tag) => {
                open.depth += 1;
                if open.depth > DEPTH {
                    return Err(malformed(format!("tags are more than {DEPTH} deep")));
                }
                open.start(&tag).map_err(malformed)?;
            }
            Event::Empty(tag) => {
                open.start(&tag).map_err(malformed)?;
                open.end(tag.name().into_inner());
            }
            Event::End(tag) => {
                open.depth = open.depth.saturating_sub(1);
                open.end(tag.name().into_inner());
            }
            Event::Text(text) => open.text(&text.xml10_content()),
            Event::CData(text) => open.text(&text.xml10_content()),
            Event::GeneralRef(name) => match name.resolve_char_ref() {
                Ok(Some(char)) => open.text(char.encode_utf8(&mut [0; 4])),
                // An entity of the document's own is left away, with all that it could grow into.
                _ => open.text(resolve_predefined_entity(&name.xml10_content()).unwrap_or_default()),
            },
            Event::Eof if open.depth > 0 => return Err(malformed("ends within a tag".into())),
            Event::Eof if !open.any => return Err(malformed("holds no `testsuite`".into())),
            Event::Eof => return Ok(()),
            _ => {}
        }
        buffer.clear();
    }
}

/// What has begun and not ended yet.
struct Open<'a> {
    room: &'a mut usize,
    done: &'a mut Vec<TestSuite>,
    suites: Vec<Suite>,
    case: Option<TestCase>,
    problem: Option<(Kind, TestProblem)>,
    depth: usize,
    any: bool,
}

struct Suite {
    suite: TestSuite,
    cut: usize,
    nested: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Failure,
    Error,
}

impl Open<'_> {
    fn start(&mut self, tag: &BytesStart<'_>) -> Result<(), String> {
        let mut attributes = Vec::new();
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|error| error.to_string())?;
            // An attribute with an entity that is not known is taken as it is written.
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).unwrap_or(attribute.value.clone());
            attributes.push((attribute.key.into_inner().to_owned(), cut(&value).to_owned()));
        }
        let text =
            |name| attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default();
        // `1,234.5` is what some runners write; what is no number at all is no reason to lose a report.
        let seconds =
            |name| text(name).replace(',', "").parse().ok().filter(|time: &f64| time.is_finite()).unwrap_or(0.0);
        let problem = || TestProblem { message: text("message"), kind: text("type"), description: String::new() };
        match tag.name().into_inner() {
            "testsuites" | "testrun" => self.any = true,
            "testsuite" => {
                self.any = true;
                if let Some(outer) = self.suites.last_mut() {
                    outer.nested = true;
                }
                let suite = TestSuite { name: text("name"), time: seconds("time"), ..TestSuite::default() };
                self.suites.push(Suite { suite, cut: 0, nested: false });
            }
            "testcase" => {
                let (test_case, class_name) = (text("name"), text("classname"));
                self.case = Some(TestCase { test_case, class_name, time: seconds("time"), ..TestCase::default() });
            }
            "failure" if self.case.is_some() => self.problem = Some((Kind::Failure, problem())),
            "error" if self.case.is_some() => self.problem = Some((Kind::Error, problem())),
            "skipped" | "disabled" => {
                if let Some(case) = &mut self.case {
                    case.skipped = true;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        if let Some((_, problem)) = &mut self.problem {
            let room = TEXT_BYTES.saturating_sub(problem.description.len());
            problem.description.push_str(&text[..text.floor_char_boundary(room)]);
        }
    }

    fn end(&mut self, tag: &str) {
        match tag {
            "failure" | "error" => {
                if let (Some((kind, mut problem)), Some(case)) = (self.problem.take(), &mut self.case) {
                    problem.description = problem.description.trim().to_owned();
                    match kind {
                        Kind::Failure => case.failures.push(problem),
                        Kind::Error => case.errors.push(problem),
                    }
                }
            }
            "testcase" => {
                let Some(case) = self.case.take() else { return };
                if self.suites.is_empty() {
                    self.suites.push(Suite { suite: TestSuite::default(), cut: 0, nested: false });
                }
                let Some(Suite { suite, cut, .. }) = self.suites.last_mut() else { return };
                // Counted here: what runners write in a suite's attributes may count those of nested suites too.
                suite.tests += 1;
                suite.failures += u64::from(!case.failures.is_empty());
                suite.errors += u64::from(!case.errors.is_empty());
                suite.skipped += u64::from(case.skipped);
                if *self.room > 0 {
                    *self.room -= 1;
                    suite.test_cases.push(case);
                } else {
                    *cut += 1;
                }
            }
            "testsuite" => self.close(),
            // Cases with no suite around them.
            "testsuites" | "testrun" => self.close(),
            _ => {}
        }
    }

    fn close(&mut self) {
        let Some(Suite { mut suite, cut, nested }) = self.suites.pop() else { return };
        if cut > 0 {
            suite.name.push_str(&format!(" ({cut} tests not kept: more than {} in all)", super::CASES));
        }
        // One that only holds others says nothing of its own.
        if suite.tests > 0 || !nested {
            self.done.push(suite);
        }
    }
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT_BYTES)]
}

#[cfg(test)]
mod tests {
    use std::fs;

    use monkeyci_model::job::{Report, ReportFormat};

    use super::*;

    fn read(files: &[(&str, &str)], path: &str) -> Result<Vec<TestSuite>, TestReportError> {
        let dir = tempfile::tempdir().expect("a folder");
        for (name, content) in files {
            let file = dir.path().join(name);
            fs::create_dir_all(file.parent().expect("a parent")).expect("makes");
            fs::write(file, content).expect("writes");
        }
        super::super::read(dir.path(), &Report { format: ReportFormat::Junit, path: path.into() })
    }

    #[test]
    fn suites_cases_and_problems_are_read() {
        let xml = r#"<?xml version="1.0"?>
            <testsuites><testsuite name="outer" tests="3"><testsuite name="a &amp; b" time="1,234.5" tests="9">
              <properties><property name="x" value="y"/></properties>
              <testcase name="adds" classname="calc" time="0.5"/>
              <testcase name="divides" classname="calc"><failure message="1 &lt; 2" type="Assert">expected &lt;1&gt;
              &#65;<![CDATA[ <got> 2]]></failure><failure message="second"/></testcase>
              <testcase name="breaks"><error type="Panic">at x</error><system-out>noise</system-out></testcase>
              <testcase name="later"><skipped/></testcase>
            </testsuite></testsuite></testsuites>"#;
        let suites = read(&[("r.xml", xml)], "r.xml").expect("reads");
        let [suite] = suites.as_slice() else { panic!("{suites:?}") };
        assert_eq!((suite.name.as_str(), suite.time), ("a & b", 1234.5));
        assert_eq!((suite.tests, suite.failures, suite.errors, suite.skipped), (4, 1, 1, 1));
        let divides = &suite.test_cases[1];
        assert_eq!((divides.test_case.as_str(), divides.class_name.as_str()), ("divides", "calc"));
        assert_eq!(divides.failures[0].message, "1 < 2");
        assert_eq!(divides.failures[0].description, "expected <1>\n              A <got> 2");
        assert_eq!(divides.failures.len(), 2);
        assert_eq!(suite.test_cases[2].errors[0].kind, "Panic");
        assert!(suite.test_cases[3].skipped);
    }

    #[test]
    fn several_files_are_read_and_links_are_not() {
        let one = r#"<testsuite name="one"><testcase name="x"/></testsuite>"#;
        let suites = read(&[("out/a/1.xml", one), ("out/2.xml", one), ("out/3.txt", "no")], "out/**/*.xml");
        assert_eq!(suites.expect("reads").len(), 2);
        assert!(matches!(read(&[("a.xml", one)], "b.xml"), Err(TestReportError::NotThere { .. })));
        assert!(read(&[], "../../etc/*.xml").expect_err("outside").to_string().contains(".."));

        let dir = tempfile::tempdir().expect("a folder");
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("r.xml")).expect("links");
        let report = Report { format: ReportFormat::Junit, path: "r.xml".into() };
        assert!(matches!(super::super::read(dir.path(), &report), Err(TestReportError::NotThere { .. })));
    }

    #[test]
    fn bombs_and_rubbish_are_errors_and_not_panics() {
        let deep = "<testsuite>".repeat(1_000_000);
        assert!(read(&[("r.xml", &deep)], "r.xml").expect_err("deep").to_string().contains("64 deep"));
        let laughs = r#"<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>
            <testsuite name="&b;"><testcase name="x"><failure>&b;&b;</failure></testcase></testsuite>"#;
        let suites = read(&[("r.xml", laughs)], "r.xml").expect("reads");
        assert_eq!(suites[0].test_cases[0].failures[0].description, "");
        for bad in ["", "not xml", "<html/>", "<testsuite><testcase>", "<testsuite></nope>", "<testsuite name=>"] {
            assert!(matches!(read(&[("r.xml", bad)], "r.xml"), Err(TestReportError::Malformed { .. })), "{bad}");
        }
    }

    #[test]
    fn what_is_too_much_is_cut_and_counted() {
        let cases = "<testcase name='x'/>".repeat(super::super::CASES + 5);
        let text = format!("<testcase name='x'><failure>{}</failure></testcase>", "é".repeat(100_000));
        let xml = format!("<testsuite name='many'>{text}{cases}</testsuite>");
        let suites = read(&[("r.xml", &xml)], "r.xml").expect("reads");
        assert_eq!(suites[0].tests as usize, super::super::CASES + 6);
        assert_eq!(suites[0].test_cases.len(), super::super::CASES);
        assert_eq!(suites[0].test_cases[0].failures[0].description.len(), TEXT_BYTES);
        assert!(suites[0].name.starts_with("many (6 tests not kept"), "{}", suites[0].name);
    }
}
