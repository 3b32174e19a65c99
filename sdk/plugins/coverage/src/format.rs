mod cobertura;
mod go;
mod jacoco;
mod lcov;
mod xml;

use std::fmt;

use serde::Deserialize;

use crate::report::Report;

/// How a coverage report is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Format {
    /// As its beginning shows.
    #[default]
    Auto,
    /// The tracefile of `lcov`, which `cargo llvm-cov`, `c8`, `nyc` and many others write as well.
    Lcov,
    /// The XML of Cobertura, as `coverage.py` and `coverlet` write it.
    Cobertura,
    /// The XML of JaCoCo.
    Jacoco,
    /// The profile of `go test -coverprofile`, which counts statements in the place of lines.
    Go,
}

/// Why a report cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    /// The line, from 1, or nothing where a whole file is wrong.
    line: Option<usize>,
    what: String,
}

impl Malformed {
    fn new(what: impl Into<String>) -> Self {
        Self { line: None, what: what.into() }
    }

    /// In this line, from 0.
    fn at(line: usize, what: impl Into<String>) -> Self {
        Self { line: Some(line + 1), what: what.into() }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl Format {
    /// Reads a report; with the format that it has.
    pub(crate) fn read(self, text: &str) -> Result<(Self, Report), Malformed> {
        let format = match self {
            Self::Auto => Self::shown_by(text).ok_or_else(|| {
                Malformed::new("its format is not known by its beginning: say which by `format`, if it is one of lcov, cobertura, jacoco and go")
            })?,
            format => format,
        };
        let report = match format {
            Self::Cobertura => cobertura::read(text)?,
            Self::Jacoco => jacoco::read(text)?,
            Self::Go => go::read(text)?,
            Self::Lcov | Self::Auto => lcov::read(text)?,
        };
        Ok((format, report))
    }

    /// The format of a report, by its beginning.
    fn shown_by(text: &str) -> Option<Self> {
        let text = text.trim_start_matches('\u{feff}').trim_start();
        if text.starts_with("mode:") {
            return Some(Self::Go);
        }
        if text.starts_with('<') {
            return match xml::root(text)?.as_str() {
                "coverage" => Some(Self::Cobertura),
                "report" => Some(Self::Jacoco),
                _ => None,
            };
        }
        let first = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#'))?;
        ["TN:", "SF:"].iter().any(|key| first.starts_with(key)).then_some(Self::Lcov)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Lcov => "lcov",
            Self::Cobertura => "cobertura",
            Self::Jacoco => "jacoco",
            Self::Go => "go",
        }
    }

    /// What of the code it counts.
    pub(crate) fn counts(self) -> &'static str {
        if self == Self::Go { "statements" } else { "lines" }
    }
}

/// Whether something ran so many times that it ran at all. Tools write integers of any length, floats, and, by mistakes
/// of theirs, numbers below zero.
fn ran(times: &str) -> Option<bool> {
    if !times.is_empty() && times.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(times.bytes().any(|byte| byte != b'0'));
    }
    times.parse::<f64>().ok().filter(|times| times.is_finite()).map(|times| times > 0.0)
}

/// A text of the report in a message.
fn shown(text: &str) -> String {
    let shown: String = text.chars().take(60).collect();
    let more = if shown.len() < text.len() { "…" } else { "" };
    format!("`{}{more}`", shown.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_shows_by_its_beginning_what_it_is() {
        for (text, format) in [
            ("TN:\nSF:a.rs\n", Some(Format::Lcov)),
            ("# made by hand\n\nSF:a.rs\n", Some(Format::Lcov)),
            ("mode: atomic\n", Some(Format::Go)),
            ("\u{feff}<?xml version='1.0'?>\n<!-- x --><coverage version='1'>", Some(Format::Cobertura)),
            (
                "<!DOCTYPE report PUBLIC '-//JACOCO//DTD Report 1.1//EN' 'report.dtd'><report name='x'/>",
                Some(Format::Jacoco),
            ),
            ("<html>", None),
            ("<", None),
            ("", None),
            ("\0\u{1}", None),
            ("{\"a\": 1}", None),
        ] {
            assert_eq!(Format::shown_by(text), format, "{text}");
        }
    }

    /// Pieces of all formats, and of none.
    const PIECES: &[&str] = &[
        "SF:a\n",
        "DA:1,1\n",
        "DA:",
        "BRDA:1,0,0,-\n",
        "LF:18446744073709551615\n",
        "end_of_record\n",
        "mode: set\n",
        "a.go:1.1,2.2 18446744073709551615 1\n",
        "a.go:1.1,2.2 3 0\n",
        "<coverage>",
        "<class filename='a'>",
        "<line number='1' hits='1' nr='1' ci='1' mb='18446744073709551615' cb='18446744073709551615'/>",
        "condition-coverage='50% (1/2)'",
        "</class>",
        "</coverage>",
        "<report>",
        "<package name='&x;'>",
        "<sourcefile name='b'>",
        "<counter type='LINE' missed='18446744073709551615' covered='1'/>",
        "</sourcefile>",
        "</package>",
        "</report>",
        "<!DOCTYPE a [<!ENTITY x 'y'>]>",
        "<!--",
        "<![CDATA[",
        "&#0;",
        "\u{feff}",
        "\0",
        "<",
        ">",
        "'",
        ",",
        " ",
        "\n",
    ];

    proptest::proptest! {
        #[test]
        fn whatever_a_job_leaves_is_read_or_refused(
            pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..40),
            noise in "\\PC{0,40}",
        ) {
            let text = pieces.concat();
            for text in [text.clone(), format!("{noise}{text}"), format!("{text}{noise}")] {
                for format in [Format::Auto, Format::Lcov, Format::Cobertura, Format::Jacoco, Format::Go] {
                    if let Ok((_, report)) = format.read(&text) {
                        let total = report.total();
                        assert!(total.lines.covered <= total.lines.all && total.branches.covered <= total.branches.all);
                    }
                }
            }
        }
    }

    #[test]
    fn what_ran_is_told_by_numbers_of_any_kind() {
        for (times, wanted) in [
            ("0", Some(false)),
            ("000", Some(false)),
            ("7", Some(true)),
            ("99999999999999999999999999999999", Some(true)),
            ("-1", Some(false)),
            ("1.5e+03", Some(true)),
            ("1e999", None),
            ("NaN", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(ran(times), wanted, "{times}");
        }
    }
}
