//! What a mail says of what happened. Pure: all that it tells comes in.

use std::fmt::Write as _;

use monkeyci_core::model::{Millis, Trigger};
use monkeyci_rest::notice::Told;
use monkeyci_rest::{Build, Moment};

use super::excerpt::Excerpt;
use crate::mail::{Letter, escaped, one_line};

/// Characters of a commit's first line in a subject.
const SAID: usize = 80;

/// Jobs that are named in a subject.
const JOBS: usize = 3;

/// A letter to somebody, and why they get it.
#[must_use]
pub fn letter(told: &Told, excerpts: &[Excerpt], to: &str, because: &str) -> Letter {
    let build = &told.build;
    Letter {
        to: to.to_owned(),
        subject: subject(told),
        text: text(told, excerpts),
        html: html(told, excerpts),
        because: because.to_owned(),
        thread: thread(build),
        list: format!("{}.{}", build.repo, build.org),
    }
}

/// `[acme/web] main failed: unit — mend the fence`.
fn subject(told: &Told) -> String {
    let Build { org, repo, trigger, .. } = &told.build;
    let test = if told.test { "Test: " } else { "" };
    let mut subject = format!("{test}[{org}/{repo}] {} {}", place(trigger), verb(told.on));
    if !told.jobs.is_empty() && is_about_jobs(told.on) {
        let _ = write!(subject, ": {}", told.jobs.iter().take(JOBS).cloned().collect::<Vec<_>>().join(", "));
        if told.jobs.len() > JOBS {
            let _ = write!(subject, " and {} more", told.jobs.len() - JOBS);
        }
    }
    if let Some(said) = headline(trigger) {
        let _ = write!(subject, " — {said}");
    }
    one_line(&subject)
}

/// The branch, the tag, or the pull request that is built.
fn place(trigger: &Trigger) -> String {
    match &trigger.pull_request {
        Some(request) => format!("#{}", request.number),
        None => trigger.branch().or_else(|| trigger.tag()).map_or_else(|| "a build".into(), one_line),
    }
}

fn verb(on: Moment) -> &'static str {
    match on {
        Moment::Failed => "failed",
        Moment::Recovered => "recovered",
        Moment::StillFailing => "still fails",
        Moment::Succeeded => "succeeded",
        Moment::Started => "started",
        Moment::Waiting => "waits for approval",
        Moment::Canceled => "was canceled",
        Moment::Deployed => "was deployed",
    }
}

/// Whether the jobs of a notice are those that something is wrong with, or that wait.
fn is_about_jobs(on: Moment) -> bool {
    matches!(on, Moment::Failed | Moment::StillFailing | Moment::Waiting | Moment::Deployed)
}

/// What a pull request is called, or else the first line of the commit's message.
fn headline(trigger: &Trigger) -> Option<String> {
    let request = trigger.pull_request.as_ref().and_then(|request| request.title.as_deref());
    let message = trigger.git.as_ref().and_then(|git| git.message.as_deref());
    let said = one_line(request.or(message)?.trim_start().lines().next()?);
    let cut: String = said.chars().take(SAID).collect();
    let cut = if cut.len() < said.len() { format!("{}…", cut.trim_end()) } else { cut };
    Some(cut).filter(|said| !said.is_empty())
}

/// What happened, in a sentence.
fn sentence(told: &Told) -> String {
    let Build { org, repo, number, trigger, .. } = &told.build;
    let test = if told.test { "This is a test, nothing has happened. " } else { "" };
    format!("{test}Build {number} of {org}/{repo} at {} {}.", place(trigger), verb(told.on))
}

/// The commit, who is behind it, and how long it took: those of it that are known.
fn facts(told: &Told) -> Vec<(&'static str, String)> {
    let Build { trigger, created, ended, message, .. } = &told.build;
    let mut facts = Vec::new();
    if let Some(git) = &trigger.git {
        let commit = git.commit_id.as_deref().map(|id| id.chars().take(10).collect::<String>());
        let author = git.author.as_deref().map(|author| format!("by {}", one_line(author)));
        let said = git.message.as_deref().and_then(|message| message.trim_start().lines().next()).map(one_line);
        let parts: Vec<String> = commit.into_iter().chain(author).chain(said).collect();
        if !parts.is_empty() {
            facts.push(("Commit", parts.join(" ")));
        }
    }
    if let Some(actor) = &trigger.actor {
        facts.push(("Caused by", one_line(actor)));
    }
    if let Some(ended) = ended.filter(|ended| ended > created) {
        facts.push(("Took", duration(ended - created)));
    }
    if let Some(message) = message {
        facts.push(("Because", one_line(message)));
    }
    facts
}

fn text(told: &Told, excerpts: &[Excerpt]) -> String {
    let mut text = sentence(told);
    text.push('\n');
    for Excerpt { job, why, tests, lines } in excerpts {
        let _ = write!(text, "\n{job}: {}\n", why.as_deref().map_or_else(|| "it did not end well".into(), one_line));
        for test in tests {
            let _ = writeln!(text, "  ✗ {}", one_line(test));
        }
        for line in lines {
            let _ = writeln!(text, "  | {line}");
        }
    }
    text.push('\n');
    for (name, value) in facts(told) {
        let _ = writeln!(text, "{name}: {value}");
    }
    let _ = write!(text, "\n{}", told.url);
    text
}

fn html(told: &Told, excerpts: &[Excerpt]) -> String {
    let (sentence, url) = (escaped(&sentence(told)), escaped(&told.url));
    let colour = match told.on {
        Moment::Failed | Moment::StillFailing => "#c81e2b",
        Moment::Recovered | Moment::Succeeded | Moment::Deployed => "#1a7f45",
        Moment::Waiting => "#a86200",
        Moment::Started | Moment::Canceled => "#74777d",
    };
    let mut html = format!(
        "<p style=\"border-left:4px solid {colour};padding-left:10px\"><b><a href=\"{url}\">{sentence}</a></b></p>"
    );
    for Excerpt { job, why, tests, lines } in excerpts {
        let why = why.as_deref().map_or_else(|| "it did not end well".into(), one_line);
        let _ = write!(html, "<p><b>{}</b>: {}</p>", escaped(job), escaped(&why));
        if !tests.is_empty() {
            let tests: String = tests.iter().map(|test| format!("<li>{}</li>", escaped(&one_line(test)))).collect();
            let _ = write!(html, "<ul>{tests}</ul>");
        }
        if !lines.is_empty() {
            let lines = escaped(&lines.join("\n"));
            let _ = write!(html, "<pre style=\"font-size:12px;padding:8px;border:1px solid #999\">{lines}</pre>");
        }
    }
    let facts: String =
        facts(told).into_iter().map(|(name, value)| format!("{name}: {}<br>", escaped(&value))).collect();
    let _ = write!(html, "<p>{facts}</p>");
    html
}

/// What belongs together: all that is told of a ref, or of a pull request.
fn thread(build: &Build) -> String {
    let reference = build.trigger.git.as_ref().and_then(|git| git.reference.as_deref()).unwrap_or_default();
    let request = build.trigger.pull_request.as_ref().map(|request| request.number).unwrap_or_default();
    let hash = blake3::hash(format!("{}/{}\n{request}\n{reference}", build.org, build.repo).as_bytes());
    format!("thread.{}", &hash.to_hex()[..32])
}

fn duration(millis: Millis) -> String {
    let seconds = millis / 1000;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(on: &str, trigger: serde_json::Value, jobs: &[&str]) -> Told {
        let build = json!({ "org": "acme", "repo": "web", "number": 42, "status": "failure", "trigger": trigger,
                            "created": 1000, "ended": 73_000, "events": 9 });
        let told = json!({ "on": on, "subscription": "team", "time": 1, "url": "https://ci.example.com/o/acme/r/web/b/42",
                           "build": build, "jobs": jobs });
        serde_json::from_value(told).expect("a notice")
    }

    #[test]
    fn a_subject_says_where_what_and_of_which_commit_in_one_line() {
        let main = |message: &str| json!({ "git": { "ref": "refs/heads/main", "message": message } });
        let pull = json!({ "git": { "ref": "refs/heads/x", "message": "wip" },
                           "pullRequest": { "number": 7, "title": "Mend it", "sourceBranch": "x", "targetBranch": "main" } });
        for (on, trigger, jobs, subject_wanted) in [
            ("failed", main("mend the fence\n\nmore"), &["unit"][..], "[acme/web] main failed: unit — mend the fence"),
            ("still-failing", main(""), &["a", "b", "c", "d", "e"], "[acme/web] main still fails: a, b, c and 2 more"),
            ("recovered", main("x"), &["a"], "[acme/web] main recovered — x"),
            ("waiting", pull, &["deploy"], "[acme/web] #7 waits for approval: deploy — Mend it"),
            ("deployed", main("x"), &["deploy"], "[acme/web] main was deployed: deploy — x"),
            ("failed", json!({}), &[], "[acme/web] a build failed"),
            ("failed", main("a\rBcc: eve@example.net\u{202e}"), &[], "[acme/web] main failed — a Bcc: eve@example.net"),
        ] {
            assert_eq!(subject(&told(on, trigger, jobs)), subject_wanted);
        }
        let long = subject(&told("failed", main(&"word ".repeat(100)), &[]));
        assert!(long.ends_with('…') && long.len() < 130, "{long}");
    }

    #[test]
    fn a_letter_tells_what_went_wrong_and_nothing_in_it_acts() {
        let trigger = json!({ "actor": "ann", "git": { "ref": "refs/heads/<b>", "commitId": "0123456789abcdef", "author": "Ann",
                                                       "message": "<script>" } });
        let excerpt = Excerpt {
            job: "unit".into(),
            why: Some("`make test` ended with code 2".into()),
            tests: vec!["adds <two>".into()],
            lines: vec!["expected <1>".into(), "got 2".into()],
        };
        let letter = letter(&told("failed", trigger, &["unit"]), &[excerpt], "ann@example.com", "You asked.");
        assert_eq!(
            letter.text,
            "\
Build 42 of acme/web at <b> failed.

unit: `make test` ended with code 2
  ✗ adds <two>
  | expected <1>
  | got 2

Commit: 0123456789 by Ann <script>
Caused by: ann
Took: 1 min 12 s

https://ci.example.com/o/acme/r/web/b/42"
        );
        assert!(letter.html.contains("expected &lt;1&gt;") && !letter.html.contains("<script>"), "{}", letter.html);
    }

    #[test]
    fn what_is_told_of_a_ref_is_one_thread() {
        let of = |trigger| thread(&told("failed", trigger, &[]).build);
        let main = of(json!({ "git": { "ref": "refs/heads/main" } }));
        assert_eq!(main, of(json!({ "git": { "ref": "refs/heads/main", "message": "x" } })));
        assert_ne!(main, of(json!({ "git": { "ref": "refs/heads/next" } })));
    }
}
