//! For programs: one JSON object a line. Events as the model has them, and between them what jobs wrote, as
//! `{"type":"log","jobId":"test","attempt":1,"stream":"stdout","text":"ok"}`.

use std::io::Write;

use monkeyci_core::model::{Event, EventKind, JobId};
use serde::Serialize;

use super::View;
use super::output::{Output, Stream};
use super::progress::Progress;
use super::summary::Place;

/// Writes JSON lines.
pub struct Json<W> {
    to: W,
}

/// What is no event of the model, in the form of one.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase", rename_all_fields = "camelCase")]
enum Line<'a> {
    Log { job_id: &'a JobId, attempt: u32, stream: &'static str, text: &'a str },
    Note { text: &'a str },
}

impl<W: Write> Json<W> {
    /// Writes to `to`.
    pub fn new(to: W) -> Self {
        Self { to }
    }

    fn line(&mut self, value: &impl Serialize) {
        // A reader that went away ends neither the build nor its exit code.
        if serde_json::to_writer(&mut self.to, value).is_ok() {
            let _gone = self.to.write_all(b"\n");
        }
    }
}

impl<W: Write> View for Json<W> {
    fn event(&mut self, _progress: &Progress, event: &Event) {
        self.line(event);
        let _gone = self.to.flush();
    }

    fn output(&mut self, progress: &Progress, job: &JobId, attempt: u32, output: &Output) {
        let job_id = job.clone();
        let kind = match output {
            Output::CommandStart(index) => EventKind::CommandStart { job_id, attempt, index: *index },
            Output::CommandEnd(index, exit) => EventKind::CommandEnd { job_id, attempt, index: *index, exit: *exit },
            Output::Line(stream, text) => {
                let stream = match stream {
                    Stream::Stdout => "stdout",
                    Stream::Stderr => "stderr",
                };
                return self.line(&Line::Log { job_id: job, attempt, stream, text });
            }
        };
        if let Some(subject) = &progress.id {
            // Derived, and so without a place among the stored events.
            self.line(&Event { position: 0, subject: subject.clone(), seq: 0, time: progress.now, kind });
        }
    }

    fn tick(&mut self, _progress: &Progress, _now: i64) {
        let _gone = self.to.flush();
    }

    fn note(&mut self, text: &str) {
        self.line(&Line::Note { text });
        let _gone = self.to.flush();
    }

    fn end(&mut self, _progress: &Progress, _place: &Place) {
        let _gone = self.to.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::super::recorded;
    use super::*;

    #[test]
    fn every_line_is_an_object_with_a_type_and_events_read_back() {
        let mut shown = Vec::new();
        let mut view = Json::new(&mut shown);
        let mut progress = Progress::default();
        for event in recorded::begin() {
            progress.event(&event);
            view.event(&progress, &event);
        }
        for (job, output) in recorded::outputs() {
            view.output(&progress, &job.parse().expect("an id"), 1, &output);
        }
        view.note("canceling");
        let text = String::from_utf8(shown).expect("text");
        let types: Vec<String> = text
            .lines()
            .map(|line| {
                let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
                let kind = value["type"].as_str().expect("a type").to_owned();
                if kind.contains('/') {
                    serde_json::from_value::<Event>(value).expect("an event");
                }
                kind
            })
            .collect();
        assert_eq!(types[types.len() - 4..], ["command/start", "command/start", "log", "note"]);
        let log = text.lines().rev().nth(1).expect("a line");
        assert_eq!(
            log,
            r#"{"type":"log","jobId":"test","attempt":1,"stream":"stdout","text":"running 3 tests\tof 3"}"#
        );
    }
}
