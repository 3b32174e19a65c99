//! Releases on a GitLab that refuses what the real one refuses.

use std::sync::{Arc, Mutex};

use monkeyci_plugin_release::gitlab;
use monkeyci_sdk::http::{Asked, Fake, Reply};
use monkeyci_sdk::prelude::*;
use monkeyci_sdk::scenario::Run;
use serde_json::{Value, json};

/// What is on the forge.
#[derive(Default)]
struct State {
    release: Option<Value>,
    links: Vec<Value>,
    packages: Vec<(String, Vec<u8>)>,
}

const PROJECT: &str = "/api/v4/projects/acme%2Fteam%2Fweb";

impl State {
    fn answer(&mut self, asked: &Asked) -> Reply {
        if asked.header("private-token") != Some("t0ken") {
            return Reply::json(401, &json!({ "message": "401 Unauthorized" }));
        }
        let path = asked.target.split('?').next().unwrap_or_default();
        let Some(path) = path.strip_prefix(PROJECT) else {
            return Reply::json(404, &json!({ "message": "404 Project" }));
        };
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match (asked.method.as_str(), parts.as_slice()) {
            ("PUT", ["releases", "v1"]) => match &mut self.release {
                Some(release) => {
                    release["description"] = asked.json()["description"].clone();
                    Reply::json(200, release)
                }
                None => Reply::json(403, &json!({ "message": "403 Forbidden" })),
            },
            ("POST", ["releases"]) if asked.json()["tag_name"].is_null() => {
                Reply::json(400, &json!({ "error": "tag_name is missing" }))
            }
            ("POST", ["releases"]) if self.release.is_some() => {
                Reply::json(409, &json!({ "message": "Release already exists" }))
            }
            ("POST", ["releases"]) => {
                let mut release = asked.json();
                release["_links"] = json!({ "self": "https://example.com/-/releases/v1" });
                self.release = Some(release.clone());
                Reply::json(201, &release)
            }
            ("GET", ["releases", "v1", "assets", "links"]) => Reply::json(200, &self.links),
            ("POST", ["releases", "v1", "assets", "links"]) => {
                let mut link = asked.json();
                if self.links.iter().any(|other| other["name"] == link["name"]) {
                    return Reply::json(400, &json!({ "message": { "name": ["has already been taken"] } }));
                }
                link["id"] = (self.links.len() + 1).into();
                self.links.push(link.clone());
                Reply::json(201, &link)
            }
            ("PUT", ["releases", "v1", "assets", "links", id]) => {
                match self.links.iter_mut().find(|link| link["id"].as_u64() == id.parse().ok()) {
                    Some(link) => Reply::json(200, link),
                    None => Reply::status(404),
                }
            }
            ("PUT", ["packages", "generic", "release", "v1", name]) => {
                self.packages.push(((*name).to_owned(), asked.body.clone()));
                Reply::json(201, &json!({ "message": "201 Created" }))
            }
            _ => Reply::status(404),
        }
    }
}

fn released(forge: &Fake, notes: &str, token: &str) -> Run {
    let ctx = Ctx::on_tag("v1").param("gitlab-token", token);
    let checkout = tempfile::tempdir().expect("a folder");
    std::fs::write(checkout.path().join("a.zip"), notes).expect("written");
    let web = gitlab("acme/team/web").base_url(&format!("{}/api/v4/", forge.url()));
    let job = web.release("it").notes(notes).asset("*.zip").prerelease().job(&ctx).expect("a tag");
    Scenario::of(job).acting(&ctx, checkout.path()).run()
}

#[test]
fn a_release_is_made_once_and_then_brought_up_to_date() {
    let state = Arc::<Mutex<State>>::default();
    let shared = Arc::clone(&state);
    let forge = Fake::serving(move |asked| shared.lock().expect("no panic").answer(asked));
    for (notes, message) in
        [("one", "v1 was released, with 1 files"), ("two", "v1 was brought up to date, with 1 files")]
    {
        let run = released(&forge, notes, "t0ken");
        assert!(run.succeeded(), "{run:?}");
        let answer = run.outcome("it").expect("it ran").answer();
        assert_eq!(answer.message.as_deref(), Some(message));
        assert_eq!(answer.values["release"], "https://example.com/-/releases/v1");
        assert_eq!(answer.warnings.len(), 1, "GitLab has no prereleases");
    }
    let state = state.lock().expect("no panic");
    assert_eq!(state.release.as_ref().expect("made")["description"], "two");
    assert_eq!(state.links.len(), 1);
    let url = format!("{}{PROJECT}/packages/generic/release/v1/a.zip", forge.url());
    assert_eq!((&state.links[0]["url"], &state.links[0]["link_type"]), (&json!(url), &json!("package")));
    assert_eq!(state.packages.last().expect("uploaded").1, b"two");
}

#[test]
fn a_wrong_token_is_told() {
    let forge = Fake::serving(|asked| State::default().answer(asked));
    let run = released(&forge, "one", "wrong");
    let message = run.outcome("it").and_then(Outcome::why).expect("a reason").to_owned();
    assert!(message.ends_with("/releases/v1 answered 401: {\"message\":\"401 Unauthorized\"}"), "{message}");
}
