//! The events of a build as spans, with the names that OpenTelemetry has for CI.

use std::collections::BTreeMap;
use std::sync::Arc;

use monkeyci_core::model::{BuildId, BuildStatus, Event, EventKind, JobStatus, Millis, Trigger};
use serde_json::{Value, json};

/// `SPAN_KIND_INTERNAL` of OTLP.
const INTERNAL: u8 = 1;

/// `STATUS_CODE_OK` and `STATUS_CODE_ERROR` of OTLP.
const OK: u8 = 1;
const ERROR: u8 = 2;

/// One attempt of a job, as far as it was seen.
struct Attempt {
    queued: Millis,
    started: Option<Millis>,
    ended: Option<Millis>,
    worker: Option<String>,
    status: Option<JobStatus>,
}

/// A whole trace: a span for the build, one for its script, one for each attempt of each job.
///
/// The events are all of one build, and the last of them is its end.
pub(super) fn trace(events: &[Arc<Event>], url: &str) -> Value {
    let (Some(first), Some(last)) = (events.first(), events.last()) else { return Value::Null };
    let build = &first.subject;
    let mut trigger = None;
    let (mut status, mut script) = (BuildStatus::Error, (None, None));
    let mut attempts: BTreeMap<(String, u32), Attempt> = BTreeMap::new();
    for event in events {
        match &event.kind {
            EventKind::BuildTriggered { trigger: why } => trigger = Some(why),
            EventKind::BuildStart { trigger: Some(why), .. } => trigger = Some(why),
            EventKind::ScriptInitializing { .. } => script.0 = Some(event.time),
            EventKind::ScriptStart { .. } => script.1 = Some(event.time),
            EventKind::BuildEnd { status: end, .. } => status = *end,
            EventKind::JobQueued { job_id, attempt } => {
                let new = Attempt { queued: event.time, started: None, ended: None, worker: None, status: None };
                attempts.insert((job_id.to_string(), *attempt), new);
            }
            EventKind::JobInitializing { job_id, attempt, worker, .. } => {
                attempts.entry((job_id.to_string(), *attempt)).and_modify(|seen| seen.worker = Some(worker.clone()));
            }
            EventKind::JobStart { job_id, attempt, .. } => {
                attempts.entry((job_id.to_string(), *attempt)).and_modify(|seen| seen.started = Some(event.time));
            }
            EventKind::JobExecuted { job_id, attempt, .. } => {
                attempts.entry((job_id.to_string(), *attempt)).and_modify(|seen| seen.ended = Some(event.time));
            }
            EventKind::JobEnd { job_id, status, .. } => {
                let id = job_id.to_string();
                let newest = attempts.range_mut((id.clone(), 0)..=(id, u32::MAX)).next_back();
                if let Some((_, seen)) = newest {
                    seen.ended.get_or_insert(event.time);
                    seen.status = Some(*status);
                }
            }
            _ => {}
        }
    }
    let spans = Spans { build, trace: id(&build.to_string(), 16), root: id(&format!("{build} build"), 8) };
    let page = format!("{url}/o/{}/r/{}/b/{}", build.org, build.repo, build.number);
    let mut all = vec![spans.build(first.time, last.time, status, trigger.map(Box::as_ref), &page)];
    if let (Some(begin), Some(end)) = script {
        all.push(spans.part("script", "load the script", begin, end, OK, Vec::new()));
    }
    for ((job, number), attempt) in &attempts {
        all.push(spans.attempt(job, *number, attempt, last.time, &page));
    }
    let resource = vec![text("service.name", "monkeyci"), text("service.version", env!("CARGO_PKG_VERSION"))];
    json!({ "resourceSpans": [{
        "resource": { "attributes": resource },
        "scopeSpans": [{ "scope": { "name": "monkeyci" }, "spans": all }],
    }] })
}

/// What all spans of a trace have in common.
struct Spans<'a> {
    build: &'a BuildId,
    trace: String,
    root: String,
}

impl Spans<'_> {
    fn build(&self, begin: Millis, end: Millis, status: BuildStatus, trigger: Option<&Trigger>, page: &str) -> Value {
        let Self { build, .. } = self;
        let result = match status {
            BuildStatus::Success => "success",
            BuildStatus::Failure => "failure",
            BuildStatus::Canceled => "cancellation",
            _ => "error",
        };
        let mut attributes = vec![
            text("cicd.pipeline.name", &format!("{}/{}", build.org, build.repo)),
            text("cicd.pipeline.run.id", &build.to_string()),
            text("cicd.pipeline.run.url.full", page),
            text("cicd.pipeline.result", result),
        ];
        if let Some(trigger) = trigger {
            let git = &trigger.git;
            let said = [
                ("vcs.repository.url.full", git.as_ref().and_then(|git| git.url.as_deref())),
                ("vcs.ref.head.name", git.as_ref().and_then(|git| git.reference.as_deref())),
                ("vcs.ref.head.revision", git.as_ref().and_then(|git| git.commit_id.as_deref())),
                ("monkeyci.trigger.actor", trigger.actor.as_deref()),
            ];
            attributes.extend(said.into_iter().filter_map(|(key, value)| Some(text(key, value?))));
        }
        let name = format!("RUN {}/{}", build.org, build.repo);
        self.span(&self.root, &name, (begin, end), is_good(result == "success"), attributes)
    }

    /// A span beneath that of the build.
    fn part(&self, key: &str, name: &str, begin: Millis, end: Millis, code: u8, attributes: Vec<Value>) -> Value {
        let mut span = self.span(&id(&format!("{} {key}", self.build), 8), name, (begin, end), code, attributes);
        span["parentSpanId"] = self.root.as_str().into();
        span
    }

    fn attempt(&self, job: &str, number: u32, attempt: &Attempt, latest: Millis, page: &str) -> Value {
        let end = attempt.ended.unwrap_or(latest);
        // Of an attempt that was followed by another, only that is known.
        let result = match attempt.status {
            Some(JobStatus::Success) => "success",
            Some(JobStatus::Skipped) => "skip",
            Some(JobStatus::Canceled) => "cancellation",
            Some(JobStatus::Error) => "error",
            _ => "failure",
        };
        let mut attributes = vec![
            text("cicd.pipeline.task.name", job),
            text("cicd.pipeline.task.run.id", &format!("{}/{job}/{number}", self.build)),
            text("cicd.pipeline.task.run.url.full", &format!("{page}/j/{job}")),
            text("cicd.pipeline.task.run.result", result),
        ];
        attributes.extend(attempt.worker.as_deref().map(|worker| text("cicd.worker.name", worker)));
        if let Some(started) = attempt.started {
            let waited = (started - attempt.queued).max(0).to_string();
            attributes.push(json!({ "key": "monkeyci.job.wait_ms", "value": { "intValue": waited } }));
        }
        let begin = attempt.started.unwrap_or(attempt.queued);
        self.part(
            &format!("{job} {number}"),
            job,
            begin,
            end,
            is_good(result != "failure" && result != "error"),
            attributes,
        )
    }

    fn span(&self, id: &str, name: &str, (begin, end): (Millis, Millis), code: u8, attributes: Vec<Value>) -> Value {
        json!({
            "traceId": self.trace,
            "spanId": id,
            "name": name,
            "kind": INTERNAL,
            "startTimeUnixNano": nanos(begin),
            "endTimeUnixNano": nanos(end.max(begin)),
            "attributes": attributes,
            "status": { "code": code },
        })
    }
}

fn is_good(is_good: bool) -> u8 {
    if is_good { OK } else { ERROR }
}

/// An id that is the same for the same name: as many bytes, in hex.
fn id(name: &str, bytes: usize) -> String {
    blake3::hash(name.as_bytes()).to_hex()[..bytes * 2].to_owned()
}

fn text(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

/// OTLP's JSON has whole numbers of 64 bits as texts.
fn nanos(millis: Millis) -> String {
    format!("{millis}000000")
}
