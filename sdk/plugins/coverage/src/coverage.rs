//! How much of the code the tests of a job must cover.
//!
//! As a property in a `build.yaml`, with all that may be said:
//!
//! ```yaml
//! coverage:
//!   path: lcov.info         # from the job's work dir
//!   format: lcov            # or cobertura, jacoco, go; by its beginning when absent
//!   minimum: 80             # percent of lines, or of statements for Go
//!   minimum-branches: 60    # percent of branches
//!   may-drop: 0.5           # points below the last build of the main branch
//! ```
//!
//! Nothing but the path must be said. The result gets a value `coverage`:
//!
//! ```json
//! {"format": "lcov", "lines": 200, "covered": 164, "percent": 82.0, "files": 12,
//!  "branches": {"all": 40, "covered": 31, "percent": 77.5}, "main": 81.5,
//!  "least": [{"file": "src/a.rs", "lines": 50, "covered": 30, "percent": 60.0}]}
//! ```
//!
//! `branches` is there where the report counts some, `main` where `may-drop` found something to compare with, and
//! `least` are up to ten files, those with the most uncovered lines first. The report is kept as the artifact
//! `coverage-ID` of the job, whatever its end.

use monkeyci_sdk::extension;
use monkeyci_sdk::model::job::{Artifact, SaveWhen};
use monkeyci_sdk::prelude::{Act, Extension, Job, JobResult, Outcome, artifact};
use serde::Deserialize;

use crate::baseline;
use crate::file;
use crate::format::Format;
use crate::report::Part;
use crate::verdict::{Measured, Wanted};

/// The property's name, and that of the value in the result.
const KEY: &str = "coverage";

/// What is wanted of the coverage of a job.
#[must_use = "it does nothing until it is said of a job"]
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Coverage {
    path: String,
    #[serde(default)]
    format: Format,
    minimum: Option<f64>,
    minimum_branches: Option<f64>,
    may_drop: Option<f64>,
}

/// Coverage by the report at a path from the job's work dir.
pub fn coverage(path: &str) -> Coverage {
    let (format, minimum, minimum_branches, may_drop) = Default::default();
    Coverage { path: path.to_owned(), format, minimum, minimum_branches, may_drop }
}

/// Lets jobs have the property `coverage`, those of files beside the script too.
#[must_use]
pub fn extension() -> Extension {
    extension::extension(KEY)
        .prepare(|_: &Act, job: Job| Coverage::said_of(&job).map(|coverage| coverage.keeping(job)))
        .after(|act: &Act, result: &JobResult| Coverage::said_of(act.job()).map(|coverage| coverage.judge(act, result)))
}

impl Coverage {
    /// How the report is written; as its beginning shows when nothing is said.
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// Fails the job when fewer percent of the lines are covered.
    pub fn minimum(mut self, percent: f64) -> Self {
        self.minimum = Some(percent);
        self
    }

    /// Fails the job when fewer percent of the branches are covered.
    pub fn minimum_branches(mut self, percent: f64) -> Self {
        self.minimum_branches = Some(percent);
        self
    }

    /// Fails the job when so many points fewer are covered than by the last good build of the main branch, as far as that
    /// is known: builds of the main branch keep theirs in a cache.
    pub fn may_drop(mut self, points: f64) -> Self {
        self.may_drop = Some(points);
        self
    }

    /// Says it of a job.
    ///
    /// # Panics
    /// When a number is no percentage, or the path leaves the job's work dir.
    #[must_use]
    #[track_caller]
    pub fn of(self, job: Job) -> Job {
        if let Err(why) = self.check() {
            panic!("the coverage of job `{}`: {why}", job.id());
        }
        self.keeping(job).judged_by(move |act: &Act, result: &JobResult| self.judge(act, result))
    }

    /// What the property of a job says.
    fn said_of(job: &Job) -> Result<Self, String> {
        let said: Self = job.config(KEY)?;
        said.check().map_err(|why| format!("`{KEY}` of job `{}`: {why}", job.id()))?;
        Ok(said)
    }

    fn check(&self) -> Result<(), String> {
        if !file::is_beneath(&self.path) {
            return Err(format!("`{}` is no path from the job's work dir", self.path));
        }
        for (name, percent) in
            [("minimum", self.minimum), ("minimum-branches", self.minimum_branches), ("may-drop", self.may_drop)]
        {
            if let Some(percent) = percent.filter(|percent| !(0.0..=100.0).contains(percent)) {
                return Err(format!("`{name}` is {percent}, and must be a number from 0 to 100"));
            }
        }
        Ok(())
    }

    /// The job with the report among its artifacts. So people find it, and it comes back from a container whose files are
    /// not ours.
    fn keeping(&self, job: Job) -> Job {
        if job.model().save_artifacts.iter().any(|artifact| artifact.path == self.path) {
            return job;
        }
        let kept = artifact(&format!("{KEY}-{}", job.id()), &self.path);
        job.save(&Artifact { save: SaveWhen::Always, ..kept })
    }

    fn judge(&self, act: &Act, result: &JobResult) -> Outcome {
        let has_failed = result.cause.is_some();
        let mut measured = match self.measure(act) {
            // It has failed already, most likely before it wrote a report.
            Err(_) if has_failed => return Outcome::success(),
            Err(why) => return Outcome::failure(why),
            Ok(measured) => measured,
        };
        let mut outcome = Outcome::success();
        if self.may_drop.is_some() {
            match baseline::last(act) {
                Ok(main) => measured.main = main,
                Err(why) => outcome = outcome.warning(format!("not compared with the main branch: {why}")),
            }
        }
        act.say(&measured.summary());
        outcome = outcome.value(KEY, measured.value());
        if has_failed {
            return outcome;
        }
        let wanted = Wanted { lines: self.minimum, branches: self.minimum_branches, may_drop: self.may_drop };
        if let Some(why) = measured.short_of(&wanted) {
            return outcome.and(Outcome::failure(why));
        }
        if result.message.is_none() {
            outcome = outcome.message(measured.summary());
        }
        if self.may_drop.is_some()
            && act.is_main_branch()
            && let Err(why) = baseline::keep(act, measured.total.lines)
        {
            outcome = outcome.warning(format!("not kept for comparison: {why}"));
        }
        outcome
    }

    fn measure(&self, act: &Act) -> Result<Measured, String> {
        let Self { path, format, .. } = self;
        let text = file::read(act.dir(), path).map_err(|why| format!("the coverage report {why}"))?;
        let text = text.ok_or_else(|| {
            format!("there is no coverage report `{path}` in the job's work dir: let the job write it there")
        })?;
        let (format, report) = format.read(&text).map_err(|why| format!("the coverage report `{path}`: {why}"))?;
        let measured = Measured::of(format, &report);
        if measured.total.lines == Part::default() {
            return Err(format!(
                "the coverage report `{path}` names no {}: was the code built to be measured?",
                format.counts()
            ));
        }
        Ok(measured)
    }
}
