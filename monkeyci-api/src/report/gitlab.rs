//! GitLab.

use monkeyci_core::model::BuildStatus;
use serde_json::json;

use super::request::Request;
use super::status::{CONTEXT, Status};

pub(super) fn request(api: &str, project: &str, status: &Status) -> Request {
    let mut body = json!({ "state": word(status.status), "name": CONTEXT, "description": status.description });
    if let Some(page) = &status.url {
        body["target_url"] = page.as_str().into();
    }
    if let Some(name) = status.name() {
        body["ref"] = name.into();
    }
    // A project is one segment of the address.
    let project = project.replace('/', "%2F");
    Request { url: format!("{api}/projects/{project}/statuses/{}", status.commit), headers: &[], body }
}

pub(super) fn credentials(token: &str) -> (&'static str, String) {
    ("private-token", token.to_owned())
}

/// Whether what it refused to be told is what it knows already: it takes a change alone, and not the same once more.
pub(super) fn knows(status: u16, body: &str) -> bool {
    status == 400 && body.contains("Cannot transition status")
}

fn word(status: BuildStatus) -> &'static str {
    match status {
        BuildStatus::Success => "success",
        BuildStatus::Failure | BuildStatus::Error => "failed",
        BuildStatus::Canceled => "canceled",
        // What waits for an approval has begun, and nothing goes back from there to `pending`.
        _ => "running",
    }
}

#[cfg(test)]
mod tests {
    use monkeyci_core::trigger::Forge;

    use super::super::request::tests::{status, words};
    use super::*;

    #[test]
    fn a_status_is_of_the_commit_on_its_branch() {
        let stands = status(BuildStatus::Canceled);
        let sent = request("https://gitlab.com/api/v4", "acme/shop/web", &stands);
        assert_eq!(sent.url, "https://gitlab.com/api/v4/projects/acme%2Fshop%2Fweb/statuses/c0ffee");
        let told = json!({ "state": "canceled", "name": "monkeyci", "ref": "topic/a", "description": "Build 7",
                           "target_url": "https://ci.example.com/o/acme/r/web/b/7" });
        assert_eq!(sent.body, told);
        assert_eq!(words(Forge::GitLab), ["running", "running", "success", "failed", "failed", "canceled"]);
        let sent = request("https://gitlab.com/api/v4", "acme/web", &Status { reference: None, ..stands });
        assert_eq!(sent.body.get("ref"), None);
    }

    #[test]
    fn what_it_knows_already_is_no_failure() {
        let told = r#"{"message":{"state":["Cannot transition status via :run from :running"]}}"#;
        assert!(knows(400, told));
        assert!(!knows(400, r#"{"message":"400 Bad request"}"#) && !knows(403, told));
    }
}
