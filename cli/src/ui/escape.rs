//! Output of jobs, made safe for a terminal.
//!
//! A job may print anything: sequences that move the cursor, rename the window, write to the clipboard or make later
//! lines invisible. Colours (SGR) are the only sequences that pass, and only where they are wanted.

use std::borrow::Cow;
use std::iter::Peekable;
use std::str::Chars;

/// Whether colours pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    /// They pass, and end with the text.
    Keep,
    /// They are left out.
    Strip,
}

const ESC: char = '\x1b';
const RESET: &str = "\x1b[0m";

/// `text`, one line, without anything that a terminal would obey; tabs stay.
pub fn neutral(text: &str, colours: Colours) -> Cow<'_, str> {
    let is_plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t'));
    if is_plain || !text.chars().any(|c| is_control(c) && c != '\t') {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len());
    let mut coloured = false;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            ESC => {
                if let Some(sgr) = escape_sequence(&mut rest)
                    && colours == Colours::Keep
                {
                    safe.push_str(&sgr);
                    coloured = true;
                }
            }
            '\t' => safe.push('\t'),
            c if is_control(c) => {}
            c => safe.push(c),
        }
    }
    if coloured {
        safe.push_str(RESET);
    }
    Cow::Owned(safe)
}

/// What a terminal shows of a line that returns to its beginning: the last text that was written over it.
pub fn last_overwrite(line: &str) -> &str {
    line.rsplit('\r').find(|text| !text.is_empty()).unwrap_or("")
}

/// C0 and C1 controls, and the characters that turn the direction of text: both make a terminal show something else
/// than what stands there.
fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

/// Takes what follows an ESC; answers with the whole sequence when it only sets colours (ECMA-48 §8.3.117).
fn escape_sequence(rest: &mut Peekable<Chars<'_>>) -> Option<String> {
    match rest.peek()? {
        '[' => {
            rest.next();
            control_sequence(rest)
        }
        // Strings for the terminal: OSC, DCS, SOS, PM, APC. They end with BEL or ST.
        ']' | 'P' | 'X' | '^' | '_' => {
            rest.next();
            let mut ahead = rest.clone();
            let mut before = '\0';
            while let Some(c) = ahead.next() {
                if c == '\x07' || c == '\u{9c}' || (before == ESC && c == '\\') {
                    *rest = ahead;
                    break;
                }
                before = c;
            }
            // One without an end loses its introducer only: text is never lost to a missing byte.
            None
        }
        ' '..='/' => {
            while rest.next_if(|c| (' '..='/').contains(c)).is_some() {}
            rest.next_if(|c| ('0'..='~').contains(c));
            None
        }
        '0'..='~' => {
            rest.next();
            None
        }
        _ => None,
    }
}

fn control_sequence(rest: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut sequence = String::from("\x1b[");
    while let Some(c) = rest.next_if(|c| (' '..='?').contains(c)) {
        sequence.push(c);
    }
    let end = rest.next_if(|c| ('@'..='~').contains(c))?;
    sequence.push(end);
    let parameters = &sequence[2..sequence.len() - 1];
    // Hidden text (8) would let a job print what nobody sees.
    let visible = parameters.split([';', ':']).all(|parameter| parameter.trim_start_matches('0') != "8");
    let plain = parameters.chars().all(|c| c.is_ascii_digit() || c == ';' || c == ':');
    (end == 'm' && plain && visible).then_some(sequence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_passes() {
        for (dangerous, harmless) in [
            ("\x1b]0;title\x07ok", "ok"),
            ("\x1b]52;c;cHduZWQ=\x1b\\ok", "ok"),
            ("\x1bP1$r0m\x1b\\ok", "ok"),
            ("\x1b[2J\x1b[H\x1b[?25lok", "ok"),
            ("\x1b[31;mred\x1b[0m", "red"),
            ("\x1b(Bok\x1bc", "ok"),
            ("a\x08\x08b\x07\x7f", "ab"),
            ("\u{9b}31mok", "31mok"),
            ("\u{202e}gpj.exe", "gpj.exe"),
            ("\x1b", ""),
            ("\x1b[", ""),
            ("\x1b]0;no end", "0;no end"),
            ("\x1b[12\u{e9}", "\u{e9}"),
        ] {
            assert_eq!(neutral(dangerous, Colours::Strip), harmless, "{dangerous:?}");
        }
    }

    #[test]
    fn colours_pass_where_they_are_wanted_and_end_with_the_line() {
        assert_eq!(neutral("\x1b[1;31mred", Colours::Keep), "\x1b[1;31mred\x1b[0m");
        assert_eq!(neutral("\x1b[38:2::1:2:3mx", Colours::Keep), "\x1b[38:2::1:2:3mx\x1b[0m");
        assert_eq!(neutral("\x1b[8mhidden", Colours::Keep), "hidden");
        assert_eq!(neutral("\x1b[?25mx", Colours::Keep), "x");
        assert_eq!(neutral("tab\tstays", Colours::Keep), "tab\tstays");
    }

    #[test]
    fn a_progress_bar_is_its_last_state() {
        assert_eq!(last_overwrite("10%\r20%\r30%"), "30%");
        assert_eq!(last_overwrite("windows\r"), "windows");
        assert_eq!(last_overwrite("\r\r"), "");
        assert_eq!(last_overwrite("plain"), "plain");
    }
}
