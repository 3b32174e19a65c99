use std::path::PathBuf;

use serde_json::json;

use super::github::{GitHub, Mood, TOKEN, states};
use super::house::House;

const REPO: &str = "/v1/orgs/acme/repos/web";

/// A house whose repository tells GitHub, with a job that ends once a file is there; the commit, and the file.
async fn house(github: &GitHub, token: &str) -> (House, String, PathBuf) {
    let house = House::with_script("[]").await;
    let go = house.dir.path().join("go");
    let waits = format!("while ! test -e {}; do sleep 0.02; done", go.display());
    let commit = house.commit(&format!("- {{id: unit, script: ['{waits}']}}"));
    let url = house.get(REPO).await.json()["url"].clone();
    let report = json!({ "forge": "github", "api": github.url, "project": "acme/web" });
    house.put(REPO, json!({ "url": url, "report": report })).await.must(200);
    house.put(&format!("{REPO}/params/FORGE_TOKEN"), json!({ "value": token, "secret": true })).await.must(201);
    (house, commit, go)
}

async fn begin(house: &House) {
    house.post(&format!("{REPO}/builds"), json!({})).await.must(201);
}

fn let_go(go: &PathBuf) {
    std::fs::write(go, "").expect("writes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_is_pending_while_its_build_runs_and_then_once_what_it_came_to() {
    let github = GitHub::open().await;
    let (house, commit, go) = house(&github, TOKEN).await;
    begin(&house).await;
    let told = github.told(|told| told.len() == 1).await;
    let page = "https://ci.example.com/o/acme/r/web/b/1";
    let runs = json!({ "state": "pending", "target_url": page, "description": "Build 1 runs", "context": "monkeyci",
                       "sha": commit });
    assert_eq!(told[0], runs);
    let_go(&go);
    house.ended(1).await;
    // The next build is of another commit, so that what GitHub hears of it comes after all that it hears of the first.
    house.commit("[{id: unit, script: ['false']}]");
    begin(&house).await;
    let told = github.told(|told| states(told).contains(&"failure")).await;
    assert_eq!(states(&told).iter().filter(|state| **state == "success").count(), 1, "{told:#?}");
    assert_eq!((&told[1]["state"], &told[1]["sha"]), (&json!("success"), &json!(commit)));
    let last = told.last().expect("it was told");
    let description = last["description"].as_str().expect("a description");
    assert!(description.starts_with("Build 2 failed in ") && description.contains("unit"), "{description}");
    assert!(told[2..].iter().all(|status| status["sha"] != commit), "{told:#?}");
    assert_eq!(github.refusals(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forge_that_breaks_is_told_later_and_only_what_is_newest_then() {
    let github = GitHub::open().await;
    let (house, _, go) = house(&github, TOKEN).await;
    github.be(Mood::Broken(2));
    begin(&house).await;
    assert_eq!(github.refused(2).await.len(), 2);
    let_go(&go);
    let told = github.told(|told| states(told).last() == Some(&"success")).await;
    assert!(told.len() <= 2, "{told:#?}");
    assert_eq!(github.refusals().len(), 2, "one that broke is asked again, and one that works is not");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_forge_was_not_told_before_a_restart_it_is_told_after_it() {
    let github = GitHub::open().await;
    let (mut house, commit, go) = house(&github, TOKEN).await;
    begin(&house).await;
    github.told(|told| told.len() == 1).await;
    github.be(Mood::Broken(usize::MAX));
    let_go(&go);
    github.refused(1).await;
    house.again().await;
    github.be(Mood::Well);
    let told = github.told(|told| told.len() == 2).await;
    assert_eq!((states(&told), &told[1]["sha"]), (vec!["pending", "success"], &json!(commit)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_forge_is_told_twice_of_a_build_in_which_much_happens() {
    let github = GitHub::open().await;
    let (house, ..) = house(&github, TOKEN).await;
    let jobs: Vec<String> = (0..40).map(|number| format!("{{id: job-{number}, script: [echo {number}]}}")).collect();
    house.commit(&format!("[{}]", jobs.join(", ")));
    github.be(Mood::Slow);
    begin(&house).await;
    house.ended(1).await;
    github.be(Mood::Well);
    let told = github.told(|told| states(told).last() == Some(&"success")).await;
    assert!(told.len() <= 2, "{told:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_forge_refuses_is_not_sent_again_and_the_reason_is_shown_without_the_token() {
    let github = GitHub::open().await;
    let (house, _, go) = house(&github, "ghs_of-somebody-else").await;
    begin(&house).await;
    github.refused(1).await;
    let shown = house.until(&format!("{REPO}/builds/1"), |build| build["report"]["note"].is_string()).await;
    let note = shown["report"]["note"].as_str().expect("a note");
    assert_eq!(note, "the forge answers 401: Bad credentials: Bearer …");
    let_go(&go);
    let refused = github.refused(2).await;
    assert!(refused.iter().all(|(status, _)| *status == 401), "{refused:?}");
    let given_up = |build: &serde_json::Value| build["report"]["next"].is_null() && build["ended"].is_i64();
    house.until(&format!("{REPO}/builds/1"), given_up).await;

    // With a token that is good it is told at last; nothing else has to happen for that.
    house.put(&format!("{REPO}/params/FORGE_TOKEN"), json!({ "value": TOKEN, "secret": true })).await.must(200);
    let told = github.told(|told| !told.is_empty()).await;
    assert_eq!(states(&told), ["success"]);
    assert_eq!(github.refusals().len(), 2, "each was refused once");
    let is_told = |build: &serde_json::Value| build["report"] == json!({ "told": "success" });
    house.until(&format!("{REPO}/builds/1"), is_told).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_missing_or_not_secret_is_told_with_the_build() {
    let github = GitHub::open().await;
    let (house, _, go) = house(&github, TOKEN).await;
    let_go(&go);
    let param = format!("{REPO}/params/FORGE_TOKEN");
    house.delete(&param).await.must(204);
    begin(&house).await;
    let noted = |word: &'static str| {
        move |build: &serde_json::Value| build["report"]["note"].as_str().is_some_and(|note| note.contains(word))
    };
    house.until(&format!("{REPO}/builds/1"), noted("there is no param `FORGE_TOKEN`")).await;
    house.put(&param, json!({ "value": TOKEN })).await.must(201);
    begin(&house).await;
    house.until(&format!("{REPO}/builds/2"), noted("is not secret")).await;
    assert_eq!(github.refusals(), []);
}
