//! Pull requests of forks: whose script runs, and who lets theirs run.

use axum::body::Body;
use http::{Method, Request, header};
use serde_json::{Value, json};

use super::house::{House, git};

const BUILDS: &str = "/v1/orgs/acme/repos/web/builds";

/// A delivery of a pull request of a fork with this newest commit; the build that follows from it.
pub async fn opened(house: &House, hook: &Value, id: &str, commit: &str) -> Value {
    let path = hook["url"].as_str().and_then(|url| url.strip_prefix("https://ci.example.com")).expect("a path");
    let body = json!({
        "action": "synchronize", "number": 7,
        "pull_request": {
            "number": 7, "title": "a gift", "user": { "login": "eve" },
            "head": { "ref": "main", "sha": commit, "repo": { "id": 66, "full_name": "eve/web" } },
            "base": { "ref": "main", "sha": "0".repeat(40), "repo": { "id": 1, "full_name": "acme/web" } },
        },
        "repository": { "id": 1, "full_name": "acme/web", "default_branch": "main" },
        "sender": { "login": "eve" },
    });
    let body = body.to_string();
    let mac = hmac_sha256::HMAC::mac(body.as_bytes(), hook["secret"].as_str().expect("a secret").as_bytes());
    let hex: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json")
        .header("x-github-event", "pull_request")
        .header("x-github-delivery", id)
        .header("x-hub-signature-256", format!("sha256={hex}"));
    house.send(request.body(Body::from(body)).expect("a request")).await.must(202);
    let all = "/v1/orgs/acme/repos/web/hooks/github/deliveries";
    let of =
        |page: &Value| page["items"].as_array().and_then(|all| all.iter().find(|one| one["forgeId"] == id).cloned());
    let is_built = |page: &Value| {
        let items = page["items"].as_array().map(Vec::as_slice).unwrap_or_default();
        !items.is_empty() && items.iter().all(|one| one["state"] == "built" || one["state"] == "ignored")
    };
    let page = house.until(all, is_built).await;
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
    let job = &build["jobs"][0];
    assert!(job["result"]["message"].to_string().contains("of a fork"), "no plain process, whatever is allowed: {job}");

    let number = build["number"].as_u64().expect("a number");
    let approve = format!("{BUILDS}/{number}/approve-script");
    for role in ["viewer", "developer"] {
        let token = house.token_of(role).await;
        house.ask(Some(&token), Method::POST, &approve, Some(json!({}))).await.must(403);
    }
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

    let other = push(&house, "worse");
    let build = opened(&house, &hook, "d-2", &other).await;
    assert_eq!(ids(&build), ["ours"], "another commit needs another approval");
    let push = house.post(BUILDS, json!({ "branch": "main" })).await.must(201).json();
    let push = house.ended(push["number"].as_u64().expect("a number")).await;
    let number = push["number"].as_u64().expect("a number");
    house.post(&format!("{BUILDS}/{number}/approve-script"), json!({})).await.must(409);
}
