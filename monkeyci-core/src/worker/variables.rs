//! The variables that every job sees.

use std::collections::BTreeMap;
use std::path::Path;

use monkeyci_model::Job;
use monkeyci_model::script::CHECKOUT;

use crate::lease::Lease;

/// The variables of a job, by name, before its own `env`, which wins where both have a name.
///
/// | variable | what it holds |
/// |---|---|
/// | `CI`, `MONKEYCI` | `true` |
/// | `MONKEYCI_BUILD` | the build: `acme/web/build-12` |
/// | `MONKEYCI_ORG`, `MONKEYCI_REPO` | its organisation and repository |
/// | `MONKEYCI_BUILD_NUMBER` | its number in the repository, from 1 |
/// | `MONKEYCI_JOB` | the job's id |
/// | `MONKEYCI_ATTEMPT` | which attempt of the job this is, from 1 |
/// | `MONKEYCI_ENVIRONMENT` | the environment that the job works on, when it says one |
/// | `MONKEYCI_URL` | where the repository is cloned from, without user and password |
/// | `MONKEYCI_REF` | the full ref: `refs/heads/main` |
/// | `MONKEYCI_BRANCH`, `MONKEYCI_TAG` | the branch or the tag, when the ref is one |
/// | `MONKEYCI_COMMIT` | the commit |
/// | `MONKEYCI_PULL_REQUEST` | the number of the pull or merge request, when the build is of one; it has no branch then |
/// | `MONKEYCI_PULL_REQUEST_SOURCE` | the branch that it comes from, in the repository that it comes from |
/// | `MONKEYCI_PULL_REQUEST_TARGET` | the branch that it is to be merged into |
/// | `MONKEYCI_CHECKOUT` | the root of the checkout, in the job's own copy |
/// | `MONKEYCI_WORK_DIR` | the folder that the lines begin in; in a container it is set by the executor |
/// | `MONKEYCI_SCRIPT` | the program that the script is, for jobs without an image whose lines mention it |
/// | `MONKEYCI_API`, `MONKEYCI_API_TOKEN` | where such a job asks its build, and the token for that |
/// | `MONKEYCI_SERVICE_<ID>_HOST` | the host name of a service; its id in capitals, with `_` for what no name may hold |
/// | `MONKEYCI_SERVICE_<ID>_PORT` | its first port |
///
/// What is not known is not set. A job without an image gets `PATH`, `HOME` and the like from the process executor, a
/// container from its image.
#[must_use]
pub fn variables(lease: &Lease) -> BTreeMap<String, String> {
    let Lease { attempt, job, trigger, .. } = lease;
    let mut all = BTreeMap::new();
    let mut set = |name: &str, value: &str| {
        all.insert(name.to_owned(), value.to_owned());
    };
    set("CI", "true");
    set("MONKEYCI", "true");
    set("MONKEYCI_BUILD", &attempt.build.to_string());
    set("MONKEYCI_ORG", attempt.build.org.as_str());
    set("MONKEYCI_REPO", attempt.build.repo.as_str());
    set("MONKEYCI_BUILD_NUMBER", &attempt.build.number.to_string());
    set("MONKEYCI_JOB", attempt.job.as_str());
    set("MONKEYCI_ATTEMPT", &attempt.number.to_string());
    if let Some(environment) = &job.environment {
        set("MONKEYCI_ENVIRONMENT", environment);
    }
    if let Some(git) = &trigger.git {
        let url = git.url.as_deref().map(without_user);
        let known = [
            ("MONKEYCI_URL", url.as_deref()),
            ("MONKEYCI_REF", git.reference.as_deref()),
            ("MONKEYCI_BRANCH", trigger.branch()),
            ("MONKEYCI_TAG", trigger.tag()),
            ("MONKEYCI_COMMIT", git.commit_id.as_deref()),
        ];
        for (name, value) in known {
            if let Some(value) = value {
                set(name, value);
            }
        }
    }
    if let Some(request) = &trigger.pull_request {
        set("MONKEYCI_PULL_REQUEST", &request.number.to_string());
        set("MONKEYCI_PULL_REQUEST_SOURCE", &request.source_branch);
        set("MONKEYCI_PULL_REQUEST_TARGET", &request.target_branch);
    }
    services(job, &mut all);
    all
}

/// Adds those that say where the job is: the root of its checkout, and the folder that its lines begin in.
pub(super) fn place(env: &mut BTreeMap<String, String>, root: &Path, work_dir: &Path) {
    env.insert(CHECKOUT.to_owned(), root.display().to_string());
    env.insert("MONKEYCI_WORK_DIR".to_owned(), work_dir.display().to_string());
}

fn services(job: &Job, all: &mut BTreeMap<String, String>) {
    for service in &job.services {
        let id: String = service.id.as_str().chars().map(variable_char).collect();
        all.insert(format!("MONKEYCI_SERVICE_{id}_HOST"), service.id.to_string());
        if let Some(port) = service.ports.first() {
            all.insert(format!("MONKEYCI_SERVICE_{id}_PORT"), port.to_string());
        }
    }
}

fn variable_char(c: char) -> char {
    if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }
}

/// A url without what stands before the host's `@`, which may be a token. `git@host:path` names no secret and is kept.
fn without_user(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let host_end = rest.find('/').unwrap_or(rest.len());
    match rest[..host_end].rfind('@') {
        Some(at) if scheme != "ssh" || rest[..at].contains(':') => format!("{scheme}://{}", &rest[at + 1..]),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use monkeyci_model::Trigger;
    use monkeyci_model::job::Service;
    use monkeyci_model::trigger::{Git, PullRequest};

    use super::*;
    use crate::attempt::Attempt;

    #[test]
    fn a_job_knows_where_it_comes_from_and_whom_it_can_reach() {
        let mut job = Job::new("unit".parse().expect("an id"));
        job.environment = Some("production".into());
        job.services.push(Service {
            id: "my-db.1".parse().expect("an id"),
            image: "postgres".into(),
            ports: vec![5432, 1],
            env: BTreeMap::new(),
            command: Vec::new(),
            health: None,
        });
        let git = Git {
            url: Some("https://robot:hunter2@example.com/acme/web.git".into()),
            reference: Some("refs/heads/feature/x".into()),
            commit_id: Some("c0ffee".into()),
            ..Git::default()
        };
        let mut lease = Lease {
            attempt: Attempt {
                instance: "test".into(),
                build: "acme/web/build-12".parse().expect("a build"),
                job: job.id.clone(),
                number: 2,
                fence: 7,
            },
            job: Arc::new(job),
            trigger: Arc::new(Trigger { git: Some(git), ..Trigger::default() }),
            checkout: "/nowhere".into(),
            script_dir: ".monkeyci".into(),
        };
        let text: Vec<_> = variables(&lease).into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        insta::assert_snapshot!(text.join("\n"), @r"
        CI=true
        MONKEYCI=true
        MONKEYCI_ATTEMPT=2
        MONKEYCI_BRANCH=feature/x
        MONKEYCI_BUILD=acme/web/build-12
        MONKEYCI_BUILD_NUMBER=12
        MONKEYCI_COMMIT=c0ffee
        MONKEYCI_ENVIRONMENT=production
        MONKEYCI_JOB=unit
        MONKEYCI_ORG=acme
        MONKEYCI_REF=refs/heads/feature/x
        MONKEYCI_REPO=web
        MONKEYCI_SERVICE_MY_DB_1_HOST=my-db.1
        MONKEYCI_SERVICE_MY_DB_1_PORT=5432
        MONKEYCI_URL=https://example.com/acme/web.git
        ");

        let mut trigger = Trigger::clone(&lease.trigger);
        trigger.pull_request = Some(PullRequest {
            number: 7,
            source_branch: "feature/x".into(),
            target_branch: "main".into(),
            ..PullRequest::default()
        });
        lease.trigger = Arc::new(trigger);
        let all = variables(&lease);
        let of = |name: &str| all.get(name).map(String::as_str);
        assert_eq!((of("MONKEYCI_BRANCH"), of("MONKEYCI_PULL_REQUEST")), (None, Some("7")));
        let branches = (of("MONKEYCI_PULL_REQUEST_SOURCE"), of("MONKEYCI_PULL_REQUEST_TARGET"));
        assert_eq!(branches, (Some("feature/x"), Some("main")));
    }

    #[test]
    fn a_url_shows_no_token() {
        for (url, shown) in [
            ("https://tok@en@example.com/a@b", "https://example.com/a@b"),
            ("https://example.com/a@b", "https://example.com/a@b"),
            ("ssh://git@example.com/a", "ssh://git@example.com/a"),
            ("ssh://git:pw@example.com/a", "ssh://example.com/a"),
            ("git@example.com:a/b.git", "git@example.com:a/b.git"),
            ("/srv/repo.git", "/srv/repo.git"),
        ] {
            assert_eq!(without_user(url), shown);
        }
    }
}
