//! Slack's `mrkdwn`, as it is shown: <https://docs.slack.dev/messaging/formatting-message-text>.

use super::emoji::{emoji, is_name};
use super::html::{escaped, link};
use crate::world::World;

/// A marked text as HTML.
pub(super) fn marked(world: &World, text: &str) -> String {
    let mut out = String::new();
    for (index, part) in text.split("```").enumerate() {
        if index % 2 == 1 {
            out.push_str(&format!("<pre>{}</pre>", plain(world, part.trim_matches('\n'))));
        } else {
            out.push_str(&lines(world, part));
        }
    }
    out
}

/// A plain text as HTML: emoji are shown, nothing else is markup.
pub(super) fn unmarked(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(':') {
        let name = rest[at + 1..].split(':').next().unwrap_or_default();
        let is_closed = rest[at + 1..].len() > name.len();
        out.push_str(&escaped(&rest[..at]));
        if is_closed && is_name(name) {
            out.push_str(&emoji(name));
            rest = &rest[at + name.len() + 2..];
        } else {
            out.push(':');
            rest = &rest[at + 1..];
        }
    }
    out.push_str(&escaped(rest));
    out.replace('\n', "<br>")
}

fn lines(world: &World, text: &str) -> String {
    let mut out = String::new();
    let mut quoted = false;
    let text = text.trim_matches('\n');
    for (index, line) in text.split('\n').enumerate() {
        let quote = line.strip_prefix("&gt;").or_else(|| line.strip_prefix('>'));
        match (quote.is_some(), quoted) {
            (true, false) => out.push_str("<blockquote>"),
            (false, true) => out.push_str("</blockquote>"),
            _ if index > 0 => out.push_str("<br>"),
            _ => {}
        }
        quoted = quote.is_some();
        out.push_str(&inline(world, quote.map_or(line, str::trim_start)));
    }
    if quoted {
        out.push_str("</blockquote>");
    }
    out
}

/// One line, with what is bold, italic, struck, code, an emoji or between angle brackets.
fn inline(world: &World, line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    let mut before = ' ';
    while let Some(c) = rest.chars().next() {
        if let Some((html, after)) = piece(world, c, rest, before) {
            out.push_str(&html);
            before = ' ';
            rest = after;
            continue;
        }
        before = c;
        let end = if c == '&' { entity(rest) } else { None };
        match end {
            Some(end) => {
                out.push_str(&rest[..end]);
                rest = &rest[end..];
            }
            None => {
                out.push_str(&escaped(&c.to_string()));
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    out
}

/// The end of what stands for `&`, `<` or `>`.
fn entity(text: &str) -> Option<usize> {
    ["&amp;", "&lt;", "&gt;"].iter().find(|entity| text.starts_with(**entity)).map(|entity| entity.len())
}

/// What begins with a mark, as HTML, and what follows.
fn piece<'t>(world: &World, c: char, rest: &'t str, before: char) -> Option<(String, &'t str)> {
    let inside = |mark: char| {
        let end = rest[1..].find(mark)? + 1;
        let text = &rest[1..end];
        let after = rest[end + 1..].chars().next();
        let is_marked = !text.trim().is_empty() && !text.starts_with(' ') && !text.ends_with(' ');
        let is_free = !before.is_alphanumeric() && !after.is_some_and(char::is_alphanumeric);
        (is_marked && is_free).then(|| (text, &rest[end + 1..]))
    };
    match c {
        '<' => {
            let end = rest.find('>')?;
            Some((bracket(world, &rest[1..end]), &rest[end + 1..]))
        }
        '`' => inside('`').map(|(text, after)| (format!("<code>{}</code>", plain(world, text)), after)),
        '*' => inside('*').map(|(text, after)| (format!("<b>{}</b>", inline(world, text)), after)),
        '_' => inside('_').map(|(text, after)| (format!("<i>{}</i>", inline(world, text)), after)),
        '~' => inside('~').map(|(text, after)| (format!("<s>{}</s>", inline(world, text)), after)),
        ':' => {
            let end = rest[1..].find(':')? + 1;
            let name = &rest[1..end];
            is_name(name).then(|| (emoji(name), &rest[end + 1..]))
        }
        _ => None,
    }
}

/// Code: brackets and escapes are read, marks are not.
fn plain(world: &World, text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['<', '&']) {
        out.push_str(&escaped(&rest[..at]));
        rest = &rest[at..];
        if let (true, Some(end)) = (rest.starts_with('<'), rest.find('>')) {
            out.push_str(&bracket(world, &rest[1..end]));
            rest = &rest[end + 1..];
        } else if let Some(end) = entity(rest) {
            out.push_str(&rest[..end]);
            rest = &rest[end..];
        } else {
            out.push_str(&escaped(&rest[..1]));
            rest = &rest[1..];
        }
    }
    out.push_str(&escaped(rest));
    out
}

/// What stands between `<` and `>`: a mention, a date or a link.
fn bracket(world: &World, inside: &str) -> String {
    let (what, label) = inside.split_once('|').map_or((inside, None), |(what, label)| (what, Some(label)));
    let mention = |name: String| format!(r#"<span class="mention">{}</span>"#, escaped(&name));
    // Labels are escaped already, as all texts of Slack are.
    let shown = |text: &str| plain(world, &text.replace('<', "&lt;"));
    match what.chars().next() {
        Some('@') => {
            let name = world.people.get(&what[1..]).map(|person| person.name.clone());
            mention(format!("@{}", name.or(label.map(str::to_owned)).unwrap_or_else(|| what[1..].to_owned())))
        }
        Some('#') => {
            let name = world.channels.get(&what[1..]).map(|channel| channel.name.clone());
            mention(format!("#{}", name.or(label.map(str::to_owned)).unwrap_or_else(|| what[1..].to_owned())))
        }
        Some('!') if what.starts_with("!date^") => shown(label.unwrap_or(what)),
        Some('!') => {
            let name = what[1..].split('^').next().unwrap_or_default();
            mention(label.map_or_else(|| format!("@{name}"), str::to_owned))
        }
        _ => link(&what.replace("&amp;", "&"), &shown(label.unwrap_or(what))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_shown_and_nothing_breaks_out() {
        let world = World::default();
        let table = [
            (
                "*web #1* `a*b*` _i_ ~s~ snake_case_name",
                "<b>web #1</b> <code>a*b*</code> <i>i</i> <s>s</s> snake_case_name",
            ),
            (
                "<https://ci.example.com/1?a=1&amp;b=2|#1>",
                r#"<a href="https://ci.example.com/1?a=1&amp;b=2" rel="noreferrer">#1</a>"#,
            ),
            ("<javascript:alert(1)|x>", "x"),
            ("a &lt;b&gt; <script>", "a &lt;b&gt; script"),
            ("\"'><img src=x onerror=alert(1)>", r#"&quot;&#39;&gt;img src=x onerror=alert(1)"#),
            ("<!here> <@U1|ann>", r#"<span class="mention">@here</span> <span class="mention">@ann</span>"#),
            ("&gt; one\n> two\nthree", "<blockquote>one<br>two</blockquote>three"),
            ("```a < b\nc```", "<pre>a &lt; b\nc</pre>"),
            ("10:30:15 a:b", "10:30:15 a:b"),
        ];
        for (text, html) in table {
            assert_eq!(marked(&world, text), html, "{text}");
        }
        assert!(marked(&world, ":red_circle:").contains("<svg"));
        assert_eq!(unmarked("*a* <b> :nothing: 1:2"), "*a* &lt;b&gt; :nothing: 1:2");
    }
}
