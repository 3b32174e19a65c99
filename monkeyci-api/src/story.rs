//! What happens in a build, as whoever watches it from outside is told: its events, and between them where each line of a
//! script begins and ends.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use futures::future::{pending, select_all};
use monkeyci_core::engine::BuildHandle;
use monkeyci_core::log::{FollowMarks, Mark, MarkKind};
use monkeyci_core::model::{Event, EventKind, JobId};

/// A build that is told on.
pub struct Story {
    handle: BuildHandle,
    /// The event that was seen last.
    seen: u64,
    /// The attempts that run.
    running: BTreeMap<JobId, Running>,
    due: VecDeque<Arc<Event>>,
}

/// An attempt whose lines are told of.
struct Running {
    start: Arc<Event>,
    attempt: u32,
    marks: FollowMarks,
}

impl Story {
    /// All after the event `seen`. Of what runs by then, lines are told from the first on.
    #[must_use]
    pub fn after(handle: BuildHandle, seen: u64) -> Self {
        Self { handle, seen, running: BTreeMap::new(), due: VecDeque::new() }
    }

    /// What happens next: an event, or something derived, which has no number. Nothing once the build has ended.
    pub async fn next(&mut self) -> Option<Arc<Event>> {
        loop {
            if let Some(event) = self.due.pop_front() {
                return Some(event);
            }
            let Self { handle, running, .. } = self;
            tokio::select! {
                biased;
                event = handle.next() => self.hear(event?).await,
                (job, marks) = any(running) => match marks {
                    Some(marks) => self.tell(&job, &marks),
                    None => drop(self.running.remove(&job)),
                },
            }
        }
    }

    async fn hear(&mut self, event: Arc<Event>) {
        let is_new = event.seq > self.seen;
        match &event.kind {
            EventKind::JobStart { job_id, attempt, .. } => {
                let marks = self.handle.follow_marks(job_id, *attempt);
                let start = Arc::clone(&event);
                self.running.insert(job_id.clone(), Running { start, attempt: *attempt, marks });
            }
            // All that its lines did comes before this.
            EventKind::JobExecuted { job_id, .. } | EventKind::JobEnd { job_id, .. } => {
                if is_new {
                    self.tell_rest(job_id).await;
                }
                self.running.remove(job_id);
            }
            _ => {}
        }
        if is_new {
            self.due.push_back(event);
        }
    }

    async fn tell_rest(&mut self, job: &JobId) {
        let Some(Running { start, attempt, marks }) = self.running.remove(job) else { return };
        let mut marks = marks.to_end();
        loop {
            match marks.next().await {
                Ok(Some(some)) => self.due.extend(some.iter().filter_map(|mark| derived(&start, job, attempt, mark))),
                Ok(None) => return,
                Err(error) => return unread(&error),
            }
        }
    }

    fn tell(&mut self, job: &JobId, marks: &[Mark]) {
        let Some(Running { start, attempt, .. }) = self.running.get(job) else { return };
        self.due.extend(marks.iter().filter_map(|mark| derived(start, job, *attempt, mark)));
    }
}

/// The next marks of any of them; nothing for one that has no more.
async fn any(running: &mut BTreeMap<JobId, Running>) -> (JobId, Option<Vec<Mark>>) {
    if running.is_empty() {
        return pending().await;
    }
    let each = running.iter_mut().map(|(job, running)| {
        Box::pin(async move {
            let marks = running.marks.next().await.unwrap_or_else(|error| {
                unread(&error);
                None
            });
            (job.clone(), marks)
        })
    });
    select_all(each).await.0
}

fn unread(error: &monkeyci_core::log::LogError) {
    tracing::warn!(%error, "where the lines of a job begin and end cannot be told");
}

/// What a mark says of a line, if it does.
fn derived(start: &Event, job: &JobId, attempt: u32, mark: &Mark) -> Option<Arc<Event>> {
    let job_id = job.clone();
    let kind = match mark.kind {
        MarkKind::LineStart(index) => EventKind::CommandStart { job_id, attempt, index },
        MarkKind::LineEnd(index, exit) => EventKind::CommandEnd { job_id, attempt, index, exit },
        _ => return None,
    };
    let time = start.time.saturating_add(i64::try_from(mark.millis).unwrap_or(i64::MAX));
    Some(Arc::new(Event { position: 0, subject: start.subject.clone(), seq: 0, time, kind }))
}
