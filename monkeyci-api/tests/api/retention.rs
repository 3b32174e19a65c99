use monkeyci_api::{retention, state};
use serde_json::json;

use super::house::House;

const BUILDS: &str = "/v1/orgs/acme/repos/web/builds";
const DAY: i64 = 24 * 60 * 60 * 1000;

/// Whether there is a build, a log of its job, and what the job kept.
async fn left(house: &House, number: u64) -> (bool, bool, bool) {
    let build = format!("{BUILDS}/{number}");
    let there = house.get(&build).await.status.is_success();
    let log = house.get(&format!("{build}/jobs/unit/attempts/1/log")).await;
    let artifact = house.get(&format!("{build}/artifacts/made")).await;
    (there, log.text == "one\n", artifact.status.is_success())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_old_goes_and_what_is_the_newest_of_its_branch_stays() {
    let script = "- {id: unit, script: [echo one, echo x > made], save-artifacts: [{id: made, path: made}]}";
    let house = House::with_script(script).await;
    for number in [1, 2] {
        house.post(BUILDS, json!({ "branch": "main" })).await.must(201);
        assert_eq!(house.ended(number).await["status"], "success");
    }
    let whole = (true, true, true);
    assert_eq!((left(&house, 1).await, left(&house, 2).await), (whole, whole));

    let after = |days: i64| state::now() + days * DAY;
    retention::tidy(house.state(), after(80)).await.expect("tidies");
    assert_eq!((left(&house, 1).await, left(&house, 2).await), (whole, whole));
    retention::tidy(house.state(), after(100)).await.expect("tidies");
    assert_eq!((left(&house, 1).await, left(&house, 2).await), ((true, true, false), whole));
    retention::tidy(house.state(), after(370)).await.expect("tidies");
    assert_eq!((left(&house, 1).await, left(&house, 2).await), ((true, false, false), (true, false, true)));
    retention::tidy(house.state(), after(500)).await.expect("tidies");
    assert_eq!((left(&house, 1).await, left(&house, 2).await), ((false, false, false), (true, false, true)));

    // Its number is not given again, and events go on counting.
    house.post(BUILDS, json!({ "branch": "main" })).await.must(201);
    assert_eq!(house.ended(3).await["status"], "success");
    retention::tidy(house.state(), after(500)).await.expect("tidies");
    assert_eq!((left(&house, 2).await.0, left(&house, 3).await.0), (false, true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_build_that_waits_is_kept_however_old_it_is() {
    let house = House::with_script("- {id: unit, script: [echo one], blocked: true}").await;
    house.post(BUILDS, json!({ "branch": "main" })).await.must(201);
    house.until(&format!("{BUILDS}/1"), |build| build["status"] == "blocked").await;
    retention::tidy(house.state(), state::now() + 9000 * DAY).await.expect("tidies");
    house.post(&format!("{BUILDS}/1/jobs/unit/approve"), json!({})).await.must(202);
    assert_eq!(house.ended(1).await["status"], "success");
    assert!(left(&house, 1).await.1);
}
