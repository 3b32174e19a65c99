//! Looking for new commits, by `git ls-remote`: for repositories without webhooks, and for what webhooks missed.

use std::collections::HashMap;
use std::time::Duration;

use monkeyci_core::model::trigger::{Git, Source};
use monkeyci_core::model::{OrgId, RepoId, Trigger};
use monkeyci_core::source::{CommitId, GitRef};
use monkeyci_rest::Repo;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::given;
use crate::intake::key_of;
use crate::problem::{Answer, Refusal};
use crate::state::{State, now};
use crate::table::{repo, seen};

/// How often it is looked which repositories are due.
const LOOK: Duration = Duration::from_secs(5);

/// The longest that a repository that cannot be reached is left alone.
const PATIENCE: Duration = Duration::from_secs(60 * 60);

/// When a repository is looked at next, and how often in a row it could not be.
struct Due {
    at: Instant,
    failures: u32,
}

/// Looks at repositories until it is stopped.
pub async fn run(state: State, stop: CancellationToken) {
    let mut due: HashMap<(OrgId, RepoId), Due> = HashMap::new();
    loop {
        match state.tables.read(repo::all).await {
            Ok(repos) => {
                let polled: Vec<Repo> = repos.into_iter().filter(|repo| repo.body.poll.is_some()).collect();
                due.retain(|key, _| polled.iter().any(|repo| (&repo.org, &repo.id) == (&key.0, &key.1)));
                for repo in polled {
                    let entry = due
                        .entry((repo.org.clone(), repo.id.clone()))
                        .or_insert(Due { at: Instant::now(), failures: 0 });
                    if entry.at <= Instant::now() && !stop.is_cancelled() {
                        look(&state, &repo, entry, &stop).await;
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "repositories cannot be looked at"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

async fn look(state: &State, repo: &Repo, due: &mut Due, stop: &CancellationToken) {
    let every = Duration::from_secs(repo.body.poll.unwrap_or_default());
    match branches(state, repo, stop).await {
        Ok(found) => match build_new(state, repo, &found).await {
            Ok(()) => due.failures = 0,
            Err(refusal) => tracing::warn!(repo = %repo.id, %refusal, "new commits cannot be built"),
        },
        Err(why) => {
            due.failures = (due.failures + 1).min(16);
            tracing::info!(repo = %repo.id, why, "a repository cannot be looked at");
        }
    }
    let wait = every.saturating_mul(1 << due.failures.min(16)).min(PATIENCE.max(every));
    due.at = Instant::now() + wait;
}

async fn branches(state: &State, repo: &Repo, stop: &CancellationToken) -> Result<Vec<(GitRef, CommitId)>, String> {
    let remote = state.launcher.remote(repo).await?;
    let scratch = tempfile::tempdir().map_err(|error| format!("a folder for git: {error}"))?;
    remote.branches(&scratch.path().join("git"), stop.clone()).await.map_err(|error| error.to_string())
}

/// Builds the branches that point elsewhere than when they were last looked at. The first look builds nothing.
async fn build_new(state: &State, repo: &Repo, found: &[(GitRef, CommitId)]) -> Answer<()> {
    let (org, id) = (repo.org.clone(), repo.id.clone());
    let known = state.tables.read(move |sql| seen::of(sql, &org, &id)).await?;
    let is_first = known.is_empty();
    for (reference, commit) in found {
        let before = known.get(reference.as_str()).cloned();
        if before.as_deref() == Some(commit.as_str()) {
            continue;
        }
        if !is_first {
            build(state, repo, reference, before.as_deref(), commit).await?;
        }
        let (org, id) = (repo.org.clone(), repo.id.clone());
        let (reference, commit) = (reference.to_string(), commit.to_string());
        state.tables.write(move |sql| seen::put(sql, &org, &id, &reference, &commit)).await?;
    }
    Ok(())
}

async fn build(state: &State, repo: &Repo, reference: &GitRef, before: Option<&str>, commit: &CommitId) -> Answer<()> {
    let git = Git { reference: Some(reference.to_string()), commit_id: Some(commit.to_string()), ..Git::default() };
    let trigger = Trigger { source: Source::Poll, git: Some(git), ..Trigger::default() };
    // In the words of a webhook that tells of the same push: it is one build, whoever comes first.
    let meaning = format!("{}/{}/push {reference} {} {commit}", repo.org, repo.id, before.unwrap_or("-"));
    let (org, id, now) = (repo.org.clone(), repo.id.clone(), now());
    let prepared = state.tables.write(move |sql| {
        let key = key_of(sql, &meaning, &format!("poll/{now}"), now)?;
        Ok((key, given::of(sql, &org, &id)?))
    });
    let (key, given) = prepared.await?;
    let request = state.launcher.request(repo, trigger, given).map_err(Refusal::bad)?;
    state.engine.build(request.key(format!("delivery/{key}"))).await?;
    Ok(())
}
