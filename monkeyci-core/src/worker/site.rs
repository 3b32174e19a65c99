//! Where a job runs: its folder with a copy of the checkout, the script's program where it needs that, and the job as
//! the program wants it.

use std::io;
use std::path::{Path, PathBuf};

use monkeyci_model::job::Hook;
use monkeyci_model::script::Answer;
use monkeyci_model::{Cause, Job, JobResult};
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use super::action;
use super::api::{Api, Session, Told};
use super::halt::Halt;
use super::outcome::Verdict;
use super::prepare::{blocking, broken, id_tokens, resolve, work_dir};
use super::settings::{Ports, Settings};
use super::variables::{place, variables};
use crate::executor::Inner;
use crate::job_dir::JobDir;
use crate::lease::Lease;
use crate::program::{self, Action, ProgramError, Programs};
use crate::workspace::copy_tree;

/// The file that keeps what came of preparing. It is there only where something did, and before what the job runs is.
const CHANGED: &str = "changed";

/// What came of preparing a job, kept for a worker that takes it up.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Change {
    /// The job as the script's program has changed it, with references in the place of secrets.
    pub(super) job: Option<Box<Job>>,
    /// What the program printed, masked. The job's log begins with it.
    pub(super) said: String,
}

/// Where a job runs.
pub(super) struct Site {
    pub(super) dir: JobDir,
    /// The folder that its lines begin in, on this host.
    pub(super) work_dir: PathBuf,
    /// The lease, with the job as it runs.
    pub(super) lease: Lease,
    /// That job with its secrets filled in, in the image that it does run in.
    pub(super) job: Job,
    /// Its ID tokens, by the variables that hold them.
    pub(super) id_tokens: Vec<(String, Zeroizing<String>)>,
    /// What came of preparing it.
    pub(super) change: Change,
    /// Whether an earlier worker prepared it, so that it may run already.
    pub(super) taken_up: bool,
    /// The image that it runs in where it names none, and that the script's program runs in.
    stand_in: Option<String>,
    asking: Option<Asking>,
}

/// What is there where the script's program has a part in the job.
struct Asking {
    programs: Programs,
    /// The job as it was planned, with its secrets filled in.
    planned: Job,
    /// The program, compiled when it is first needed, and its question.
    action: OnceCell<Action>,
    api: Api,
}

impl Site {
    /// Makes the folder of an attempt, or finds the one that an earlier worker made.
    ///
    /// `job` has its secrets filled in.
    pub(super) async fn of(settings: &Settings, ports: &Ports, lease: &Lease, job: Job) -> Result<Self, Verdict> {
        let id_tokens = id_tokens(lease, &ports.secrets)?;
        let stand_in = match ports.executor.stand_in(&lease.attempt.build, lease.trigger.fork) {
            Ok(image) => image,
            // It has one of its own.
            Err(_) if job.image.is_some() => None,
            Err(error) => return Err(Verdict::new(error.cause(), error.to_string())),
        };
        let dir = JobDir::at(settings.folder.join(lease.attempt.name()));
        let (at, checkout, name) = (dir.clone(), lease.checkout.clone(), job.work_dir.clone());
        let made = blocking(settings, move || {
            // An attempt whose program is written may run already, and is taken up instead of being prepared again.
            let taken_up = at.is_written();
            if !taken_up {
                make(&checkout, &at)?;
            }
            let change = if taken_up { recorded(&at)? } else { Change::default() };
            let work_dir = work_dir(&at, name.as_deref());
            let work_dir = work_dir.map_err(|error| Verdict::new(Cause::Invalid, error.to_string()))?;
            Ok((taken_up, change, work_dir))
        });
        let (taken_up, change, work_dir) = made.await?;
        Ok(Self { dir, work_dir, lease: lease.clone(), job, id_tokens, change, taken_up, stand_in, asking: None })
    }

    /// Lets the job ask its build, and asks the script's program to change it if it wants to. Then it is as it is to run.
    pub(super) async fn ask(&mut self, settings: &Settings, ports: &Ports, halt: &Halt) -> Result<(), Verdict> {
        if let Some(programs) = action::programs(ports, &self.lease, &self.job) {
            self.ask_program(programs, settings, ports, halt).await?;
        }
        if self.job.image.is_none() {
            self.job.image.clone_from(&self.stand_in);
        }
        Ok(())
    }

    async fn ask_program(
        &mut self,
        programs: Programs,
        settings: &Settings,
        ports: &Ports,
        halt: &Halt,
    ) -> Result<(), Verdict> {
        // A job that a person looks at leaves nothing.
        let saves = settings.debug.as_ref().is_none_or(|debug| debug.job != self.lease.job.id);
        let session = Session::new(ports.clone(), self.lease.clone(), self.dir.clone(), halt.clone(), saves);
        let api = Api::open(&self.dir, session, self.stand_in.is_some()).await;
        let api = api.map_err(|error| broken("the API in", self.dir.root(), &error))?;
        let asking = Asking { programs, planned: self.job.clone(), action: OnceCell::new(), api };
        self.asking = Some(asking);
        let asking = self.asking.as_ref().expect("it was just put there");
        // One that is taken up may run, or be over, long before a compiler is done.
        if !self.taken_up {
            let action = asking.action(&self.lease, halt).await.map_err(|error| action::refused(&error, halt))?;
            if self.job.hooks.contains(&Hook::Prepare) {
                let prepared = asking.programs.prepare(self.hook(asking, action, halt)).await;
                let (job, said) = prepared.map_err(|error| action::refused(&error, halt))?;
                self.change = Change { job: job.map(Box::new), said };
            }
        }
        if let Some(job) = &self.change.job {
            self.job = resolve(job, &self.lease, &ports.secrets)?;
            self.lease.job = (**job).clone().into();
        }
        if self.acts()
            && !self.taken_up
            && let Some(action) = self.asking.as_ref().and_then(|asking| asking.action.get())
        {
            let asked = action.ask(&self.dir, self.stand_in.is_some());
            asked.map_err(|error| Verdict::new(Cause::Infrastructure, error.to_string()))?;
        }
        Ok(())
    }

    /// Whether its lines run the script's program.
    fn acts(&self) -> bool {
        self.lease.job.image.is_none() && program::is_action(&self.lease.job)
    }

    /// The variables that its lines see because they run the script's program.
    pub(super) fn of_action(&self) -> Vec<(String, String)> {
        let asking = self.asking.as_ref().filter(|_| self.acts());
        let Some((Asking { api, .. }, action)) = asking.and_then(|asking| Some((asking, asking.action.get()?))) else {
            return Vec::new();
        };
        let action = action.variables(&self.dir, self.stand_in.is_some());
        let action = action.map(|(name, path)| (name.to_owned(), path.display().to_string()));
        action.into_iter().chain(api.variables().map(|(name, value)| (name.to_owned(), value))).collect()
    }

    /// What it told its build by the API.
    pub(super) fn told(&self) -> Told {
        self.asking.as_ref().map(|asking| asking.api.told()).unwrap_or_default()
    }

    /// The token by which it is known to its build.
    pub(super) fn token(&self) -> Option<&str> {
        self.asking.as_ref().map(|asking| asking.api.token())
    }

    /// What the script's program adds to a result, and what it printed; nothing when it is not to be asked.
    pub(super) async fn judge(
        &self,
        result: &JobResult,
        halt: &Halt,
    ) -> Option<Result<(Option<Answer>, String), ProgramError>> {
        let asking = self.asking.as_ref().filter(|_| self.job.hooks.contains(&Hook::After))?;
        let action = match asking.action(&self.lease, halt).await {
            Ok(action) => action,
            Err(error) => return Some(Err(error)),
        };
        Some(asking.programs.after(self.hook(asking, action, halt), result).await)
    }

    /// Where the program is asked about it.
    fn hook<'a>(&self, asking: &Asking, action: &'a Action, halt: &'a Halt) -> program::Site<'a> {
        let image = self.stand_in.clone();
        let root = Inner::of(&self.dir, image.is_some()).work;
        let work_dir = match image {
            None => self.work_dir.clone(),
            Some(_) => beneath(&root, asking.planned.work_dir.as_deref()),
        };
        let mut env = variables(&self.lease);
        place(&mut env, &root, &work_dir);
        env.extend(asking.api.variables().map(|(name, value)| (name.to_owned(), value)));
        program::Site { action, work: self.dir.work(), image, api: asking.api.socket(), env, cancel: halt.token() }
    }
}

impl Asking {
    async fn action(&self, lease: &Lease, halt: &Halt) -> Result<&Action, ProgramError> {
        let action = || self.programs.action(action::asked(lease), &self.planned, halt.token());
        self.action.get_or_try_init(action).await
    }
}

/// The folder of this name in another one; that one itself where it has no name.
pub(super) fn beneath(root: &Path, name: Option<&str>) -> PathBuf {
    // An empty path that is joined would leave a slash at the end.
    root.iter().chain(name.filter(|name| !name.is_empty()).map(Path::new).into_iter().flatten()).collect()
}

/// Makes the job directory, with a private copy of the checkout.
fn make(checkout: &Path, dir: &JobDir) -> Result<(), Verdict> {
    // What an earlier start of this attempt left half-made.
    dir.remove().map_err(|error| broken("its folder", dir.root(), &error))?;
    JobDir::create(dir.root()).map_err(|error| broken("its folder", dir.root(), &error))?;
    copy_tree(checkout, &dir.work()).map_err(|error| broken("its workspace, a copy of", checkout, &error))?;
    Ok(())
}

/// Keeps what came of preparing a job.
pub(super) fn record(dir: &JobDir, change: &Change) -> Result<(), Verdict> {
    if change.job.is_none() && change.said.is_empty() {
        return Ok(());
    }
    let written = serde_json::to_vec(change).map_err(io::Error::from).and_then(|text| dir.keep(CHANGED, &text));
    written.map_err(|error| broken("its folder", &dir.root().join(CHANGED), &error))
}

/// What [`record`] kept.
fn recorded(dir: &JobDir) -> Result<Change, Verdict> {
    let read = dir.kept(CHANGED).and_then(|text| {
        let read = text.map(|text| serde_json::from_slice(&text).map_err(io::Error::from)).transpose()?;
        Ok(read.unwrap_or_default())
    });
    read.map_err(|error| broken("its folder", &dir.root().join(CHANGED), &error))
}
