//! Releases and patches on a GitHub that refuses what the real one refuses.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use monkeyci_plugin_release::{Release, Repository, github};
use monkeyci_sdk::http::{Asked, Fake, Reply};
use monkeyci_sdk::prelude::*;
use monkeyci_sdk::scenario::Run;
use serde_json::{Value, json};

/// What is on the forge.
#[derive(Default)]
struct State {
    url: String,
    releases: Vec<Value>,
    assets: Vec<(u64, String, Vec<u8>)>,
    /// Texts by their paths; the number of its changes is its sha.
    files: Vec<(String, String, u64)>,
    /// How often a commit is refused, as if somebody had been faster.
    conflicts: usize,
    /// Whether a release is made while nobody sees it, as if an answer had been lost.
    races: bool,
    next: u64,
}

struct GitHub {
    fake: Fake,
    state: Arc<Mutex<State>>,
}

impl GitHub {
    fn new() -> Self {
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        let fake = Fake::serving(move |asked| shared.lock().expect("no panic").answer(asked));
        fake.url().clone_into(&mut state.lock().expect("no panic").url);
        Self { fake, state }
    }

    fn repository(&self) -> Repository {
        github("acme/web").base_url(self.fake.url())
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().expect("no panic"));
    }

    /// The names and texts of the assets.
    fn assets(&self) -> Vec<(String, String)> {
        let state = self.state.lock().expect("no panic");
        state
            .assets
            .iter()
            .map(|(_, name, bytes)| (name.clone(), String::from_utf8_lossy(bytes).into_owned()))
            .collect()
    }
}

fn error(status: u16, code: &str) -> Reply {
    Reply::json(status, &json!({ "message": "Validation Failed", "errors": [{ "resource": "Release", "code": code }] }))
}

impl State {
    fn answer(&mut self, asked: &Asked) -> Reply {
        if asked.header("authorization") != Some("Bearer t0ken") {
            return Reply::json(401, &json!({ "message": "Bad credentials" }));
        }
        if asked.header("accept") != Some("application/vnd.github+json") || asked.header("user-agent").is_none() {
            return Reply::json(415, &json!({ "message": "Unsupported 'Accept' header" }));
        }
        let (path, query) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match (asked.method.as_str(), parts.as_slice()) {
            ("GET", ["repos", "acme", "web", "releases", "tags", tag]) => match self.released(tag) {
                Some(release) => Reply::json(200, release),
                None => Reply::json(404, &json!({ "message": "Not Found" })),
            },
            ("POST", ["repos", "acme", "web", "releases"]) => self.make(&asked.json()),
            ("PATCH", ["repos", "acme", "web", "releases", id]) => {
                let found = self.releases.iter_mut().find(|release| release["id"].as_u64() == id.parse().ok());
                let Some(release) = found else { return Reply::status(404) };
                for key in ["name", "body", "prerelease"] {
                    release[key] = asked.json()[key].clone();
                }
                Reply::json(200, release)
            }
            ("GET", ["repos", "acme", "web", "releases", _, "assets"]) => {
                let assets: Vec<_> =
                    self.assets.iter().map(|(id, name, _)| json!({ "id": id, "name": name })).collect();
                Reply::json(200, &assets)
            }
            ("DELETE", ["repos", "acme", "web", "releases", "assets", id]) => {
                let before = self.assets.len();
                self.assets.retain(|(other, ..)| other.to_string() != **id);
                Reply::status(if self.assets.len() < before { 204 } else { 404 })
            }
            ("POST", ["uploads", _]) => {
                let Some(name) = query.strip_prefix("name=") else { return error(400, "missing_field") };
                if asked.header("content-type").is_none() || asked.header("content-length").is_none() {
                    return error(400, "missing_field");
                }
                if self.assets.iter().any(|(_, other, _)| other == name) {
                    return error(422, "already_exists");
                }
                self.next += 1;
                self.assets.push((self.next, name.to_owned(), asked.body.clone()));
                Reply::json(201, &json!({ "id": self.next, "name": name, "state": "uploaded" }))
            }
            ("GET", ["repos", "acme", "web", "contents", path @ ..]) => {
                let path = path.join("/");
                let Some((_, text, sha)) = self.files.iter().find(|(other, ..)| *other == path) else {
                    return Reply::status(404);
                };
                let mut content = STANDARD.encode(text);
                content.insert(content.len() / 2, '\n');
                Reply::json(200, &json!({ "encoding": "base64", "content": content, "sha": format!("sha-{sha}") }))
            }
            ("PUT", ["repos", "acme", "web", "contents", path @ ..]) => self.commit(&path.join("/"), &asked.json()),
            _ => Reply::status(404),
        }
    }

    fn released(&self, tag: &str) -> Option<&Value> {
        self.releases.iter().find(|release| release["tag_name"] == tag)
    }

    fn make(&mut self, body: &Value) -> Reply {
        let Some(tag) = body["tag_name"].as_str() else { return error(422, "missing_field") };
        if self.released(tag).is_some() {
            return error(422, "already_exists");
        }
        self.next += 1;
        let mut release = body.clone();
        release["id"] = self.next.into();
        release["html_url"] = format!("https://example.com/releases/{tag}").into();
        release["upload_url"] = format!("{}/uploads/{}{{?name,label}}", self.url, self.next).into();
        self.releases.push(release.clone());
        if std::mem::take(&mut self.races) { error(422, "already_exists") } else { Reply::json(201, &release) }
    }

    fn commit(&mut self, path: &str, body: &Value) -> Reply {
        let Some((_, text, sha)) = self.files.iter_mut().find(|(other, ..)| other == path) else {
            return Reply::status(404);
        };
        let same = body["sha"] == format!("sha-{sha}") && body["branch"] == "main" && body["message"].is_string();
        if self.conflicts > 0 || !same {
            self.conflicts = self.conflicts.saturating_sub(1);
            return Reply::json(409, &json!({ "message": "is at another sha" }));
        }
        let bytes = STANDARD.decode(body["content"].as_str().unwrap_or_default()).unwrap_or_default();
        (*text, *sha) = (String::from_utf8_lossy(&bytes).into_owned(), *sha + 1);
        Reply::json(200, &json!({ "commit": { "sha": format!("commit-{sha}") } }))
    }
}

fn ctx() -> Ctx {
    Ctx::on_tag("v1.2.0").param("github-token", "t0ken")
}

/// Runs a job, in a checkout with these files.
fn run(job: Job, ctx: &Ctx, files: &[(&str, &str)]) -> Run {
    let checkout = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let path = checkout.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("written");
    }
    Scenario::of(job).acting(ctx, checkout.path()).run()
}

fn message(run: &Run) -> String {
    let outcome = run.outcome("it").expect("it ran");
    outcome.why().or(outcome.answer().message.as_deref()).unwrap_or_default().to_owned()
}

fn release(github: &GitHub) -> Release {
    github.repository().release("it").changelog("CHANGELOG.md").asset("dist/*")
}

const CHANGELOG: (&str, &str) = ("CHANGELOG.md", "# 1.2.0\nNew.\n# 1.1.0\nOld.\n");

#[test]
fn a_release_is_made_once_and_then_brought_up_to_date() {
    let github = GitHub::new();
    let job = || release(&github).job(&ctx()).expect("a tag");
    let first = run(job(), &ctx(), &[CHANGELOG, ("dist/a.tar", "1"), ("dist/b c.tar", "1")]);
    assert!(first.succeeded(), "{first:?}");
    assert_eq!(message(&first), "v1.2.0 was released, with 2 files");
    assert_eq!(first.outcome("it").expect("it ran").answer().values["release"], "https://example.com/releases/v1.2.0");

    let again = run(job(), &ctx(), &[("CHANGELOG.md", "# 1.2.0\nBetter.\n"), ("dist/a.tar", "2")]);
    assert_eq!(message(&again), "v1.2.0 was brought up to date, with 1 files");
    let assets = github.assets();
    assert_eq!(assets, [("b%20c.tar", "1"), ("a.tar", "2")].map(|(name, text)| (name.to_owned(), text.to_owned())));
    github.change(|state| {
        assert_eq!(state.releases.len(), 1);
        assert_eq!((&state.releases[0]["body"], &state.releases[0]["name"]), (&json!("Better."), &json!("v1.2.0")));
    });
}

#[test]
fn a_release_that_somebody_else_makes_meanwhile_is_taken_over() {
    let github = GitHub::new();
    github.change(|state| state.races = true);
    let job = github.repository().release("it").notes("Here.").prerelease().title("One").job(&ctx()).expect("a tag");
    let played = run(job, &ctx(), &[]);
    assert_eq!(message(&played), "v1.2.0 was brought up to date, with 0 files");
    github.change(|state| assert_eq!(state.releases[0]["prerelease"], true));
}

#[test]
fn nothing_is_shown_to_people_before_all_that_can_fail_here_has_not() {
    let github = GitHub::new();
    let job = || release(&github).job(&ctx()).expect("a tag");
    for (ctx, files, why) in [
        (ctx(), &[CHANGELOG][..], "no file fits `dist/*`"),
        (ctx(), &[("CHANGELOG.md", "# 1.1.0\n"), ("dist/a", "")], "`CHANGELOG.md` has no heading with `1.2.0`"),
        (Ctx::on_tag("v1.2.0"), &[CHANGELOG, ("dist/a", "")], "this build has no param `github-token`"),
        (
            ctx().param("github-token", "wrong"),
            &[CHANGELOG, ("dist/a", "")],
            "answered 401: {\"message\":\"Bad credentials\"}",
        ),
    ] {
        let played = run(job(), &ctx, files);
        assert!(!played.succeeded() && message(&played).contains(why), "{}", message(&played));
    }
    github.change(|state| assert!(state.releases.is_empty()));
    assert!(release(&github).job(&Ctx::on_branch("main")).is_none());
}

#[test]
fn commits_since_the_last_tag_are_notes() {
    let github = GitHub::new();
    let checkout = tempfile::tempdir().expect("a folder");
    let git = "git init -q && git config user.email a@example.com && git config user.name a \
               && for n in 1 2 3; do git commit -q --allow-empty -m \"change $n\"; [ $n -gt 1 ] || git tag v1; done";
    sh(git).dir(checkout.path()).run().expect("git");
    let job = github.repository().release("it").commits().job(&ctx()).expect("a tag");
    let played = Scenario::of(job).acting(&ctx(), checkout.path()).run();
    assert!(played.succeeded(), "{played:?}");
    github.change(|state| {
        let body = state.releases[0]["body"].as_str().expect("a text").to_owned();
        let subjects: Vec<_> = body.lines().map(|line| line.split(" (").next().unwrap_or_default()).collect();
        assert_eq!(subjects, ["- change 3", "- change 2"]);
    });
}

#[test]
fn a_patch_commits_what_changes_also_when_somebody_was_faster() {
    let github = GitHub::new();
    github.change(|state| {
        state.files = vec![("api/VERSION".into(), "1".into(), 7), ("gui/VERSION".into(), "2".into(), 1)];
        state.conflicts = 2;
    });
    let patch = github.repository().patch("it").message("Version 2");
    let job = patch.file("api/VERSION", |_| "2".into()).file("gui/VERSION", |_| "2".into()).job();
    let played = run(job, &ctx(), &[]);
    assert!(played.succeeded(), "{played:?}");
    assert_eq!(message(&played), "changed 1 of 2 files of acme/web");
    github.change(|state| assert_eq!((state.files[0].1.as_str(), state.files[1].2), ("2", 1)));

    github.change(|state| state.conflicts = 9);
    let job = github.repository().patch("it").file("api/VERSION", |old| format!("{old}!")).job();
    assert!(message(&run(job, &ctx(), &[])).contains("answered 409"));
    let job = github.repository().patch("it").file("none", str::to_owned).job();
    assert!(message(&run(job, &ctx(), &[])).contains("/contents/none answered 404"));
}
