//! News as text for people.

use crate::news::{JobNews, News};

/// Failed tests of one job that are named.
const TESTS: usize = 5;

/// Failed jobs that are named.
const JOBS: usize = 20;

/// How a text is marked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Markup {
    /// Slack's `mrkdwn`.
    Slack,
    /// Markdown, where an `@` may call everybody.
    Mattermost,
    /// Markdown.
    Markdown,
    /// None.
    Plain,
}

impl Markup {
    fn bold(self, text: &str) -> String {
        let text = self.escaped(text);
        match self {
            Self::Slack => format!("*{text}*"),
            Self::Mattermost | Self::Markdown => format!("**{text}**"),
            Self::Plain => text,
        }
    }

    /// A text in one line, in which nothing is markup, a link by another name, or a call for attention.
    fn escaped(self, text: &str) -> String {
        let words: Vec<_> =
            text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
        let text: Vec<char> = words.join(" ").chars().collect();
        let mut escaped = String::new();
        for (place, c) in text.iter().copied().enumerate() {
            let near = |fits: &dyn Fn(char) -> bool| {
                [place.checked_sub(1), place.checked_add(1)]
                    .map(|at| at.and_then(|at| text.get(at)).is_some_and(|c| fits(*c)))
            };
            // `snake_case` is markup nowhere, and `code` may be code, if it ends in its line.
            let is_harmless = match c {
                '`' => near(&|c| c == '`') == [false, false],
                _ => near(&char::is_alphanumeric) == [true, true],
            };
            match (self, c) {
                (Self::Slack, '&') => escaped.push_str("&amp;"),
                (Self::Slack, '<') => escaped.push_str("&lt;"),
                (Self::Slack, '>') => escaped.push_str("&gt;"),
                // Slack knows no way to escape these: a space of no width keeps them from being markup.
                (Self::Slack, '*' | '_' | '~' | '`') if !is_harmless => escaped.extend(['\u{200b}', c, '\u{200b}']),
                (Self::Slack | Self::Mattermost, '@') => escaped.extend(['@', '\u{200b}']),
                (Self::Mattermost | Self::Markdown, c) if r"\`*_~|<>#[]".contains(c) => escaped.extend(['\\', c]),
                _ => escaped.push(c),
            }
        }
        escaped
    }
}

/// One line that says it all: a headline.
pub(crate) fn headline(news: &News) -> String {
    let what = news.build.as_deref().unwrap_or("the build");
    let at = news.tag.as_deref().or(news.branch.as_deref()).map(|at| format!(" ({at})")).unwrap_or_default();
    let ended = match (news.event, news.status) {
        ("job/failed", _) => format!("{} failed", news.jobs.first().map_or("a job", |job| job.id.as_str())),
        (_, "success") => "went well".to_owned(),
        (_, "failure") => "failed".to_owned(),
        (_, "error") => "broke".to_owned(),
        (_, "canceled") => "was canceled".to_owned(),
        (_, "blocked") => "went well so far, and waits for approval".to_owned(),
        (_, status) => format!("is {status}"),
    };
    format!("{what}{at}: {ended}")
}

/// All of it, in at most so many characters.
pub(crate) fn text(news: &News, markup: Markup, most: usize) -> String {
    let mut lines = vec![markup.bold(&headline(news))];
    lines.extend(details(news, markup));
    fitted(&lines, most)
}

/// What there is beside the headline.
pub(crate) fn details(news: &News, markup: Markup) -> Vec<String> {
    let failed: Vec<_> = news.jobs.iter().filter(|job| job.has_failed()).collect();
    let mut lines: Vec<_> = failed.iter().take(JOBS).flat_map(|job| told(job, markup)).collect();
    if failed.len() > JOBS {
        lines.push(format!("and {} others failed", failed.len() - JOBS));
    }
    let blocked: Vec<_> = news.jobs.iter().filter(|job| job.status == "blocked").map(|job| job.id.as_str()).collect();
    if !blocked.is_empty() {
        lines.push(format!("waits for approval: {}", markup.escaped(&blocked.join(", "))));
    }
    if news.event == "build/over" {
        let counts = news.counts.iter().map(|(status, count)| format!("{count} {status}"));
        lines.push(format!("jobs: {}", counts.collect::<Vec<_>>().join(", ")));
    }
    lines
}

/// A job that failed, with its tests.
fn told(job: &JobNews, markup: Markup) -> Vec<String> {
    let after = job.seconds.map(|seconds| format!(" after {seconds:.1} s")).unwrap_or_default();
    let tries = if job.attempt > 1 { format!(", attempt {}", job.attempt) } else { String::new() };
    let why = job.message.as_deref().map(|why| format!(": {}", markup.escaped(why))).unwrap_or_default();
    let mut lines = vec![format!("• {} failed{after}{tries}{why}", markup.bold(&job.id))];
    let Some(tests) = job.tests.as_ref().filter(|tests| tests.failed > 0) else { return lines };
    lines.push(format!("  {} of {} tests failed", tests.failed, tests.total));
    for failed in tests.failures.iter().take(TESTS) {
        let text = if failed.message.is_empty() {
            failed.test.clone()
        } else {
            format!("{}: {}", failed.test, failed.message)
        };
        lines.push(format!("  ◦ {}", markup.escaped(&text)));
    }
    lines
}

/// Lines as long as there is room for them.
fn fitted(lines: &[String], most: usize) -> String {
    let mut text = String::new();
    let mut room = most.saturating_sub(2);
    for line in lines {
        let length = line.chars().count() + 1;
        if length > room {
            text.push('…');
            return text;
        }
        room -= length;
        text.push_str(line);
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text
}

/// The details in at most so many characters, without markup.
pub(crate) fn plain(news: &News, most: usize) -> String {
    fitted(&details(news, Markup::Plain), most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_jobs_write_is_text_and_nothing_else() {
        for (markup, text, wanted) in [
            (Markup::Slack, "a<b> & <!here>\n", "a&lt;b&gt; &amp; &lt;!here&gt;"),
            (Markup::Slack, "@here *x*", "@\u{200b}here \u{200b}*\u{200b}x\u{200b}*\u{200b}"),
            (Markup::Slack, "web::my_test `a`", "web::my_test `a`"),
            (Markup::Slack, "``", "\u{200b}`\u{200b}\u{200b}`\u{200b}"),
            (Markup::Mattermost, "@all `x` [a](b)", "@\u{200b}all \\`x\\` \\[a\\](b)"),
            (Markup::Markdown, "__a__ | ~b~ <@1> \\", "\\_\\_a\\_\\_ \\| \\~b\\~ \\<@1\\> \\\\"),
            (Markup::Plain, "a\u{1b}[31m\n\n b\0", "a [31m b"),
        ] {
            assert_eq!(markup.escaped(text), wanted);
        }
    }

    #[test]
    fn a_text_ends_where_there_is_no_more_room() {
        let lines = ["one".to_owned(), "twö".to_owned(), "three".to_owned()];
        assert_eq!(fitted(&lines, 100), "one\ntwö\nthree");
        assert_eq!(fitted(&lines, 12), "one\ntwö\n…");
        assert!(fitted(&lines, 12).chars().count() <= 12);
        assert_eq!(fitted(&lines, 1), "…");
    }
}
