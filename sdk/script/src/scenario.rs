//! Whole builds in tests: which jobs run, when this one fails?
//!
//! Nothing is built in a scenario. A container or a process ends as the test says, well when it says nothing; actions,
//! and what prepares or judges jobs, run for real only where they are given a checkout. Which jobs follow is decided by
//! the rules of MonkeyCI's build machine.
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
mod play;
mod rules;
mod run;
mod stage;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use monkeyci_model::{Cause, JobResult};

use crate::context::Ctx;
use crate::plan::Plan;
use play::{Played, Player};
pub use run::Run;

/// A build that is to be played.
#[must_use = "a scenario does nothing until it is run"]
#[derive(Debug, Clone)]
pub struct Scenario {
    plan: Plan,
    results: BTreeMap<String, JobResult>,
    approved: Vec<String>,
    writes: Vec<(String, PathBuf, Vec<u8>)>,
    acting: Option<(Ctx, PathBuf)>,
}

impl Scenario {
    /// A build of these jobs.
    pub fn of(plan: impl Into<Plan>) -> Self {
        let (results, approved, writes) = Default::default();
        Self { plan: plan.into(), results, approved, writes, acting: None }
    }

    /// This job fails.
    pub fn failing(self, job: &str) -> Self {
        self.exiting(job, 1)
    }

    /// This job ends with an exit code.
    #[track_caller]
    pub fn exiting(self, job: &str, code: i32) -> Self {
        let failed = || JobResult::failed(Cause::Failure, format!("it ended with {code}"));
        let result = if code == 0 { JobResult::default() } else { failed() };
        self.resulting(job, JobResult { exit: Some(code), ..result })
    }

    /// This job ends with a result: well if it has no cause. An action is not run then.
    #[track_caller]
    pub fn resulting(mut self, job: &str, result: JobResult) -> Self {
        self.results.insert(self.known(job), result);
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

    /// Actions run for real, and so does what prepares and judges jobs, each in a copy of this checkout, with the
    /// artifacts that it restores. What they ask their build is answered by the scenario.
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
        let player = Player::new(&self);
        let mut played: Vec<Played> = Vec::new();
        for job in order {
            let before: Vec<&Played> =
                played.iter().filter(|other| job.dependencies().contains(&other.job.id())).collect();
            let approved = self.approved.iter().any(|id| id == job.id());
            let next = match rules::fate(job, &before, approved) {
                rules::Fate::Stays(status) => Played::standing(job.clone(), status),
                rules::Fate::Runs => player.play(job, &played),
            };
            let failed_before = before.iter().any(|other| other.passes_on_failure());
            let open_before = before.iter().any(|other| other.is_open());
            played.push(Played { failed_before, open_before, ..next });
        }
        Run { played }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use monkeyci_model::JobStatus;
    use monkeyci_model::job::{Artifact, Cache, SaveWhen, When};
    use monkeyci_model::result::TestSuite;

    use super::*;
    use crate::action::{Act, Outcome};
    use crate::extension::extension;
    use crate::job::{Job, action, artifact, cache, container, process};

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
        assert_eq!(run.outcome("fails").and_then(Outcome::why), Some("no such tag"));
        assert!(Scenario::of(fails).run().succeeded(), "without a checkout it is not run");
    }

    #[test]
    fn plugins_change_jobs_before_and_judge_them_after_and_see_what_others_left() {
        let checkout = tempfile::tempdir().expect("a folder");
        let coverage = extension("coverage")
            .prepare(|act: &Act, job: Job| {
                let wanted: u64 = act.job().config("coverage")?;
                Ok::<_, String>(job.env("WANTED", wanted.to_string()))
            })
            .after(|act: &Act, _: &JobResult| {
                let found: u64 = act.sh("cat coverage").output()?.parse().unwrap_or_default();
                let wanted = act.job().config("coverage").unwrap_or(u64::MAX);
                let outcome = Outcome::success().value("coverage", found);
                Ok::<_, crate::shell::ShellError>(if found < wanted {
                    outcome.and(Outcome::failure(format!("{found} % of {wanted} %")))
                } else {
                    outcome
                })
            });
        let test = container("test", "rust").run("cargo test").extension("coverage", 80);
        let late = process("late").judged_by(|act: &Act, _: &JobResult| {
            let test = act.job_of("test").map(|test| test.expect("a job"));
            test.map(|test| {
                Outcome::success().message(format!("{} {:?}", test.status, test.result.expect("ran").values))
            })
        });
        let late = late.after(&test).when(When::Always);
        let plan = Plan::from((test, late)).using(coverage);
        assert_eq!(plan.to_model().jobs[0].hooks.len(), 2);

        let scenario = |found: &str| {
            let scenario = Scenario::of(plan.clone()).writing("test", "coverage", found);
            scenario.acting(&Ctx::on_branch("main"), checkout.path()).run()
        };
        let run = scenario("81");
        assert!(run.succeeded(), "{run:?}");
        assert_eq!(run.job("test").model().env["WANTED"], "80".into());
        let seen = |run: &Run| run.outcome("late").and_then(|outcome| outcome.answer().message.clone());
        assert_eq!(seen(&run).as_deref(), Some(r#"success {"coverage": Number(81)}"#));
        let run = scenario("79");
        assert_eq!(run.outcome("test").and_then(Outcome::why), Some("79 % of 80 %"));
        assert_eq!(seen(&run).as_deref(), Some(r#"failure {"coverage": Number(79)}"#));
        assert!(Scenario::of(plan).run().succeeded(), "without a checkout nothing runs for real");
    }

    #[test]
    fn an_action_may_save_and_restore_by_itself_and_tell_at_once() {
        let checkout = tempfile::tempdir().expect("a folder");
        let (jar, store) = (artifact("jar", "out/jar"), cache("store", "store"));
        let make = action("make", move |act: &Act| {
            act.tell("begun", true)?;
            let nothing = act.save(&jar)?;
            act.sh("mkdir out store && echo jar > out/jar && echo kept > store/it").run().expect("a shell");
            act.save_cache(&store)?;
            let saved = act.save(&jar)?.map(|file| file.size);
            Ok::<_, crate::api::ApiError>(Outcome::failure(format!("{} {saved:?}", nothing.is_none())))
        });
        let (elsewhere, store) = (artifact("jar", "here"), cache("store", "there"));
        let take = action("take", move |act: &Act| {
            let (found, cached) = (act.restore(&elsewhere)?, act.restore_cache(&store)?.found);
            let none = act.restore(&artifact("none", "x"))?;
            let text = act.sh("cat here there/it").output().expect("a shell");
            let jobs = act.jobs()?.iter().map(|job| job.status.to_string()).collect::<Vec<_>>().join(" ");
            Ok::<_, crate::api::ApiError>(Outcome::success().message(format!("{found} {cached} {none} {text} {jobs}")))
        });
        let take = take.after(&make).when(When::Always);
        let run = Scenario::of((make, take)).acting(&Ctx::on_branch("main"), checkout.path()).run();
        assert_eq!(run.outcome("make").and_then(Outcome::why), Some("true Some(4)"));
        assert_eq!(run.result("make").expect("ran").values["begun"], true);
        let said = run.outcome("take").and_then(|outcome| outcome.answer().message.clone());
        assert_eq!(said.as_deref(), Some("true true false jar\nkept failure running"));
    }

    #[test]
    fn a_result_may_be_whatever_a_test_needs_and_what_cannot_be_prepared_does_not_run() {
        let checkout = tempfile::tempdir().expect("a folder");
        let suites = |result: &JobResult| Outcome::success().value("suites", result.tests.len());
        let unit = process("unit").judged_by(move |_: &Act, result: &JobResult| suites(result));
        let never = process("never").prepared_by(|_: &Act, _: Job| Err::<Job, _>("no such version"));
        let result = JobResult { tests: vec![TestSuite::default()], ..JobResult::default() };
        let scenario = Scenario::of((unit, never)).resulting("unit", result);
        let run = scenario.acting(&Ctx::on_branch("main"), checkout.path()).run();
        assert_eq!(run.outcome("unit").expect("ran").answer().values["suites"], 1);
        assert_eq!(run.outcome("never").and_then(Outcome::why), Some("no such version"));
    }

    #[test]
    fn a_plugin_sees_what_those_before_it_found_and_so_do_others() {
        let checkout = tempfile::tempdir().expect("a folder");
        let kept = artifact("report", "out/report");
        let unit = process("unit")
            .save(&artifact("never", "out/report"))
            .save(&Artifact { save: SaveWhen::Always, ..kept.clone() })
            .judged_by(|_: &Act, _: &JobResult| Outcome::failure("too little").value("percent", 3).warning("old"))
            .judged_by(|_: &Act, result: &JobResult| {
                Outcome::success().value("seen", format!("{:?} {}", result.message, result.values["percent"]))
            });
        let all = Plan::from(unit);
        let late = action("late", move |act: &Act| {
            let unit = act.job_of("unit")?.and_then(|job| job.result).unwrap_or_default();
            let found = (act.restore(&kept)?, act.restore(&artifact("never", "x"))?);
            Ok::<_, crate::api::ApiError>(Outcome::success().message(format!("{:?} {found:?}", unit.cause)))
        });
        let late = late.after(&all).when(When::Always);
        let scenario = Scenario::of((all, late)).writing("unit", "out/report", "x");
        let run = scenario.acting(&Ctx::on_branch("main"), checkout.path()).run();
        let unit = run.result("unit").expect("it ran");
        assert_eq!(
            (&unit.values["seen"], unit.warnings.as_slice()),
            (&r#"Some("too little") 3"#.into(), &["old".into()][..])
        );
        let said = run.outcome("late").and_then(|outcome| outcome.answer().message.as_deref());
        assert_eq!(said, Some("Some(Failure) (true, false)"));
    }

    #[test]
    fn the_newest_cache_that_will_do_is_restored() {
        let checkout = tempfile::tempdir().expect("a folder");
        let keyed = |key: &str| Cache { key: Some(key.into()), fallbacks: vec!["a-".into()], ..cache("store", "it") };
        let act = action("act", move |act: &Act| {
            let mut found = Vec::new();
            for (key, text) in [("a-1", "1"), ("a-2", "2"), ("a-1", "3"), ("b-1", "4")] {
                fs::write(act.path("it"), text).expect("written");
                act.save_cache(&keyed(key))?;
            }
            for key in ["a-1", "a-9", "b-1", "c"] {
                let exact = act.restore_cache(&keyed(key))?.exact;
                found.push(format!("{key} {} {exact}", fs::read_to_string(act.path("it")).expect("there")));
            }
            Ok::<_, crate::api::ApiError>(Outcome::success().message(found.join(", ")))
        });
        let run = Scenario::of(act).acting(&Ctx::on_branch("main"), checkout.path()).run();
        let said = run.outcome("act").and_then(|outcome| outcome.answer().message.as_deref());
        assert_eq!(said, Some("a-1 1 true, a-9 2 false, b-1 4 true, c 2 false"));
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
