//! Text of others, made harmless.
//!
//! A commit message, a branch, a line of a log: anybody may have written it. In Slack it is shown as it is; it calls
//! nobody, opens nothing and hides nothing.

/// Words after `@` that call many.
const CALLS: &[&str] = &["here", "channel", "everyone", "group"];

/// What stands between an `@` and such a word: it is not seen, and the word is none any more.
const JOINER: char = '\u{2060}';

/// Text within a message, as it is.
#[must_use]
pub fn escape(text: &str) -> String {
    // First what is not seen: without it, other words may stand there.
    let seen: String = text.chars().filter(|c| matches!(c, '\n' | '\t') || !is_unseen(*c)).collect();
    let mut safe = String::with_capacity(seen.len());
    let mut rest = seen.as_str();
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '@' => {
                safe.push('@');
                let word: String = rest.chars().take(9).flat_map(char::to_lowercase).collect();
                if CALLS.iter().any(|call| word.starts_with(call)) {
                    safe.push(JOINER);
                }
            }
            '\t' => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}

/// The first line of a text, of at most `most` characters, as it is.
#[must_use]
pub fn line(text: &str, most: usize) -> String {
    escape(&clip(first(text), most))
}

/// The same where it is said in letters of one width.
#[must_use]
pub fn code(text: &str, most: usize) -> String {
    let clipped = clip(first(text), most);
    format!("`{}`", escape(if clipped.is_empty() { " " } else { &clipped }).replace('`', "'"))
}

/// A text that is no markup: of a button, a title, a notification.
#[must_use]
pub fn plain(text: &str, most: usize) -> String {
    let seen: String = first(text).chars().filter(|c| !is_unseen(*c)).collect();
    clip(&seen, most)
}

/// A link. Its address is one of ours or a forge's, and is left out where it is none.
#[must_use]
pub fn link(url: &str, label: &str) -> String {
    let is_clean = |c: char| !c.is_control() && !c.is_whitespace() && !"<>|\"".contains(c);
    let fits =
        (url.starts_with("https://") || url.starts_with("http://")) && url.chars().all(is_clean) && url.len() < 2000;
    // What stands between the bars has no markup of its own.
    let label = label.replace('|', "/");
    if fits { format!("<{}|{label}>", url.replace('&', "&amp;")) } else { label }
}

/// A text of at most `most` characters, with a sign where it goes on.
#[must_use]
pub fn clip(text: &str, most: usize) -> String {
    if text.chars().nth(most).is_none() {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    short.push('…');
    short
}

fn first(text: &str) -> &str {
    text.trim().lines().next().unwrap_or_default().trim_end()
}

/// Whether a character is not seen, or has others seen where they are not.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | JOINER)
}

/// How long something took, in the fewest words: `12s`, `2m31s`, `1h12m`.
#[must_use]
pub fn took(millis: i64) -> String {
    let seconds = millis.max(0) / 1000;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds:02}s"),
        (hours, minutes, _) if hours < 48 => format!("{hours}h{minutes:02}m"),
        (hours, ..) => format!("{}d", hours / 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_calls_nobody_and_opens_nothing() {
        for (text, safe) in [
            ("a < b && c > d", "a &lt; b &amp;&amp; c &gt; d"),
            (
                "<!here> <@U123> <https://evil.example.com|ok>",
                "&lt;!here&gt; &lt;@U123&gt; &lt;https://evil.example.com|ok&gt;",
            ),
            (
                "@here @CHANNEL @everyone @hereabouts",
                "@\u{2060}here @\u{2060}CHANNEL @\u{2060}everyone @\u{2060}hereabouts",
            ),
            ("mail ann@example.com", "mail ann@example.com"),
            ("right\u{202e}left \u{1b}[31mred\0", "rightleft [31mred"),
            ("@\u{200b}here", "@\u{2060}here"),
        ] {
            assert_eq!(escape(text), safe, "{text}");
        }
        assert_eq!(code("a`b` <c>", 99), "`a'b' &lt;c&gt;`");
        assert_eq!(line("one\ntwo", 99), "one");
        assert_eq!(line("abcdef", 4), "abc…");
        assert_eq!(link("javascript:alert(1)", "x"), "x");
        assert_eq!(link("https://x.example.com/a?b&c", "a|b"), "<https://x.example.com/a?b&amp;c|a/b>");
        assert_eq!(link("https://x.example.com/>|<!here", "x"), "x");
    }

    #[test]
    fn times_are_short() {
        let times = [-5, 0, 12_000, 151_000, 4_320_000, 360_000_000].map(took);
        assert_eq!(times, ["0s", "0s", "12s", "2m31s", "1h12m", "4d"]);
    }
}
