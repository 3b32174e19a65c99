use std::path::Path;

use monkeyci_api::backup::{BackupError, Contents, backup, restore};
use serde_json::json;

use super::house::House;

const BUILDS: &str = "/v1/orgs/acme/repos/web/builds";
const WHOLE: Contents = Contents { key: true, files: true };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_saved_while_it_ran_goes_on_elsewhere_with_its_builds_and_secrets() {
    let script = |also: &str| {
        format!(
            "[{{id: unit, params: [TOKEN], script: ['test \"$TOKEN\" = hunter2', echo told],
                save-artifacts: [{{id: all, path: .monkeyci}}]}}{also}]"
        )
    };
    let house = House::with_script(&script("")).await;
    let secret = json!({ "value": "hunter2", "secret": true });
    house.put("/v1/orgs/acme/params/TOKEN", secret).await.must(201);
    house.post(BUILDS, json!({})).await.must(201);
    assert_eq!(house.ended(1).await["status"], "success");
    house.commit(&script(", {id: deploy, blocked: true, dependencies: [unit], script: [echo deployed]}"));
    house.post(BUILDS, json!({})).await.must(201);
    house.until(&format!("{BUILDS}/2"), |build| build["status"] == "blocked").await;

    let file = house.dir.path().join("backup.tar.zst");
    let (state, to) = (house.dir.path().join("state"), file.clone());
    let saving = tokio::task::spawn_blocking(move || backup(&state, &to, WHOLE));
    for number in 0..50 {
        // It goes on writing.
        house.put(&format!("/v1/orgs/acme/params/P{number}"), json!({ "value": "x" })).await.must(201);
    }
    saving.await.expect("nothing panicked").expect("it is saved");

    let elsewhere = tempfile::tempdir().expect("a folder");
    assert!(restore(&file, &elsewhere.path().join("state")).expect("it is restored"), "its key is in it");
    if house.is_elsewhere() {
        // Its builds are in no file, which pg_dump is for.
        return;
    }
    let restored = House::over(elsewhere, &house.token).await;
    assert_eq!(restored.get(&format!("{BUILDS}/1")).await.must(200).json()["status"], "success");
    let log = format!("{BUILDS}/1/jobs/unit/attempts/1/log");
    assert!(restored.get(&log).await.must(200).text.contains("told"));
    let artifact = restored.get(&format!("{BUILDS}/1/artifacts/all")).await.must(200);
    assert!(!artifact.text.is_empty());

    let open = restored.ended(2).await;
    assert!(open["message"].as_str().is_some_and(|message| message.contains("build it anew")), "{open}");
    restored.post(BUILDS, json!({})).await.must(201);
    let anew = restored.until(&format!("{BUILDS}/3"), |build| build["status"] == "blocked").await;
    assert_eq!(anew["jobs"][0]["status"], "success", "the secret opens: {anew}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_master_key_and_files_are_saved_only_as_far_as_that_is_wanted() {
    let house = House::empty().await;
    let (state, dir) = (house.dir.path().join("state"), house.dir.path());
    let file = dir.join("bare.tar.zst");
    std::fs::create_dir_all(state.join("logs/acme"))
        .and_then(|()| std::fs::write(state.join("logs/acme/log"), "told"))
        .expect("writes");
    backup(&state, &file, Contents { key: false, files: false }).expect("it is saved");
    assert!(!restore(&file, &dir.join("bare")).expect("it is restored"), "there is no key in it");
    let names = |folder: &Path| std::fs::read_dir(folder).expect("a folder").count();
    assert_eq!(names(&dir.join("bare")), 1, "there is the database and nothing else");
    assert!(matches!(backup(&state, &file, WHOLE), Err(BackupError::Io { .. })), "nothing is overwritten");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_there_is_not_touched_and_what_is_broken_is_not_restored() {
    let house = House::empty().await;
    let (state, dir) = (house.dir.path().join("state"), house.dir.path());
    let file = dir.join("backup.tar.zst");
    backup(&state, &file, WHOLE).expect("it is saved");
    let refused = restore(&file, &state).expect_err("a server is there");
    assert!(refused.to_string().contains("is not empty"), "{refused}");

    let bytes = std::fs::read(&file).expect("reads");
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 1;
    for broken in [&bytes[..bytes.len() - 1], &bytes[..bytes.len() / 2], &flipped, b"no backup"] {
        std::fs::write(&file, broken).expect("writes");
        let refused = restore(&file, &dir.join("other")).expect_err("it is broken");
        assert!(refused.to_string().contains("no whole backup"), "{refused}");
        assert!(!dir.join("other").exists(), "half a server would be worse than none");
    }
}
