//! Bitbucket Cloud.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use monkeyci_core::model::BuildStatus;
use serde_json::json;

use super::request::Request;
use super::status::{CONTEXT, Status};

pub(super) fn request(api: &str, project: &str, status: &Status) -> Request {
    // A key has at most 40 characters.
    let mut body = json!({ "key": CONTEXT, "name": CONTEXT, "state": word(status.status), "url": status.url,
                           "description": status.description });
    if let Some(name) = status.name() {
        body["refname"] = name.into();
    }
    Request { url: format!("{api}/repositories/{project}/commit/{}/statuses/build", status.commit), headers: &[], body }
}

/// Access tokens of a repository are sent as they are, those of people with the name before a colon.
pub(super) fn credentials(token: &str) -> (&'static str, String) {
    let value = match token.contains(':') {
        true => format!("Basic {}", STANDARD.encode(token)),
        false => format!("Bearer {token}"),
    };
    ("authorization", value)
}

fn word(status: BuildStatus) -> &'static str {
    match status {
        BuildStatus::Success => "SUCCESSFUL",
        BuildStatus::Failure | BuildStatus::Error => "FAILED",
        BuildStatus::Canceled => "STOPPED",
        _ => "INPROGRESS",
    }
}

#[cfg(test)]
mod tests {
    use monkeyci_core::trigger::Forge;

    use super::super::request::tests::{status, words};
    use super::*;

    #[test]
    fn a_status_is_of_the_commit_on_its_branch() {
        let request = request("https://api.bitbucket.org/2.0", "acme/web", &status(BuildStatus::Running));
        assert_eq!(request.url, "https://api.bitbucket.org/2.0/repositories/acme/web/commit/c0ffee/statuses/build");
        let told = json!({ "key": "monkeyci", "name": "monkeyci", "state": "INPROGRESS", "refname": "topic/a",
                           "url": "https://ci.example.com/o/acme/r/web/b/7", "description": "Build 7" });
        assert_eq!(request.body, told);
        let all = ["INPROGRESS", "INPROGRESS", "SUCCESSFUL", "FAILED", "FAILED", "STOPPED"];
        assert_eq!(words(Forge::Bitbucket), all);
    }
}
