use serde_json::json;

use super::house::{House, git};

/// A server with a repository that has no script.
async fn without_script() -> House {
    let house = House::with_script("[]").await;
    let repository = house.repository();
    git(&repository, &["rm", "-q", "-r", ".monkeyci"]);
    std::fs::create_dir_all(repository.join(".github/workflows")).expect("a folder");
    std::fs::write(repository.join(".github/workflows/ci.yml"), "on: push").expect("writes");
    git(&repository, &["add", "-A"]);
    git(&repository, &["commit", "-q", "-m", "no script"]);
    house
}

fn job(line: &str) -> serde_json::Value {
    json!({ "script": { "jobs": [{ "id": "test", "script": [line] }] } })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repository_without_a_script_runs_the_revision_that_was_there_when_its_build_began() {
    let mut house = without_script().await;
    let builds = "/v1/orgs/acme/repos/web/builds";
    house.post(builds, json!({})).await.must(201);
    let ended = house.ended(1).await;
    assert_eq!(ended["status"], "failure", "{ended}");

    let pipeline = "/v1/orgs/acme/pipelines/main";
    let blocked = json!({ "script": [
        { "id": "wait", "blocked": true, "script": ["true"] },
        { "id": "after", "dependencies": ["wait"], "script": ["echo one"] },
    ]});
    house.put(pipeline, blocked).await.must(201);
    house.post(builds, json!({})).await.must(201);
    house.until(&format!("{builds}/2"), |build| build["status"] == "blocked").await;
    house.put(pipeline, job("exit 7")).await.must(200);
    house.delete(pipeline).await.must(204);
    house.again().await;
    house.post(&format!("{builds}/2/jobs/wait/approve"), json!({})).await.must(202);
    let ended = house.ended(2).await;
    assert_eq!((&ended["status"], &ended["pipeline"]), (&json!("success"), &json!("main@1")), "{ended}");
    let warning = ended["warnings"][0].as_str().expect("a warning");
    assert!(warning.contains("`main@1`") && warning.contains(".github/workflows/ci.yml"), "{warning}");
    let started = house.get(&format!("{builds}/2/events")).await.must(200).text;
    assert!(started.contains(r#""pipeline":"main@1""#), "{started}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_script_of_a_checkout_comes_first_and_a_pipeline_that_names_the_repository_before_others() {
    let house = without_script().await;
    let (web, builds) = ("/v1/orgs/acme/repos/web", "/v1/orgs/acme/repos/web/builds");
    let url = format!("file://{}", house.repository().display());
    house.put(web, json!({ "url": url, "labels": { "team": "shop" } })).await.must(200);
    for (name, body) in [
        ("a-other", json!({ "labelFilters": [{ "team": "pay" }], "script": [] })),
        ("b-labels", json!({ "labelFilters": [{ "team": "shop" }], "script": [{ "id": "x", "script": ["true"] }] })),
        ("c-repo", json!({ "repo": "web", "script": [{ "id": "x", "script": ["true"] }] })),
    ] {
        house.put(&format!("/v1/orgs/acme/pipelines/{name}"), body).await.must(201);
    }
    house.post(builds, json!({})).await.must(201);
    assert_eq!(house.ended(1).await["pipeline"], "c-repo@1");
    house.delete("/v1/orgs/acme/pipelines/c-repo").await.must(204);
    house.post(builds, json!({})).await.must(201);
    assert_eq!(house.ended(2).await["pipeline"], "b-labels@1");

    std::fs::create_dir_all(house.repository().join(".monkeyci")).expect("a folder");
    house.commit("- {id: own, script: ['true']}");
    house.post(builds, json!({})).await.must(201);
    let ended = house.ended(3).await;
    assert_eq!((&ended["status"], ended.get("pipeline")), (&json!("success"), None), "{ended}");
    assert_eq!(ended["jobs"][0]["job"]["id"], "own");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_field_that_is_wrong_is_told_by_its_pointer() {
    let house = House::with_script("[]").await;
    let pipeline = "/v1/orgs/acme/pipelines/main";
    let wrong = json!({ "script": { "jobs": [
        { "id": "test", "scirpt": ["ls"] },
        { "id": "build", "script": ["ls"], "timeout": "soon", "dependencies": ["tset"] },
    ]}});
    let refused = house.put(pipeline, wrong).await.must(422).json();
    let pointers: Vec<_> =
        refused["errors"].as_array().expect("errors").iter().map(|error| error["pointer"].clone()).collect();
    for pointer in ["/script/jobs/0/scirpt", "/script/jobs/1/timeout", "/script/jobs/1/dependencies/0"] {
        assert!(pointers.contains(&json!(pointer)), "{pointer} is not in {refused}");
    }
    for (body, pointer) in [
        (json!({ "repo": "nowhere", "script": [] }), "/repo"),
        (json!({ "repo": "web", "labelFilters": [{ "a": "b" }], "script": [] }), "/labelFilters"),
        (json!({ "script": 7 }), "/script"),
        (json!({ "script": [{ "id": "a", "script": ["x".repeat(300_000)] }] }), "/script"),
    ] {
        let refused = house.put(pipeline, body).await.must(422).json();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
    }
    house.get(pipeline).await.must(404);
}
