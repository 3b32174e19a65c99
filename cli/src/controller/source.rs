//! What a build without a server is of.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use monkeyci_core::engine::BuildRequest;
use monkeyci_core::model::{BuildId, SecretRef, Text, Trigger};
use monkeyci_core::secret::Secrets;
use monkeyci_core::source::{Checkout, CommitId, Credentials, GitRef, GitRemote, GitUrl, Source, SourceError};
use monkeyci_core::trigger::Queued;
use tokio_util::sync::CancellationToken;

use crate::error::CliError;
use crate::secret;

/// How often a checkout is tried to be had again.
const TRIES: u32 = 3;

/// The longest pause between two of them.
const PAUSE: Duration = Duration::from_secs(5);

/// Where repositories may be that triggers name, which come from elsewhere.
#[derive(Debug, Clone, Copy)]
pub struct Sources {
    /// Also on private networks.
    pub private: bool,
    /// Also in folders of this machine.
    pub file: bool,
}

/// The repository that a trigger names.
pub fn source(sources: Sources, trigger: &Trigger) -> Arc<dyn Source> {
    remote(sources, trigger).map_or_else(|why| Arc::new(None(why)) as Arc<dyn Source>, |remote| Arc::new(remote))
}

fn remote(sources: Sources, trigger: &Trigger) -> Result<GitRemote, String> {
    if trigger.fork {
        return Err("it comes from a fork, whose script nobody has approved: that takes a server".into());
    }
    let git = trigger.git.as_ref().ok_or("its trigger names no repository (`git.url`)")?;
    let url: GitUrl = git.url.as_deref().unwrap_or_default().parse().map_err(|error| format!("`git.url`: {error}"))?;
    let mut remote = GitRemote::new(url);
    (remote.allow_file, remote.allow_private) = (sources.file, sources.private);
    // Keys and logins are those of whoever runs the controller.
    remote.credentials = Credentials::User;
    remote.trust_git = true;
    let reference = git.reference.as_deref().map(str::parse::<GitRef>).transpose();
    remote.reference = reference.map_err(|error| format!("`git.ref`: {error}"))?;
    let commit = git.commit_id.as_deref().map(str::parse::<CommitId>).transpose();
    remote.commit = commit.map_err(|error| format!("`git.commitId`: {error}"))?;
    Ok(remote)
}

/// A repository that cannot be had, and why: its build ends with that.
struct None(String);

#[async_trait]
impl Source for None {
    async fn fetch(&self, _: &Path, _: CancellationToken) -> Result<Checkout, SourceError> {
        Err(SourceError::Program(self.0.clone()))
    }
}

/// The same source, shared.
struct Shared(Arc<dyn Source>);

#[async_trait]
impl Source for Shared {
    async fn fetch(&self, into: &Path, cancel: CancellationToken) -> Result<Checkout, SourceError> {
        self.0.fetch(into, cancel).await
    }
}

/// A build as the engine takes it. What is secret is among its params by name, unless it is of a fork.
pub fn request(
    source: Arc<dyn Source>,
    queued: &Queued,
    secrets: &[String],
) -> Result<(BuildRequest, Secrets), CliError> {
    let mut trigger = queued.trigger.clone();
    let mut known = Secrets::new();
    if !trigger.fork {
        for read in secret::read(secrets)? {
            let reference = SecretRef { name: read.name.clone(), version: 1 };
            trigger.params.insert(read.name, Text::secret(reference.clone()));
            known.insert(reference, read.value);
        }
    }
    let memo = serde_json::to_string(queued).map_err(|error| CliError::ours(error.to_string()))?;
    let (org, repo) = (queued.org.clone(), queued.repo.clone());
    let request = BuildRequest::new(Shared(source)).repo(org, repo).trigger(trigger).key(&queued.key).memo(memo);
    Ok((request, known))
}

/// What a build was begun with.
pub fn remembered(build: &BuildId, memo: Option<&str>) -> Result<Queued, CliError> {
    let read = memo.and_then(|memo| serde_json::from_str(memo).ok());
    read.ok_or_else(|| {
        CliError::usage(format!("build {build} was not begun by a controller, and none can go on with it"))
    })
}

/// Has the checkout of a build again that another machine had. Where it cannot be had, the build says so as it ends.
pub async fn fill(source: &dyn Source, into: &Path) -> Result<(), String> {
    let mut why = String::new();
    for turn in 0..TRIES {
        if turn > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        let fetched = async {
            let _nothing = tokio::fs::remove_dir_all(into).await;
            if let Some(above) = into.parent() {
                tokio::fs::create_dir_all(above).await.map_err(|error| error.to_string())?;
            }
            source.fetch(into, CancellationToken::new()).await.map_err(|error| error.to_string())
        };
        match fetched.await {
            Ok(_) => return Ok(()),
            Err(error) => why = error,
        }
    }
    // Half of a checkout is none.
    let _nothing = tokio::fs::remove_dir_all(into).await;
    Err(why)
}
