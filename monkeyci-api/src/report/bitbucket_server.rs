//! Bitbucket Data Center, and Server before it.

use monkeyci_core::model::BuildStatus;
use serde_json::json;

use super::request::Request;
use super::status::{CONTEXT, Status};

pub(super) fn request(api: &str, project: &str, status: &Status) -> Request {
    let mut body = json!({ "key": CONTEXT, "name": CONTEXT, "state": word(status.status), "url": status.url,
                           "description": status.description, "buildNumber": status.number.to_string() });
    if let Some(reference) = &status.reference {
        body["ref"] = reference.as_str().into();
    }
    let (key, repo) = project.split_once('/').unwrap_or((project, ""));
    Request {
        url: format!("{api}/projects/{key}/repos/{repo}/commits/{}/builds", status.commit),
        // Without it a request that a browser could have made is refused.
        headers: &[("x-atlassian-token", "no-check")],
        body,
    }
}

fn word(status: BuildStatus) -> &'static str {
    match status {
        BuildStatus::Success => "SUCCESSFUL",
        BuildStatus::Failure | BuildStatus::Error => "FAILED",
        BuildStatus::Canceled => "CANCELLED",
        _ => "INPROGRESS",
    }
}

#[cfg(test)]
mod tests {
    use monkeyci_core::trigger::Forge;

    use super::super::request::tests::{status, words};
    use super::*;

    #[test]
    fn a_status_is_of_the_commit_with_its_ref() {
        let request = request("https://git.example.com/rest/api/latest", "~ann/web", &status(BuildStatus::Success));
        let url = "https://git.example.com/rest/api/latest/projects/~ann/repos/web/commits/c0ffee/builds";
        assert_eq!(request.url, url);
        let told = json!({ "key": "monkeyci", "name": "monkeyci", "state": "SUCCESSFUL", "buildNumber": "7",
                           "url": "https://ci.example.com/o/acme/r/web/b/7", "description": "Build 7",
                           "ref": "refs/heads/topic/a" });
        assert_eq!(request.body, told);
        let all = ["INPROGRESS", "INPROGRESS", "SUCCESSFUL", "FAILED", "FAILED", "CANCELLED"];
        assert_eq!(words(Forge::BitbucketServer), all);
    }
}
