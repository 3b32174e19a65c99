//! Text for XML 1.0.

use std::fmt::Write as _;

/// `text` for an element or a double-quoted attribute. Characters that XML cannot hold stand as `\u{1b}`.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            // Written plainly, an attribute's reader would make them spaces.
            '\n' | '\t' => {
                let _ = write!(safe, "&#{};", u32::from(c));
            }
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => safe.extend(c.escape_unicode()),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_place_and_nothing_is_refused_by_a_reader() {
        assert_eq!(escaped("a<b>\"&\n\x1b[0m\u{ffff}"), "a&lt;b&gt;&quot;&amp;&#10;\\u{1b}[0m\\u{ffff}");
    }
}
