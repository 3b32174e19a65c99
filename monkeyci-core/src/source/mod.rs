//! Port: where a checkout comes from.
//!
//! - [`Folder`]: a local folder, copied without what its `.gitignore` files name.
//! - [`GitRemote`]: a repository elsewhere, fetched by the `git` program in a cage of its own.
//!
//! What is fetched is data: no hook, filter or configuration of a repository runs, and no secret is written to it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use monkeyci_model::trigger::{Changes, Git, ScriptOf};
use tokio_util::sync::CancellationToken;

mod base_script;
mod changes;
mod credentials;
mod facts;
mod folder;
mod git_dir;
mod git_program;
mod git_remote;
mod git_version;
mod reach;
mod reference;
mod size;
mod stderr;
#[cfg(test)]
mod tests;
mod url;

pub use changes::{changes_between, list_refs, resolve};
pub use credentials::{Credentials, SshKey};
pub use folder::Folder;
pub use git_remote::GitRemote;
pub use git_version::git_version;
pub use reach::is_public;
pub use reference::{CommitId, GitRef, InvalidRef};
pub(crate) use url::without_credentials;
pub use url::{GitUrl, InvalidUrl, Scheme};

/// Where a checkout comes from.
#[async_trait]
pub trait Source: Send + Sync {
    /// Puts the files of a build into the folder `into`, which is created and must be empty.
    ///
    /// # Errors
    /// When that cannot be done, or `cancel` is cancelled; what is in `into` is then worth nothing.
    async fn fetch(&self, into: &Path, cancel: CancellationToken) -> Result<Checkout, SourceError>;
}

/// The files of a build, and what is known of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checkout {
    /// Where they are.
    pub dir: PathBuf,
    /// The commit, when they are under git.
    pub git: Option<Git>,
    /// The files that changed, when that is known.
    pub changes: Option<Changes>,
    /// What a person should know, though the checkout succeeded: files that were left out, facts that cannot be read.
    pub warnings: Vec<String>,
    /// Whose script is in them, where that is not as it was pushed.
    pub script: Option<ScriptOf>,
}

/// Why there is no checkout. Never holds credentials.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// A file or folder cannot be read or written.
    #[error("{what} `{}`: {source}", .path.display())]
    Io {
        /// What was being done.
        what: &'static str,
        /// To what.
        path: PathBuf,
        /// What went wrong.
        source: std::io::Error,
    },
    /// The disk is full.
    #[error("the disk of `{}` is full: free some space, or fetch with a depth", .path.display())]
    DiskFull {
        /// Where the files were put.
        path: PathBuf,
    },
    /// The address may not be used here.
    #[error("`{url}`: {reason}")]
    NotAllowed {
        /// The repository.
        url: String,
        /// Why, and what to do.
        reason: &'static str,
    },
    /// The server wants other credentials, or some at all.
    #[error("`{url}` refuses the credentials: check user, token or key, and what they may read: {reason}")]
    Auth {
        /// The repository.
        url: String,
        /// What git said.
        reason: String,
    },
    /// There is nothing to show the server.
    #[error("`{url}` cannot be opened: {reason}")]
    Key {
        /// The repository.
        url: String,
        /// What is missing, and what to do.
        reason: String,
    },
    /// The server's ssh key is not the expected one.
    #[error("the ssh key of `{url}` is not among the known hosts: give its line as `ssh-keyscan` prints it: {reason}")]
    HostKey {
        /// The repository.
        url: String,
        /// What ssh said.
        reason: String,
    },
    /// There is no such repository, or one may not see it.
    #[error("there is no repository at `{url}`, or these credentials may not see it: {reason}")]
    NotFound {
        /// The repository.
        url: String,
        /// What git said.
        reason: String,
    },
    /// The repository does not have the branch, tag or commit.
    #[error("`{url}` has no `{wanted}`")]
    NoSuchRef {
        /// The repository.
        url: String,
        /// The ref or commit.
        wanted: String,
    },
    /// The server cannot be reached.
    #[error("`{url}` cannot be reached: {reason}")]
    Unreachable {
        /// The repository.
        url: String,
        /// What git said.
        reason: String,
    },
    /// The repository holds what could do harm, or is damaged.
    #[error("`{url}` is refused because of what it holds: {reason}")]
    Refused {
        /// The repository.
        url: String,
        /// What git said.
        reason: String,
    },
    /// The `git` program is missing or too old.
    #[error("{0}")]
    Program(String),
    /// It took longer than allowed.
    #[error("`{url}` was not fetched within {} s", .after.as_secs())]
    Timeout {
        /// The repository.
        url: String,
        /// How long it may take.
        after: Duration,
    },
    /// It holds more than allowed.
    #[error("`{url}` is larger than {limit} bytes: fetch it with a depth, or allow more")]
    TooLarge {
        /// The repository.
        url: String,
        /// Bytes that the checkout may hold.
        limit: u64,
    },
    /// Somebody cancelled it.
    #[error("the checkout was canceled")]
    Canceled,
    /// Anything else that git ended with.
    #[error("{what} `{url}`: {reason}")]
    Git {
        /// What was being done.
        what: &'static str,
        /// The repository.
        url: String,
        /// What git said.
        reason: String,
    },
}

impl SourceError {
    fn io(what: &'static str, path: &Path, source: std::io::Error) -> Self {
        match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                Self::DiskFull { path: path.to_owned() }
            }
            _ => Self::Io { what, path: path.to_owned(), source },
        }
    }

    fn git2(what: &'static str, repository: &Path, error: &git2::Error) -> Self {
        Self::Git { what, url: repository.display().to_string(), reason: error.message().to_owned() }
    }
}

/// Runs what blocks on a thread of its own, and waits for it: nothing is written once this returned.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|e| Err(SourceError::Program(format!("reading the source failed: {e}"))))
}

/// Makes the folder of a checkout, which must not hold anything yet.
fn prepare(into: &Path) -> Result<(), SourceError> {
    std::fs::create_dir_all(into).map_err(|e| SourceError::io("failed to make the folder", into, e))?;
    let mut entries = std::fs::read_dir(into).map_err(|e| SourceError::io("failed to read the folder", into, e))?;
    match entries.next() {
        None => Ok(()),
        Some(_) => {
            let taken = std::io::Error::new(std::io::ErrorKind::DirectoryNotEmpty, "it is not empty");
            Err(SourceError::io("failed to check out into", into, taken))
        }
    }
}
