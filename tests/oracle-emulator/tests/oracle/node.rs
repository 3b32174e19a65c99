//! Oracle's SDK for JavaScript, which shares no line with that for Python.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Caller;
use crate::python::run;

/// What the SDK does.
const SDK: &str = include_str!("sdk.mjs");

/// The packages of the SDK that it needs.
const PACKAGES: [&str; 5] = ["oci-common", "oci-containerinstances", "oci-objectstorage", "oci-queue", "oci-limits"];

/// The folder whose `node_modules` has the SDK: the one that `MONKEYCI_TEST_NODE_OCI` names.
fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("MONKEYCI_TEST_NODE_OCI").map(PathBuf::from);
    let has = |folder: &Path| PACKAGES.iter().all(|package| folder.join("node_modules").join(package).is_dir());
    let is_node = Command::new("node").arg("--version").output().is_ok_and(|run| run.status.success());
    match folder.filter(|folder| is_node && has(folder)) {
        Some(folder) => Some(folder),
        None => {
            let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
            let is_required = required.split(',').any(|name| name == "node-oci" || name == "all");
            let why =
                format!("no node, or no folder with `npm install {}` (MONKEYCI_TEST_NODE_OCI)", PACKAGES.join(" "));
            assert!(!is_required, "`node-oci` is required and missing: {why}");
            eprintln!("skipped: node-oci: {why}");
            None
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oracles_sdk_for_javascript_does_so_too() {
    let Some(folder) = folder() else { return };
    let caller = Caller::new().await;
    let script = caller.folder.path().join("sdk.mjs");
    std::fs::write(&script, SDK).expect("writes");
    let mut command = Command::new("node");
    command.arg(script).arg(caller.oracle.url()).arg(caller.folder.path().join("config")).arg(folder);
    let (is_done, said) = run(command).await;
    assert!(is_done, "{said}");
}
