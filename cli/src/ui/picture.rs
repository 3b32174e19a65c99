//! Pictures of errors in a script, coloured.

use super::escape::{Colours, neutral};
use super::style::{Style, Tone};

/// A picture of errors, with colours where they are wanted.
pub fn coloured(text: &str, style: Style) -> String {
    let mut picture = String::new();
    for line in text.lines() {
        let line = neutral(line, Colours::Strip);
        let start = line.trim_start();
        let (tone, from) = match start.split_once(' ') {
            _ if line.starts_with("error: ") => (Tone::Bad, 0),
            Some(("|", rest)) if rest.trim_start().starts_with('^') => (Tone::Bad, line.find('^').unwrap_or(0)),
            Some(("-->" | ":::" | "=", _)) => (Tone::Busy, 0),
            _ => (Tone::Strong, line.len()),
        };
        picture.push_str(&line[..from]);
        picture.push_str(&style.paint(tone, &line[from..]));
        picture.push('\n');
    }
    picture
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "error: no key `scirpt`\n --> a.yaml:1:3\n  |\n1 | - scirpt: x\n  |   ^^^^^^\n  = help: `script`\n\n1 error in the build script";

    #[test]
    fn without_colours_a_picture_is_as_it_was_drawn() {
        assert_eq!(coloured(TEXT, Style::PLAIN), format!("{TEXT}\n"));
    }

    #[test]
    fn what_is_wrong_is_red() {
        let picture = coloured(TEXT, Style::COLOURED);
        assert!(picture.contains("\u{1b}[31merror: no key") && picture.contains("\u{1b}[31m^^^^^^"), "{picture:?}");
    }
}
