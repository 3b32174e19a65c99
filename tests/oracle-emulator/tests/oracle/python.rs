//! Oracle's own clients: the SDK for Python, and the command line.

use std::process::Command;

use serde_json::{Value, json};

use crate::{COMPARTMENT, Caller, functions};

/// What the SDK does.
const SDK: &str = include_str!("sdk.py");

fn is_required() -> bool {
    let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
    required.split(',').any(|name| name == "python-oci" || name == "all")
}

/// A Python that has a module: `MONKEYCI_TEST_PYTHON`, else `python3`.
fn python(module: &str) -> Option<String> {
    let python = std::env::var("MONKEYCI_TEST_PYTHON").unwrap_or_else(|_| "python3".into());
    let find = format!("import importlib.util, sys; sys.exit(importlib.util.find_spec('{module}') is None)");
    let has = Command::new(&python).args(["-c", &find]).output().is_ok_and(|run| run.status.success());
    if !has {
        assert!(!is_required(), "`python-oci` is required and missing: {python} has no module `{module}`");
        eprintln!("skipped: python-oci: {python} has no module `{module}` (MONKEYCI_TEST_PYTHON names another Python)");
        return None;
    }
    Some(python)
}

/// Runs a program, and does not stand in the way of the double meanwhile.
pub async fn run(mut command: Command) -> (bool, String) {
    let output = tokio::task::spawn_blocking(move || command.output().expect("it runs")).await.expect("no panic");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), said)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oracles_sdk_for_python_finds_everything_as_it_is_used_to() {
    let Some(python) = python("oci") else { return };
    let caller = Caller::new().await;
    let _function = functions::echo(&caller);
    caller.oracle.state().kms_key("ocid1.key.oc1..k");
    let mut command = Command::new(python);
    let socket = caller.folder.path().join("fn.sock");
    command.args(["-c", SDK, &caller.oracle.url()]).arg(caller.folder.path().join("config")).arg(socket);
    let (is_done, said) = run(command).await;
    assert!(is_done, "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oracles_command_line_does_so_too() {
    let Some(python) = python("oci_cli") else { return };
    let caller = Caller::new().await;
    let oci = async |arguments: &[&str]| {
        let mut command = Command::new(&python);
        command
            .args(["-c", "from oci_cli.cli import cli; cli()", "--config-file"])
            .arg(caller.folder.path().join("config"));
        command.args(["--endpoint", &caller.oracle.url()]).args(arguments);
        command.env("SUPPRESS_LABEL_WARNING", "True").env("OCI_CLI_SUPPRESS_FILE_PERMISSIONS_WARNING", "True");
        let (is_done, said) = run(command).await;
        assert!(is_done, "{arguments:?}: {said}");
        serde_json::from_str::<Value>(&said).unwrap_or(Value::Null)
    };
    let containers =
        json!([{ "imageUrl": "alpine", "command": ["/bin/sh", "-c", "echo hi"], "isResourcePrincipalDisabled": true }]);
    let (containers, vnics) = (containers.to_string(), json!([{ "subnetId": "ocid1.subnet.oc1..s" }]).to_string());
    let made = oci(&[
        "container-instances",
        "container-instance",
        "create",
        "-c",
        COMPARTMENT,
        "--availability-domain",
        "Uocm:EU-FRANKFURT-1-AD-1",
        "--shape",
        "CI.Standard.E4.Flex",
        "--shape-config",
        r#"{"ocpus":1,"memoryInGBs":2}"#,
        "--containers",
        &containers,
        "--vnics",
        &vnics,
        "--container-restart-policy",
        "NEVER",
    ])
    .await;
    let id = made["data"]["id"].as_str().expect("an id");
    caller.until(&format!("/20210415/containerInstances/{id}"), |shown| shown["lifecycleState"] == "INACTIVE").await;
    let listed = oci(&["container-instances", "container-instance", "list", "-c", COMPARTMENT]).await;
    assert_eq!(listed["data"]["items"][0]["lifecycle-state"], "INACTIVE", "{listed:#}");
    oci(&["container-instances", "container-instance", "delete", "--container-instance-id", id, "--force"]).await;
    oci(&["os", "bucket", "create", "-c", COMPARTMENT, "--name", "bkt"]).await;
    let file = caller.folder.path().join("file");
    std::fs::write(&file, "hello").expect("writes");
    let file = file.display().to_string();
    oci(&["os", "object", "put", "-bn", "bkt", "--file", &file, "--name", "a/b"]).await;
    let listed = oci(&["os", "object", "list", "-bn", "bkt"]).await;
    assert_eq!((&listed["data"][0]["name"], &listed["data"][0]["size"]), (&json!("a/b"), &json!(5)), "{listed:#}");
}
