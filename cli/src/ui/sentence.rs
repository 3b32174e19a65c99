//! What a person reads about a job and a build: one sentence each.

use monkeyci_core::model::result::Guarantee;
use monkeyci_core::model::{BuildStatus, Cause, JobResult, JobStatus};

use super::duration;
use super::escape::{Colours, neutral};
use super::progress::{JobProgress, Progress};
use super::style::Tone;

/// The sign of a job's status, and its tone.
pub fn sign(job: &JobProgress) -> (&'static str, Tone) {
    match job.status {
        JobStatus::Pending | JobStatus::Queued => ("·", Tone::Quiet),
        JobStatus::Blocked => ("?", Tone::Waiting),
        JobStatus::Initializing | JobStatus::Running => ("●", Tone::Busy),
        JobStatus::Success => ("✓", Tone::Good),
        JobStatus::Failure | JobStatus::Error if job.job.allow_failure => ("!", Tone::Waiting),
        JobStatus::Failure | JobStatus::Error => ("✗", Tone::Bad),
        JobStatus::Skipped => ("-", Tone::Quiet),
        JobStatus::Canceled => ("⊘", Tone::Waiting),
    }
}

/// In whose name something was done, and by which integration.
pub fn by(actor: &str, via: Option<&str>) -> String {
    match via {
        Some(via) => format!("by {actor} via {via}"),
        None => format!("by {actor}"),
    }
}

/// The tone of a build's status.
pub fn tone(status: BuildStatus) -> Tone {
    match status {
        BuildStatus::Success => Tone::Good,
        BuildStatus::Failure | BuildStatus::Error => Tone::Bad,
        BuildStatus::Canceled | BuildStatus::Blocked => Tone::Waiting,
        _ => Tone::Busy,
    }
}

/// How a job ended and why; `None` when there is nothing to say but that it went well.
pub fn outcome(job: &JobProgress) -> Option<String> {
    let text = match job.status {
        JobStatus::Success => tests(job.result.as_ref()?)?,
        JobStatus::Failure | JobStatus::Error => {
            let why = why(job);
            if job.job.allow_failure { format!("{why} (allowed to fail)") } else { why }
        }
        JobStatus::Skipped => match &job.reason {
            Some(reason) => format!("skipped: {reason}"),
            None => "skipped".into(),
        },
        JobStatus::Canceled => match &job.reason {
            Some(reason) => format!("canceled: {reason}"),
            None => "canceled".into(),
        },
        JobStatus::Blocked => "waits for approval".into(),
        _ => return None,
    };
    // In one line, and no words of two lines glued together.
    let text = text.lines().collect::<Vec<_>>().join(" ");
    Some(neutral(&text, Colours::Strip).into_owned())
}

fn why(job: &JobProgress) -> String {
    let result = job.result.as_ref();
    let message = result.and_then(|result| result.message.clone());
    let failed = result.and_then(|result| result.lines.iter().rfind(|line| line.exit.is_some_and(|exit| exit != 0)));
    let text = match (job.cause, message, failed) {
        (Some(Cause::Failure) | None, None, Some(line)) => {
            let exit = line.exit.unwrap_or_default();
            match job.line(line.index) {
                Some(text) => format!("`{}` ended with code {exit}", first_line(&text)),
                None => format!("line {} ended with code {exit}", line.index + 1),
            }
        }
        (_, Some(message), _) => message,
        (Some(cause), None, _) => cause_words(cause).into(),
        (None, None, None) => job.status.to_string(),
    };
    match result.and_then(tests) {
        Some(tests) => format!("{text}; {tests}"),
        None => text,
    }
}

/// What a cause means, where nothing more is known.
pub fn cause_words(cause: Cause) -> &'static str {
    match cause {
        Cause::Failure => "failed",
        Cause::Timeout => "took longer than it may",
        Cause::OutOfMemory => "used more memory than it may",
        Cause::LogLimit => "wrote more log than it may",
        Cause::Image => "its image could not be had",
        Cause::Service => "a service did not become ready",
        Cause::Invalid => "names something that is not there",
        Cause::Canceled => "canceled",
        Cause::Lost => "its worker is gone",
        Cause::Infrastructure => "what it runs on broke",
    }
}

fn first_line(text: &str) -> String {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next().unwrap_or_default().trim();
    if lines.next().is_some() { format!("{first} …") } else { first.to_owned() }
}

fn tests(result: &JobResult) -> Option<String> {
    let sum = |count: fn(&monkeyci_core::model::result::TestSuite) -> u64| result.tests.iter().map(count).sum::<u64>();
    let all = sum(|suite| suite.tests);
    if all == 0 {
        return None;
    }
    let bad = sum(|suite| suite.failures + suite.errors);
    let skipped = sum(|suite| suite.skipped);
    let mut text = format!("{all} test{}", plural(all));
    for (count, word) in [(bad, "failed"), (skipped, "skipped")] {
        if count > 0 {
            text.push_str(&format!(", {count} {word}"));
        }
    }
    Some(text)
}

/// That the tests of the script passed.
pub fn script_tests(count: u64) -> String {
    format!("script: {count} test{} passed", plural(count))
}

/// `s` unless there is one.
pub fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// How the build stands, in one sentence with its tone.
pub fn build(progress: &Progress) -> (String, Tone) {
    let took =
        progress.started.map(|start| format!(" in {}", duration::short(progress.now - start))).unwrap_or_default();
    let all = progress.jobs().len();
    let bad = progress.jobs().iter().filter(|job| job.is_bad()).count();
    match progress.status {
        BuildStatus::Success => (format!("Build succeeded{took}: {}", jobs(progress)), Tone::Good),
        BuildStatus::Failure if bad > 0 => {
            let jobs = if all == 1 { "its only job".into() } else { format!("{bad} of {all} jobs") };
            (format!("Build failed{took}: {jobs} failed"), Tone::Bad)
        }
        BuildStatus::Failure => (format!("Build failed{took}"), Tone::Bad),
        BuildStatus::Error => (format!("Build broke{took}"), Tone::Bad),
        BuildStatus::Canceled => {
            let why = progress.message.as_ref().map(|why| format!(": {}", neutral(why, Colours::Strip)));
            (format!("Build canceled{took}{}", why.unwrap_or_default()), Tone::Waiting)
        }
        BuildStatus::Blocked => ("Build waits for approval".into(), Tone::Waiting),
        status => (format!("Build {status}{took}"), Tone::Busy),
    }
}

fn jobs(progress: &Progress) -> String {
    let ran = progress.count(JobStatus::Success) as u64;
    let mut text = format!("{ran} job{}", plural(ran));
    let skipped = progress.count(JobStatus::Skipped);
    if skipped > 0 {
        text.push_str(&format!(", {skipped} skipped"));
    }
    let allowed = progress.count(JobStatus::Failure) + progress.count(JobStatus::Error);
    if allowed > 0 {
        text.push_str(&format!(", {allowed} allowed to fail"));
    }
    text
}

/// What is to be known when a job's processes might have outlived it.
pub fn guarantee(progress: &Progress) -> Option<&'static str> {
    // The weakest of all that ran.
    let rank = |guarantee: Guarantee| match guarantee {
        Guarantee::PidNamespace => 0,
        Guarantee::Subreaper => 1,
        Guarantee::ProcessGroup => 2,
    };
    match progress.jobs().iter().filter_map(|job| job.guarantee).max_by_key(|found| rank(*found))? {
        Guarantee::PidNamespace => None,
        Guarantee::Subreaper => Some(
            "this system gives no PID namespaces: a process that left its job was looked for, and might survive a crash of the job's supervisor",
        ),
        Guarantee::ProcessGroup => {
            Some("this system ends process groups only: a process that left its job's group may still run")
        }
    }
}
