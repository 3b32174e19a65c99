use monkeyci_model::BuildId;

use crate::build::IllegalEvent;
use crate::store::StoreError;

/// Why the engine did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// That cannot happen to the build as it stands.
    #[error("build `{build}`: {source}")]
    Illegal {
        /// The build.
        build: BuildId,
        /// Why not.
        source: IllegalEvent,
    },
    /// There is no such build, or it has ended.
    #[error("there is no open build `{build}`")]
    NotOpen {
        /// The build.
        build: BuildId,
    },
    /// There is no such build.
    #[error("there is no build `{build}`")]
    UnknownBuild {
        /// The build.
        build: BuildId,
    },
    /// It runs already.
    #[error("build `{build}` runs already")]
    Running {
        /// The build.
        build: BuildId,
    },
    /// The request cannot be a build.
    #[error("{0}")]
    Request(String),
    /// The folder of the engine's state cannot be used.
    #[error("state folder `{}`: {source}", .path.display())]
    State {
        /// The folder.
        path: std::path::PathBuf,
        /// What went wrong.
        source: std::io::Error,
    },
    /// The engine was closed, or broke.
    #[error("the engine has stopped; open it again, and its unfinished builds go on")]
    Stopped,
}
