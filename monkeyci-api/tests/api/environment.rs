use http::Method;
use serde_json::{Value, json};

use super::house::House;

const REPO: &str = "/v1/orgs/acme/repos/web";
const LIVE: &str = "/v1/orgs/acme/repos/web/environments/live";
const BUILDS: &str = "/v1/orgs/acme/repos/web/builds";

fn job(number: u64, job: &str) -> String {
    format!("{BUILDS}/{number}/jobs/{job}")
}

fn message(build: &Value) -> &str {
    build["message"].as_str().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_of_an_environment_waits_for_an_approver_over_a_restart_and_tells_who_it_was() {
    let mut house =
        House::with_script("- {id: ship, environment: live, script: ['test \"$MONKEYCI_ENVIRONMENT\" = live']}").await;
    house.put(LIVE, json!({ "approverRole": "maintainer", "refs": ["main"] })).await.must(201);
    let developer = house.token_of("developer").await;
    house.post(BUILDS, json!({})).await.must(201);
    house.until(&job(1, "ship"), |job| job["status"] == "blocked").await;
    house.again().await;
    house.until(&job(1, "ship"), |job| job["status"] == "blocked").await;

    let approve = format!("{}/approve", job(1, "ship"));
    let refused = house.ask(Some(&developer), Method::POST, &approve, Some(json!({}))).await.must(403).json();
    let detail = "jobs of the environment `live` are approved by who has the role `maintainer`";
    assert_eq!(refused["detail"], detail, "{refused}");
    assert_eq!(house.get(&job(1, "ship")).await.json()["status"], "blocked");

    // Who is named approves, whatever the role of others.
    house.put("/v1/orgs/acme/members/zoe", json!({ "role": "developer" })).await.must(200);
    house.put(LIVE, json!({ "approvers": ["zoe"] })).await.must(200);
    let refused = house.post(&approve, json!({})).await.must(403).json();
    assert_eq!(refused["detail"], "jobs of the environment `live` are approved by `zoe`", "{refused}");
    // Who caused the build does not approve it, where somebody else is asked for.
    house.put(LIVE, json!({ "approvers": ["zoe", "admin"], "preventSelf": true })).await.must(200);
    let refused = house.post(&approve, json!({})).await.must(403).json();
    let detail = "jobs of the environment `live` are approved by somebody else than who caused the build";
    assert_eq!(refused["detail"], detail, "{refused}");
    let alone = house.put(LIVE, json!({ "preventSelf": true })).await.must(422).json();
    assert_eq!(alone["errors"][0]["pointer"], "/preventSelf", "{alone}");
    house.put(LIVE, json!({ "approvers": ["zoe", "admin"] })).await.must(200);
    house.ask(Some(&developer), Method::POST, &approve, Some(json!({}))).await.must(202);

    let ended = house.ended(1).await;
    assert_eq!(ended["status"], "success", "{ended}");
    let deployments = house.get(&format!("{LIVE}/deployments")).await.must(200).json();
    let first = &deployments["items"][0];
    assert_eq!((&first["job"], &first["number"], &first["status"]), (&json!("ship"), &json!(1), &json!("success")));
    assert_eq!((&first["approver"], &first["ref"]), (&json!("admin"), &json!("refs/heads/main")), "{deployments}");
    let audit = house.get("/v1/orgs/acme/audit").await.must(200).json();
    let rows = audit["items"].as_array().expect("rows");
    let approved = rows.iter().find(|row| row["action"] == "job/approve").expect("it is written down");
    assert_eq!((&approved["actor"], &approved["details"]["environment"]), (&json!("admin"), &json!("live")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_build_of_another_ref_or_of_a_commit_that_somebody_named_has_no_job_of_it() {
    let house = House::with_script("- {id: ship, environment: live, script: ['true']}").await;
    let commit = super::house::git(&house.repository(), &["rev-parse", "HEAD"]);
    super::house::git(&house.repository(), &["branch", "other"]);
    house.post(BUILDS, json!({})).await.must(201);
    let ended = house.ended(1).await;
    assert_eq!(ended["status"], "failure", "{ended}");
    assert!(message(&ended).contains("the environment `live`, which `acme/web` has not (it has none)"), "{ended}");

    house.put(LIVE, json!({ "refs": ["main"] })).await.must(201);
    for (number, body, why) in [
        (2, json!({ "branch": "other" }), "the build is of `refs/heads/other`, and builds of `main` alone have it"),
        (3, json!({ "branch": "main", "commit": commit }), "named a commit, which may be of any branch"),
    ] {
        house.post(BUILDS, body).await.must(201);
        let ended = house.ended(number).await;
        assert_eq!(ended["status"], "failure", "{ended}");
        assert!(message(&ended).contains(why), "{ended}");
        assert_eq!(ended["jobs"], json!([]), "nothing of it runs");
    }
    // What a retry builds was named as well, or was not.
    house.post(&format!("{BUILDS}/3/retry"), json!({})).await.must(201);
    assert!(message(&house.ended(4).await).contains("named a commit"));
    house.post(BUILDS, json!({ "branch": "main" })).await.must(201);
    assert_eq!(house.ended(5).await["status"], "success");
    house.post(&format!("{BUILDS}/5/retry"), json!({})).await.must(201);
    assert_eq!(house.ended(6).await["status"], "success");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_job_at_a_time_holds_it_over_all_builds_and_over_a_restart() {
    let script = "- {id: ship, environment: live, script: ['until test -e \"$GO\"; do sleep 0.05; done']}";
    let mut house = House::with_script(script).await;
    let go = house.dir.path().join("go");
    house.put(LIVE, json!({})).await.must(201);
    house.put(&format!("{LIVE}/params/GO"), json!({ "value": go.display().to_string() })).await.must(201);
    house.post(BUILDS, json!({})).await.must(201);
    house.until(&job(1, "ship"), |job| job["status"] == "running").await;
    house.post(BUILDS, json!({})).await.must(201);
    let waits = |job: &Value| job["waiting"] == "another job of concurrency group `environment/live` runs";
    house.until(&job(2, "ship"), waits).await;
    house.again().await;
    house.until(&job(2, "ship"), waits).await;
    assert_eq!(house.get(&job(1, "ship")).await.json()["status"], "running");
    std::fs::write(&go, "").expect("writes");
    let (one, two) = (house.ended(1).await, house.ended(2).await);
    assert_eq!((&one["status"], &two["status"]), (&json!("success"), &json!("success")), "{two}");
    let started = two["jobs"][0]["started"].as_i64().expect("it ran");
    assert!(started >= one["jobs"][0]["ended"].as_i64().expect("it ended"), "{one} {two}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_params_are_for_its_jobs_alone_whatever_a_script_says() {
    let script = r#"
- {id: ship, environment: live, params: [REGION], script: ['test "$REGION${#TOKEN}" = eu16', 'echo "$TOKEN"']}
- {id: look, params: [REGION], script: ['test "$REGION" = us', 'test -z "$TOKEN"']}
"#;
    let mut house = House::with_script(script).await;
    let hidden = "hunter22-of-live";
    house.put(LIVE, json!({ "exclusive": false })).await.must(201);
    house.put(&format!("{REPO}/params/REGION"), json!({ "value": "us" })).await.must(201);
    house.put(&format!("{LIVE}/params/REGION"), json!({ "value": "eu" })).await.must(201);
    house.put(&format!("{LIVE}/params/TOKEN"), json!({ "value": hidden, "secret": true })).await.must(201);
    house.again().await;
    house.post(BUILDS, json!({})).await.must(201);
    let ended = house.ended(1).await;
    assert_eq!(ended["status"], "success", "{ended}");
    assert!(!ended.to_string().contains(hidden), "{ended}");
    assert_eq!(ended["jobs"][0]["job"]["env"]["TOKEN"], json!([{ "secret": "acme/web:live/TOKEN@1" }]), "{ended}");
    assert_eq!(ended["trigger"]["params"], json!({ "REGION": "us" }), "{ended}");
    let log = house.get(&format!("{}/attempts/1/log", job(1, "ship"))).await.must(200).text;
    assert!(!log.contains(hidden), "{log}");
    let effective = house.get(&format!("{REPO}/effective-params")).await.must(200).text;
    assert!(!effective.contains("TOKEN"), "{effective}");

    // They go with it or with its repository, and another of the same name has none of them.
    let shown = house.get(REPO).await.must(200).json();
    house.delete(REPO).await.must(204);
    house.put(REPO, json!({ "url": shown["url"] })).await.must(201);
    house.put(LIVE, json!({})).await.must(201);
    assert_eq!(house.get(&format!("{LIVE}/params")).await.must(200).json()["items"], json!([]));
    house.put(&format!("{LIVE}/params/REGION"), json!({ "value": "eu" })).await.must(201);
    house.delete(LIVE).await.must(204);
    house.put(LIVE, json!({})).await.must(201);
    assert_eq!(house.get(&format!("{LIVE}/params")).await.must(200).json()["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_environment_is_an_object_like_others_and_says_what_is_wrong_with_it() {
    let house = House::with_script("[]").await;
    house.put(&format!("{LIVE}/params/REGION"), json!({ "value": "eu" })).await.must(404);
    let made = house.put(LIVE, json!({ "refs": ["main"] })).await.must(201);
    assert_eq!(made.headers["etag"], "\"1\"");
    assert_eq!(made.json()["exclusive"], true);
    assert_eq!(house.put(LIVE, json!({ "refs": ["main"] })).await.must(200).json()["revision"], 1);
    assert_eq!(house.put(LIVE, json!({ "exclusive": false })).await.must(200).json()["revision"], 2);
    for (body, pointer) in [
        (json!({ "approvers": ["admin", "nobody-here"] }), "/approvers/1"),
        (json!({ "approverRole": "viewer" }), "/approverRole"),
        (json!({ "refs": ["main", "["] }), "/refs/1"),
        (json!({ "approver": [] }), "/approver"),
    ] {
        let refused = house.put(LIVE, body).await.must(422).json();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
    }
    house.put(&format!("{REPO}/environments/a%3Ab"), json!({})).await.must(400);
    house.get(&format!("{LIVE}/deployments?cursor=nonsense")).await.must(400);
    house.delete(LIVE).await.must(204);
    house.delete(LIVE).await.must(404);
    house.get(&format!("{LIVE}/deployments")).await.must(404);
}
