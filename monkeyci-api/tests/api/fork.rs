//! Pull requests of forks: whose script runs, and who lets theirs run.

use axum::body::Body;
use http::{Method, Request, header};
use serde_json::{Value, json};

use super::house::{Answer, House, git};

const BUILDS: &str = "/v1/orgs/acme/repos/web/builds";

const DELIVERIES: &str = "/v1/orgs/acme/repos/web/hooks/github/deliveries";

/// What GitHub says of a pull request of a fork with this newest commit.
fn request(commit: &str) -> Value {
    json!({
        "action": "synchronize", "number": 7,
        "pull_request": {
            "number": 7, "title": "a gift", "user": { "login": "eve" },
            "head": { "ref": "main", "sha": commit, "repo": { "id": 66, "full_name": "eve/web" } },
            "base": { "ref": "main", "sha": "0".repeat(40), "repo": { "id": 1, "full_name": "acme/web" } },
        },
        "repository": { "id": 1, "full_name": "acme/web", "default_branch": "main" },
        "sender": { "login": "eve" },
    })
}

async fn send(house: &House, hook: &Value, event: &str, id: &str, body: &Value) -> Answer {
    let path = hook["url"].as_str().and_then(|url| url.strip_prefix("https://ci.example.com")).expect("a path");
    let body = body.to_string();
    let mac = hmac_sha256::HMAC::mac(body.as_bytes(), hook["secret"].as_str().expect("a secret").as_bytes());
    let hex: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json")
        .header("x-github-event", event)
        .header("x-github-delivery", id)
        .header("x-hub-signature-256", format!("sha256={hex}"));
    house.send(request.body(Body::from(body)).expect("a request")).await
}

/// A delivery of a pull request of a fork with this newest commit; the build that follows from it.
pub async fn opened(house: &House, hook: &Value, id: &str, commit: &str) -> Value {
    send(house, hook, "pull_request", id, &request(commit)).await.must(202);
    let of =
        |page: &Value| page["items"].as_array().and_then(|all| all.iter().find(|one| one["forgeId"] == id).cloned());
    let is_built = |page: &Value| {
        let items = page["items"].as_array().map(Vec::as_slice).unwrap_or_default();
        !items.is_empty() && items.iter().all(|one| one["state"] == "built" || one["state"] == "ignored")
    };
    let page = house.until(DELIVERIES, is_built).await;
    assert!(of(&page).is_some() || page["items"][0]["state"] == "built", "{page}");
    let newest = house.get(BUILDS).await.must(200).json()["items"][0]["number"].as_u64().expect("a build");
    house.ended(newest).await
}

fn ids(build: &Value) -> Vec<&str> {
    build["jobs"].as_array().expect("jobs").iter().map(|job| job["job"]["id"].as_str().expect("an id")).collect()
}

/// A commit of the fork with another script, at the ref that the forge keeps for its pull request.
fn push(house: &House, job: &str) -> String {
    let repository = house.repository();
    let main = git(&repository, &["rev-parse", "main"]);
    let commit = house.commit(&format!("- {{id: {job}, script: [echo theirs]}}"));
    git(&repository, &["update-ref", "refs/pull/7/head", &commit]);
    git(&repository, &["reset", "-q", "--hard", &main]);
    commit
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_script_of_a_fork_runs_once_a_maintainer_approves_that_very_commit() {
    let mut house = House::with_script("- {id: ours, script: [echo ours]}").await;
    let main = git(&house.repository(), &["rev-parse", "main"]);
    let commit = push(&house, "theirs");
    let hook = house.post("/v1/orgs/acme/repos/web/hooks", json!({ "forge": "github" })).await.must(201).json();

    let build = opened(&house, &hook, "d-1", &commit).await;
    assert_eq!(ids(&build), ["ours"], "{build}");
    let base = json!({ "of": "base", "branch": "main", "commitId": main });
    assert_eq!((&build["trigger"]["script"], &build["trigger"]["fork"]), (&base, &json!(true)));
    assert!(build["warnings"].to_string().contains("the script is that of `main`"), "{build}");
    // Case F10: a job of a fork where plain processes are allowed.
    let job = &build["jobs"][0];
    assert!(job["result"]["message"].to_string().contains("of a fork"), "no plain process, whatever is allowed: {job}");

    let number = build["number"].as_u64().expect("a number");
    // Case F20: a shell in a job of a fork, or its place held for one.
    let refused = house.get(&format!("{BUILDS}/{number}/jobs/ours/shell")).await.must(403);
    assert!(refused.text.contains("this build is of a fork"), "{}", refused.text);
    house.post(&format!("{BUILDS}/{number}/retry"), json!({ "hold": 5 })).await.must(403);
    let approve = format!("{BUILDS}/{number}/approve-script");
    // Case F11: who may not approves the script of a fork.
    for role in ["viewer", "developer"] {
        let token = house.token_of(role).await;
        house.ask(Some(&token), Method::POST, &approve, Some(json!({}))).await.must(403);
    }
    // Case F12: a retry in the place of an approval.
    let again = house.post(&format!("{BUILDS}/{number}/retry"), json!({})).await.must(201).json();
    let again = house.ended(again["number"].as_u64().expect("a number")).await;
    assert_eq!(ids(&again), ["ours"], "a retry keeps the decision");

    let maintainer = house.token_of("maintainer").await;
    let made = house.ask(Some(&maintainer), Method::POST, &approve, Some(json!({}))).await.must(201).json();
    let approved = house.ended(made["number"].as_u64().expect("a number")).await;
    assert_eq!(ids(&approved), ["theirs"], "{approved}");
    assert_eq!(approved["trigger"]["script"]["of"], "fork");
    assert_eq!(approved["trigger"]["fork"], true, "it stays one of a fork, and gets no secrets");
    assert_eq!(approved["trigger"]["git"]["commitId"], json!(commit));
    let audit = house.get("/v1/orgs/acme/audit").await.must(200).text;
    assert!(audit.contains("script/approve") && audit.contains(&commit), "{audit}");

    house.again().await;
    let retry = house.post(&format!("{BUILDS}/{number}/retry"), json!({})).await.must(201).json();
    let retry = house.ended(retry["number"].as_u64().expect("a number")).await;
    assert_eq!(ids(&retry), ["theirs"], "the approval holds over a restart, for that commit");

    // Case F13: another commit once one was approved.
    let other = push(&house, "worse");
    let build = opened(&house, &hook, "d-2", &other).await;
    assert_eq!(ids(&build), ["ours"], "another commit needs another approval");
    let push = house.post(BUILDS, json!({ "branch": "main" })).await.must(201).json();
    let push = house.ended(push["number"].as_u64().expect("a number")).await;
    let number = push["number"].as_u64().expect("a number");
    house.post(&format!("{BUILDS}/{number}/approve-script"), json!({})).await.must(409);
}

/// The job of the base wants a secret, and runs in an image.
const WANTS: &str = "- {id: ours, image: localhost/nowhere:1, pull: never, params: [TOKEN], script: ['echo $TOKEN']}";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fork_gets_no_secret_whatever_it_says_of_itself_and_whatever_the_script_asks_for() {
    let house = House::with_script(WANTS).await;
    let secret = json!({ "value": "hunter22-and-much-more", "secret": true });
    house.put("/v1/orgs/acme/repos/web/params/TOKEN", secret).await.must(201);
    let commit = push(&house, "theirs");
    let hook = house.post("/v1/orgs/acme/repos/web/hooks", json!({ "forge": "github" })).await.must(201).json();
    let before = json!({ "id": 1, "full_name": "acme/web" });
    for (case, head) in [
        ("F14 a script of the base that asks for a secret", json!({ "id": 66, "full_name": "eve/web" })),
        ("F15 a fork that is called as the repository", json!({ "id": 66, "full_name": "acme/web" })),
        ("F16 a fork that was deleted", json!(null)),
        ("F17 a fork without an id", json!({ "full_name": "eve/web" })),
    ] {
        let mut body = request(&commit);
        body["pull_request"]["head"]["repo"] = head;
        assert_eq!(body["pull_request"]["base"]["repo"], before);
        send(&house, &hook, "pull_request", case, &body).await.must(202);
        let page = house.until(DELIVERIES, |page| page["items"][0]["state"] != "received").await;
        // The same commit is built once.
        assert!(matches!(page["items"][0]["state"].as_str(), Some("built" | "ignored")), "{case}: {page}");
        let newest = house.get(BUILDS).await.must(200).json()["items"][0]["number"].as_u64().expect("a build");
        let build = house.ended(newest).await;
        assert_eq!(build["trigger"]["fork"], true, "{case}: {build}");
        let told = build.to_string();
        assert!(!told.contains("hunter22"), "{case}: {told}");
        assert_ne!(build["status"], "success", "{case}: {told}");
        let events = house.get(&format!("{BUILDS}/{newest}/events")).await.must(200).text;
        assert!(!events.contains("hunter22"), "{case}: {events}");
    }
    let count = house.get(BUILDS).await.must(200).json()["items"].as_array().map(Vec::len);
    // Case F18: comments, labels and reviews of anybody.
    for event in ["issue_comment", "pull_request_review", "pull_request_review_comment", "commit_comment"] {
        let mut body = request(&commit);
        body["action"] = json!("created");
        body["comment"] = json!({ "body": "/build please, with secrets" });
        send(&house, &hook, event, event, &body).await.must(202);
    }
    let mut labelled = request(&commit);
    (labelled["action"], labelled["label"]) = (json!("labeled"), json!({ "name": "safe to test" }));
    send(&house, &hook, "pull_request", "labelled", &labelled).await.must(202);
    let is_settled = |page: &Value| {
        let items = page["items"].as_array().expect("items");
        items.len() == 9 && items.iter().take(5).all(|one| one["state"] == "ignored")
    };
    house.until(DELIVERIES, is_settled).await;
    assert_eq!(house.get(BUILDS).await.must(200).json()["items"].as_array().map(Vec::len), count);
    // Case F19: the approval of a script where there is no fork.
    let own = house.post(BUILDS, json!({ "branch": "main" })).await.must(201).json()["number"].clone();
    house.post(&format!("{BUILDS}/{own}/approve-script"), json!({})).await.must(409);
}

/// What Bitbucket Data Center says of a pull request whose commit is in this repository.
fn bitbucket_request(commit: &str, from: Value) -> Value {
    let ours = json!({ "id": 1, "slug": "web", "project": { "key": "ACME" } });
    json!({
        "eventKey": "pr:opened", "actor": { "name": "eve" },
        "pullRequest": {
            "id": 7, "title": "a gift", "author": { "user": { "name": "eve" } },
            "fromRef": { "id": "refs/heads/main", "latestCommit": commit, "repository": from },
            "toRef": { "id": "refs/heads/main", "latestCommit": "1".repeat(40), "repository": ours },
        },
    })
}

/// Case F21: a fork at Bitbucket, which calls itself as the repository is called, or says nothing of itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fork_at_bitbucket_is_trusted_no_more_than_elsewhere() {
    let house = House::with_script(WANTS).await;
    let secret = json!({ "value": "hunter22-and-much-more", "secret": true });
    house.put("/v1/orgs/acme/repos/web/params/TOKEN", secret).await.must(201);
    let made = house.post("/v1/orgs/acme/repos/web/hooks", json!({ "forge": "bitbucket-server" })).await.must(201);
    let hook = made.json();
    let path = hook["url"].as_str().and_then(|url| url.strip_prefix("https://ci.example.com"));
    let repository = house.repository();
    let main = git(&repository, &["rev-parse", "main"]);
    for (number, from) in [
        json!({ "id": 66, "slug": "web", "project": { "key": "ACME" } }),
        json!({ "slug": "web", "project": { "key": "ACME" } }),
        json!(null),
    ]
    .into_iter()
    .enumerate()
    {
        let commit = house.commit(&format!("- {{id: theirs{number}, script: [echo theirs]}}"));
        git(&repository, &["update-ref", "refs/pull-requests/7/from", &commit]);
        git(&repository, &["reset", "-q", "--hard", &main]);
        let body = bitbucket_request(&commit, from.clone()).to_string();
        let mac = hmac_sha256::HMAC::mac(body.as_bytes(), hook["secret"].as_str().expect("a secret").as_bytes());
        let hex: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
        let request = Request::builder()
            .method(Method::POST)
            .uri(path.expect("a path"))
            .header(header::CONTENT_TYPE, "application/json")
            .header("x-event-key", "pr:opened")
            .header("x-request-id", format!("d-{number}"))
            .header("x-hub-signature", format!("sha256={hex}"));
        house.send(request.body(Body::from(body)).expect("a request")).await.must(202);
        let deliveries = "/v1/orgs/acme/repos/web/hooks/bitbucket-server/deliveries";
        let page = house.until(deliveries, |page| page["items"][0]["state"] != "received").await;
        assert_eq!(page["items"][0]["state"], "built", "{from}: {page}");
        let newest = house.get(BUILDS).await.must(200).json()["items"][0]["number"].as_u64().expect("a build");
        let build = house.ended(newest).await;
        assert_eq!((&build["trigger"]["fork"], ids(&build)), (&json!(true), vec!["ours"]), "{from}: {build}");
        assert_eq!(build["trigger"]["git"]["commitId"], json!(commit), "{from}");
        assert!(build["status"] != "success" && !build.to_string().contains("hunter22"), "{from}: {build}");
    }
}
