//! Who may open a shell in a job, and when; what passes through one is told by stories of the program.

use http::Method;
use serde_json::json;

use super::house::House;

const WEB: &str = "/v1/orgs/acme/repos/web";

const SCRIPT: &str = "\
- {id: bad, script: [exit 1]}
- {id: long, script: [sleep 300]}
- {id: late, dependencies: [long], script: [echo late]}
";

/// A server whose first build has a job that runs, one that has failed and one that waits.
async fn house() -> House {
    let house = House::with_script(SCRIPT).await;
    house.post(&format!("{WEB}/builds"), json!({})).await.must(201);
    for (job, status) in [("long", "running"), ("bad", "failure")] {
        house.until(&format!("{WEB}/builds/1/jobs/{job}"), |shown| shown["status"] == status).await;
    }
    house
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_or_asks_for_what_cannot_be_hears_why() {
    let house = house().await;
    let at = |job: &str, query: &str| format!("{WEB}/builds/1/jobs/{job}/shell{query}");
    for (job, query, status, told) in [
        ("long", "", 426, "this is a WebSocket"),
        ("long", "?shell=", 400, "`shell` is the path of one"),
        ("long", "?shell=%00", 400, "`shell` is the path of one"),
        ("long", "?term=a%20b", 400, "`term` is the name of a kind of screen"),
        ("long", "?rows=70000", 400, "the query"),
        ("bad", "", 409, "--hold 30"),
        ("late", "", 409, "it is pending"),
        ("none", "", 404, "no such job"),
    ] {
        let answer = house.get(&at(job, query)).await.must(status);
        assert!(answer.text.contains(told), "{job}{query}: {}", answer.text);
    }
    let developer = house.token_of("developer").await;
    let refused = house.ask(Some(&developer), Method::GET, &at("long", ""), None).await.must(403);
    assert!(refused.text.contains("needs the role `maintainer`"), "{}", refused.text);

    // Each of them can say that there are none.
    let url = house.get(WEB).await.json()["url"].clone();
    house.put(WEB, json!({ "url": url, "noShells": true })).await.must(200);
    let refused = house.get(&at("long", "")).await.must(403);
    assert!(refused.text.contains("the repository has set"), "{}", refused.text);
    house.put(WEB, json!({ "url": url })).await.must(200);
    assert_eq!(house.put("/v1/orgs/acme", json!({ "noShells": true })).await.must(200).json()["noShells"], true);
    let refused = house.get(&at("long", "")).await.must(403);
    assert!(refused.text.contains("the organisation has set"), "{}", refused.text);
    house.put("/v1/orgs/acme", json!({})).await.must(200);
    house.get(&at("long", "")).await.must(426);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_place_of_a_job_that_fails_is_held_where_that_is_asked_for_by_who_may() {
    let house = house().await;
    house.post(&format!("{WEB}/builds/1/cancel"), json!({})).await.must(202);
    house.ended(1).await;
    let retry = format!("{WEB}/builds/1/retry");
    for hold in [0, 121] {
        let refused = house.post(&retry, json!({ "failed": true, "hold": hold })).await.must(422);
        assert!(refused.text.contains("/hold") && refused.text.contains("from 1 to 120 minutes"), "{}", refused.text);
    }
    let developer = house.token_of("developer").await;
    house.ask(Some(&developer), Method::POST, &retry, Some(json!({ "hold": 1 }))).await.must(403);
    house.post(&retry, json!({ "failed": true, "hold": 1 })).await.must(201);
    let held = house.until(&format!("{WEB}/builds/2/jobs/bad"), |shown| shown["held"].is_i64()).await;
    assert_eq!(held["status"], "running", "{held}");
    house.get(&format!("{WEB}/builds/2/jobs/bad/shell")).await.must(426);
    house.post(&format!("{WEB}/builds/2/cancel"), json!({})).await.must(202);
    let ended = house.ended(2).await;
    let bad = ended["jobs"].as_array().expect("jobs").iter().find(|job| job["job"]["id"] == "bad").expect("a job");
    assert_eq!((&bad["result"]["exit"], &bad["held"]), (&json!(1), &json!(null)), "{bad}");
    // What is done again after that is not held.
    house.post(&format!("{WEB}/builds/2/retry"), json!({ "failed": true })).await.must(201);
    house.until(&format!("{WEB}/builds/3/jobs/bad"), |shown| shown["status"] == "failure").await;
    house.post(&format!("{WEB}/builds/3/cancel"), json!({})).await.must(202);
    house.ended(3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_of_a_protected_environment_is_entered_by_its_approvers_alone() {
    let house = House::with_script("- {id: ship, environment: live, script: [sleep 300]}").await;
    house.put("/v1/orgs/acme/members/zoe", json!({ "role": "maintainer" })).await.must(200);
    let zoe = house.token_of_person("zoe").await;
    house.put(&format!("{WEB}/environments/live"), json!({ "approvers": ["zoe"] })).await.must(201);
    house.post(&format!("{WEB}/builds"), json!({})).await.must(201);
    let ship = format!("{WEB}/builds/1/jobs/ship");
    house.until(&ship, |shown| shown["status"] == "blocked").await;
    house.ask(Some(&zoe), Method::POST, &format!("{ship}/approve"), Some(json!({}))).await.must(202);
    house.until(&ship, |shown| shown["status"] == "running").await;
    // Whoever owns the organisation, too, is let in by zoe alone.
    let refused = house.get(&format!("{ship}/shell")).await.must(403);
    assert!(refused.text.contains("approved by `zoe`"), "{}", refused.text);
    house.ask(Some(&zoe), Method::GET, &format!("{ship}/shell"), None).await.must(426);
    house.post(&format!("{WEB}/builds/1/cancel"), json!({})).await.must(202);
    house.ended(1).await;
}
