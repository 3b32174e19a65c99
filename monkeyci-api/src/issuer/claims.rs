//! What an ID token says of a job.

use monkeyci_core::attempt::Attempt;
use monkeyci_core::model::job::{IdToken, limits};
use monkeyci_core::model::trigger::Source;
use monkeyci_core::model::{Job, Millis, Trigger};
use monkeyci_core::scope::Scope;
use serde::Serialize;
use serde_json::{Value, json};

use crate::table::id_token::Issued;

/// Seconds that a token lasts at the most, and so the longest that a key must be believed after it last signed.
pub const LONGEST: Millis = 60 * 60;

/// Seconds that it lasts beyond the time of its job.
const SLACK: Millis = 5 * 60;

/// What a token says. None of it can be chosen by the job, but its audience.
#[derive(Debug, Serialize)]
pub struct Claims {
    iss: String,
    sub: String,
    aud: Value,
    exp: i64,
    nbf: i64,
    iat: i64,
    jti: String,
    org: String,
    repo: String,
    build: String,
    build_number: u64,
    job: String,
    attempt: u32,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ref_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    trigger: Source,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pull_request: Option<u64>,
    protected: bool,
}

/// What claims are made of.
pub struct Facts<'a> {
    /// The server.
    pub issuer: &'a str,
    /// The attempt.
    pub attempt: &'a Attempt,
    /// Why its build runs, and on what.
    pub trigger: &'a Trigger,
    /// Its job.
    pub job: &'a Job,
    /// Whether somebody named the commit that is built, which then need not be of the ref beside it.
    pub is_named: bool,
    /// When and by which key it is signed.
    pub issued: &'a Issued,
}

impl Facts<'_> {
    /// The claims of the token that is in a variable.
    pub fn claims(&self, variable: &str, token: &IdToken) -> Claims {
        let Self { issuer, attempt, trigger, job, is_named, issued } = self;
        let git = trigger.git.as_ref();
        let reference = self.reference();
        let ref_type = reference.and_then(|reference| match reference {
            branch if branch.starts_with("refs/heads/") => Some("branch"),
            tag if tag.starts_with("refs/tags/") => Some("tag"),
            _ => None,
        });
        let iat = issued.issued / 1000;
        Claims {
            iss: (*issuer).to_owned(),
            sub: self.subject(),
            aud: audience(&token.audience),
            exp: iat + life(job),
            nbf: iat,
            iat,
            jti: format!("{}-{variable}", issued.id),
            org: attempt.build.org.to_string(),
            repo: attempt.build.repo.to_string(),
            build: attempt.build.to_string(),
            build_number: attempt.build.number,
            job: attempt.job.to_string(),
            attempt: attempt.number,
            reference: reference.map(str::to_owned),
            ref_type,
            commit: git.and_then(|git| git.commit_id.clone()),
            trigger: trigger.source,
            actor: trigger.actor.clone(),
            environment: job.environment.clone(),
            pull_request: trigger.pull_request.as_ref().map(|request| request.number),
            protected: !is_named && trigger.pull_request.is_none() && Scope::of(trigger) == Scope::Protected,
        }
    }

    /// The ref, where what is built is known to be of it.
    fn reference(&self) -> Option<&str> {
        self.trigger.git.as_ref()?.reference.as_deref().filter(|_| !self.is_named)
    }

    /// Whose token it is, in one text, as many clouds look at nothing else.
    fn subject(&self) -> String {
        let Self { attempt, trigger, job, .. } = self;
        let of = format!("org:{}:repo:{}", attempt.build.org, attempt.build.repo);
        // What an environment asks for was checked as its job came into the build.
        if let Some(environment) = &job.environment {
            return format!("{of}:environment:{environment}");
        }
        if trigger.pull_request.is_some() {
            return format!("{of}:pull_request");
        }
        match (self.reference(), trigger.git.as_ref().and_then(|git| git.commit_id.as_deref())) {
            (Some(reference), _) => format!("{of}:ref:{reference}"),
            (None, Some(commit)) => format!("{of}:commit:{commit}"),
            (None, None) => of,
        }
    }
}

/// Whom a token is for. Some clouds take no list, also of one.
pub(super) fn audience(all: &[String]) -> Value {
    match all {
        [one] => json!(one),
        all => json!(all),
    }
}

/// Seconds that the tokens of a job last.
fn life(job: &Job) -> i64 {
    let timeout = Millis::try_from(job.timeout.unwrap_or(limits::TIMEOUT_MS) / 1000).unwrap_or(LONGEST);
    timeout.saturating_add(SLACK).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use monkeyci_core::model::trigger::{Git, PullRequest};

    use super::*;

    fn subject(trigger: &Trigger, environment: Option<&str>, is_named: bool) -> (String, Value) {
        let mut job = Job::new("ship".parse().expect("an id"));
        job.environment = environment.map(str::to_owned);
        let attempt = Attempt {
            instance: "test".into(),
            build: "acme/web/build-12".parse().expect("a build"),
            job: job.id.clone(),
            number: 2,
            fence: 7,
        };
        let issued = Issued { id: "01J".into(), signing_key: "k".into(), issued: 1_700_000_000_500 };
        let facts = Facts {
            issuer: "https://ci.example.com",
            attempt: &attempt,
            trigger,
            job: &job,
            is_named,
            issued: &issued,
        };
        let claims = facts.claims("TOKEN", &IdToken::new("vault"));
        (claims.sub.clone(), serde_json::to_value(claims).expect("JSON"))
    }

    fn of(reference: &str) -> Trigger {
        let git = Git {
            reference: Some(reference.into()),
            commit_id: Some("c0ffee".into()),
            main_branch: Some("main".into()),
            ..Git::default()
        };
        Trigger { source: Source::Api, git: Some(git), ..Trigger::default() }
    }

    #[test]
    fn a_subject_says_the_narrowest_that_is_known_for_sure() {
        let (sub, claims) = subject(&of("refs/heads/main"), None, false);
        assert_eq!(sub, "org:acme:repo:web:ref:refs/heads/main");
        assert_eq!(
            (&claims["ref_type"], &claims["protected"], &claims["trigger"]),
            (&json!("branch"), &json!(true), &json!("api"))
        );
        let (sub, claims) = subject(&of("refs/tags/v1"), None, false);
        assert_eq!(sub, "org:acme:repo:web:ref:refs/tags/v1");
        assert_eq!((&claims["ref_type"], &claims["protected"]), (&json!("tag"), &json!(false)));
        assert_eq!(subject(&of("refs/heads/main"), Some("live"), false).0, "org:acme:repo:web:environment:live");
        // Whoever may ask for builds may name any commit beside any branch.
        let (sub, claims) = subject(&of("refs/heads/main"), None, true);
        assert_eq!(sub, "org:acme:repo:web:commit:c0ffee");
        assert_eq!(
            (&claims["ref"], &claims["ref_type"], &claims["protected"]),
            (&Value::Null, &Value::Null, &json!(false))
        );
        let request = PullRequest { number: 7, ..PullRequest::default() };
        let (sub, claims) = subject(&Trigger { pull_request: Some(request), ..of("refs/heads/main") }, None, false);
        assert_eq!(sub, "org:acme:repo:web:pull_request");
        assert_eq!((&claims["pull_request"], &claims["protected"]), (&json!(7), &json!(false)));
        assert_eq!(subject(&Trigger::default(), None, false).0, "org:acme:repo:web");
    }

    #[test]
    fn a_token_lasts_as_long_as_its_job_may_and_never_beyond_an_hour() {
        let mut job = Job::new("ship".parse().expect("an id"));
        assert_eq!(life(&job), 25 * 60);
        for (timeout, seconds) in [(0, 300), (60_000, 360), (3 * 3_600_000, 3600), (u64::MAX, 3600)] {
            job.timeout = Some(timeout);
            assert_eq!(life(&job), seconds, "{timeout}");
        }
    }
}
