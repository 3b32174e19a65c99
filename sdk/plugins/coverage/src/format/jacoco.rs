//! The XML of JaCoCo: its `report.dtd`, version 1.1.

use super::Malformed;
use super::xml::{self, Start, Tag};
use crate::report::{Count, Part, Report};

/// A file of the code that is being read.
struct Open {
    name: String,
    seen: Count,
    /// What it says that it sums up to, for reports without lines.
    summed: Count,
}

pub(super) fn read(text: &str) -> Result<Report, Malformed> {
    let mut report = Report::default();
    let (mut package, mut open, mut any) = (String::new(), None, false);
    xml::each(text, |tag| {
        match tag {
            Tag::Start(tag) => match tag.name().as_str() {
                "report" => any = true,
                "package" => package = tag.get("name")?.unwrap_or_default(),
                "sourcefile" => {
                    let file = tag.get("name")?.unwrap_or_default();
                    let name = if package.is_empty() { file } else { format!("{package}/{file}") };
                    open = Some(Open { name, seen: Count::default(), summed: Count::default() });
                }
                // Counters of classes, packages and the whole stand in no file, and would count all of it again.
                name => open.as_mut().map_or(Ok(()), |open| open.take(name, &tag))?,
            },
            Tag::End(name) if name == "sourcefile" => {
                if let Some(Open { name, seen, summed }) = open.take() {
                    report.add(&name, if seen.lines.all > 0 { seen } else { summed });
                }
            }
            Tag::End(_) => {}
        }
        Ok(())
    })?;
    if any { Ok(report) } else { Err(Malformed::new("it holds no `report`, with which the XML of JaCoCo begins")) }
}

impl Open {
    fn take(&mut self, name: &str, tag: &Start<'_>) -> Result<(), Malformed> {
        let part = |missed: &str, covered: &str| {
            let covered = tag.number(covered)?;
            Ok(Part::new(tag.number(missed)?.saturating_add(covered), covered))
        };
        match (name, tag.get("type")?.as_deref()) {
            ("line", _) => {
                let ran = tag.number("ci")? > 0;
                self.seen.lines = self.seen.lines.and(Part::of(std::iter::once(ran)));
                self.seen.branches = self.seen.branches.and(part("mb", "cb")?);
            }
            ("counter", Some("LINE")) => self.summed.lines = part("missed", "covered")?,
            ("counter", Some("BRANCH")) => self.summed.branches = part("missed", "covered")?,
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_counted_by_their_lines_or_by_their_sums() {
        let text = r#"<?xml version="1.0"?><!DOCTYPE report PUBLIC "-//JACOCO//DTD Report 1.1//EN" "report.dtd">
<report name="web"><group name="all"><package name="com/example"><class name="com/example/A" sourcefilename="A.java">
<counter type="LINE" missed="7" covered="7"/></class>
<sourcefile name="A.java"><line nr="3" mi="0" ci="4" mb="1" cb="1"/><line nr="4" mi="2" ci="0" mb="0" cb="0"/>
<counter type="LINE" missed="1" covered="1"/></sourcefile>
<sourcefile name="B.java"><counter type="LINE" missed="3" covered="5"/><counter type="BRANCH" missed="1" covered="0"/></sourcefile>
<counter type="LINE" missed="4" covered="6"/></package></group><counter type="LINE" missed="4" covered="6"/></report>"#;
        let report = read(text).expect("read");
        assert_eq!(report.total(), Count { lines: Part::new(10, 6), branches: Part::new(3, 1) });
        let files = [("com/example/B.java", Part::new(8, 5)), ("com/example/A.java", Part::new(2, 1))];
        assert_eq!(report.least_covered(9), files);
    }

    #[test]
    fn entities_are_never_resolved() {
        let bomb = r#"<!DOCTYPE report [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>
<report name="x"><package name="&b;"><sourcefile name="&b;"><line nr="1" ci="1"/>&b;</sourcefile></package></report>"#;
        let report = read(bomb).expect("read");
        assert_eq!((report.files(), report.total().lines), (1, Part::new(1, 1)));
        let error =
            read("<report><sourcefile name='a'><line nr='1' ci='-1'/></sourcefile></report>").expect_err("wrong");
        assert!(error.to_string().contains("`ci` of `line` is no number: `-1`"), "{error}");
        assert!(read("<coverage/>").is_err());
    }
}
