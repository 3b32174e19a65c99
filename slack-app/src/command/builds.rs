//! Builds: begun, stopped, done again, let go on.

use monkeyci_client::model::{BuildId, BuildStatus, JobStatus};
use monkeyci_client::rest::NewBuild;
use monkeyci_grammar::{At, BuildName, Place, Run};

use super::{Answer, Asking, Refusal};
use crate::message::text::{code, escape, line, link};

/// Builds of a branch that are stopped at once.
const MANY: usize = 20;

impl Asking<'_> {
    /// Begins a build.
    pub(super) async fn run(&self, run: Run) -> Result<Answer, Refusal> {
        let repo = self.repo(run.repo.as_ref()).await?;
        let wanted = new_build(run.at.as_ref(), run.params);
        let started = self.at(&repo).start(&wanted).await?;
        let on = wanted
            .branch
            .or(wanted.tag)
            .or(wanted.commit)
            .map(|at| format!(" on {}", code(&at, 60)))
            .unwrap_or_default();
        let id = BuildId::new(started.build.org, started.build.repo, started.build.number);
        let mut answer = Answer::said(&format!(":large_blue_circle: {} runs{on}.", self.named(&id)));
        answer.public = run.public || run.wait;
        Ok(answer)
    }

    /// Stops a build.
    pub(super) async fn cancel(&self, named: Option<BuildName>) -> Result<Answer, Refusal> {
        let (id, build) = self.build(named.as_ref()).await?;
        build.cancel(None).await?;
        Ok(Answer::said(&format!(":no_entry_sign: {} is being stopped.", self.named(&id))))
    }

    /// Stops what runs of a branch.
    pub(super) async fn cancel_branch(&self, branch: &str) -> Result<Answer, Refusal> {
        let repo = self.repo(None).await?;
        let newest = self.at(&repo).builds(None, Some(branch)).first(MANY).await?;
        let mut stopped = Vec::new();
        for build in newest.iter().filter(|build| !build.status.is_terminal()) {
            self.at(&repo).build(build.number).cancel(None).await?;
            stopped.push(format!("#{}", build.number));
        }
        let branch = code(branch, 60);
        Ok(Answer::said(&match stopped.len() {
            0 => format!("Nothing of {branch} runs."),
            _ => format!(
                ":no_entry_sign: {} of {branch} {} being stopped.",
                stopped.join(", "),
                if stopped.len() == 1 { "is" } else { "are" }
            ),
        }))
    }

    /// Does a build again.
    pub(super) async fn retry(&self, named: Option<BuildName>, all: bool) -> Result<Answer, Refusal> {
        let (id, build) = self.build(named.as_ref()).await?;
        let again = build.retry(!all).await?;
        let new = BuildId::new(again.build.org, again.build.repo, again.build.number);
        let what = if all { "all of" } else { "what failed of" };
        let mut answer = Answer::said(&format!(
            ":arrows_counterclockwise: {} does {what} {} again.",
            self.named(&new),
            self.named(&id)
        ));
        answer.public = self.thread.is_some();
        Ok(answer)
    }

    /// Lets a job go on.
    pub(super) async fn approve(&self, named: Option<BuildName>, job: Option<String>) -> Result<Answer, Refusal> {
        let (id, build) = self.build(named.as_ref()).await?;
        let job = match job {
            Some(job) => job,
            None => self.waiting(&id).await?,
        };
        build.job(&job).approve(None).await?;
        Ok(Answer::said(&format!(":white_check_mark: {} of {} goes on.", code(&job, 60), self.named(&id))))
    }

    /// Has a job canceled that waits.
    pub(super) async fn reject(&self, named: Option<BuildName>, reason: &str) -> Result<Answer, Refusal> {
        let (id, build) = self.build(named.as_ref()).await?;
        let (first, rest) = reason.split_once(char::is_whitespace).unwrap_or((reason, ""));
        let waits = self.blocked(&id).await?;
        let (job, reason) = match waits.iter().find(|job| *job == first) {
            Some(job) => (job.clone(), rest.trim()),
            None => (self.waiting(&id).await?, reason.trim()),
        };
        build.job(&job).reject(Some(reason).filter(|reason| !reason.is_empty())).await?;
        Ok(Answer::said(&format!(":no_entry_sign: {} of {} is rejected.", code(&job, 60), self.named(&id))))
    }

    async fn blocked(&self, id: &BuildId) -> Result<Vec<String>, Refusal> {
        let detail = self.at(id.repo.as_str()).build(id.number).get().await?;
        let waits = detail.jobs.iter().filter(|job| job.status == JobStatus::Blocked);
        Ok(waits.map(|job| job.job.id.to_string()).collect())
    }

    /// The one job of a build that waits for a person.
    async fn waiting(&self, id: &BuildId) -> Result<String, Refusal> {
        let waits = self.blocked(id).await?;
        match &waits[..] {
            [job] => Ok(job.clone()),
            [] => Err(Refusal::Told(format!("Nothing of {} waits for approval.", self.named(id)))),
            several => {
                let names: Vec<String> = several.iter().map(|job| code(job, 60)).collect();
                Err(Refusal::Told(format!("Several jobs wait; which one? {}", names.join(", "))))
            }
        }
    }

    /// What a build is called, with a link to its page.
    pub(crate) fn named(&self, id: &BuildId) -> String {
        link(&self.page(id), &format!("{}/{} #{}", id.org, id.repo, id.number))
    }
}

/// A build of what stands at a place of a repository.
pub(crate) fn new_build(at: Option<&At>, params: Vec<(String, String)>) -> NewBuild {
    let mut wanted = NewBuild { params: params.into_iter().collect(), ..NewBuild::default() };
    match at.map(At::place) {
        Some(Place::Branch(branch)) => wanted.branch = Some(branch),
        Some(Place::Tag(tag)) => wanted.tag = Some(tag),
        Some(Place::Commit(commit)) => wanted.commit = Some(commit),
        None => {}
    }
    wanted
}

/// The sign of a build.
pub(super) fn sign(status: BuildStatus) -> &'static str {
    match status {
        BuildStatus::Success => ":large_green_circle:",
        BuildStatus::Failure | BuildStatus::Error => ":red_circle:",
        BuildStatus::Canceled => ":no_entry_sign:",
        BuildStatus::Blocked => ":raised_hand:",
        BuildStatus::Running => ":large_blue_circle:",
        BuildStatus::Pending | BuildStatus::Initializing => ":white_circle:",
    }
}

/// A build in a line.
pub(crate) fn in_a_line(asking: &Asking<'_>, build: &monkeyci_client::rest::Build) -> String {
    let id = BuildId::new(build.org.clone(), build.repo.clone(), build.number);
    let trigger = &build.trigger;
    let place =
        trigger.branch().or_else(|| trigger.tag()).map(|place| format!("  {}", code(place, 40))).unwrap_or_default();
    let said = trigger.git.as_ref().and_then(|git| git.message.as_deref()).map(|said| format!("  {}", line(said, 60)));
    let who = trigger.actor.as_deref().map(|who| format!("  by {}", escape(&line(who, 40)))).unwrap_or_default();
    format!("{} {}{place}{}{who}", sign(build.status), asking.named(&id), said.unwrap_or_default())
}
