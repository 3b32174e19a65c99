//! GitHub, and GitHub Enterprise Server.

use monkeyci_core::model::BuildStatus;
use serde_json::json;

use super::request::Request;
use super::status::{CONTEXT, Status};

const HEADERS: &[(&str, &str)] = &[("accept", "application/vnd.github+json"), ("x-github-api-version", "2022-11-28")];

pub(super) fn request(api: &str, project: &str, status: &Status) -> Request {
    let mut body = json!({ "state": word(status.status), "description": status.description, "context": CONTEXT });
    if let Some(page) = &status.url {
        body["target_url"] = page.as_str().into();
    }
    Request { url: format!("{api}/repos/{project}/statuses/{}", status.commit), headers: HEADERS, body }
}

fn word(status: BuildStatus) -> &'static str {
    match status {
        BuildStatus::Success => "success",
        BuildStatus::Failure => "failure",
        // There is no word for what was stopped; a commit that was not built to its end did not fail.
        BuildStatus::Error | BuildStatus::Canceled => "error",
        _ => "pending",
    }
}

#[cfg(test)]
mod tests {
    use monkeyci_core::trigger::Forge;

    use super::super::request::tests::{status, words};
    use super::*;

    #[test]
    fn a_status_is_of_the_commit() {
        let request = request("https://api.github.com", "acme/web", &status(BuildStatus::Success));
        assert_eq!(request.url, "https://api.github.com/repos/acme/web/statuses/c0ffee");
        let told = json!({ "state": "success", "target_url": "https://ci.example.com/o/acme/r/web/b/7",
                           "description": "Build 7", "context": "monkeyci" });
        assert_eq!(request.body, told);
        let bare =
            super::request("https://api.github.com", "acme/web", &Status { url: None, ..status(BuildStatus::Success) });
        assert_eq!(bare.body.get("target_url"), None);
        assert_eq!(words(Forge::GitHub), ["pending", "pending", "success", "failure", "error", "error"]);
    }
}
