//! What crosses a process boundary in MonkeyCI.
//!
//! Build scripts, the engine, the API and every client speak in these types and in nothing else. They are plain
//! data: JSON in camelCase, frozen by snapshots, with JSON Schemas under the feature `schema`. Read the modules in
//! this order:
//!
//! 1. [`id`]: names of builds and jobs, checked as they are made;
//! 2. [`job`]: a job with all its properties, [`text`] with its secrets as references;
//! 3. [`plan`]: the jobs that a script answers with, and [`script`]: how a script program is asked;
//! 4. [`trigger`]: why a build runs, and on what;
//! 5. [`status`] and [`result`]: where builds and jobs stand, and what came out;
//! 6. [`event`]: every fact of a build, under MonkeyCI's wire names;
//! 7. [`shell`]: what passes between a person and a shell in a job.

pub mod event;
pub mod id;
pub mod job;
pub mod plan;
pub mod result;
#[cfg(feature = "schema")]
pub mod schema;
pub mod script;
pub mod shell;
pub mod status;
pub mod text;
pub mod trigger;

pub use event::{Event, EventKind};
pub use id::{BuildId, InvalidId, JobId, OrgId, RepoId};
pub use job::Job;
pub use plan::Plan;
pub use result::{Cause, JobResult};
pub use status::{BuildStatus, JobStatus};
pub use text::{SecretRef, Text};
pub use trigger::Trigger;

/// Milliseconds since 1970-01-01T00:00:00Z, as MonkeyCI writes times.
pub type Millis = i64;
