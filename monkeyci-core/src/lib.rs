//! Runs builds. Embed it, and a build is ten lines.
//!
//! ```
//! use monkeyci_core::engine::Engine;
//! use monkeyci_core::executor::Fake;
//! use monkeyci_core::model::{BuildStatus, EventKind, JobStatus};
//!
//! # let repo = tempfile::tempdir()?;
//! # let script = "[{id: lint, script: [make lint]}, {id: deploy, script: [make deploy], dependencies: [lint]}]";
//! # std::fs::create_dir(repo.path().join(".monkeyci"))?;
//! # std::fs::write(repo.path().join(".monkeyci/build.yaml"), script)?;
//! # let my_repo = repo.path();
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let engine = Engine::local().executor(Fake::default().exit("lint", 1)).open().await?;
//! let mut build = engine.build(my_repo).await?;
//! while let Some(event) = build.next().await {
//!     if let EventKind::JobEnd { job_id, status: JobStatus::Failure, .. } = &event.kind {
//!         eprintln!("{job_id} failed");
//!     }
//! }
//! assert_eq!(build.wait().await?, BuildStatus::Failure);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What a job prints is read while it runs or later, from any byte on; and a folder keeps everything, so that the next
//! process knows of this one's builds and goes on with those that it left:
//!
//! ```
//! # use monkeyci_core::engine::{BuildRequest, Engine};
//! # use monkeyci_core::executor::Fake;
//! # use monkeyci_core::model::{BuildStatus, Job};
//! # let home = tempfile::tempdir()?;
//! # let my_folder = home.path();
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let fake = Fake::default().output("lint", "all is well\n");
//! let engine = Engine::local().state(my_folder).executor(fake).open().await?;
//! for left in engine.unfinished().await? {
//!     engine.resume(&left.build, None).await?;
//! }
//! let lint = Job { script: vec!["make lint".into()], ..Job::new("lint".parse()?) };
//! let mut build = engine.build(BuildRequest::jobs(vec![lint])).await?;
//! let mut log = build.log(&"lint".parse()?, 1, 0).await?;
//! while let Some(bytes) = log.next().await? {
//!     print!("{}", String::from_utf8_lossy(&bytes));
//! }
//! assert_eq!(build.wait().await?, BuildStatus::Success);
//! engine.close().await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! An [`Engine`](engine::Engine) owns builds; a [`BuildHandle`](engine::BuildHandle) is one of them, seen from outside:
//! its events in order, its logs, and what a person may do to it. What the preset leaves open is said before `open`:
//! a folder that outlives the process ([`Builder::state`](engine::Builder::state)), where jobs run
//! ([`Builder::executor`](engine::Builder::executor)), secrets, who hears of events. What a build is of is a
//! [`BuildRequest`](engine::BuildRequest): a folder's path is one, and so is a [`source`] or a list of jobs.
//!
//! Modules in reading order: what a build *is*, what makes it go, and the ports it goes through.
//!
//! - [`build`]: the pure machine. Events in, the events that follow from them out; no clock, no I/O.
//! - [`queue`]: which queued job may start now, and why the others wait. Pure as well.
//! - [`engine`]: the one loop that makes facts durable and acts on them; [`lease`] is how workers take part, [`offer`]
//!   what they can run, [`visit`] how people come to their jobs.
//! - [`worker`]: runs leased jobs: workspace, secrets, executor, log, artifacts. [`scope`]: what of them others may use.
//! - [`controller`]: what a build needs that is run without a server, from an object store.
//! - [`trigger`]: what causes builds from outside: webhooks of forges, schedules. Pure too.
//! - ports: [`store`], [`source`], [`script`], [`executor`], [`transport`]; [`program`]: scripts that are programs.
//! - far away: `sidecar`, the job directory of a container that sees nothing of ours.
//! - files: [`job_dir`], [`lock`], [`workspace`], [`log`], [`blob`], [`test_report`], [`secret`].

pub use monkeyci_model as model;

pub mod build;
pub mod queue;

pub mod attempt;
pub mod controller;
pub mod engine;
pub mod lease;
pub mod offer;
pub mod scope;
pub mod visit;
pub mod worker;

pub mod executor;
pub mod program;
pub mod script;
pub mod source;
pub mod store;
pub mod transport;
pub mod trigger;

#[cfg(feature = "sidecar")]
pub mod sidecar;

#[cfg(test)]
#[path = "../../tests/fixture/port.rs"]
mod port;

pub mod blob;
pub mod job_dir;
pub mod lock;
pub mod log;
pub mod secret;
pub mod test_report;
pub mod workspace;
