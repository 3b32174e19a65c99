//! What reports become, and what hostile ones do not.

use std::fs;

use monkeyci_model::job::{Report, ReportFormat};
use proptest::prelude::*;

use super::*;

fn read(files: &[(&str, &str)], path: &str) -> Result<Vec<TestSuite>, TestReportError> {
    let dir = tempfile::tempdir().expect("a folder");
    for (name, content) in files {
        let file = dir.path().join(name);
        fs::create_dir_all(file.parent().expect("a parent")).expect("makes");
        fs::write(file, content).expect("writes");
    }
    super::read(dir.path(), &Report { format: ReportFormat::Junit, path: path.into() })
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
    assert_eq!(divides.failures[0].description, "expected <1>\n          A <got> 2");
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
    assert!(matches!(super::read(dir.path(), &report), Err(TestReportError::NotThere { .. })));
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
fn a_tag_of_very_many_attributes_is_read_in_no_time() {
    let many: String = (0..300_000).map(|number| format!("a{number}='' ")).collect();
    let xml = format!("<testsuite {many} name='a'><testcase name='b'/></testsuite>");
    assert_eq!(read(&[("r.xml", &xml)], "r.xml").expect("reads")[0].name, "a");
}

#[test]
fn what_is_too_much_is_cut_and_counted() {
    let cases = "<testcase name='x'/>".repeat(CASES + 5);
    let text = format!("<testcase name='x'><failure>{}</failure></testcase>", "é".repeat(100_000));
    let xml = format!("<testsuite name='many'>{text}{cases}</testsuite>");
    let suites = read(&[("r.xml", &xml)], "r.xml").expect("reads");
    assert_eq!(suites[0].tests as usize, CASES + 6);
    assert_eq!(suites[0].test_cases.len(), CASES);
    assert_eq!(suites[0].test_cases[0].failures[0].description.len(), TEXT_BYTES);
    assert!(suites[0].name.starts_with("many (6 tests not kept"), "{}", suites[0].name);
}

#[test]
fn a_report_of_much_text_many_suites_or_many_failures_is_cut() {
    let long = format!("<testcase name='{}'/>", "x".repeat(60_000)).repeat(200);
    let suites = read(&[("r.xml", &format!("<testsuite name='long'>{long}</testsuite>"))], "r.xml").expect("reads");
    assert!(suites[0].test_cases.len() < 150 && suites[0].tests == 200, "{}", suites[0].test_cases.len());
    assert!(suites[0].name.contains("tests not kept"), "{}", suites[0].name);

    let empty = "<testsuite name='s'><testcase name='x'><skipped/></testcase></testsuite>".repeat(SUITES + 5);
    let suites = read(&[("r.xml", &format!("<testsuites>{empty}</testsuites>"))], "r.xml").expect("reads");
    assert_eq!(suites.len(), SUITES);
    assert_eq!(suites.iter().map(|suite| suite.skipped).sum::<u64>(), SUITES as u64 + 5);

    let failing = format!("<testsuite><testcase name='x'>{}</testcase></testsuite>", "<failure/>".repeat(10_000));
    let suites = read(&[("r.xml", &failing)], "r.xml").expect("reads");
    assert_eq!((suites[0].failures, suites[0].test_cases[0].failures.len()), (1, PROBLEMS));
}

#[test]
fn times_are_read_as_runners_write_them() {
    for (written, seconds) in [
        ("0.25", 0.25),
        ("1,234.5", 1234.5),
        ("1,234", 1234.0),
        ("1,234,567.8", 1_234_567.8),
        ("0,125", 0.125),
        ("12,5", 12.5),
        ("-1", 0.0),
        ("NaN", 0.0),
        ("1e999", 0.0),
        ("soon", 0.0),
    ] {
        let xml = format!("<testsuite time='{written}'/>");
        assert_eq!(read(&[("r.xml", &xml)], "r.xml").expect("reads")[0].time, seconds, "{written}");
    }
}

fn parse(xml: &[u8]) -> Result<Vec<TestSuite>, TestReportError> {
    let (mut suites, mut room) = (Vec::new(), Room { cases: CASES, text: ALL_TEXT_BYTES });
    junit::read(xml, "r.xml", &mut room, &mut suites).map(|()| suites)
}

/// A report as runners write them.
#[derive(Debug, Clone)]
enum Tree {
    Suite(String, Vec<Tree>),
    Case(String, &'static str),
}

impl Tree {
    fn write(&self, xml: &mut String) {
        match self {
            Self::Suite(name, inner) => {
                *xml += &format!("<testsuite name=\"{name}\"><properties/>");
                inner.iter().for_each(|tree| tree.write(xml));
                *xml += "<system-out><![CDATA[<testcase/>]]></system-out></testsuite>";
            }
            Self::Case(name, inner) => *xml += &format!("<testcase name=\"{name}\">{inner}</testcase>"),
        }
    }

    fn count(&self, what: &str) -> u64 {
        match self {
            Self::Suite(_, inner) => inner.iter().map(|tree| tree.count(what)).sum(),
            Self::Case(_, inner) => u64::from(inner.starts_with(what)),
        }
    }
}

fn trees() -> impl Strategy<Value = Tree> {
    let inner = prop::sample::select(vec!["", "<failure>a</failure>", "<error message='b'/>", "<skipped/>"]);
    let case = ("[a-z ]{0,8}|&amp;|&#233;|&none;", inner).prop_map(|(name, inner)| Tree::Case(name, inner));
    let suite = |inner: BoxedStrategy<Tree>| {
        ("[a-z]{0,5}", prop::collection::vec(inner, 0..6)).prop_map(|(name, inner)| Tree::Suite(name, inner))
    };
    suite(case.prop_recursive(6, 60, 6, move |inner| suite(inner.boxed())).boxed())
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse(&bytes).map_err(|error| error.to_string());
    }

    #[test]
    fn no_soup_of_tags_makes_the_reader_panic_or_keep_too_much(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "<testsuites>", "</testsuites>", "<testsuite name='a'>", "</testsuite>", "<testsuite/>", "<testcase name='b'>",
            "</testcase>", "<testcase/>", "<failure>", "</failure>", "<failure message='&lt;'/>", "<error>", "</error>",
            "<skipped/>", "<![CDATA[", "]]>", "<!--", "-->", "<?x?>", "&a;", "&#0;", "&#x41;", "<!DOCTYPE a [", "]>", "<", ">",
            "a='b'", "a=", "\"", "é", "\0", " ",
        ]), 0..60),
        cut in any::<prop::sample::Index>(),
    ) {
        let xml = pieces.concat();
        let cut = cut.index(xml.len() + 1);
        for bytes in [xml.as_bytes(), &xml.as_bytes()[..cut]] {
            if let Ok(suites) = parse(bytes) {
                prop_assert!(suites.iter().map(|suite| suite.test_cases.len()).sum::<usize>() <= pieces.len());
                prop_assert!(serde_json::to_string(&suites).is_ok());
            }
        }
    }

    #[test]
    fn every_test_of_a_tree_of_suites_is_counted_once(tree in trees()) {
        let mut xml = String::new();
        tree.write(&mut xml);
        let suites = parse(xml.as_bytes()).expect("a good report");
        let sum = |of: fn(&TestSuite) -> u64| suites.iter().map(of).sum::<u64>();
        prop_assert_eq!(sum(|suite| suite.tests), tree.count(""));
        prop_assert_eq!(sum(|suite| suite.test_cases.len() as u64), tree.count(""));
        prop_assert_eq!(sum(|suite| suite.failures), tree.count("<failure"));
        prop_assert_eq!(sum(|suite| suite.errors), tree.count("<error"));
        prop_assert_eq!(sum(|suite| suite.skipped), tree.count("<skipped"));
    }
}
