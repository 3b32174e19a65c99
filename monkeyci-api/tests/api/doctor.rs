use std::os::unix::fs::PermissionsExt as _;

use monkeyci_api::doctor::{Health, examine};
use monkeyci_api::{Config, Server};

async fn found(config: &Config, what: &str) -> (Health, String) {
    let found = examine(config).await.into_iter().find(|finding| finding.what == what);
    found.map(|finding| (finding.health, finding.told)).expect("it was looked at")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_keeps_a_server_from_working_is_told_with_what_to_do() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut config = Config { state: dir.path().join("state"), ..Config::default() };
    config.listen.set_port(0);
    assert!(examine(&config).await.iter().all(|finding| finding.health != Health::Bad), "nothing is there yet");

    let server = Server::open(&config).await.expect("opens");
    assert_eq!(found(&config, "database").await, (Health::Good, "a server uses it".into()));
    server.close().await;

    let key = config.state.join("master.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("set");
    let (health, told) = found(&config, "master key").await;
    assert!(health == Health::Doubtful && told.contains("chmod 600"), "{told}");
    std::fs::write(&key, "none").expect("writes");
    assert_eq!(found(&config, "master key").await.0, Health::Bad);
    std::fs::remove_file(&key).expect("removed");
    let (health, told) = found(&config, "master key").await;
    assert!(health == Health::Bad && told.contains("put it back from a backup"), "{told}");

    let database = config.state.join("monkeyci.db");
    std::fs::write(&database, vec![7; 8192]).expect("writes");
    assert_eq!(found(&config, "database").await.0, Health::Bad);
    config.tls.certificate = Some(key.clone());
    config.tls.key = Some(key);
    assert_eq!(found(&config, "tls").await.0, Health::Bad);
    config.executor.processes = vec!["{".into()];
    assert_eq!(found(&config, "configuration").await.0, Health::Bad);
}
