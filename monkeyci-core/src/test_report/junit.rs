//! The XML that JUnit began, and that every test runner writes a little differently.
//!
//! Read as a stream of tags with a list of open ones, not by recursion: a report is written by a job, and may be nested
//! a million deep. Only the five entities of XML and characters by number are resolved, so that none can grow.

use std::io::{BufReader, Read};

use monkeyci_model::result::{TestCase, TestProblem, TestSuite};
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::{ALL_TEXT_BYTES, CASES, FILE_BYTES, PROBLEMS, Room, SUITES, TEXT_BYTES, TestReportError};

/// Tags within tags.
const DEPTH: usize = 64;

/// Reads one report into `suites`, as far as there is room.
pub(super) fn read(
    file: impl Read,
    path: &str,
    room: &mut Room,
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
    room: &'a mut Room,
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
        // To look for one that is there twice takes forever where there are a million.
        for attribute in tag.attributes().with_checks(false) {
            let attribute = attribute.map_err(|error| error.to_string())?;
            // An attribute with an entity that is not known is taken as it is written.
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).unwrap_or(attribute.value.clone());
            attributes.push((attribute.key.into_inner().to_owned(), cut(&value).to_owned()));
        }
        let text =
            |name| attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default();
        let seconds = |name| seconds(&text(name));
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
                    let problems = match kind {
                        Kind::Failure => &mut case.failures,
                        Kind::Error => &mut case.errors,
                    };
                    if problems.len() < PROBLEMS {
                        problems.push(problem);
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
                let bytes = size(&case);
                if self.room.cases > 0 && self.room.text >= bytes {
                    self.room.cases -= 1;
                    self.room.text -= bytes;
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
        // One that only holds others says nothing of its own.
        if suite.tests == 0 && nested {
            return;
        }
        suite.name.truncate(suite.name.floor_char_boundary(self.room.text));
        self.room.text -= suite.name.len();
        if cut > 0 {
            let most = ALL_TEXT_BYTES / (1024 * 1024);
            suite.name.push_str(&format!(" ({cut} tests not kept: more than {CASES}, or {most} MB of text, in all)"));
        }
        if self.done.len() < SUITES {
            self.done.push(suite);
        } else if let Some(last) = self.done.last_mut() {
            add(last, suite);
        }
    }
}

/// Counts the tests of `suite` as those of `last`.
fn add(last: &mut TestSuite, suite: TestSuite) {
    last.tests += suite.tests;
    last.failures += suite.failures;
    last.errors += suite.errors;
    last.skipped += suite.skipped;
    last.time += suite.time;
    last.test_cases.extend(suite.test_cases);
}

/// Bytes of the texts of a test.
fn size(case: &TestCase) -> usize {
    let problems = case.failures.iter().chain(&case.errors);
    let problems = problems.map(|problem| problem.message.len() + problem.kind.len() + problem.description.len());
    case.test_case.len() + case.class_name.len() + problems.sum::<usize>()
}

/// A span of time as runners write it: `1234.5`, `1,234.5` and, where a comma stands before decimals, `0,25`. What is no
/// number at all is no reason to lose a report.
fn seconds(text: &str) -> f64 {
    let decimals = match text.split_once(',') {
        Some((whole, rest)) => !rest.contains([',', '.']) && (rest.len() != 3 || whole == "0"),
        None => false,
    };
    let plain = text.trim().replace(',', if decimals { "." } else { "" });
    plain.parse().ok().filter(|time: &f64| time.is_finite() && *time >= 0.0).unwrap_or(0.0)
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT_BYTES)]
}
