//! The tracefile of lcov: geninfo(1), "TRACEFILE FORMAT".

use std::collections::BTreeMap;

use super::{Malformed, ran, shown};
use crate::report::{Count, Part, Report};

/// One file of the code. What several tests ran of it stands in several records.
#[derive(Default)]
struct Seen<'a> {
    lines: BTreeMap<u64, bool>,
    /// By line, block and number.
    branches: BTreeMap<&'a str, bool>,
    /// What the record says it sums up to, where it names no line.
    summed: Count,
}

pub(super) fn read(text: &str) -> Result<Report, Malformed> {
    let mut files: BTreeMap<&str, Seen<'_>> = BTreeMap::new();
    let mut file = None;
    for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
        let wrong = || Malformed::at(number, format!("{} is none of lcov", shown(line)));
        if line == "end_of_record" {
            file = None;
            continue;
        }
        let Some((key, value)) = line.split_once(':') else {
            match line.is_empty() || line.starts_with('#') {
                true => continue,
                false => return Err(wrong()),
            }
        };
        if key == "SF" {
            file = Some(value);
            files.entry(value).or_default();
            continue;
        }
        let counts = matches!(key, "DA" | "BRDA" | "LF" | "LH" | "BRF" | "BRH");
        // Names of tests, functions, conditions, and what later versions may say.
        if !counts {
            continue;
        }
        let outside =
            || Malformed::at(number, format!("{} stands in no record: `SF:` is missing before it", shown(line)));
        let seen = files.entry(file.ok_or_else(outside)?).or_default();
        seen.take(key, value).ok_or_else(wrong)?;
    }
    let mut report = Report::default();
    files.into_iter().for_each(|(file, seen)| report.add(file, seen.count()));
    Ok(report)
}

impl<'a> Seen<'a> {
    fn take(&mut self, key: &str, value: &'a str) -> Option<()> {
        let number = || value.parse::<u64>().ok();
        match key {
            "DA" => {
                let (line, rest) = value.split_once(',')?;
                let ran = ran(rest.split(',').next()?)?;
                *self.lines.entry(line.parse().ok()?).or_default() |= ran;
            }
            "BRDA" => {
                let (branch, times) = value.rsplit_once(',')?;
                let ran = if times == "-" { false } else { ran(times)? };
                *self.branches.entry(branch).or_default() |= ran;
            }
            "LF" => self.summed.lines.all = number()?,
            "LH" => self.summed.lines.covered = number()?,
            "BRF" => self.summed.branches.all = number()?,
            "BRH" => self.summed.branches.covered = number()?,
            _ => {}
        }
        Some(())
    }

    fn count(self) -> Count {
        let part = |ran: &mut dyn Iterator<Item = bool>, summed: Part| {
            let seen = Part::of(ran);
            if seen.all > 0 { seen } else { Part::new(summed.all, summed.covered) }
        };
        Count {
            lines: part(&mut self.lines.into_values(), self.summed.lines),
            branches: part(&mut self.branches.into_values(), self.summed.branches),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_one_file_are_one() {
        let text = "TN:one\nSF:src/a.rs\nFN:1,main\nDA:1,1\nDA:2,0\nDA:3,0,abc\nBRDA:2,0,0,-\nBRDA:2,0,1,4\nLF:3\nLH:1\n\
                    end_of_record\nTN:two\r\nSF:src/a.rs\r\nDA:2,5\r\nend_of_record\nSF:src/b.rs\nLF:10\nLH:4\nend_of_record\n";
        let report = read(text).expect("read");
        assert_eq!(report.total(), Count { lines: Part::new(13, 6), branches: Part::new(2, 1) });
        assert_eq!(report.least_covered(1), [("src/b.rs", Part::new(10, 4))]);
    }

    #[test]
    fn what_is_none_is_told_with_its_line() {
        for (text, wanted) in [
            ("SF:a\nDA:x,1\n", "line 2: `DA:x,1` is none of lcov"),
            ("SF:a\nDA:1\n", "line 2: `DA:1` is none of lcov"),
            ("SF:a\nDA:1,many\n", "line 2: `DA:1,many` is none of lcov"),
            ("DA:1,1\n", "line 1: `DA:1,1` stands in no record: `SF:` is missing before it"),
            ("SF:a\nend_of_record\nDA:1,1\n", "line 3: `DA:1,1` stands in no record: `SF:` is missing before it"),
            ("SF:a\nLF:99999999999999999999999\n", "line 2: `LF:99999999999999999999999` is none of lcov"),
            ("\0\0\u{1}", "line 1: `\\0\\0\\u{1}` is none of lcov"),
        ] {
            assert_eq!(read(text).expect_err(text).to_string(), wanted);
        }
    }
}
