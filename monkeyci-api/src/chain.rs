//! Builds that follow builds: what has ended begins others, where triggers say so.
//!
//! What a trigger does after one build is one build with one key, and how far the events were looked at is kept, so that a
//! process that ends half way neither builds twice nor not at all. A chain of builds never comes back to a repository
//! that is in it.

use std::time::Duration;

use monkeyci_core::model::trigger::{Git, Source};
use monkeyci_core::model::{BuildId, BuildStatus, EventKind, RepoId, Text, Trigger};
use monkeyci_rest::{Repo, TriggerBody};
use tokio_util::sync::CancellationToken;

use crate::given::{self, Given};
use crate::problem::Answer;
use crate::state::State;
use crate::table::followed::{self, Reader};
use crate::table::{repo, trigger};

/// Events that are read at once.
const PAGE: usize = 256;

/// Events after which nothing began that may be looked at again after a restart: to note them costs more.
const AGAIN: u64 = 1000;

/// Builds of the longest chain.
const LONGEST: usize = 10;

/// How long it waits before it tries again what did not work.
const PATIENCE: Duration = Duration::from_secs(5);

/// Begins builds after others until it is stopped.
pub async fn run(state: State, stop: CancellationToken) {
    let mut newest = state.newest.clone();
    let mut follower = None;
    loop {
        newest.borrow_and_update();
        let wait = match follow(&state, &mut follower).await {
            Ok(()) => Duration::from_secs(3600),
            Err(refusal) => {
                tracing::warn!(%refusal, "builds cannot be followed by others");
                PATIENCE
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            changed = newest.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// How far the events were looked at, and how far that is kept.
struct Follower {
    seen: u64,
    kept: u64,
}

/// Looks at all that happened since it last did. What fails is looked at the next time.
async fn follow(state: &State, follower: &mut Option<Follower>) -> Answer<()> {
    let follower = match follower {
        Some(follower) => follower,
        None => {
            let kept = state.tables.read(|sql| followed::position(sql, Reader::Trigger)).await?;
            follower.insert(Follower { seen: kept, kept })
        }
    };
    loop {
        let events = state.store.feed(follower.seen, PAGE).await?;
        let Some(last) = events.last().map(|event| event.position) else { return Ok(()) };
        let mut begun = 0;
        for event in events {
            if let EventKind::BuildEnd { status, .. } = &event.kind {
                begun += after(state, &event.subject, *status).await?;
            }
        }
        if begun > 0 || last - follower.kept >= AGAIN {
            state.tables.write(move |sql| followed::keep(sql, Reader::Trigger, last)).await?;
            follower.kept = last;
        }
        follower.seen = last;
    }
}

/// Begins what follows a build that has ended; returns how many builds that were.
async fn after(state: &State, ended: &BuildId, status: BuildStatus) -> Answer<usize> {
    let id = ended.clone();
    let found = state.tables.read(move |sql| {
        let triggers = trigger::after(sql, &id.org, &id.repo)?;
        let source = if triggers.is_empty() { None } else { repo::find(sql, &id.org, &id.repo)? };
        let mut wanted = Vec::new();
        for (target, trigger) in triggers {
            if let Some(repo) = repo::find(sql, &id.org, &target)? {
                wanted.push((repo, trigger, given::of(sql, &id.org, &target)?));
            }
        }
        Ok(source.map(|source| (source, wanted)))
    });
    let Some((source, wanted)) = found.await? else { return Ok(0) };
    let caused = state.engine.snapshot(ended).await?;
    let Some(cause) = caused.trigger() else { return Ok(0) };
    let mut begun = 0;
    for (target, trigger, given) in wanted {
        let name = &trigger.name;
        if !trigger.body.enabled || !trigger.body.statuses.contains(&status) || !fits(&trigger.body, cause, &source) {
            continue;
        }
        if let Some(why) = loops(&target.id, cause, ended) {
            tracing::warn!(build = %ended, trigger = name, repo = %target.id, why, "a trigger begins nothing");
            continue;
        }
        begun +=
            usize::from(begin(state, &target, name, request(&trigger.body, name, cause, ended), given, ended).await?);
    }
    Ok(begun)
}

async fn begin(
    state: &State,
    target: &Repo,
    name: &str,
    trigger: Trigger,
    given: Given,
    ended: &BuildId,
) -> Answer<bool> {
    match state.launcher.request(target, trigger, given) {
        Ok(request) => {
            let key = format!("trigger/{}/{}/{name}/{ended}", target.org, target.id);
            let build = state.engine.build(request.key(key)).await?;
            tracing::info!(build = %build.id(), trigger = name, after = %ended, "a build follows another");
            Ok(true)
        }
        // It would be the same the next time.
        Err(why) => {
            tracing::warn!(trigger = name, repo = %target.id, why, "a trigger can build nothing");
            Ok(false)
        }
    }
}

/// Whether a build is of a ref that a trigger wants. Those of pull requests are nobody's yet, and set off nothing.
fn fits(body: &TriggerBody, cause: &Trigger, source: &Repo) -> bool {
    if cause.fork || cause.pull_request.is_some() {
        return false;
    }
    let Some(reference) = cause.git.as_ref().and_then(|git| git.reference.as_deref()) else { return false };
    if body.refs.is_empty() {
        return cause.branch() == Some(&source.body.default_branch);
    }
    body.refs.iter().any(|pattern| matcher(pattern).is_some_and(|glob| glob.is_match(reference)))
}

/// The refs that a pattern means: branches, unless it begins with `refs/`.
pub fn matcher(pattern: &str) -> Option<globset::GlobMatcher> {
    let full = if pattern.starts_with("refs/") { pattern.to_owned() } else { format!("refs/heads/{pattern}") };
    let glob = globset::GlobBuilder::new(&full).literal_separator(false).build().ok()?;
    Some(glob.compile_matcher())
}

/// Why a build of a repository may not follow another, if it may not.
fn loops(target: &RepoId, cause: &Trigger, ended: &BuildId) -> Option<&'static str> {
    let mut chain = cause.upstream.iter().chain([ended]);
    if chain.any(|build| build.org == ended.org && build.repo == *target) {
        return Some("it has been built in this chain already");
    }
    (cause.upstream.len() + 1 >= LONGEST).then_some("the chain of builds is too long")
}

/// The trigger of the build that follows.
fn request(body: &TriggerBody, name: &str, cause: &Trigger, ended: &BuildId) -> Trigger {
    let passed = body.pass_params.iter().filter_map(|name| {
        let value = cause.params.get(name)?.as_plain()?;
        Some((name.clone(), Text::from(value)))
    });
    let own = body.params.iter().map(|(name, value)| (name.clone(), Text::from(value.as_str())));
    let reference = body.branch.as_ref().map(|branch| format!("refs/heads/{branch}"));
    Trigger {
        source: Source::Build,
        actor: Some(name.to_owned()),
        git: Some(Git { reference, ..Git::default() }),
        params: passed.chain(own).collect(),
        upstream: cause.upstream.iter().chain([ended]).cloned().collect(),
        ..Trigger::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(repo: &str) -> BuildId {
        BuildId::new("acme".parse().expect("an id"), repo.parse().expect("an id"), 1)
    }

    #[test]
    fn a_chain_comes_back_to_no_repository_and_has_an_end() {
        let web = "web".parse().expect("an id");
        let cause =
            |repos: &[&str]| Trigger { upstream: repos.iter().map(|repo| build(repo)).collect(), ..Trigger::default() };
        assert_eq!(loops(&web, &cause(&["lib"]), &build("api")), None);
        assert!(loops(&web, &cause(&["lib"]), &build("web")).is_some(), "it would follow itself");
        assert!(loops(&web, &cause(&["lib", "web"]), &build("api")).is_some(), "it would begin anew");
        let long: Vec<String> = (0..LONGEST).map(|number| format!("r{number}")).collect();
        let long: Vec<&str> = long.iter().map(String::as_str).collect();
        assert!(loops(&web, &cause(&long), &build("api")).is_some());
    }

    #[test]
    fn patterns_mean_branches_unless_they_are_full() {
        let fits = |pattern: &str, reference: &str| matcher(pattern).expect("a glob").is_match(reference);
        assert!(fits("main", "refs/heads/main") && !fits("main", "refs/tags/main"));
        assert!(fits("release/*", "refs/heads/release/1") && fits("refs/tags/v*", "refs/tags/v1"));
        assert!(matcher("[").is_none());
    }
}
