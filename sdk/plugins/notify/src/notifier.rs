use std::collections::BTreeSet;

use monkeyci_sdk::extension;
use monkeyci_sdk::prelude::{Act, Extension, Job, JobResult, Outcome, Plan, When, action};

use crate::format::Format;
use crate::news::News;
use crate::pushover::Pushover;
use crate::webhook::Webhook;

/// The property of jobs, and the id of the job that tells of the build.
const KEY: &str = "notify";

/// Marks jobs that tell, of which nobody is to be told.
pub(crate) const MARK: &str = "x-notify";

/// Somebody who is told what came out.
#[must_use = "nobody is told until it is part of a plan"]
#[derive(Debug, Clone)]
pub struct Notifier {
    target: Target,
    id: String,
    only_failure: bool,
    required: bool,
}

/// Where it is told.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    Webhook(Webhook),
    Pushover(Pushover),
}

/// How it is told.
impl Notifier {
    pub(crate) fn to(target: Target) -> Self {
        Self { target, id: KEY.to_owned(), only_failure: false, required: false }
    }

    /// What the webhook understands; JSON when nothing is said. Of no effect for Pushover.
    pub fn format(mut self, format: Format) -> Self {
        if let Target::Webhook(webhook) = &mut self.target {
            webhook.format = format;
        }
        self
    }

    /// Signs what is sent to a webhook by the key in this param, so that the other side knows whom it is from: the header
    /// `X-MonkeyCI-Signature` is `sha256=` and the HMAC-SHA256 of the body in hex.
    pub fn signed_by(mut self, param: &str) -> Self {
        if let Target::Webhook(webhook) = &mut self.target {
            webhook.key = Some(param.to_owned());
        }
        self
    }

    /// The title at Pushover, in the place of a sentence about the build.
    pub fn title(mut self, title: &str) -> Self {
        if let Target::Pushover(pushover) = &mut self.target {
            pushover.title = Some(title.to_owned());
        }
        self
    }

    /// The message at Pushover, in the place of what there is to say about the build.
    pub fn message(mut self, message: &str) -> Self {
        if let Target::Pushover(pushover) = &mut self.target {
            pushover.message = Some(message.to_owned());
        }
        self
    }

    /// Where Pushover is, for tests.
    pub fn base_url(mut self, url: &str) -> Self {
        if let Target::Pushover(pushover) = &mut self.target {
            url.trim_end_matches('/').clone_into(&mut pushover.base);
        }
        self
    }

    /// The job that tells has this id, so that there may be several; `notify` when nothing is said.
    pub fn id(mut self, id: &str) -> Self {
        id.clone_into(&mut self.id);
        self
    }

    /// Tells of builds only in which something failed.
    pub fn on_failure(mut self) -> Self {
        self.only_failure = true;
        self
    }

    /// Fails the job when the message could not be sent, instead of a warning.
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }
}

/// What it is part of.
impl Notifier {
    /// The job that tells, once all of these are over that no person holds up.
    ///
    /// # Panics
    /// When its id is none.
    #[must_use]
    #[track_caller]
    pub fn when_over(&self, plan: &Plan) -> Job {
        let held = held_up(plan);
        let awaited: Vec<_> = plan.jobs().iter().filter(|job| !held.contains(job.id())).cloned().collect();
        let when = if self.only_failure { When::Failure } else { When::Always };
        let (id, notifier) = (self.id.clone(), self.clone());
        let tell = action(&id, move |act: &Act| {
            let news = act.jobs().map(|jobs| News::of_build(act, &jobs)).map_err(|error| error.to_string());
            notifier.outcome(act, news.and_then(|news| notifier.tell(act, &news)))
        });
        tell.after(&awaited).when(when).extension(MARK, true)
    }

    /// Tells when this job fails, at each attempt.
    #[must_use]
    pub fn when_fails(&self, job: Job) -> Job {
        let notifier = self.clone();
        job.judged_by(move |act: &Act, result: &JobResult| notifier.look(act, result))
    }

    /// The same for jobs with `notify: true`, those of files beside the script too. Register it last: it tells of what
    /// plugins before it found.
    #[must_use]
    pub fn extension(&self) -> Extension {
        let notifier = self.clone();
        extension::extension(KEY).after(move |act: &Act, result: &JobResult| {
            let is_wanted: bool = act.job().config(KEY)?;
            Ok::<_, String>(if is_wanted { notifier.look(act, result) } else { Outcome::success() })
        })
    }

    fn look(&self, act: &Act, result: &JobResult) -> Outcome {
        match result.cause {
            None => Outcome::success(),
            Some(_) => self.outcome(act, self.tell(act, &News::of_job(act, result))),
        }
    }

    fn tell(&self, act: &Act, news: &News) -> Result<(), String> {
        match &self.target {
            Target::Webhook(webhook) => webhook.tell(act, news),
            Target::Pushover(pushover) => pushover.tell(act, news),
        }
    }

    fn outcome(&self, act: &Act, told: Result<(), String>) -> Outcome {
        let outcome = Outcome::success().value("notified", told.is_ok());
        match told {
            Ok(()) => outcome,
            Err(why) if act.is_fork() => {
                act.say(&format!("nobody was told, as a build of a fork has no secrets: {why}"));
                outcome
            }
            Err(why) if self.required => outcome.and(Outcome::failure(why)),
            Err(why) => outcome.warning(format!("nobody was told: {why}")),
        }
    }
}

/// The ids of jobs that wait for a person, and of those that wait for them.
fn held_up(plan: &Plan) -> BTreeSet<&str> {
    let mut held: BTreeSet<&str> = BTreeSet::new();
    loop {
        let is_next = |job: &&Job| {
            let waits = job.model().blocked || job.dependencies().iter().any(|id| held.contains(id));
            waits && !held.contains(job.id())
        };
        let next: Vec<_> = plan.jobs().iter().filter(is_next).map(Job::id).collect();
        if next.is_empty() {
            return held;
        }
        held.extend(next);
    }
}
