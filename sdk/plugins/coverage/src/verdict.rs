//! What is said of what was measured.

use serde_json::{Value, json};

use crate::format::Format;
use crate::report::{Count, Part, Report};

/// Files that a value lists.
const LISTED: usize = 10;

/// Files that a sentence names.
const NAMED: usize = 3;

/// Characters of a name that are shown.
const NAME: usize = 200;

/// What was measured of a job.
#[derive(Debug)]
pub(crate) struct Measured {
    format: Format,
    pub(crate) total: Count,
    files: usize,
    least: Vec<(String, Part)>,
    /// Lines that the last build of the main branch covered.
    pub(crate) main: Option<Part>,
}

/// What is wanted, in percent; of `may_drop`, in points.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) lines: Option<f64>,
    pub(crate) branches: Option<f64>,
    pub(crate) may_drop: Option<f64>,
}

impl Measured {
    pub(crate) fn of(format: Format, report: &Report) -> Self {
        let least = report.least_covered(LISTED).into_iter().map(|(file, lines)| (named(file), lines)).collect();
        Self { format, total: report.total(), files: report.files(), least, main: None }
    }

    /// The value in the result of the job.
    pub(crate) fn value(&self) -> Value {
        let Count { lines, branches } = self.total;
        let least = self.least.iter().map(|(file, part)| {
            json!({ "file": file, "lines": part.all, "covered": part.covered, "percent": rounded(*part) })
        });
        let mut value = json!({
            "format": self.format.name(), "lines": lines.all, "covered": lines.covered, "percent": rounded(lines),
            "files": self.files, "least": least.collect::<Vec<_>>(),
        });
        if branches.all > 0 {
            value["branches"] =
                json!({ "all": branches.all, "covered": branches.covered, "percent": rounded(branches) });
        }
        if let Some(main) = self.main {
            value["main"] = json!(rounded(main));
        }
        value
    }

    /// In one sentence.
    pub(crate) fn summary(&self) -> String {
        let Count { lines, branches } = self.total;
        let mut text = format!("{} % of {} {} are covered", shown(lines), lines.all, self.format.counts());
        if branches.all > 0 {
            text.push_str(&format!(", and {} % of {} branches", shown(branches), branches.all));
        }
        text
    }

    /// Why that is not what is wanted, if it is not.
    pub(crate) fn short_of(&self, wanted: &Wanted) -> Option<String> {
        let Count { lines, branches } = self.total;
        let counts = self.format.counts();
        let mut reasons = Vec::new();
        if let Some((minimum, missing)) = wanted.lines.and_then(|minimum| below(lines, minimum)) {
            let (percent, more) = (shown(lines), lines.short_of(minimum));
            reasons.push(format!(
                "{percent} % of the {counts} are covered, {missing} points below the minimum of {minimum} %; \
                 {more} more would do"
            ));
        }
        match wanted.branches {
            Some(minimum) if branches.all == 0 => {
                reasons.push(format!("the report counts no branches, of which {minimum} % are to be covered"));
            }
            Some(minimum) => {
                if let Some((minimum, missing)) = below(branches, minimum) {
                    let (percent, more) = (shown(branches), branches.short_of(minimum));
                    reasons.push(format!(
                        "{percent} % of the branches are covered, {missing} points below the minimum of {minimum} %; \
                         {more} more would do"
                    ));
                }
            }
            None => {}
        }
        if let Some((main, may_drop)) = self.main.zip(wanted.may_drop)
            && let Some((before, now)) = main.percent().zip(lines.percent())
            && before - now > may_drop + 1e-9
        {
            reasons.push(format!(
                "{} % of the {counts} are covered, {} points fewer than the {} % of the main branch, where {may_drop} may be",
                shown(lines),
                hundredths((before - now).max(0.01)),
                shown(main)
            ));
        }
        let named = self.least.iter().take(NAMED);
        let named: Vec<_> = named.map(|(file, part)| format!("`{file}` ({} of {})", part.missed(), part.all)).collect();
        if !reasons.is_empty() && !named.is_empty() {
            reasons.push(format!("most is missing in {}", named.join(", ")));
        }
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }
}

/// The minimum, and how many points below it a part is, when it is below it.
fn below(part: Part, minimum: f64) -> Option<(f64, String)> {
    let percent = part.percent().unwrap_or_default();
    (percent < minimum).then(|| (minimum, hundredths((minimum - rounded(part)).max(0.01))))
}

/// A number with two digits at most.
fn hundredths(number: f64) -> String {
    ((number * 100.0).round() / 100.0).to_string()
}

/// Percent with two digits, never more than there are: 79.999 is not yet 80.
fn rounded(part: Part) -> f64 {
    let hundredths = u128::from(part.covered) * 10_000 / u128::from(part.all.max(1));
    hundredths as f64 / 100.0
}

fn shown(part: Part) -> String {
    rounded(part).to_string()
}

/// The name of a file or a test, as far as it is of use.
pub(crate) fn named(name: &str) -> String {
    let shown = name.escape_debug().to_string();
    match shown.char_indices().nth(NAME) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(covered: u64, all: u64, branches: Part) -> Measured {
        let mut report = Report::default();
        report.add("src/a.rs", Count { lines: Part::new(all, covered), branches });
        Measured::of(Format::Lcov, &report)
    }

    #[test]
    fn a_sentence_says_how_far_it_is_and_where_it_is_missing() {
        let lines = |percent| Wanted { lines: Some(percent), ..Wanted::default() };
        let some = measured(5, 7, Part::new(4, 1));
        assert_eq!(some.short_of(&lines(71.0)), None);
        assert_eq!(
            some.short_of(&lines(80.0)).expect("short"),
            "71.42 % of the lines are covered, 8.58 points below the minimum of 80 %; 1 more would do; most is missing \
             in `src/a.rs` (2 of 7)"
        );
        let branches = Wanted { branches: Some(50.0), ..Wanted::default() };
        let said = some.short_of(&branches).expect("short");
        assert!(said.starts_with("25 % of the branches are covered, 25 points below the minimum of 50 %; 1 more"));
        let said = measured(7, 7, Part::default()).short_of(&branches).expect("short");
        assert_eq!(said, "the report counts no branches, of which 50 % are to be covered");
        assert_eq!(some.summary(), "71.42 % of 7 lines are covered, and 25 % of 4 branches");
        let nearly = measured(799_999, 1_000_000, Part::default());
        assert_eq!(nearly.value()["percent"], 79.99, "not yet 80");
        assert!(nearly.short_of(&lines(80.0)).expect("short").contains("0.01 points below"));
    }

    #[test]
    fn a_drop_is_measured_against_the_main_branch() {
        let wanted = |may_drop| Wanted { may_drop: Some(may_drop), ..Wanted::default() };
        let now = Measured { main: Some(Part::new(100, 85)), ..measured(82, 100, Part::default()) };
        assert_eq!(now.short_of(&wanted(3.0)), None);
        let said = now.short_of(&wanted(0.5)).expect("short");
        assert!(
            said.starts_with(
                "82 % of the lines are covered, 3 points fewer than the 85 % of the main branch, where 0.5 may be"
            ),
            "{said}"
        );
        assert_eq!(now.value()["main"], 85.0);
        assert_eq!(measured(1, 100, Part::default()).short_of(&wanted(0.0)), None, "nothing to compare with");
    }

    #[test]
    fn a_long_name_is_cut_and_shows_no_control_characters() {
        assert_eq!(named("a\u{1b}[31m"), "a\\u{1b}[31m");
        assert!(named(&"é".repeat(1000)).chars().count() == NAME + 1);
    }
}
