//! Container instances, which really run.

use std::time::{Duration, Instant};

use oracle_emulator::{Engine, Reach};
use serde_json::{Value, json};

use crate::{COMPARTMENT, Caller, instance};

const INSTANCES: &str = "/20210415/containerInstances";

fn shell(script: &str) -> Value {
    json!({ "displayName": "job", "imageUrl": "localhost/monkeyci-test/busybox:1", "command": ["/bin/sh", "-c", script] })
}

impl Caller {
    /// Creates an instance; its path.
    async fn create(&self, said: &Value) -> String {
        let made = self.post(INSTANCES, said).await.must(200).json();
        format!("{INSTANCES}/{}", made["id"].as_str().expect("an id"))
    }

    /// The containers of an instance.
    async fn containers(&self, instance: &str) -> Vec<Value> {
        let shown = self.get(instance).await.must(200).json();
        let mut found = Vec::new();
        for one in shown["containers"].as_array().expect("some") {
            let path = format!("/20210415/containers/{}", one["containerId"].as_str().expect("an id"));
            found.push(self.get(&path).await.must(200).json());
        }
        found
    }

    async fn log(&self, container: &Value) -> String {
        let path = format!("/20210415/containers/{}/actions/retrieveLogs", container["id"].as_str().expect("an id"));
        self.post(&path, &Value::Null).await.must(200).text()
    }

    async fn ended(&self, instance: &str) -> Vec<Value> {
        self.until(instance, |shown| matches!(shown["lifecycleState"].as_str(), Some("INACTIVE" | "FAILED"))).await;
        self.containers(instance).await
    }
}

fn is_root() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| status.contains("\nUid:\t0\t0\t"))
}

/// The story of an instance with two containers that share a volume.
async fn shares(caller: &Caller) {
    let mut said = instance(json!([
        shell(
            "until [ -e /mci/shared/from-b ]; do sleep 0.05; done; cat /mci/shared/from-b /etc/conf/a/b.txt; pwd; echo err >&2; echo $A; echo x >/etc/oracle-double; exit 3"
        ),
        shell("echo hello from b >/elsewhere/x/new && mv /elsewhere/x/new /elsewhere/x/from-b"),
    ]));
    said["volumes"] = json!([
        { "name": "mci", "volumeType": "EMPTYDIR", "backingStore": "EPHEMERAL_STORAGE" },
        { "name": "conf", "volumeType": "CONFIGFILE", "configs": [{ "fileName": "b.txt", "path": "a/b.txt", "data": "Y29uZmlnCg==" }] },
    ]);
    said["containers"][0]["volumeMounts"] = json!([
        { "mountPath": "/mci", "volumeName": "mci" },
        { "mountPath": "/etc/conf", "volumeName": "conf" },
    ]);
    said["containers"][0]["workingDirectory"] = json!("/mci/work/deep");
    said["containers"][0]["environmentVariables"] = json!({ "A": "it's $HOME" });
    said["containers"][1]["volumeMounts"] =
        json!([{ "mountPath": "/elsewhere/x", "volumeName": "mci", "subPath": "shared" }]);
    let path = caller.create(&said).await;
    let containers = caller.ended(&path).await;
    let log = caller.log(&containers[0]).await;
    for line in ["hello from b", "config", "/mci/work/deep", "err", "it's $HOME"] {
        assert!(log.contains(line), "{line}: {log}");
    }
    assert_eq!(containers[0]["exitCode"], 3, "{containers:#?} {log}");
    assert_eq!(containers[1]["exitCode"], 0, "{}", caller.log(&containers[1]).await);
    assert!(containers.iter().all(|one| one["lifecycleState"] == "INACTIVE" && one["timeTerminated"].is_string()));
    let shown = caller.get(&path).await.json();
    assert_eq!(shown["lifecycleState"], "INACTIVE");
    for ours in ["/elsewhere", "/mci", "/etc/oracle-double"] {
        assert!(!std::path::Path::new(ours).exists(), "{ours} is on this machine");
    }
}

#[tokio::test]
async fn containers_of_an_instance_run_and_share_volumes() {
    shares(&Caller::new().await).await;
}

#[tokio::test]
async fn containers_of_docker_do_so_too() {
    let here =
        std::process::Command::new("docker").args(["image", "inspect", "localhost/monkeyci-test/busybox:1"]).output();
    if !here.is_ok_and(|output| output.status.success()) {
        let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
        assert!(!required.split(',').any(|name| name == "docker" || name == "all"), "`docker` is required and missing");
        eprintln!("skipped: docker: no daemon, or without the image localhost/monkeyci-test/busybox:1");
        return;
    }
    let caller = Caller::new().await;
    caller.oracle.state().settings.engine = Engine::Docker;
    shares(&caller).await;
    let path = caller
        .create(&instance(json!([{ "imageUrl": "localhost/monkeyci-test/busybox:1", "command": ["/nothing"] }])))
        .await;
    let containers = caller.ended(&path).await;
    let told = containers[0]["lifecycleDetails"].as_str().unwrap_or_default();
    assert!(containers[0]["lifecycleState"] == "FAILED" && told.contains("/nothing"), "{containers:#?}");
    let path = caller.create(&instance(json!([{ "imageUrl": "localhost/monkeyci-test/no-such-image:1" }]))).await;
    let shown = caller.until(&path, |shown| shown["lifecycleState"] == "FAILED").await;
    assert!(shown["lifecycleDetails"].as_str().is_some_and(|told| told.contains("no-such-image")), "{shown:#}");
    // What still runs ends with the double.
    let path = caller.create(&instance(json!([shell("sleep 1000")]))).await;
    caller.until(&path, |shown| shown["lifecycleState"] == "ACTIVE").await;
    let name =
        caller.containers(&path).await[0]["id"].as_str().expect("an id").rsplit('.').next().expect("a part").to_owned();
    let running = || {
        let filter = format!("name={name}");
        let found =
            std::process::Command::new("docker").args(["ps", "-q", "--filter", &filter]).output().expect("docker");
        !found.stdout.is_empty()
    };
    for _ in 0..500 {
        if running() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await; // poll
    }
    assert!(running());
    drop(caller);
    assert!(!running());
}

#[tokio::test]
async fn a_container_that_is_stopped_has_its_grace_and_is_killed_after_it() {
    let caller = Caller::new().await;
    let polite = "trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.05; done";
    let stubborn = "trap '' TERM; echo up; while :; do sleep 0.05; done";
    let mut said = instance(json!([shell(polite), shell(stubborn)]));
    said["gracefulShutdownTimeoutInSeconds"] = json!(5);
    let path = caller.create(&said).await;
    caller.until(&path, |shown| shown["lifecycleState"] == "ACTIVE").await;
    let containers = caller.containers(&path).await;
    for container in &containers {
        while caller.log(container).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await; // poll
        }
    }
    let stopped = caller.post(&format!("{path}/actions/stop"), &Value::Null).await.must(204);
    let work = format!("/20210415/workRequests/{}", stopped.header("opc-work-request-id"));
    caller.until(&work, |work| work["status"] == "SUCCEEDED").await;
    let containers = caller.containers(&path).await;
    assert_eq!((&containers[0]["exitCode"], &containers[1]["exitCode"]), (&json!(7), &json!(137)), "{containers:#?}");
    assert!(caller.log(&containers[0]).await.contains("bye"));

    // Without a word about grace there is none.
    said.as_object_mut().expect("an object").remove("gracefulShutdownTimeoutInSeconds");
    said["containers"] = json!([shell("trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.05; done")]);
    let path = caller.create(&said).await;
    caller.until(&path, |shown| shown["lifecycleState"] == "ACTIVE").await;
    let container = caller.containers(&path).await.remove(0);
    while caller.log(&container).await.is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await; // poll
    }
    caller.delete(&path).await.must(204);
    caller.until(&path, |shown| shown["lifecycleState"] == "DELETED").await;
    let container = caller.containers(&path).await.remove(0);
    assert_eq!((&container["lifecycleState"], &container["exitCode"]), (&json!("DELETED"), &json!(137)));
    assert_eq!(caller.delete(&path).await.refusal(), (404, "NotAuthorizedOrNotFound".into()));
}

#[tokio::test]
async fn containers_are_started_again_unless_one_says_never() {
    let caller = Caller::new().await;
    let mut said = instance(json!([shell("echo run; exit 1")]));
    said.as_object_mut().expect("an object").remove("containerRestartPolicy");
    let path = caller.create(&said).await;
    caller.until(&path, |shown| shown["lifecycleState"] == "ACTIVE").await;
    let id = caller.containers(&path).await[0]["id"].as_str().expect("an id").to_owned();
    let container = format!("/20210415/containers/{id}");
    caller.until(&container, |shown| shown["containerRestartAttemptCount"].as_u64() > Some(2)).await;
    let previous =
        caller.post(&format!("{container}/actions/retrieveLogs?isPrevious=true"), &Value::Null).await.must(200);
    assert_eq!(previous.text(), "run\n");
    caller.delete(&path).await.must(204);
    caller.until(&path, |shown| shown["lifecycleState"] == "DELETED").await;
    let shown = caller.get(&format!("{INSTANCES}?compartmentId={COMPARTMENT}")).await.json();
    assert_eq!(shown["items"][0]["lifecycleState"], "DELETED");
    // Long after nobody remembers it.
    caller.oracle.clock().advance(Duration::from_secs(2 * 3600));
    assert_eq!(caller.get(&path).await.status, 404);
}

#[tokio::test]
async fn an_instance_that_is_killed_takes_its_processes_with_it() {
    let caller = Caller::new().await;
    let path = caller.create(&instance(json!([shell("(while :; do echo tick; sleep 0.02; done) & wait")]))).await;
    caller.until(&path, |shown| shown["lifecycleState"] == "ACTIVE").await;
    let container = caller.containers(&path).await.remove(0);
    while caller.log(&container).await.is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await; // poll
    }
    let id = path.rsplit('/').next().expect("an id");
    let killed =
        caller.post(&format!("/_control/instances/{id}/fail"), &json!({ "lifecycleDetails": "evicted" })).await;
    killed.must(204);
    let shown = caller.until(&path, |shown| shown["lifecycleState"] == "FAILED").await;
    assert_eq!(shown["lifecycleDetails"], "evicted");
    let log = caller.log(&container).await;
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(200) {
        assert_eq!(caller.log(&container).await, log, "a process lives on");
        tokio::time::sleep(Duration::from_millis(10)).await; // poll
    }
    // It counts until it is deleted.
    caller.oracle.state().settings.most_container_instances = 1;
    let more = instance(json!([shell("true")]));
    assert_eq!(caller.post(INSTANCES, &more).await.refusal(), (400, "LimitExceeded".into()));
    caller.delete(&path).await.must(204);
    caller.until(&path, |shown| shown["lifecycleState"] == "DELETED").await;
    let path = caller.create(&more).await;
    caller.ended(&path).await;
    let id = path.rsplit('/').next().expect("an id");
    caller.post(&format!("/_control/instances/{id}/vanish"), &Value::Null).await.must(204);
    assert_eq!(caller.get(&path).await.status, 404);
}

#[tokio::test]
async fn a_container_is_somebody_in_the_cloud_unless_that_is_disabled() {
    let caller = Caller::new().await;
    let script =
        "env | grep -c OCI_RESOURCE; cat $OCI_RESOURCE_PRINCIPAL_RPST; echo; cat $OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM";
    let mut said = instance(json!([shell(script), shell("env | grep OCI_; ls /run/oracle; true")]));
    said["containers"][1]["isResourcePrincipalDisabled"] = json!(true);
    if is_root() {
        // Whoever it runs as may read it.
        said["containers"][0]["securityContext"] =
            json!({ "securityContextType": "LINUX", "runAsUser": 1000, "runAsGroup": 1000 });
        said["containers"][0]["command"][2] = json!(format!("id -u; {script}"));
    }
    let path = caller.create(&said).await;
    let containers = caller.ended(&path).await;
    let shown = caller.log(&containers[0]).await;
    let shown = shown.strip_prefix("1000\n").unwrap_or(&shown);
    let [count, token, key] = shown.splitn(3, '\n').collect::<Vec<_>>()[..] else { panic!("{shown}") };
    assert_eq!(count, "4");
    let log = caller.log(&containers[1]).await;
    assert!(!log.contains("OCI_") && !log.contains("principal"), "{log}");
    let resource = oci_signer::Resource::from_variables(|name| match name.strip_prefix("OCI_RESOURCE_PRINCIPAL_")? {
        "VERSION" => Some("2.2".into()),
        "RPST" => Some(token.into()),
        "PRIVATE_PEM" => Some(key.into()),
        "REGION" => Some("fra".into()),
        _ => None,
    });
    let resource = resource.expect("it reads");
    assert_eq!(resource.claim("res_compartment").expect("reads").as_deref(), Some(COMPARTMENT));
    let client =
        oci_signer::Client::new(oci_signer::Signer::new(oci_signer::Principal::Resource(resource))).expect("a client");
    let ask = async || {
        let request = client.http().get(format!("{}/n", caller.oracle.url())).build().expect("a request");
        client.send(request).await.expect("an answer").status().as_u16()
    };
    assert_eq!(ask().await, 200);
    caller.oracle.clock().advance(Duration::from_secs(3600));
    assert_eq!(ask().await, 401, "it has ended");
}

#[tokio::test]
async fn containers_of_an_instance_share_a_network_and_others_have_another() {
    let has = |program: &str| std::process::Command::new(program).arg("--help").output().is_ok();
    if !(is_root() && has("busybox") && has("ip")) {
        let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
        let is_required = required.split(',').any(|name| name == "container-network" || name == "all");
        assert!(!is_required, "`container-network` is required and missing: root, busybox and ip");
        eprintln!("skipped: container-network: networks of their own need root, busybox and ip");
        return;
    }
    let caller = Caller::new().await;
    caller.oracle.state().settings.network = Reach::Own;
    caller.oracle.state().metadata.insert("instance/region", "fra".into());
    let said = |number: u8| {
        let serve = format!("mkdir /www && echo {number} >/www/who && busybox httpd -f -p 127.0.0.1:8999 -h /www");
        let ask = format!(
            "until busybox wget -qO- http://127.0.0.1:8999/who; do sleep 0.05; done; \
             busybox wget -qO- --header 'Authorization: Bearer Oracle' {}/opc/v2/instance/region",
            caller.oracle.url()
        );
        instance(json!([shell(&serve), shell(&ask)]))
    };
    let paths = [caller.create(&said(1)).await, caller.create(&said(2)).await];
    for (path, answer) in paths.iter().zip(["1\nfra", "2\nfra"]) {
        let container = async || caller.containers(path).await.remove(1);
        while container().await["lifecycleState"] != "INACTIVE" {
            tokio::time::sleep(Duration::from_millis(20)).await; // poll
        }
        let log = caller.log(&container().await).await;
        assert!(log.ends_with(answer), "{log}");
        caller.until(path, |shown| shown["lifecycleState"] == "ACTIVE").await;
        caller.delete(path).await.must(204);
    }
    assert!(std::net::TcpStream::connect(("127.0.0.1", 8999)).is_err(), "nobody listens there on this machine");
}
