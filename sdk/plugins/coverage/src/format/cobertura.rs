//! The XML of Cobertura: its `coverage-04.dtd`, and what other tools write after it.

use std::collections::BTreeMap;

use super::xml::{self, Start, Tag};
use super::{Malformed, ran, shown};
use crate::report::{Count, Part, Report};

/// Lines of one file by their numbers, each with its branches. A file stands in a report once for each class in it, and
/// a line once more for the method that it is in.
type Lines = BTreeMap<u64, (bool, Part)>;

pub(super) fn read(text: &str) -> Result<Report, Malformed> {
    let mut files: BTreeMap<String, Lines> = BTreeMap::new();
    let (mut file, mut any) = (None, false);
    xml::each(text, |tag| {
        match tag {
            Tag::Start(tag) => match tag.name().as_str() {
                "coverage" => any = true,
                "class" => file = tag.get("filename")?,
                "line" => {
                    let outside = || Malformed::new("a `line` stands in no `class` with a `filename`");
                    let file = file.as_ref().ok_or_else(outside)?;
                    take(&tag, files.entry(file.clone()).or_default())?;
                }
                _ => {}
            },
            Tag::End(name) if name == "class" => file = None,
            Tag::End(_) => {}
        }
        Ok(())
    })?;
    if !any {
        return Err(Malformed::new("it holds no `coverage`, with which the XML of Cobertura begins"));
    }
    let mut report = Report::default();
    for (file, lines) in files {
        let branches = lines.values().fold(Part::default(), |sum, (_, branches)| sum.and(*branches));
        report.add(&file, Count { lines: Part::of(lines.into_values().map(|(ran, _)| ran)), branches });
    }
    Ok(report)
}

fn take(tag: &Start<'_>, lines: &mut Lines) -> Result<(), Malformed> {
    let times = tag.get("hits")?.unwrap_or_default();
    let ran =
        ran(times.trim()).ok_or_else(|| Malformed::new(format!("`hits` of `line` is no number: {}", shown(&times))))?;
    let branches = tag.get("condition-coverage")?.map_or(Ok(Part::default()), |text| conditions(&text))?;
    let known = lines.entry(tag.number("number")?).or_default();
    known.0 |= ran;
    if branches.covered >= known.1.covered {
        known.1 = branches;
    }
    Ok(())
}

/// `50% (1/2)`.
fn conditions(text: &str) -> Result<Part, Malformed> {
    let parts = || {
        let (covered, all) = text.split_once('(')?.1.split_once(')')?.0.split_once('/')?;
        Some(Part::new(all.trim().parse().ok()?, covered.trim().parse().ok()?))
    };
    // Some tools write the percents alone, from which no number follows.
    if !text.contains('(') {
        return Ok(Part::default());
    }
    parts()
        .ok_or_else(|| Malformed::new(format!("`condition-coverage` is not of the form `50% (1/2)`: {}", shown(text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_counts_once_however_often_it_stands() {
        let text = r#"<?xml version="1.0"?>
<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">
<coverage line-rate="0.5"><sources><source>/src</source></sources><packages><package name="a"><classes>
<class name="A" filename="a/b &amp; c.py"><methods><method name="m"><lines><line number="1" hits="0"/></lines></method></methods>
<lines><line number="1" hits="2" branch="true" condition-coverage="50% (1/2)"/><line number="2" hits="0"/></lines></class>
<class name="A$1" filename="a/b &amp; c.py"><methods/><lines><line number="2" hits="1"/><line number="9" hits="0"/></lines></class>
</classes></package></packages></coverage>"#;
        let report = read(text).expect("read");
        assert_eq!(report.total(), Count { lines: Part::new(3, 2), branches: Part::new(2, 1) });
        assert_eq!(report.least_covered(1), [("a/b & c.py", Part::new(3, 2))]);
    }

    /// More than can be compared with one another.
    fn many_attributes() -> String {
        (0..300_000).map(|number| format!("a{number}='' ")).collect()
    }

    #[test]
    fn what_is_none_is_told() {
        let in_class = |line: &str| format!("<coverage><class filename='a'>{line}</class></coverage>");
        for (text, wanted) in [
            ("<html></html>".to_owned(), "it holds no `coverage`"),
            ("<coverage><line number='1' hits='1'/></coverage>".to_owned(), "stands in no `class`"),
            (in_class("<line number='1'/>"), "`hits` of `line` is no number: ``"),
            (in_class("<line number='99999999999999999999999' hits='1'/>"), "`number` of `line` is no number"),
            (in_class("<line number='1' hits='1' condition-coverage='1% (x)'/>"), "is not of the form"),
            (format!("<coverage><class {}/>", many_attributes()), "it ends within a tag"),
            ("<coverage><class>".to_owned(), "it ends within a tag"),
            (format!("<coverage>{}", "<a>".repeat(100_000)), "tags are more than 64 deep"),
        ] {
            let error = read(&text).expect_err(&text).to_string();
            assert!(error.contains(wanted), "{error}");
        }
    }
}
