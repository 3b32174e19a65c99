//! What is counted since the start, and the text in which Prometheus reads it (exposition format 0.0.4).
//!
//! By hand: it is a few maps, and the crates for it count once for a whole process, where tests have many servers.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use monkeyci_core::model::{BuildStatus, EventKind};
use monkeyci_rest::DeliveryState;

/// Upper ends of the histogram of requests, in seconds.
const BUCKETS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0];

/// Classes of status.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// What is counted. Its clones are the same.
#[derive(Clone, Default)]
pub struct Metrics(Arc<Mutex<Counts>>);

#[derive(Default)]
struct Counts {
    deliveries: BTreeMap<&'static str, u64>,
    begun: u64,
    ended: BTreeMap<&'static str, u64>,
    /// By pattern of the route and method, both of which are few.
    requests: BTreeMap<(String, &'static str), Timing>,
    streams: u64,
    traces: BTreeMap<&'static str, u64>,
    traces_waiting: usize,
}

/// What becomes of traces.
const TRACES: [&str; 3] = ["sent", "refused", "dropped"];

#[derive(Default)]
struct Timing {
    classes: [u64; CLASSES.len()],
    buckets: [u64; BUCKETS.len()],
    count: u64,
    sum: Duration,
}

/// A stream that is open for as long as this lives.
pub struct OpenStream(Metrics);

impl Metrics {
    /// Counts a delivery that came to stand so.
    pub fn delivery(&self, state: DeliveryState) {
        *self.counts().deliveries.entry(state.as_str()).or_default() += 1;
    }

    /// Counts what an event begins or ends.
    pub fn event(&self, kind: &EventKind) {
        match kind {
            EventKind::BuildTriggered { .. } => self.counts().begun += 1,
            EventKind::BuildEnd { status, .. } => *self.counts().ended.entry(status.as_str()).or_default() += 1,
            _ => {}
        }
    }

    /// Counts a request by the pattern of its route, never by its path; `took` is until the head of the answer.
    pub fn request(&self, route: &str, method: &'static str, status: http::StatusCode, took: Duration) {
        let mut counts = self.counts();
        let timing = counts.requests.entry((route.to_owned(), method)).or_default();
        timing.classes[usize::from(status.as_u16() / 100).clamp(1, CLASSES.len()) - 1] += 1;
        timing.count += 1;
        timing.sum += took;
        if let Some(bucket) = BUCKETS.iter().position(|end| took.as_secs_f64() <= *end) {
            timing.buckets[bucket] += 1;
        }
    }

    /// Counts traces that came to an end so: one of `sent`, `refused` and `dropped`.
    pub fn traces(&self, how: &'static str, count: u64) {
        *self.counts().traces.entry(how).or_default() += count;
    }

    /// Notes how many traces wait to be sent.
    pub fn traces_waiting(&self, count: usize) {
        self.counts().traces_waiting = count;
    }

    /// Counts a stream of events as open.
    #[must_use]
    pub fn stream(&self) -> OpenStream {
        self.counts().streams += 1;
        OpenStream(self.clone())
    }

    /// Writes all of it.
    pub fn write(&self, text: &mut Text) {
        let counts = self.counts();
        text.family("monkeyci_deliveries_total", "counter", "Deliveries of webhooks that came to stand so.");
        for state in [DeliveryState::Received, DeliveryState::Built, DeliveryState::Ignored, DeliveryState::Failed] {
            let count = counts.deliveries.get(state.as_str()).copied().unwrap_or_default();
            text.sample("", &[("state", state.as_str())], count);
        }
        text.family("monkeyci_builds_begun_total", "counter", "Builds that were begun.");
        text.sample("", &[], counts.begun);
        text.family("monkeyci_builds_ended_total", "counter", "Builds that ended, by how they did.");
        for status in [BuildStatus::Success, BuildStatus::Failure, BuildStatus::Error, BuildStatus::Canceled] {
            let count = counts.ended.get(status.as_str()).copied().unwrap_or_default();
            text.sample("", &[("status", status.as_str())], count);
        }
        text.family("monkeyci_streams_open", "gauge", "Streams of events that somebody listens to.");
        text.sample("", &[], counts.streams);
        text.family("monkeyci_traces_total", "counter", "Traces of builds, by what became of them.");
        for how in TRACES {
            text.sample("", &[("how", how)], counts.traces.get(how).copied().unwrap_or_default());
        }
        text.family("monkeyci_traces_waiting", "gauge", "Traces of builds that the collector has not taken yet.");
        text.sample("", &[], counts.traces_waiting);
        text.family("monkeyci_http_requests_total", "counter", "Requests that were answered.");
        for ((route, method), timing) in &counts.requests {
            for (class, count) in CLASSES.iter().zip(timing.classes).filter(|(_, count)| *count > 0) {
                text.sample("", &[("route", route), ("method", method), ("status", class)], count);
            }
        }
        let help = "Time until the head of the answer.";
        text.family("monkeyci_http_request_duration_seconds", "histogram", help);
        for ((route, method), timing) in &counts.requests {
            let mut below = 0;
            for (end, count) in BUCKETS.iter().zip(timing.buckets) {
                below += count;
                text.sample("_bucket", &[("route", route), ("method", method), ("le", &end.to_string())], below);
            }
            text.sample("_bucket", &[("route", route), ("method", method), ("le", "+Inf")], timing.count);
            text.sample("_sum", &[("route", route), ("method", method)], timing.sum.as_secs_f64());
            text.sample("_count", &[("route", route), ("method", method)], timing.count);
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.counts().streams -= 1;
    }
}

/// Text that Prometheus reads.
#[derive(Default)]
pub struct Text {
    text: String,
    name: &'static str,
}

impl Text {
    /// Begins a family of samples.
    pub fn family(&mut self, name: &'static str, kind: &str, help: &str) {
        self.name = name;
        self.line(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
    }

    /// Adds a sample to the family. Values of labels are words of ours, in which nothing has to be escaped.
    pub fn sample(&mut self, suffix: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<_> = labels.iter().map(|(name, word)| format!("{name}=\"{word}\"")).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let name = self.name;
        self.line(format_args!("{name}{suffix}{labels} {value}"));
    }

    /// The whole.
    #[must_use]
    pub fn finish(self) -> String {
        self.text
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        writeln!(self.text, "{line}").expect("text takes in text");
    }
}
