//! The profile of `go test -coverprofile`: golang.org/x/tools/cover.

use std::collections::BTreeMap;

use super::{Malformed, ran, shown};
use crate::report::{Count, Part, Report};

pub(super) fn read(text: &str) -> Result<Report, Malformed> {
    // By place: the profiles of several packages in one file name a block several times.
    let mut blocks: BTreeMap<&str, (u64, bool)> = BTreeMap::new();
    for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with("mode:") {
            continue;
        }
        let wrong = || Malformed::at(number, format!("{} is no block of a profile of Go", shown(line)));
        let (place, statements, ran) = block(line).ok_or_else(wrong)?;
        let known = blocks.entry(place).or_default();
        *known = (statements, known.1 || ran);
    }
    let mut report = Report::default();
    for (place, (statements, ran)) in blocks {
        let file = place.rsplit_once(':').map_or(place, |(file, _)| file);
        let lines = Part::new(statements, if ran { statements } else { 0 });
        report.add(file, Count { lines, ..Count::default() });
    }
    Ok(report)
}

/// `FILE:LINE.COLUMN,LINE.COLUMN STATEMENTS TIMES`.
fn block(line: &str) -> Option<(&str, u64, bool)> {
    let (rest, times) = line.rsplit_once(' ')?;
    let (place, statements) = rest.rsplit_once(' ')?;
    let (_, span) = place.rsplit_once(':')?;
    let numbers = span.split([',', '.']).collect::<Vec<_>>();
    let is_span = numbers.len() == 4 && numbers.iter().all(|number| number.parse::<u64>().is_ok());
    is_span.then_some((place, statements.parse().ok()?, ran(times)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_counted_once_each() {
        let text = "mode: set\nexample.com/web/a.go:3.14,5.2 2 1\nexample.com/web/a.go:7.1,9.2 3 0\n\
                    mode: set\nexample.com/web/a.go:7.1,9.2 3 1\nexample.com/web/b.go:1.1,2.2 5 0\n";
        let report = read(text).expect("read");
        assert_eq!(report.total().lines, Part::new(10, 5));
        assert_eq!(report.least_covered(3), [("example.com/web/b.go", Part::new(5, 0))]);
    }

    #[test]
    fn what_is_none_is_told_with_its_line() {
        for wrong in ["a.go 1 1", "a.go:1.1,2.2 x 1", "a.go:1.1,2.2 1", "a.go:1.1 1 1", "a.go:1.1,2.2 1 x", "\0"] {
            let error = read(&format!("mode: set\n{wrong}\n")).expect_err(wrong).to_string();
            assert!(error.starts_with("line 2: `") && error.ends_with("is no block of a profile of Go"), "{error}");
        }
    }
}
