//! Builds that a person asks for: left in the store for the next controller.

use std::sync::Arc;
use std::time::Duration;

use monkeyci_client::rest::NewBuild;
use monkeyci_core::model::trigger::{Git, Retry, Source};
use monkeyci_core::model::{BuildId, EventKind, JobId, Text, Trigger};
use monkeyci_core::store::{BuildRow, Store as _};
use monkeyci_core::transport::{Folder, Transport as _};
use monkeyci_core::trigger::Queued;
use ulid::Ulid;

use super::{Stored, ours};
use crate::error::{CliError, chain};
use crate::hook::desk::message;
use crate::remote::RepoName;
use crate::ui::when;

/// The folder of a store that triggers wait in.
pub const TRIGGERS: &str = "triggers";

/// Asks for a build to be done once more; its number.
pub async fn retry(stored: &Stored, row: &BuildRow, failed: bool, job: Option<JobId>) -> Result<BuildId, CliError> {
    let of = row.build.clone();
    if !row.status.is_terminal() {
        let (id, status) = (crate::command::short(&of), row.status);
        return Err(CliError::failed(format!("build {id} has not ended: {status}")));
    }
    if let Some(job) = &job {
        let jobs = stored.objects.jobs(&of).await.map_err(ours)?;
        if !jobs.iter().any(|known| known.job == *job) {
            return Err(CliError::usage(format!("build {} has no job `{job}`", crate::command::short(&of))));
        }
    }
    // The first event has all that it was begun with; the commit is known since.
    let first = stored.objects.events(&of, 0, 1).await.map_err(ours)?;
    let begun = first.first().and_then(|event| match &event.kind {
        EventKind::BuildTriggered { trigger } => Some((**trigger).clone()),
        _ => None,
    });
    let mut trigger = begun.ok_or_else(|| CliError::ours(format!("build {of} has no beginning")))?;
    trigger.git = row.trigger.as_ref().and_then(|trigger| trigger.git.clone()).or(trigger.git);
    trigger.actor = actor();
    // Secrets are those of whoever runs it.
    trigger.params.retain(|_, value| value.as_plain().is_some());
    trigger.retry = Some(Retry { of: of.clone(), failed, job });
    leave(stored, RepoName { org: of.org, repo: of.repo }, trigger).await
}

/// Asks for a build of a repository that was built before; its number.
pub async fn begin(stored: &Stored, repo: &RepoName, wanted: &NewBuild) -> Result<BuildId, CliError> {
    let NewBuild { branch, tag, commit, params } = wanted;
    let newest = stored.builds(&repo.org, &repo.repo, 1).await?.into_iter().next();
    let known = newest.and_then(|row| row.trigger?.git);
    let Some(known) = known.filter(|git| git.url.is_some()) else {
        return Err(CliError::usage(format!(
            "`{repo}` has no build in the store, which would say where it is cloned from"
        ))
        .hint("run its first build by `monkeyci run-build TRIGGER.json`, or a push to it"));
    };
    let main = known.main_branch.clone().unwrap_or_else(|| "main".into());
    let reference = match (branch, tag) {
        (_, Some(tag)) => Some(format!("refs/tags/{tag}")),
        (Some(branch), None) => Some(format!("refs/heads/{branch}")),
        (None, None) if commit.is_some() => None,
        (None, None) => Some(format!("refs/heads/{main}")),
    };
    let git =
        Git { url: known.url, main_branch: known.main_branch, reference, commit_id: commit.clone(), ..Git::default() };
    let params = params.iter().map(|(name, value)| (name.clone(), Text::from(value.as_str()))).collect();
    let trigger = Trigger { source: Source::Cli, actor: actor(), git: Some(git), params, ..Trigger::default() };
    leave(stored, repo.clone(), trigger).await
}

/// Which command runs what waits.
pub fn take(stored: &Stored) -> String {
    format!("A controller takes it; this starts one: monkeyci run-build --store {}\n", stored.place)
}

async fn leave(stored: &Stored, RepoName { org, repo }: RepoName, trigger: Trigger) -> Result<BuildId, CliError> {
    let key = format!("asked/{}", Ulid::new());
    let number = stored.objects.claim(&key, &org, &repo).await.map_err(ours)?;
    let id = BuildId::new(org.clone(), repo.clone(), number);
    let version = Queued::VERSION;
    let queued = Queued { version, key, org, repo, received: when::now(), supersedes: false, trigger };
    let triggers = Folder::new(Arc::clone(&stored.bucket), TRIGGERS, Duration::ZERO);
    triggers.publish(&[message(&queued)]).await.map_err(|error| CliError::ours(chain(&error)))?;
    Ok(id)
}

fn actor() -> Option<String> {
    std::env::var("USER").ok().filter(|user| !user.is_empty())
}
