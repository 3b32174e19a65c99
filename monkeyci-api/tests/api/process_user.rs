//! A server that root runs, and plain processes of another user.

use serde_json::json;

use super::house::House;

/// Says that something is skipped, or fails where it is required.
fn skip(name: &str, why: &str) {
    let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|required| [name, "all"].contains(&required)), "{name} is required: {why}");
    eprintln!("skipped: {name}: {why}");
}

/// The first job looks for what is the server's, and keeps something; the second has it, and so has the cache.
const SCRIPT: &str = "\
- id: looks
  caches: [{id: kept, path: cache}]
  save-artifacts: [{id: made, path: made}]
  script:
    - test $(id -u) -ne 0 && echo \"$HOME $TMPDIR\" && touch \"$HOME/a\" \"$TMPDIR/b\"
    - '! cat STATE/master.key && ! cat STATE/monkeyci.db && ! ls STATE'
    - '! cat /proc/1/environ && ! kill -0 PID'
    - git log --oneline && mkdir -p cache && echo made > made && echo cached > cache/it
- id: has
  dependencies: [looks]
  restore-artifacts: [{id: made, path: made}]
  script: [cat made]
";

/// Case X20: a plain process of another user that looks for the state of its server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_process_of_another_user_works_and_sees_nothing_of_the_server() {
    if !rustix::process::geteuid().is_root() {
        return skip("root", "only root can run jobs as another user");
    }
    let house = House::set_up(|config| {
        let folder = config.state.parent().expect("a folder");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o711);
        std::fs::set_permissions(folder, mode).expect("it is ours");
        config.executor.process_user = Some("nobody".into());
    })
    .await;
    let state = house.dir.path().join("state").canonicalize().expect("there");
    let script = SCRIPT.replace("STATE", &state.display().to_string());
    house.commit(&script.replace("PID", &std::process::id().to_string()));
    house.put("/v1/orgs/acme", json!({})).await.must(201);
    let url = format!("file://{}", house.repository().display());
    house.put("/v1/orgs/acme/repos/web", json!({ "url": url })).await.must(201);
    for number in 1..=2 {
        house.post("/v1/orgs/acme/repos/web/builds", json!({})).await.must(201);
        let ended = house.ended(number).await;
        let log = format!("/v1/orgs/acme/repos/web/builds/{number}/jobs/looks/attempts/1/log");
        let log = house.get(&log).await.must(200).text;
        assert_eq!(ended["status"], "success", "{ended:#} {log}");
        assert!(log.contains(&format!("{}/", state.display())), "its folders are where they always were: {log}");
        assert_eq!(ended["jobs"][0]["result"]["guarantee"], "pid-namespace", "{ended}");
    }
    // Nothing of it stays behind once it has ended.
    house.cleared().await;
}

#[tokio::test]
async fn a_user_who_is_not_there_or_would_not_get_to_the_jobs_is_refused_at_the_start() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("it is ours");
    let refusal = async |name: &str| {
        let mut config = monkeyci_api::Config { state: dir.path().join("state"), ..Default::default() };
        config.listen.set_port(0);
        config.executor.process_user = Some(name.into());
        monkeyci_api::Server::open(&config).await.err().expect("it is refused").to_string()
    };
    let told = refusal("nobody-of-this-name").await;
    assert!(told.contains("executor.process-user") && told.contains("useradd"), "{told}");
    assert!(refusal("root").await.contains("may do everything"));
    let told = refusal("nobody").await;
    let by_root = rustix::process::geteuid().is_root();
    assert!(told.contains(if by_root { "may not enter" } else { "only root" }), "{told}");
}
