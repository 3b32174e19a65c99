//! What is wrong with a script, shown as a picture.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

/// A place in a script's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, from the root of the checkout.
    pub file: PathBuf,
    /// The line, from 1; 0 when the file as a whole is meant.
    pub line: usize,
    /// The column in characters, from 1; 0 when the file as a whole is meant.
    pub column: usize,
    /// The line itself, fit for a terminal: control characters are replaced, a long line is cut around the place.
    pub source_line: String,
    /// What is meant, in bytes of `source_line`.
    pub span: Range<usize>,
}

/// One thing that is wrong with a script. [`Display`](fmt::Display) draws it in plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What is wrong.
    pub message: String,
    /// Where.
    pub place: Place,
    /// Other places that have to do with it, each with what it is.
    pub related: Vec<(String, Place)>,
    /// What to do.
    pub help: Option<String>,
}

/// The most characters of a line that are shown.
const WIDTH: usize = 160;

impl Place {
    /// The file as a whole.
    pub(super) fn whole(file: PathBuf) -> Self {
        Self { file, line: 0, column: 0, source_line: String::new(), span: 0..0 }
    }

    /// The bytes `span` of a line.
    pub(super) fn new(file: PathBuf, line: usize, text: &str, span: Range<usize>) -> Self {
        let column = text[..span.start].chars().count();
        let length = text[span.clone()].chars().take(WIDTH).count();
        // A hostile line may be a megabyte long: show a window with the place in it, and touch nothing beyond.
        let back = if column + length > WIDTH { WIDTH / 4 } else { column };
        let start = text[..span.start].char_indices().rev().take(back).last().map_or(span.start, |(at, _)| at);
        let mut source_line = String::new();
        if start > 0 {
            source_line.push('…');
        }
        let mut characters = text[start..].chars();
        source_line.extend(characters.by_ref().take(back).map(visible));
        let from = source_line.len();
        source_line.extend(characters.by_ref().take(length).map(visible));
        let shown = from..source_line.len();
        source_line.extend(characters.by_ref().take(WIDTH - (back + length).min(WIDTH)).map(visible));
        if characters.next().is_some() {
            source_line.push('…');
        }
        source_line.truncate(source_line.trim_end().len().max(shown.end));
        Self { file, line, column: column + 1, source_line, span: shown }
    }
}

/// A character that cannot move a terminal's cursor or change its colours.
fn visible(character: char) -> char {
    match character {
        '\t' | '\r' => ' ',
        // Marks of writing direction could make a line look like another one.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        other if other.is_control() => '\u{fffd}',
        other => other,
    }
}

/// Text from a script for use in a message: short, on one line, without control characters.
pub(super) fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(60).map(visible).map(|c| if c == '\n' { ' ' } else { c }).collect();
    if text.chars().nth(60).is_some() {
        short.push('…');
    }
    short
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}", self.message)?;
        let places = || std::iter::once(&self.place).chain(self.related.iter().map(|(_, place)| place));
        let gutter = places().map(|place| place.line).max().unwrap_or(0).to_string().len();
        draw(f, &self.place, "-->", None, gutter)?;
        for (what, place) in &self.related {
            draw(f, place, ":::", Some(what), gutter)?;
        }
        match &self.help {
            Some(help) => writeln!(f, "{:gutter$} = help: {help}", ""),
            None => Ok(()),
        }
    }
}

fn draw(f: &mut fmt::Formatter<'_>, place: &Place, arrow: &str, label: Option<&String>, gutter: usize) -> fmt::Result {
    let file = place.file.display();
    if place.line == 0 {
        return writeln!(f, "{:gutter$}{arrow} {file}", "");
    }
    writeln!(f, "{:gutter$}{arrow} {file}:{}:{}", "", place.line, place.column)?;
    writeln!(f, "{:gutter$} |", "")?;
    writeln!(f, "{:gutter$} | {}", place.line, place.source_line)?;
    let indent = place.source_line[..place.span.start].chars().count();
    let carets = place.source_line[place.span.clone()].chars().count().max(1);
    write!(f, "{:gutter$} | {:indent$}{}", "", "", "^".repeat(carets))?;
    match label {
        Some(label) => writeln!(f, " {label}"),
        None => writeln!(f),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_points_at_characters_and_not_at_bytes() {
        let place = Place::new("build.yaml".into(), 3, "- naïve: ok", 10..12);
        assert_eq!((place.line, place.column), (3, 10));
        let diagnostic = Diagnostic { message: "no".into(), place, related: vec![], help: None };
        assert_eq!(diagnostic.to_string(), "error: no\n --> build.yaml:3:10\n  |\n3 | - naïve: ok\n  |          ^^\n");
    }

    #[test]
    fn a_line_of_a_megabyte_and_escape_sequences_do_no_harm() {
        let line = format!("{}\u{1b}[31mred", "x".repeat(1_000_000));
        let place = Place::new("build.yaml".into(), 1, &line, 1_000_000..1_000_008);
        assert!(place.source_line.len() < 800 && !place.source_line.contains('\u{1b}'), "{place:?}");
        assert_eq!(&place.source_line[place.span], "\u{fffd}[31mred");
        assert_eq!(shown(&"a\n\u{1b}".repeat(100)).chars().count(), 61);
    }
}
