//! The last lines of a log, for whoever shows no more of it.

/// The last line of `tail` that shows anything, fit for a terminal: no control characters, no escape sequences.
pub(super) fn last_line(tail: &[u8]) -> String {
    shown(tail).next().unwrap_or_default()
}

/// The last `count` of such lines, in order.
pub(super) fn last_lines(tail: &[u8], count: usize) -> Vec<String> {
    let mut lines: Vec<_> = shown(tail).take(count).collect();
    lines.reverse();
    lines
}

/// The lines that show anything, the last first.
fn shown(tail: &[u8]) -> impl Iterator<Item = String> {
    tail.rsplit(|byte| matches!(byte, b'\n' | b'\r')).map(plain).filter(|line| !line.is_empty())
}

fn plain(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let mut chars = text.chars();
    let mut plain = String::new();
    while let Some(c) = chars.next() {
        match c {
            '\x1b' => skip_escape(&mut chars),
            '\t' => plain.push(' '),
            c if c.is_control() => {}
            c => plain.push(c),
        }
    }
    plain.trim().to_owned()
}

/// Skips the rest of an escape sequence (ECMA-48): `[` to a final byte, `]` and its like to the terminator.
fn skip_escape(chars: &mut std::str::Chars<'_>) {
    match chars.next() {
        Some('[') => {
            chars.by_ref().find(|c| ('@'..='~').contains(c));
        }
        Some(']' | 'P' | 'X' | '^' | '_') => {
            // A title or a link ends with BEL, or with ESC and `\`.
            while let Some(c) = chars.next() {
                if c == '\x07' || (c == '\x1b' && chars.next() == Some('\\')) {
                    break;
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_show_last() {
        assert_eq!(last_line(b""), "");
        assert_eq!(last_line(b"one\ntwo\n\n"), "two");
        assert_eq!(last_line(b"10%\r20%\r"), "20%");
        assert_eq!(last_line(b"\x1b[1;32mok\x1b[0m \x1b]0;title\x07done\n"), "ok done");
        assert_eq!(last_line(b"\x1b]8;;http://example.com\x1b\\link\x1b]8;;\x1b\\"), "link");
        assert_eq!(last_line(b"cut \xff\xfe\n"), "cut \u{fffd}\u{fffd}");
        assert_eq!(last_line(b"\x1b]never ends"), "");
        assert_eq!(last_lines(b"one\n\n\x1b[31mtwo\x1b[0m\nthree\n", 2), ["two", "three"]);
    }
}
