//! Shells that people open in the places of jobs: who may, for how long, and what is written down of it.
//!
//! What is typed and shown is passed on as it is, and kept nowhere. Nothing in it is masked: who may open a shell may set
//! the params that are secret there, and a program that paints a screen leaves no text to look for them in.

mod relay;
mod seat;
mod session;

use std::time::Duration;

use http::StatusCode;
use monkeyci_core::build::Build;
use monkeyci_core::store::StoreError;
use monkeyci_rest::{Repo, Role};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::audit::Change;
use crate::config;
use crate::environment::must_approve;
use crate::extract::JobPath;
use crate::identity::{Known, Who};
use crate::problem::{Answer, Refusal};
use crate::state::{State, now};
use crate::table::{environment, org, shell};
use crate::view;

pub use relay::{Passed, Side, relay};
use seat::Seats;
pub use session::Session;

/// How long shells may take to end once the server was told to stop.
const GRACE: Duration = Duration::from_secs(3);

/// The role of who may open one: as whoever may set the params that a job sees.
pub const ROLE: Role = Role::Maintainer;

/// Shells that are open, and how many and how long they may be.
#[derive(Debug)]
pub struct Shells {
    allowed: bool,
    /// How long one may be open.
    pub time: Duration,
    /// How long one may be idle.
    pub idle: Duration,
    /// Minutes that the place of a job may be held.
    pub hold_minutes: u32,
    seats: Seats,
    open: TaskTracker,
    stop: CancellationToken,
}

impl Shells {
    /// None is open yet.
    #[must_use]
    pub fn new(config: &config::Shells) -> Self {
        Self {
            allowed: config.allowed,
            time: Duration::from_secs(config.seconds.into()),
            idle: Duration::from_secs(config.idle_seconds.into()),
            hold_minutes: config.hold_minutes,
            seats: Seats::new(config.open, config.open_each),
            open: TaskTracker::new(),
            stop: CancellationToken::new(),
        }
    }

    /// Ends all of them, and waits for what is written down of that.
    pub async fn close(&self) {
        self.stop.cancel();
        self.open.close();
        if tokio::time::timeout(GRACE, self.open.wait()).await.is_err() {
            tracing::warn!("shells are cut that did not end");
        }
    }
}

/// Lets go on who may open shells in the jobs of a repository, or have their places held.
///
/// # Errors
/// When they may not, or nobody may.
pub async fn must_be_let_in<'a>(
    state: &State,
    who: &'a Who,
    path: &crate::extract::RepoPath,
) -> Answer<(Repo, &'a Known)> {
    let (repo, known) = who.must_in(state, path, ROLE).await?;
    let forbidden = |by: &str| Err(Refusal::new(StatusCode::FORBIDDEN, format!("nobody may open shells: {by}")));
    if !state.shells.allowed {
        return forbidden("whoever runs this server has set `shells.allowed` so");
    }
    let id = path.org.clone();
    if state.tables.read(move |sql| org::find(sql, &id)).await?.is_some_and(|org| org.no_shells) {
        return forbidden("the organisation has set `noShells`");
    }
    if repo.body.no_shells {
        return forbidden("the repository has set `noShells`");
    }
    Ok((repo, known))
}

/// Lets go on where a build is none of a fork: what anybody may have put there gets no terminal of a maintainer to write to.
///
/// # Errors
/// When it is one.
pub fn must_be_ours(build: &Build) -> Answer<()> {
    if build.trigger().is_some_and(|trigger| trigger.fork) {
        let detail =
            "nobody may open shells: this build is of a fork; build its commit from a branch of the repository";
        return Err(Refusal::new(StatusCode::FORBIDDEN, detail));
    }
    Ok(())
}

/// Lets go on who may open a shell in this job.
///
/// # Errors
/// When they may not. A job of a protected environment knows what only its approvers let it know.
pub async fn must_enter(state: &State, who: &Who, path: &JobPath, of: Option<&str>) -> Answer<Known> {
    let (repo, known) = must_be_let_in(state, who, &path.build().repo()).await?;
    if let Some(name) = of {
        let (org, id, name) = (path.org.clone(), path.repo.clone(), name.to_owned());
        let found = state.tables.read(move |sql| environment::find(sql, &org, &id, &name)).await?;
        let gone = || Refusal::conflict("the environment of this job was removed meanwhile");
        must_approve(&found.ok_or_else(gone)?, who, known, &repo)?;
    }
    Ok(known.clone())
}

/// Where a job is found in the API.
fn url(path: &JobPath) -> String {
    format!("{}/jobs/{}", view::url(&path.build()), path.job)
}

/// Writes down the end of shells that a server before this one left open.
///
/// # Errors
/// When they cannot be read or written.
pub async fn close_left(state: &State) -> Result<(), StoreError> {
    for left in state.tables.read(shell::all).await? {
        if let Ok(build) = state.engine.handle(&left.build).await {
            // A job that is over has no shells any more.
            let _over = build.shell_ended(&left.job, left.attempt, &left.person).await;
        }
        let path = JobPath {
            org: left.build.org.clone(),
            repo: left.build.repo.clone(),
            number: left.build.number,
            job: left.job.clone(),
        };
        let change = Change::of(&left.person, None, path.org.as_str(), "shell/close", url(&path))
            .with("attempt", left.attempt.to_string())
            .with("opened", left.opened.to_string())
            .with("seconds", ((now() - left.opened) / 1000).max(0).to_string())
            .with("how", "the server was stopped");
        let removed = state.tables.write(move |sql| {
            change.write(sql)?;
            shell::remove(sql, &left.id)
        });
        removed.await?;
    }
    Ok(())
}
