//! What a job's end means, in a cause and a sentence.

use std::time::Duration;

use monkeyci_model::job::limits;
use monkeyci_model::{Cause, Job};

use super::halt::Why;
use crate::executor::{ExecutorError, Exit};
use crate::job_dir::outcome::{Outcome, Reason};

/// Characters of a script line that a message shows.
const LINE_CHARS: usize = 120;

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) cause: Option<Cause>,
    pub(super) message: Option<String>,
    pub(super) exit: Option<i32>,
}

impl Verdict {
    /// It did not end well.
    pub(super) fn new(cause: Cause, message: impl Into<String>) -> Self {
        Self { cause: Some(cause), message: Some(message.into()), exit: None }
    }
}

/// What is known when an attempt is over.
pub(super) struct End<'a> {
    /// The job; secrets in it are references, so that a message may show its lines.
    pub(super) job: &'a Job,
    /// Why we stopped it, if we did.
    pub(super) why: Option<&'a Why>,
    /// What the executor said.
    pub(super) exit: Result<Exit, ExecutorError>,
    /// What the supervisor said: an outcome, nothing, or what it cannot have said.
    pub(super) outcome: Result<Option<Outcome>, String>,
    /// Bytes of log that it was allowed.
    pub(super) log_limit: u64,
}

impl End<'_> {
    /// The cause and the sentence for people.
    pub(super) fn verdict(self) -> Verdict {
        match self.why {
            Some(Why::Broken(what)) => return Verdict::new(Cause::Infrastructure, what.clone()),
            Some(Why::Forged(how)) => return forged(how),
            _ => {}
        }
        let exit = match (self.exit, self.why) {
            (Ok(exit), _) => exit,
            // Whatever broke while it was being stopped, it was being stopped.
            (Err(_), Some(why)) => return stopped(why, ""),
            (Err(error), None) => return Verdict::new(error.cause(), error.to_string()),
        };
        match (self.outcome, self.why) {
            (Err(how), _) => forged(&how),
            (Ok(Some(outcome)), why) => supervised(self.job, &exit, &outcome, why, self.log_limit),
            (Ok(None), _) if exit.out_of_memory => out_of_memory(self.job, ""),
            (Ok(None), Some(why)) => stopped(why, ""),
            (Ok(None), None) => Verdict::new(
                Cause::Lost,
                "its supervisor ended without a result: something killed it, or the job removed its report",
            ),
        }
    }
}

fn supervised(job: &Job, exit: &Exit, outcome: &Outcome, why: Option<&Why>, log_limit: u64) -> Verdict {
    let place = place(job, outcome.line);
    let mut verdict = match outcome.reason {
        Reason::Exited if outcome.code.is_none_or(|code| code == 0) => {
            Verdict { cause: None, message: None, exit: None }
        }
        Reason::Exited | Reason::Canceled if exit.out_of_memory => out_of_memory(job, &place),
        Reason::Exited => Verdict::new(Cause::Failure, failure(&place, outcome)),
        Reason::Timeout => Verdict::new(
            Cause::Timeout,
            format!(
                "it took longer than {} and was stopped{}; raise `timeout` if it needs more",
                duration(job.timeout.unwrap_or(limits::TIMEOUT_MS)),
                during(&place)
            ),
        ),
        Reason::Canceled => stopped(why.unwrap_or(&Why::Canceled), &place),
        Reason::LeaseOver => Verdict::new(
            Cause::Lost,
            format!("it stopped itself{}: MonkeyCI did not renew its lease in time", during(&place)),
        ),
        Reason::LogLimit => Verdict::new(
            Cause::LogLimit,
            format!("it wrote more than {} of log{}; what came before is kept", bytes(log_limit), during(&place)),
        ),
        Reason::CannotStart => Verdict::new(Cause::Invalid, cannot_start(job, outcome)),
    };
    verdict.exit = match outcome.reason {
        Reason::Exited => Some(outcome.code.unwrap_or(0)),
        _ => outcome.code.filter(|code| *code != 0),
    };
    verdict
}

fn failure(place: &str, outcome: &Outcome) -> String {
    let code = outcome.code.unwrap_or(1);
    let meaning = match code {
        126 => " (found, but it may not be executed)".to_owned(),
        127 => " (a command was not found)".to_owned(),
        129..=192 => format!(" (signal {})", code - 128),
        _ => String::new(),
    };
    let place = if place.is_empty() { "it" } else { place };
    let said = if outcome.message.is_empty() { String::new() } else { format!(": {}", outcome.message) };
    format!("{place} ended with code {code}{meaning}{said}")
}

fn cannot_start(job: &Job, outcome: &Outcome) -> String {
    let mut message =
        if outcome.message.is_empty() { "it could not start".to_owned() } else { outcome.message.clone() };
    if let Some(image) = &job.image
        && !message.contains(image.as_str())
    {
        message = format!("image `{image}`: {message}");
    }
    message
}

fn out_of_memory(job: &Job, place: &str) -> Verdict {
    let memory = job.resources.memory.unwrap_or(limits::MEMORY_GB);
    let message = format!("it used more than {memory} GB of memory{}; raise `memory` if it needs more", during(place));
    Verdict::new(Cause::OutOfMemory, message)
}

/// An attempt that was stopped, at a [`place`] that may be empty.
pub(super) fn stopped(why: &Why, place: &str) -> Verdict {
    match why {
        Why::Canceled => Verdict::new(Cause::Canceled, format!("it was canceled{}", during(place))),
        Why::Stale => Verdict::new(Cause::Lost, "another attempt has taken its place"),
        Why::Shutdown => Verdict::new(Cause::Lost, format!("its worker was shut down{}", during(place))),
        Why::Broken(what) => Verdict::new(Cause::Infrastructure, what.clone()),
        Why::Forged(how) => forged(how),
    }
}

fn forged(how: &str) -> Verdict {
    let message = format!("its report is not what MonkeyCI writes: {how}; a job must leave its report alone");
    Verdict::new(Cause::Failure, message)
}

/// Names a line: ``line 2 of 3, `make test`,``. Empty when there is none to name.
fn place(job: &Job, line: Option<u32>) -> String {
    let Some(index) = line else { return String::new() };
    if job.script.is_empty() {
        return "the command".to_owned();
    }
    let text = job.script.get(index as usize).map(ToString::to_string).unwrap_or_default();
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    let cut = first.chars().count() > LINE_CHARS || text.trim().lines().count() > 1;
    let shown: String = first.chars().filter(|c| !c.is_control()).take(LINE_CHARS).collect();
    let more = if cut { " …" } else { "" };
    format!("line {} of {} (`{shown}{more}`)", index + 1, job.script.len())
}

fn during(place: &str) -> String {
    if place.is_empty() { String::new() } else { format!(" during {place}") }
}

fn duration(millis: u64) -> String {
    let duration = Duration::from_millis(millis);
    match duration.as_secs() {
        0 => format!("{millis} ms"),
        seconds if seconds % 60 == 0 => format!("{} min", seconds / 60),
        _ => format!("{} s", duration.as_secs_f64()),
    }
}

fn bytes(bytes: u64) -> String {
    const MB: u64 = 1024 * 1024;
    if bytes >= MB && bytes.is_multiple_of(MB) { format!("{} MB", bytes / MB) } else { format!("{bytes} bytes") }
}

#[cfg(test)]
mod tests {
    use monkeyci_model::text::Part;
    use monkeyci_model::{SecretRef, Text};

    use super::*;
    use crate::job_dir::outcome::Guarantee;

    fn job() -> Job {
        let mut job = Job::new("unit".parse().expect("an id"));
        let secret = SecretRef { name: "TOKEN".into(), version: 1 };
        let login = Text::from_parts(vec![Part::Plain("login ".into()), Part::Secret { secret }]);
        job.script = vec!["make".into(), login, "cat <<E\nx\nE".into()];
        job.timeout = Some(90_500);
        job
    }

    fn outcome(reason: Reason, code: Option<i32>, line: Option<u32>, message: &str) -> Outcome {
        Outcome { reason, code, line, message: message.into(), guarantee: Guarantee::Subreaper }
    }

    fn tell(
        job: &Job,
        why: Option<Why>,
        exit: Result<Exit, ExecutorError>,
        said: Result<Option<Outcome>, String>,
    ) -> String {
        let end = End { job, why: why.as_ref(), exit, outcome: said, log_limit: 256 * 1024 * 1024 };
        let Verdict { cause, message, exit } = end.verdict();
        let cause = cause.map_or("ok".into(), |cause| format!("{cause:?}"));
        let exit = exit.map_or(String::new(), |exit| format!(" {exit}"));
        format!("{cause}{exit}: {}", message.unwrap_or_default()).trim_end().to_owned()
    }

    #[test]
    fn every_end_has_a_cause_and_a_sentence() {
        let oom = || Ok(Exit { out_of_memory: true, ..Exit::default() });
        let image = || Err(ExecutorError::Image { image: "nope".into(), reason: "not found".into() });
        let mut scratch = job();
        scratch.image = Some("example.com/scratch".into());
        let job = job();
        let said = |reason, code, line, message| {
            tell(&job, None, Ok(Exit::default()), Ok(Some(outcome(reason, code, line, message))))
        };
        let told = [
            said(Reason::Exited, Some(0), None, ""),
            said(Reason::Exited, None, None, ""),
            said(Reason::Exited, Some(7), Some(1), ""),
            said(Reason::Exited, Some(127), Some(0), ""),
            said(Reason::Exited, Some(139), Some(2), ""),
            said(Reason::Timeout, Some(143), Some(0), ""),
            said(Reason::LogLimit, Some(137), Some(0), ""),
            said(Reason::LeaseOver, None, Some(0), ""),
            said(Reason::CannotStart, None, None, "there is no folder `sub` in the checkout"),
            tell(
                &scratch,
                None,
                Ok(Exit::default()),
                Ok(Some(outcome(Reason::CannotStart, None, None, "no `/bin/sh`"))),
            ),
            tell(&job, None, oom(), Ok(Some(outcome(Reason::Exited, Some(137), Some(0), "")))),
            tell(&job, None, oom(), Ok(None)),
            tell(
                &job,
                Some(Why::Canceled),
                Ok(Exit::default()),
                Ok(Some(outcome(Reason::Canceled, None, Some(0), ""))),
            ),
            tell(&job, Some(Why::Canceled), Ok(Exit::default()), Ok(Some(outcome(Reason::Exited, Some(0), None, "")))),
            tell(&job, Some(Why::Canceled), image(), Ok(None)),
            tell(&job, Some(Why::Shutdown), Ok(Exit::default()), Ok(None)),
            tell(&job, Some(Why::Broken("the disk is full".into())), Ok(Exit::default()), Ok(None)),
            tell(&job, None, image(), Ok(None)),
            tell(&job, None, Err(ExecutorError::Unsupported("processes have no services".into())), Ok(None)),
            tell(&job, None, Ok(Exit::default()), Ok(None)),
            tell(&job, None, Ok(Exit::default()), Err("`result` is a link".into())),
        ];
        insta::assert_snapshot!(told.join("\n"), @r"
        ok 0:
        ok 0:
        Failure 7: line 2 of 3 (`login «TOKEN@1»`) ended with code 7
        Failure 127: line 1 of 3 (`make`) ended with code 127 (a command was not found)
        Failure 139: line 3 of 3 (`cat <<E …`) ended with code 139 (signal 11)
        Timeout 143: it took longer than 90.5 s and was stopped during line 1 of 3 (`make`); raise `timeout` if it needs more
        LogLimit 137: it wrote more than 256 MB of log during line 1 of 3 (`make`); what came before is kept
        Lost: it stopped itself during line 1 of 3 (`make`): MonkeyCI did not renew its lease in time
        Invalid: there is no folder `sub` in the checkout
        Invalid: image `example.com/scratch`: no `/bin/sh`
        OutOfMemory 137: it used more than 2 GB of memory during line 1 of 3 (`make`); raise `memory` if it needs more
        OutOfMemory: it used more than 2 GB of memory; raise `memory` if it needs more
        Canceled: it was canceled during line 1 of 3 (`make`)
        ok 0:
        Canceled: it was canceled
        Lost: its worker was shut down
        Infrastructure: the disk is full
        Image: image `nope`: not found
        Invalid: processes have no services
        Lost: its supervisor ended without a result: something killed it, or the job removed its report
        Failure: its report is not what MonkeyCI writes: `result` is a link; a job must leave its report alone
        ");
    }
}
