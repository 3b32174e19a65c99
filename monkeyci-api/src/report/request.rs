//! A request to a forge that tells of a build. What is sent follows from what is told, and from nothing else.

use monkeyci_core::trigger::Forge;
use serde_json::Value;

use super::status::Status;
use super::{bitbucket, bitbucket_server, gitea, github, gitlab};

/// A request, all but the forge's token. Every forge takes it by POST, in JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The address.
    pub url: String,
    /// Headers beside those that every request has.
    pub headers: &'static [(&'static str, &'static str)],
    /// What is told.
    pub body: Value,
}

/// The request that tells the forge at `api` of a build of its repository `project`.
#[must_use]
pub fn request(forge: Forge, api: &str, project: &str, status: &Status) -> Request {
    match forge {
        Forge::GitHub => github::request(api, project, status),
        Forge::GitLab => gitlab::request(api, project, status),
        Forge::Gitea | Forge::Forgejo => gitea::request(api, project, status),
        Forge::Bitbucket => bitbucket::request(api, project, status),
        Forge::BitbucketServer => bitbucket_server::request(api, project, status),
    }
}

/// The header by which a forge is told who asks.
#[must_use]
pub fn credentials(forge: Forge, token: &str) -> (&'static str, String) {
    match forge {
        Forge::GitLab => gitlab::credentials(token),
        Forge::Bitbucket => bitbucket::credentials(token),
        Forge::Gitea | Forge::Forgejo => ("authorization", format!("token {token}")),
        Forge::GitHub | Forge::BitbucketServer => ("authorization", format!("Bearer {token}")),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use monkeyci_core::model::BuildStatus;

    use super::*;

    /// A status of build 7 of a branch with a slash.
    pub fn status(status: BuildStatus) -> Status {
        Status {
            commit: "c0ffee".into(),
            reference: Some("refs/heads/topic/a".into()),
            number: 7,
            status,
            url: Some("https://ci.example.com/o/acme/r/web/b/7".into()),
            description: "Build 7".into(),
        }
    }

    /// What a forge is told of builds that stand in each way that forges tell apart, in that order.
    pub fn words(forge: Forge) -> Vec<String> {
        use BuildStatus::{Blocked, Canceled, Error, Failure, Running, Success};
        let all = [Running, Blocked, Success, Failure, Error, Canceled];
        let told = all.map(|stands| request(forge, "https://git.example.com", "acme/web", &status(stands)).body);
        told.iter().map(|body| body["state"].as_str().expect("a state").to_owned()).collect()
    }

    #[test]
    fn each_forge_is_told_who_asks_in_its_own_way() {
        for (forge, token, header, value) in [
            (Forge::GitHub, "t", "authorization", "Bearer t"),
            (Forge::GitLab, "t", "private-token", "t"),
            (Forge::Gitea, "t", "authorization", "token t"),
            (Forge::Forgejo, "t", "authorization", "token t"),
            (Forge::Bitbucket, "t", "authorization", "Bearer t"),
            (Forge::Bitbucket, "ann:t", "authorization", "Basic YW5uOnQ="),
            (Forge::BitbucketServer, "t", "authorization", "Bearer t"),
        ] {
            assert_eq!(credentials(forge, token), (header, value.to_owned()), "{forge:?}");
        }
    }
}
