//! What waits to be built, outside of any server.

use monkeyci_model::{Millis, OrgId, RepoId, Trigger};
use serde::{Deserialize, Serialize};

use super::Change;

/// A build that somebody asked for and nobody has begun: what a front door leaves in a queue, and a controller takes from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Queued {
    /// The form of this; [`Queued::VERSION`].
    pub version: u32,
    /// The same for the same wish, however often it is delivered: a build is begun once with it.
    pub key: String,
    /// The organisation.
    pub org: OrgId,
    /// The repository.
    pub repo: RepoId,
    /// When it was asked for.
    pub received: Millis,
    /// Whether builds of the same branch or pull request that are older, and have not ended, are stopped.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub supersedes: bool,
    /// Why the build runs, and on what.
    pub trigger: Trigger,
}

impl Queued {
    /// The form that this version writes, and reads.
    pub const VERSION: u32 = 1;

    /// The kind of the message that it travels in.
    pub const KIND: &str = "build/queued";

    /// The build that follows from a change; none where something ended, or the commit asks for no build.
    ///
    /// `delivery` is of what told of the change, the same when it is sent again. The repository is cloned from `url`,
    /// whatever the forge says; only the commits of a fork may be elsewhere, where a forge keeps no ref for them.
    #[must_use]
    pub fn of(change: &Change, delivery: &str, of: (OrgId, RepoId), url: &str, received: Millis) -> Option<Self> {
        if change.skip().is_some() {
            return None;
        }
        let mut trigger = change.trigger()?;
        let is_elsewhere = trigger.fork && change.forge == super::Forge::Bitbucket;
        if let Some(git) = trigger.git.as_mut().filter(|_| !is_elsewhere) {
            git.url = Some(url.to_owned());
        }
        let meaning = blake3::hash(change.meaning().as_bytes()).to_hex();
        let key = format!("{delivery}/{}", &meaning[..16]);
        Some(Self { version: Self::VERSION, key, org: of.0, repo: of.1, received, supersedes: false, trigger })
    }
}
