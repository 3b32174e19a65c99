//! Scripts that are programs, compiled and asked in containers.

use std::process::Command;

use async_trait::async_trait;
use monkeyci_model::{BuildId, Text, Trigger};

use super::*;
use crate::executor::{
    Capabilities, Docker, Engine as Containers, Executor, ExecutorError, Exit, Order, RegistryAuth, Sitting, Wanted,
    Watch,
};
use crate::program::tests::{ALONE, SCRIPT, checkout, put};
use crate::source::Folder;

/// An image with a compiler.
const IMAGE: &str = "localhost/monkeyci-test/rust:1";

/// Docker, where an image stands in for none.
struct Standing(Docker);

#[async_trait]
impl Executor for Standing {
    fn name(&self) -> &'static str {
        "standing"
    }
    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }
    async fn run(&self, order: &Order, watch: Watch) -> Result<Exit, ExecutorError> {
        self.0.run(order, watch).await
    }
    async fn shell(&self, order: &Order, sitting: Sitting) -> Result<Option<i32>, ExecutorError> {
        self.0.shell(order, sitting).await
    }
    fn stand_in(&self, _: &BuildId, _: bool) -> Result<Option<String>, ExecutorError> {
        Ok(Some(IMAGE.into()))
    }
    async fn image_id(&self, image: &str, registries: &[RegistryAuth]) -> Result<String, ExecutorError> {
        self.0.image_id(image, registries).await
    }
    async fn sweep(&self, instance: &str, wanted: Wanted<'_>) -> Result<Vec<String>, ExecutorError> {
        self.0.sweep(instance, wanted).await
    }
}

/// An engine with the image; none, said in the output, when it cannot be had here.
async fn containers(engine: Containers, home: &tempfile::TempDir) -> Option<Docker> {
    let made = tokio::task::spawn_blocking(move || {
        let has = Command::new(engine.name()).args(["image", "inspect", IMAGE]).output();
        if has.is_ok_and(|has| has.status.success()) {
            return Ok(());
        }
        let script = include_str!("rust_image.sh");
        let made = Command::new("sh").args(["-c", script]).envs([("IMAGE", IMAGE), ("ENGINE", engine.name())]).output();
        made.map_err(|error| error.to_string()).and_then(|made| match made.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&made.stderr).into_owned()),
        })
    });
    let docker = match made.await.expect("no panic") {
        Ok(()) => Docker::connect(engine, home.path().join("bin")).await.map_err(|error| error.to_string()),
        Err(why) => Err(why),
    };
    match docker {
        Ok(docker) => Some(docker),
        Err(why) => {
            let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
            assert!(
                !required.split(',').any(|name| ["rust-image", "all"].contains(&name)),
                "rust-image is required: {why}"
            );
            eprintln!("skipped: rust-image: {why}");
            None
        }
    }
}

fn told(folder: &std::path::Path, answer: &str, fork: bool) -> BuildRequest {
    let params = [("answer".to_owned(), Text::from(answer))].into();
    BuildRequest::new(Folder::new(folder)).trigger(Trigger { params, fork, ..Trigger::default() })
}

#[tokio::test]
async fn a_script_compiles_plans_acts_and_asks_its_build_in_the_script_image_of_docker() {
    in_the_script_image(Containers::Docker).await;
}

#[tokio::test]
async fn a_script_compiles_plans_acts_and_asks_its_build_in_the_script_image_of_podman() {
    in_the_script_image(Containers::Podman).await;
}

async fn in_the_script_image(engine: Containers) {
    let (home, state) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let Some(docker) = containers(engine, &home).await else { return };
    let repository = checkout(&[(".monkeyci/Cargo.toml", ALONE), (".monkeyci/src/main.rs", SCRIPT)]);
    let here = "[ -x /opt/monkeyci/supervisor ] && [ \"$MONKEYCI_CHECKOUT\" = /home/monkeyci ] && [ \"$PWD\" = /home/monkeyci ]";
    put(
        repository.path(),
        ".monkeyci/build.yaml",
        &format!("- {{id: last, script: '{here}', dependencies: act-now}}\n"),
    );
    let engine = Engine::local().state(state.path()).executor(Standing(docker)).open().await.expect("opens");
    let act = r#"{"protocol":1,"jobs":[{"id":"act-now","script":["\"$MONKEYCI_SCRIPT\" act act-now"]}]}"#;
    for fork in [true, false] {
        let mut build = engine.build(told(repository.path(), act, fork)).await.expect("begins");
        let status = build.wait().await.expect("it ends");
        let snapshot = engine.snapshot(build.id()).await.expect("known");
        let results: Vec<_> = snapshot.jobs().iter().map(|job| job.result().cloned()).collect();
        assert_eq!(status, BuildStatus::Success, "{:?} {results:?}", snapshot.message());
        let result = snapshot.job("act-now").and_then(|job| job.result()).expect("a result");
        assert_eq!(result.message.as_deref(), Some("acted with "));
        // The lines of a job cannot tell whether a program is of this host; where it was compiled can.
        let cache = state.path().join("scripts/image");
        let has = |bench: &str| cache.join(bench).join("target").is_dir();
        assert_eq!(
            (has("fork/bench"), has("bench")),
            (true, !fork),
            "nobody uses what is compiled for forks but forks"
        );
        assert!(!state.path().join("scripts/target").exists(), "nothing is compiled on this host");
    }
    let plan = r#"{"protocol":1,"jobs":[{"id":"act-now","script":["true"],"hooks":["prepare"]}]}"#;
    let mut build = engine.build(told(repository.path(), plan, false)).await.expect("begins");
    assert_eq!(build.wait().await.expect("it ends"), BuildStatus::Failure);
    let snapshot = build.snapshot().await.expect("known");
    let result = snapshot.job("act-now").and_then(|job| job.result()).expect("a result");
    assert!(result.message.as_deref().is_some_and(|message| message.contains("it cannot be prepared")), "{result:?}");
    assert_eq!(serde_json::to_string(&result.values).expect("JSON"), r#"{"told":"before it broke"}"#);
    engine.close().await;
    assert_eq!(std::fs::read_dir(state.path().join("script-runs")).map_or(0, Iterator::count), 0);
}
