//! What went wrong, in the words of a log.

use super::text;

/// Words in the line that says what went wrong, those first that say it best.
const SAYS: &[&[&str]] = &[
    &["panicked at", "assertion", "AssertionError", "error[", "Error:", "Exception", "FAILED:", "not ok "],
    &[
        "error:",
        "ERROR",
        "fatal:",
        "Fatal",
        "FATAL",
        "npm ERR!",
        "E   ",
        "undefined reference",
        "No such file",
        "not found",
    ],
    &["FAILED", "FAIL", "failed", "Failure", "✗", "✕", "❌"],
];

/// Words in lines that only sound so.
const SOUNDS: &[&str] =
    &["0 failed", "0 errors", "0 failures", "no errors", "error: aborting", "error: test failed", "0 FAILED"];

/// Characters of a line that are told.
const WIDTH: usize = 300;

/// Characters of the end of a log in a message.
const TAIL: usize = 2800;

/// What is told of a job's log. It was masked before it was kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// The line that says what went wrong, as far as one can tell.
    pub line: Option<String>,
    /// Its last lines.
    pub tail: String,
    /// How many these are.
    pub shown: usize,
    /// How many there are, where that is known.
    pub of: Option<usize>,
    /// All of it that was read, in whole lines, as it was seen.
    pub end: String,
}

/// The last lines of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Last {
    /// The lines.
    pub lines: String,
    /// How many these are.
    pub shown: usize,
    /// Whether there are more of those that were wanted than a message holds.
    pub is_cut: bool,
}

impl Excerpt {
    /// Reads the end of a log, of which `before` bytes stand before it.
    #[must_use]
    pub fn of(end: &[u8], before: u64, most: usize) -> Self {
        let clean = clean(end);
        let mut lines: Vec<&str> = clean.lines().collect();
        if before > 0 && lines.len() > 1 {
            // The first is part of one.
            lines.remove(0);
        }
        let of = (before == 0).then_some(lines.len());
        let line = telling(&lines).map(|line| text::clip(line.trim(), WIDTH));
        let read = Self { line, of, end: lines.join("\n"), ..Self::default() };
        let last = read.last(most);
        Self { shown: last.shown, tail: last.lines, ..read }
    }

    /// Its last lines, as many as a message holds.
    #[must_use]
    pub fn last(&self, most: usize) -> Last {
        let (mut tail, mut size, mut is_cut) = (Vec::new(), 0, false);
        for line in self.end.lines().rev().skip_while(|line| line.trim().is_empty()).take(most) {
            let line = text::clip(line.trim_end(), WIDTH);
            size += line.chars().count() + 1;
            if size > TAIL {
                is_cut = true;
                break;
            }
            tail.push(line);
        }
        tail.reverse();
        Last { shown: tail.len(), lines: tail.join("\n"), is_cut }
    }
}

/// The first line that says what went wrong; of two, the one that says it better.
fn telling<'a>(lines: &[&'a str]) -> Option<&'a str> {
    let sounds = |line: &str| SOUNDS.iter().any(|word| line.contains(word));
    SAYS.iter().find_map(|words| {
        let says = |line: &&&str| words.iter().any(|word| line.contains(word)) && !sounds(line);
        let at = lines.iter().position(|line| says(&line))?;
        // Rust says where first, and what in the next line.
        let where_only = lines[at].contains("panicked at") && lines[at].trim_end().ends_with(':');
        let next = lines.get(at + 1).filter(|next| where_only && !next.trim().is_empty());
        Some(*next.unwrap_or(&lines[at]))
    })
}

/// Text without colours, and with each line as it was seen last.
fn clean(bytes: &[u8]) -> String {
    let raw = String::from_utf8_lossy(bytes);
    let mut seen = String::with_capacity(raw.len());
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => match chars.next() {
                Some('[') => while chars.next().is_some_and(|c| !('\u{40}'..='\u{7e}').contains(&c)) {},
                Some(']') => while chars.next().is_some_and(|c| c != '\u{7}' && c != '\u{1b}') {},
                _ => {}
            },
            '\r' if chars.peek() == Some(&'\n') => {}
            // A bar that is drawn again and again.
            '\r' => seen.truncate(seen.rfind('\n').map_or(0, |at| at + 1)),
            '\n' | '\t' => seen.push(c),
            c if c.is_control() => {}
            c => seen.push(c),
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_says_what_went_wrong_is_found() {
        for (log, line) in [
            (
                "running 2 tests\ntest a ... FAILED\n\nthread 'a' panicked at src/a.rs:8:9:\nassertion `left == right` failed\n  left: 1\ntest result: FAILED. 1 passed; 1 failed",
                "assertion `left == right` failed",
            ),
            (
                "   Compiling web\nerror[E0308]: mismatched types\n --> src/main.rs:1\nerror: aborting due to 1 error",
                "error[E0308]: mismatched types",
            ),
            ("PASS a.test.js\nFAIL b.test.js\n  ● adds\n    Error: expected 3\n", "Error: expected 3"),
            ("Traceback (most recent call last):\n  File x\nAssertionError: 1 != 2", "AssertionError: 1 != 2"),
            ("make: *** [all] Error 2\ncc: fatal: no input", "cc: fatal: no input"),
            ("ok 1\nnot ok 2 - adds\n", "not ok 2 - adds"),
            ("\u{1b}[31merror:\u{1b}[0m it broke", "error: it broke"),
        ] {
            assert_eq!(Excerpt::of(log.as_bytes(), 0, 10).line.as_deref(), Some(line), "{log}");
        }
        for quiet in ["", "all is well", "12 passed, 0 failed", "Found 0 errors."] {
            assert_eq!(Excerpt::of(quiet.as_bytes(), 0, 10).line, None, "{quiet}");
        }
    }

    #[test]
    fn the_end_of_a_log_is_bounded_whatever_it_holds() {
        let log = "x".repeat(100_000) + "\n" + &"line\n".repeat(1000) + "10%\r100%\n\n\n";
        let excerpt = Excerpt::of(log.as_bytes(), 0, 12);
        assert_eq!((excerpt.shown, excerpt.of), (12, Some(1004)));
        assert!(excerpt.tail.ends_with("line\n100%"), "{}", excerpt.tail);
        let wide = Excerpt::of("y".repeat(100_000).as_bytes(), 7, 500);
        assert!(wide.tail.chars().count() <= WIDTH && wide.of.is_none());
        assert!(Excerpt::of(&[0xff, 0xfe, 0, 27, b'['], 0, 12).tail.chars().count() < 5);
        let many = Excerpt::of("€€€€€€€€€\n".repeat(10_000).as_bytes(), 0, 10_000);
        assert!(many.tail.chars().count() <= TAIL);
    }
}
