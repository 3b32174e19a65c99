//! Whole builds in tests: which jobs run, when this one fails?
//!
//! Nothing is built in a scenario. A container or a process ends as the test says, well when it says nothing; an action
//! runs for real only where it is given a checkout. Which jobs follow is decided by the rules of MonkeyCI's build
//! machine.
//!
//! ```
//! use monkeyci_sdk::prelude::*;
//!
//! let test = container("test", "docker.io/rust:1").run("cargo test");
//! let tell = process("tell").run("./tell failure").after(&test).when(When::Failure);
//! let run = Scenario::of((test, tell)).exiting("test", 101).run();
//! assert_eq!(run.ran(), ["test", "tell"]);
//! assert_eq!(run.status("tell"), JobStatus::Success);
//! ```

mod files;
mod rules;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use monkeyci_model::JobStatus;

use crate::action::{Act, Outcome};
use crate::context::Ctx;
use crate::job::Job;
use crate::plan::Plan;
use files::Files;

/// A build that is to be played.
#[must_use = "a scenario does nothing until it is run"]
#[derive(Debug, Clone)]
pub struct Scenario {
    plan: Plan,
    exits: BTreeMap<String, i32>,
    approved: Vec<String>,
    writes: Vec<(String, PathBuf, Vec<u8>)>,
    acting: Option<(Ctx, PathBuf)>,
}

impl Scenario {
    /// A build of these jobs.
    pub fn of(plan: impl Into<Plan>) -> Self {
        let (exits, approved, writes) = Default::default();
        Self { plan: plan.into(), exits, approved, writes, acting: None }
    }

    /// This job fails.
    pub fn failing(self, job: &str) -> Self {
        self.exiting(job, 1)
    }

    /// This job ends with an exit code.
    #[track_caller]
    pub fn exiting(mut self, job: &str, code: i32) -> Self {
        self.exits.insert(self.known(job), code);
        self
    }

    /// A person lets this job go on; without that a blocked job waits.
    #[track_caller]
    pub fn approving(mut self, job: &str) -> Self {
        self.approved.push(self.known(job));
        self
    }

    /// This job writes a file, by a path from its work dir. It reaches others as one of its artifacts.
    #[track_caller]
    pub fn writing(mut self, job: &str, path: impl AsRef<Path>, content: impl Into<Vec<u8>>) -> Self {
        self.writes.push((self.known(job), path.as_ref().to_owned(), content.into()));
        self
    }

    /// Actions run for real, each in a copy of this checkout, with the artifacts that it restores.
    pub fn acting(mut self, ctx: &Ctx, checkout: impl AsRef<Path>) -> Self {
        self.acting = Some((ctx.clone(), checkout.as_ref().to_owned()));
        self
    }

    #[track_caller]
    fn known(&self, job: &str) -> String {
        self.plan[job].id().to_owned()
    }

    /// Plays the build.
    ///
    /// # Panics
    /// When the jobs are no build: an id that is there twice, a dependency that is not there, a cycle; and when files
    /// of the test cannot be written.
    #[track_caller]
    pub fn run(self) -> Run {
        let order = match rules::order(self.plan.jobs()) {
            Ok(order) => order,
            Err(error) => panic!("{error}"),
        };
        let mut files = Files::default();
        let mut played: Vec<Played> = Vec::new();
        for job in order {
            let before: Vec<&Played> =
                played.iter().filter(|other| job.dependencies().contains(&other.job.id())).collect();
            let approved = self.approved.iter().any(|id| id == job.id());
            let fate = rules::fate(job, &before, approved);
            let (status, outcome) = match fate {
                rules::Fate::Stays(status) => (status, None),
                rules::Fate::Runs => {
                    let outcome = self.play(job, &mut files);
                    let status = if outcome.is_failure() { JobStatus::Failure } else { JobStatus::Success };
                    (status, Some(outcome))
                }
            };
            let failed_before = before.iter().any(|other| other.passes_on_failure());
            let open_before = before.iter().any(|other| other.is_open());
            played.push(Played { job: job.clone(), status, outcome, failed_before, open_before });
        }
        Run { played }
    }

    fn play(&self, job: &Job, files: &mut Files) -> Outcome {
        let written = self
            .writes
            .iter()
            .filter(|(id, ..)| id == job.id())
            .map(|(_, path, content)| (path.as_path(), content.as_slice()));
        let exit = self.exits.get(job.id());
        match (&job.action, &self.acting, exit) {
            (Some(action), Some((ctx, checkout)), None) => {
                let checkout = checkout.as_path();
                files.in_copy(checkout, job, written, |dir| action(&Act::new(ctx.clone(), job.clone(), dir.to_owned())))
            }
            (_, _, None | Some(0)) => {
                files.save(job, written);
                Outcome::success()
            }
            (_, _, Some(code)) => Outcome::failure(format!("it ended with {code}")),
        }
    }
}

/// One job of a build that was played.
#[derive(Debug, Clone)]
struct Played {
    job: Job,
    status: JobStatus,
    outcome: Option<Outcome>,
    failed_before: bool,
    open_before: bool,
}

impl Played {
    fn failed(&self) -> bool {
        self.status == JobStatus::Failure
    }

    fn ended_well(&self) -> bool {
        self.status == JobStatus::Success || (self.failed() && self.job.model().allow_failure)
    }

    /// Whether it waits for a person, or was skipped while something before it does, so that it is not known yet whether
    /// anything failed.
    fn is_open(&self) -> bool {
        match self.status {
            JobStatus::Blocked | JobStatus::Pending => true,
            JobStatus::Skipped => self.open_before,
            _ => false,
        }
    }

    /// A skipped job passes on that something before it failed.
    fn passes_on_failure(&self) -> bool {
        !self.ended_well() && (self.failed() || (self.status == JobStatus::Skipped && self.failed_before))
    }
}

/// A build that was played.
#[derive(Debug, Clone)]
pub struct Run {
    played: Vec<Played>,
}

impl Run {
    /// The ids of the jobs that ran, in an order that their dependencies allow.
    #[must_use]
    pub fn ran(&self) -> Vec<&str> {
        self.played.iter().filter(|played| played.outcome.is_some()).map(|played| played.job.id()).collect()
    }

    /// The ids of the jobs that were skipped.
    #[must_use]
    pub fn skipped(&self) -> Vec<&str> {
        let skipped = |played: &&Played| played.status == JobStatus::Skipped;
        self.played.iter().filter(skipped).map(|played| played.job.id()).collect()
    }

    /// How a job ended; `Blocked` or `Pending` when it waits for a person, itself or something before it.
    ///
    /// # Panics
    /// When there is no such job.
    #[must_use]
    #[track_caller]
    pub fn status(&self, job: &str) -> JobStatus {
        self.played(job).status
    }

    /// What came out of a job, when it ran.
    ///
    /// # Panics
    /// When there is no such job.
    #[must_use]
    #[track_caller]
    pub fn outcome(&self, job: &str) -> Option<&Outcome> {
        self.played(job).outcome.as_ref()
    }

    /// Whether the build ends well: nothing failed that may not, and nothing waits for a person.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.played.iter().all(|played| played.status == JobStatus::Skipped || played.ended_well())
    }

    #[track_caller]
    fn played(&self, job: &str) -> &Played {
        let found = self.played.iter().find(|played| played.job.id() == job);
        found.unwrap_or_else(|| panic!("the plan has no job `{job}`"))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use monkeyci_model::job::When;

    use super::*;
    use crate::job::{action, artifact, container, process};

    #[test]
    fn what_waits_for_a_failure_is_skipped_and_the_rest_goes_on() {
        let test = process("test");
        let build = process("build").after(&test);
        let deploy = process("deploy").after(&build);
        let tell = process("tell").after(&deploy).when(When::Failure);
        let clean = process("clean").after(&deploy).when(When::Always);
        let lint = process("lint").allow_failure();
        let docs = process("docs").after(&lint);
        let scenario = Scenario::of((test, build, deploy, tell, clean, lint, docs));

        let run = scenario.clone().failing("test").failing("lint").run();
        assert_eq!(run.ran(), ["test", "tell", "clean", "lint", "docs"]);
        assert_eq!(run.skipped(), ["build", "deploy"]);
        assert!(!run.succeeded());

        let run = scenario.failing("lint").run();
        assert_eq!(run.skipped(), ["tell"]);
        assert!(run.succeeded(), "an allowed failure fails no build");
    }

    #[test]
    fn a_blocked_job_holds_back_what_waits_for_it_until_somebody_agrees() {
        let deploy = process("deploy").blocked();
        let tell = process("tell").after(&deploy);
        let run = Scenario::of((deploy.clone(), tell.clone())).run();
        assert_eq!((run.status("deploy"), run.status("tell")), (JobStatus::Blocked, JobStatus::Pending));
        assert!(!run.succeeded() && run.ran().is_empty());
        assert!(Scenario::of((deploy, tell)).approving("deploy").run().succeeded());
    }

    #[test]
    fn actions_run_in_copies_of_the_checkout_and_pass_files_as_artifacts() {
        let checkout = tempfile::tempdir().expect("a folder");
        fs::create_dir(checkout.path().join("src")).expect("a folder");
        fs::write(checkout.path().join("src/name"), "world").expect("written");

        let jar = artifact("jar", "target");
        let greeting = artifact("greeting", "out/greeting");
        let build = container("build", "docker.io/maven").run("mvn package").save(&jar);
        let greet = action("greet", |act: &Act| {
            let branch = act.branch().unwrap_or_default();
            act.sh(format!("mkdir out && echo {branch} $(cat src/name) $(cat target/a.jar) > out/greeting")).run()?;
            Ok::<_, crate::shell::ShellError>(Outcome::success().message("greeted"))
        });
        let greet = greet.after(&build).restore(&jar).save(&greeting);
        let read = action("read", |act: &Act| {
            act.sh("test ! -e src/stray && cat out/greeting")
                .output()
                .map(|text| Outcome::success().value("text", text))
        });
        let read = read.after(&greet).restore(&greeting);
        let stray = action("stray", |act: &Act| act.sh("touch src/stray").run());

        let scenario = Scenario::of((stray, build, greet, read)).writing("build", "target/a.jar", "bytes");
        let run = scenario.acting(&Ctx::on_branch("main"), checkout.path()).run();
        assert!(run.succeeded(), "{run:?}");
        assert_eq!(run.outcome("read").expect("it ran").answer().values["text"], "main world bytes");
        assert_eq!(run.outcome("greet").expect("it ran").answer().message.as_deref(), Some("greeted"));
        assert!(!checkout.path().join("out").exists(), "the checkout itself is never written");
    }

    #[test]
    fn an_action_that_fails_fails_its_job() {
        let fails = action("fails", |_: &Act| Err::<(), _>("no such tag"));
        let ctx = Ctx::on_branch("main");
        let checkout = tempfile::tempdir().expect("a folder");
        let run = Scenario::of(fails.clone()).acting(&ctx, checkout.path()).run();
        assert_eq!(run.outcome("fails").and_then(|outcome| outcome.answer().message.as_deref()), Some("no such tag"));
        assert!(Scenario::of(fails).run().succeeded(), "without a checkout it is not run");
    }

    #[test]
    #[should_panic(expected = "these jobs wait for one another: `a`, `b`")]
    fn a_cycle_is_named() {
        let _ = Scenario::of((process("a").after(process("b")), process("b").after(process("a")))).run();
    }

    #[test]
    #[should_panic(expected = "the plan has no job `tset`")]
    fn a_slip_in_an_id_is_named() {
        drop(Scenario::of(process("test")).failing("tset"));
    }
}
