//! Which subscriptions want to hear of something, and why. Pure: all that is looked at comes in.

use std::collections::BTreeMap;

use globset::{GlobBuilder, GlobMatcher};
use monkeyci_core::model::trigger::Source;
use monkeyci_core::model::{BuildStatus, EventKind, JobStatus, RepoId, Trigger};
use monkeyci_rest::{Moment, Occasion, SubscriptionBody};

/// Something that happened to a build.
#[derive(Debug, Clone)]
pub struct Happening {
    /// The repository.
    pub repo: RepoId,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Why the build runs, and on what.
    pub trigger: Trigger,
    /// What it is. Of those that a subscription wants, the first is told.
    pub moments: Vec<Moment>,
    /// The jobs that it is about.
    pub jobs: Vec<String>,
}

/// What an event of a build means to subscribers, where the last build of the same ref that came to something ended so.
#[must_use]
pub fn moments(event: &EventKind, before: Option<BuildStatus>) -> Vec<Moment> {
    let was_bad = matches!(before, Some(BuildStatus::Failure | BuildStatus::Error));
    match event {
        EventKind::ScriptStart { .. } => vec![Moment::Started],
        EventKind::JobBlocked { .. } => vec![Moment::Waiting],
        EventKind::BuildEnd { status, .. } => match status {
            BuildStatus::Success if was_bad => vec![Moment::Recovered, Moment::Succeeded],
            BuildStatus::Success => vec![Moment::Succeeded],
            BuildStatus::Failure | BuildStatus::Error if was_bad => vec![Moment::StillFailing],
            BuildStatus::Failure | BuildStatus::Error => vec![Moment::Failed],
            BuildStatus::Canceled => vec![Moment::Canceled],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// Whether an event is the end of a job that may have deployed something: whether it has, its environment says.
#[must_use]
pub fn may_deploy(event: &EventKind) -> bool {
    matches!(event, EventKind::JobEnd { status: JobStatus::Success, .. })
}

/// The same of an event that nobody is told of by the server itself, but that a chat may tell at once: a job that did not
/// end well foretells how its build will end.
#[must_use]
pub fn foretold(event: &EventKind, before: Option<BuildStatus>) -> Vec<Moment> {
    match event {
        EventKind::JobEnd { status: JobStatus::Failure | JobStatus::Error, .. } => {
            moments(&EventKind::BuildEnd { status: BuildStatus::Failure, message: None }, before)
        }
        event => moments(event, before),
    }
}

/// What a subscription is told of something, and why.
///
/// # Errors
/// Why it is told nothing, for people.
pub fn judge(body: &SubscriptionBody, happening: &Happening) -> Result<(Moment, String), String> {
    let Happening { repo, labels, trigger, moments, jobs } = happening;
    if body.paused {
        return Err("it is paused".into());
    }
    let Some(on) = moments.iter().find(|moment| body.on.contains(moment)) else {
        let words: Vec<_> = moments.iter().map(|moment| format!("`{}`", moment.as_str())).collect();
        let what = if words.is_empty() { "nothing that anybody is told".into() } else { words.join(" and ") };
        return Err(format!("this is {what}, which its `on` leaves out"));
    };
    if !takes(&body.repos, &[repo.as_str()]) {
        return Err(format!("its `repos` leave out `{repo}`"));
    }
    if !body.label_filters.match_labels(labels) {
        return Err(format!("`{repo}` has not the labels of its `labelFilters`"));
    }
    let names = names(trigger);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let place = names.last().copied().unwrap_or("no ref");
    if !takes(&body.refs, &names) {
        return Err(format!("its `refs` leave out `{place}`"));
    }
    let actor = trigger.actor.as_deref().unwrap_or_default();
    if !takes(&body.actors, &[actor]) {
        return Err(format!("its `actors` leave out `{actor}`"));
    }
    let occasion = occasion(trigger);
    if !body.events.is_empty() && !body.events.contains(&occasion) {
        return Err(format!("its `events` leave out `{}`", occasion.as_str()));
    }
    // Of many jobs one that is wanted is enough: those beside it are no reason to be silent.
    if !body.jobs.is_empty() && !jobs.iter().any(|job| takes(&body.jobs, &[job])) {
        return Err("its `jobs` leave out all that this is about".into());
    }
    Ok((*on, format!("a build of `{repo}` at `{place}` is `{}`, which it wants", on.as_str())))
}

/// What caused a build.
fn occasion(trigger: &Trigger) -> Occasion {
    match trigger.source {
        _ if trigger.pull_request.is_some() => Occasion::PullRequest,
        Source::Cli | Source::Api => Occasion::Manual,
        Source::Schedule => Occasion::Schedule,
        Source::Build => Occasion::Build,
        _ if trigger.tag().is_some() => Occasion::Tag,
        _ => Occasion::Push,
    }
}

/// The names that a ref goes by.
fn names(trigger: &Trigger) -> Vec<String> {
    if let Some(request) = &trigger.pull_request {
        return vec![format!("pull/{}", request.number)];
    }
    let full = trigger.git.as_ref().and_then(|git| git.reference.clone());
    let short = trigger.branch().or_else(|| trigger.tag()).map(str::to_owned);
    full.into_iter().chain(short).collect()
}

/// Whether a list of globs takes what goes by these names.
fn takes(globs: &[String], names: &[&str]) -> bool {
    let is_match = |glob: &str| glob_of(glob).is_ok_and(|glob| names.iter().any(|name| glob.is_match(name)));
    let (out, within): (Vec<&String>, Vec<&String>) = globs.iter().partition(|glob| glob.starts_with('!'));
    (within.is_empty() || within.iter().any(|glob| is_match(glob)))
        && !out.iter().any(|glob| is_match(glob.trim_start_matches('!')))
}

/// A glob without the mark of one that leaves out.
///
/// # Errors
/// When it is none.
pub fn glob_of(glob: &str) -> Result<GlobMatcher, globset::Error> {
    let glob = glob.strip_prefix('!').unwrap_or(glob);
    Ok(GlobBuilder::new(glob).literal_separator(false).build()?.compile_matcher())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn happening(trigger: serde_json::Value, moments: &[Moment]) -> Happening {
        Happening {
            repo: "web".parse().expect("an id"),
            labels: [("team".to_owned(), "shop".to_owned())].into(),
            trigger: serde_json::from_value(trigger).expect("a trigger"),
            moments: moments.to_vec(),
            jobs: vec!["unit".into(), "deploy-eu".into()],
        }
    }

    #[test]
    fn a_build_is_compared_with_the_one_before() {
        use BuildStatus::{Canceled, Error, Failure, Success};
        let end = |status| EventKind::BuildEnd { status, message: None };
        for (status, before, told) in [
            (Failure, None, "failed"),
            (Failure, Some(Success), "failed"),
            (Error, Some(Success), "failed"),
            (Failure, Some(Error), "still-failing"),
            (Success, None, "succeeded"),
            (Success, Some(Success), "succeeded"),
            (Success, Some(Failure), "recovered succeeded"),
            (Canceled, Some(Failure), "canceled"),
        ] {
            let words: Vec<_> = moments(&end(status), before).iter().map(|moment| moment.as_str()).collect();
            assert_eq!(words.join(" "), told, "{status} after {before:?}");
        }
        assert_eq!(moments(&EventKind::BuildInitializing {}, None), []);
        let job = |status| EventKind::JobEnd { job_id: "unit".parse().expect("an id"), status, cause: None };
        assert_eq!(moments(&job(JobStatus::Failure), None), []);
        assert_eq!(foretold(&job(JobStatus::Failure), Some(Success)), [Moment::Failed]);
        assert_eq!(foretold(&job(JobStatus::Error), Some(Failure)), [Moment::StillFailing]);
        assert_eq!(foretold(&job(JobStatus::Success), Some(Failure)), []);
    }

    #[test]
    fn a_subscription_wants_what_fits_all_that_it_says() {
        let main = json!({ "source": "github-webhook", "actor": "ann", "git": { "ref": "refs/heads/main" } });
        let tag = json!({ "source": "github-webhook", "actor": "ann", "git": { "ref": "refs/tags/v1" } });
        let pull = json!({ "actor": "bot", "git": { "ref": "refs/heads/main" },
                           "pullRequest": { "number": 7, "sourceBranch": "main", "targetBranch": "main" } });
        for (said, trigger, moments, told) in [
            (json!({}), &main, &[Moment::Failed][..], Ok(Moment::Failed)),
            (json!({}), &main, &[Moment::Recovered, Moment::Succeeded], Ok(Moment::Recovered)),
            (json!({ "on": ["succeeded"] }), &main, &[Moment::Recovered, Moment::Succeeded], Ok(Moment::Succeeded)),
            (json!({}), &main, &[Moment::Succeeded], Err("on")),
            (json!({ "on": [] }), &main, &[Moment::Failed], Err("on")),
            (json!({ "paused": true }), &main, &[Moment::Failed], Err("paused")),
            (json!({ "repos": ["we*"] }), &main, &[Moment::Failed], Ok(Moment::Failed)),
            (json!({ "repos": ["!we*"] }), &main, &[Moment::Failed], Err("repos")),
            (json!({ "repos": ["*", "!web"] }), &main, &[Moment::Failed], Err("repos")),
            (json!({ "labelFilters": [{ "team": "shop" }] }), &main, &[Moment::Failed], Ok(Moment::Failed)),
            (json!({ "labelFilters": [{ "team": "pay" }] }), &main, &[Moment::Failed], Err("labelFilters")),
            (json!({ "refs": ["main"] }), &main, &[Moment::Failed], Ok(Moment::Failed)),
            (json!({ "refs": ["refs/heads/*"] }), &main, &[Moment::Failed], Ok(Moment::Failed)),
            (json!({ "refs": ["main"] }), &tag, &[Moment::Failed], Err("refs")),
            (json!({ "refs": ["v*"] }), &tag, &[Moment::Failed], Ok(Moment::Failed)),
            (json!({ "refs": ["main"] }), &pull, &[Moment::Failed], Err("refs")),
            (json!({ "refs": ["pull/*"] }), &pull, &[Moment::Failed], Ok(Moment::Failed)),
            (json!({ "refs": ["!pull/*"] }), &pull, &[Moment::Failed], Err("refs")),
            (json!({ "actors": ["!bot"] }), &pull, &[Moment::Failed], Err("actors")),
            (json!({ "actors": ["!bot"] }), &main, &[Moment::Failed], Ok(Moment::Failed)),
            (json!({ "events": ["push"] }), &main, &[Moment::Failed], Ok(Moment::Failed)),
            (json!({ "events": ["push", "tag"] }), &tag, &[Moment::Failed], Ok(Moment::Failed)),
            (json!({ "events": ["push"] }), &tag, &[Moment::Failed], Err("events")),
            (json!({ "events": ["push", "manual"] }), &pull, &[Moment::Failed], Err("events")),
            (json!({ "events": ["pull-request"] }), &pull, &[Moment::Failed], Ok(Moment::Failed)),
            (json!({ "jobs": ["deploy-*"] }), &main, &[Moment::Waiting], Ok(Moment::Waiting)),
            (json!({ "jobs": ["lint"] }), &main, &[Moment::Waiting], Err("jobs")),
            (json!({ "jobs": ["!unit"] }), &main, &[Moment::Waiting], Ok(Moment::Waiting)),
        ] {
            let mut body = said.clone();
            body["to"] = json!({ "webhook": { "url": "https://example.com" } });
            let body: SubscriptionBody = serde_json::from_value(body).expect("a subscription");
            let judged = judge(&body, &happening(trigger.clone(), moments));
            match (judged, told) {
                (Ok((on, _)), Ok(wanted)) => assert_eq!(on, wanted, "{said}"),
                (Err(why), Err(word)) => assert!(why.contains(word), "{said}: {why}"),
                (judged, told) => panic!("{said} of {trigger}: {judged:?}, not {told:?}"),
            }
        }
    }
}
