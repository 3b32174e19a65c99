//! Gitea and Forgejo, which have the same API.

use super::github;
use super::request::Request;
use super::status::Status;

pub(super) fn request(api: &str, project: &str, status: &Status) -> Request {
    Request { headers: &[], ..github::request(api, project, status) }
}

#[cfg(test)]
mod tests {
    use monkeyci_core::model::BuildStatus;
    use monkeyci_core::trigger::Forge;
    use serde_json::json;

    use super::super::request::tests::{status, words};
    use super::*;

    #[test]
    fn a_status_is_of_the_commit() {
        let request = request("https://git.example.com/api/v1", "acme/web", &status(BuildStatus::Failure));
        assert_eq!(request.url, "https://git.example.com/api/v1/repos/acme/web/statuses/c0ffee");
        let told = json!({ "state": "failure", "target_url": "https://ci.example.com/o/acme/r/web/b/7",
                           "description": "Build 7", "context": "monkeyci" });
        assert_eq!(request.body, told);
        for forge in [Forge::Gitea, Forge::Forgejo] {
            assert_eq!(words(forge), ["pending", "pending", "success", "failure", "error", "error"]);
        }
    }
}
