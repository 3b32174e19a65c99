//! What stands before environments: which builds may have jobs of them, what those get, and who approves them.

use async_trait::async_trait;
use monkeyci_core::engine::{Gate, LoadError};
use monkeyci_core::model::{BuildId, BuildStatus, Job, Trigger};
use monkeyci_core::store::{Sql, StoreError, Tables};
use monkeyci_rest::{Environment, EnvironmentBody, Repo, Role};

use crate::chain::matcher;
use crate::identity::{Known, Who};
use crate::launch;
use crate::owner::Owner;
use crate::params;
use crate::problem::{Answer, Refusal};
use crate::state::now;
use crate::table::{build, deployment, environment};

/// Names that a refusal lists, at most.
const NAMED: u64 = 20;

/// Lets jobs of environments into builds as these tables say.
pub struct Environments {
    tables: Tables,
}

impl Environments {
    /// As these tables say.
    #[must_use]
    pub fn new(tables: Tables) -> Self {
        Self { tables }
    }
}

#[async_trait]
impl Gate for Environments {
    async fn admit(&self, build: &BuildId, trigger: &Trigger, jobs: Vec<Job>) -> Result<Vec<Job>, LoadError> {
        if jobs.iter().all(|job| job.environment.is_none()) {
            return Ok(jobs);
        }
        let (build, trigger) = (build.clone(), trigger.clone());
        let admitted = self.tables.write(move |sql| admit(sql, &build, &trigger, jobs));
        match admitted.await {
            Ok(Ok(jobs)) => Ok(jobs),
            Ok(Err(message)) => Err(LoadError { status: BuildStatus::Failure, message }),
            Err(error) => {
                tracing::error!(%error, "environments cannot be read");
                let message = "its environments cannot be read: the server's database does not answer as it should";
                Err(LoadError { status: BuildStatus::Error, message: message.into() })
            }
        }
    }
}

fn admit(
    sql: &mut dyn Sql,
    build: &BuildId,
    trigger: &Trigger,
    mut jobs: Vec<Job>,
) -> Result<Result<Vec<Job>, String>, StoreError> {
    // Whoever names a commit beside a branch may name one that never was on it.
    let is_named = launch::is_named(build::request(sql, build)?.as_deref());
    for job in &mut jobs {
        let Some(name) = job.environment.clone() else { continue };
        let Some(found) = environment::find(sql, &build.org, &build.repo, &name)? else {
            return Ok(Err(format!("job `{}` is of {}", job.id, unknown(sql, build, &name)?)));
        };
        let wrong = refused(&found.body, trigger, is_named).or_else(|| busy(&found.body, job));
        if let Some(why) = wrong {
            return Ok(Err(format!("job `{}` may not have the environment `{name}`: {why}", job.id)));
        }
        protect(&found, job);
        let owner = Owner::environment(&build.org, &build.repo, &name);
        job.env.extend(params::own(sql, &owner)?);
        deployment::add(sql, build, &name, &job.id, now())?;
    }
    Ok(Ok(jobs))
}

/// Why a build may have no job of an environment, if it may not.
fn refused(body: &EnvironmentBody, trigger: &Trigger, is_named: bool) -> Option<String> {
    if trigger.fork {
        return Some("the code comes from a fork".into());
    }
    if body.refs.is_empty() {
        return None;
    }
    let reference = trigger.git.as_ref().and_then(|git| git.reference.as_deref());
    let fits =
        |reference: &str| body.refs.iter().any(|pattern| matcher(pattern).is_some_and(|glob| glob.is_match(reference)));
    let allowed = body.refs.iter().map(|pattern| format!("`{pattern}`")).collect::<Vec<_>>().join(", ");
    match reference {
        _ if trigger.pull_request.is_some() => {
            Some(format!("a pull request is of no branch yet, and builds of {allowed} alone have it"))
        }
        Some(reference) if !fits(reference) => Some(format!(
            "the build is of `{reference}`, and builds of {allowed} alone have it; an `if` leaves the job out of others"
        )),
        None => Some(format!("the build is of no ref, and builds of {allowed} alone have it")),
        Some(_) if is_named => Some(
            "who asked for the build named a commit, which may be of any branch; ask for the branch without one".into(),
        ),
        Some(_) => None,
    }
}

/// Why a job cannot hold an environment that one job at a time holds, if it cannot.
fn busy(body: &EnvironmentBody, job: &Job) -> Option<String> {
    let group = job.concurrency_group.as_deref().filter(|_| body.exclusive)?;
    Some(format!("one job at a time holds it, and the job has the concurrency group `{group}` already; take one away"))
}

/// What an environment makes of its jobs.
fn protect(environment: &Environment, job: &mut Job) {
    job.blocked |= environment.body.needs_approval();
    if environment.body.exclusive {
        job.concurrency_group = Some(format!("environment/{}", environment.name));
    }
}

/// An environment that is not there, in words for people.
fn unknown(sql: &mut dyn Sql, build: &BuildId, name: &str) -> Result<String, StoreError> {
    let there = environment::list(sql, &build.org, &build.repo, None, NAMED)?;
    let there: Vec<_> = there.iter().map(|environment| format!("`{}`", environment.name)).collect();
    let there = if there.is_empty() { "none".into() } else { there.join(", ") };
    let repo = format!("{}/{}", build.org, build.repo);
    Ok(format!(
        "the environment `{name}`, which `{repo}` has not (it has {there}); `monkeyci environment set {name}` makes it"
    ))
}

/// Lets go on who may approve jobs of an environment.
///
/// # Errors
/// When it is somebody else.
pub fn must_approve(environment: &Environment, who: &Who, known: &Known, repo: &Repo) -> Answer<()> {
    let EnvironmentBody { approvers, approver_role, .. } = &environment.body;
    let has_role = |role: &Role| who.role_in(repo).is_some_and(|own| own >= *role);
    let may = approvers.contains(&known.name) || approver_role.as_ref().is_some_and(has_role);
    if may || !environment.body.needs_approval() {
        return Ok(());
    }
    let names = approvers.iter().map(|name| format!("`{name}`"));
    let role = approver_role.iter().map(|role| format!("who has the role `{}`", role.as_str()));
    let all = names.chain(role).collect::<Vec<_>>().join(" or ");
    let detail = format!("jobs of the environment `{}` are approved by {all}", environment.name);
    Err(Refusal::new(http::StatusCode::FORBIDDEN, detail))
}

/// Lets go on whoever did not cause the build, where an environment asks for somebody else.
///
/// # Errors
/// When it is who caused it.
pub fn must_be_another(environment: &Environment, known: &Known, caused: Option<&str>) -> Answer<()> {
    if !environment.body.prevent_self || caused != Some(known.name.as_str()) {
        return Ok(());
    }
    let detail = format!(
        "jobs of the environment `{}` are approved by somebody else than who caused the build",
        environment.name
    );
    Err(Refusal::new(http::StatusCode::FORBIDDEN, detail))
}

#[cfg(test)]
mod tests {
    use monkeyci_core::model::trigger::{Git, PullRequest};

    use super::*;

    fn of(reference: &str) -> Trigger {
        Trigger { git: Some(Git { reference: Some(reference.into()), ..Git::default() }), ..Trigger::default() }
    }

    #[test]
    fn builds_of_other_refs_of_forks_and_of_commits_that_somebody_named_are_refused() {
        let body = EnvironmentBody { refs: vec!["main".into(), "refs/tags/v*".into()], ..EnvironmentBody::default() };
        let why = |trigger: &Trigger, is_named| refused(&body, trigger, is_named).unwrap_or_default();
        assert_eq!(why(&of("refs/heads/main"), false), "");
        assert_eq!(why(&of("refs/tags/v1"), false), "");
        assert!(why(&of("refs/heads/mainly"), false).contains("`main`, `refs/tags/v*`"));
        assert!(why(&of("refs/tags/main"), false).contains("`refs/tags/main`"));
        assert!(why(&Trigger::default(), false).contains("of no ref"));
        assert!(why(&of("refs/heads/main"), true).contains("named a commit"));
        let fork = Trigger { fork: true, ..of("refs/heads/main") };
        assert!(why(&fork, false).contains("fork"));
        assert!(refused(&EnvironmentBody::default(), &fork, false).is_some(), "whatever the refs");
        assert!(refused(&EnvironmentBody::default(), &Trigger::default(), true).is_none());
        let request = PullRequest { number: 7, ..PullRequest::default() };
        assert!(why(&Trigger { pull_request: Some(request), ..of("refs/heads/main") }, false).contains("pull request"));
    }
}
