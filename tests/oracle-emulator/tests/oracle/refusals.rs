//! What Oracle Cloud refuses is refused.

use serde_json::{Value, json};

use crate::{COMPARTMENT, Caller, instance};

const INSTANCES: &str = "/20210415/containerInstances";

/// A change of a request that is good, by the JSON pointer of what is changed, with the code that it leads to. `null`
/// takes it away.
fn wrong() -> Vec<(&'static str, Value, &'static str)> {
    let long = "x".repeat(70_000);
    let many = |count: usize| Value::Array((0..count).map(|_| json!({ "imageUrl": "alpine" })).collect());
    let volumes: Vec<_> =
        (0..33).map(|number| json!({ "name": number.to_string(), "volumeType": "EMPTYDIR" })).collect();
    vec![
        ("/compartmentId", Value::Null, "MissingParameter"),
        ("/compartmentId", json!("builds"), "NotAuthorizedOrNotFound"),
        ("/availabilityDomain", Value::Null, "MissingParameter"),
        ("/availabilityDomain", json!("AD-1"), "InvalidParameter"),
        ("/faultDomain", json!("FAULT-DOMAIN-4"), "InvalidParameter"),
        ("/shape", Value::Null, "MissingParameter"),
        ("/shape", json!("VM.Standard.E4.Flex"), "InvalidParameter"),
        ("/shapeConfig", Value::Null, "MissingParameter"),
        ("/shapeConfig/ocpus", Value::Null, "MissingParameter"),
        ("/shapeConfig/ocpus", json!(65), "InvalidParameter"),
        ("/shapeConfig/ocpus", json!("1"), "InvalidParameter"),
        ("/shapeConfig/memoryInGBs", json!(65), "InvalidParameter"),
        // The casing that machines make of it.
        ("/shapeConfig/memoryInGbs", json!(2), "CannotParseRequest"),
        ("/containers", json!([]), "InvalidParameter"),
        ("/containers", many(61), "InvalidParameter"),
        ("/containers/0/imageUrl", Value::Null, "MissingParameter"),
        ("/containers/0/imageUrl", json!("https://example.com/Image"), "InvalidParameter"),
        ("/containers/0/image", json!("alpine"), "CannotParseRequest"),
        ("/containers/0/command", json!("sh"), "InvalidParameter"),
        ("/containers/0/arguments", json!([long.clone()]), "InvalidParameter"),
        ("/containers/0/arguments", json!([long[..40_000], long[..40_000]]), "InvalidParameter"),
        ("/containers/0/environmentVariables", json!({ "A": long[..65_536] }), "InvalidParameter"),
        ("/containers/0/environmentVariables", json!({ "A": 1 }), "InvalidParameter"),
        ("/containers/0/environmentVariables", json!([{ "name": "A", "value": "1" }]), "InvalidParameter"),
        ("/containers/0/volumeMounts", json!([{ "mountPath": "/x", "volumeName": "none" }]), "InvalidParameter"),
        ("/containers/0/volumeMounts", json!([{ "mountPath": "x", "volumeName": "v" }]), "InvalidParameter"),
        ("/containers/0/volumeMounts", json!([{ "mountPath": "/x/../y", "volumeName": "v" }]), "InvalidParameter"),
        (
            "/containers/0/volumeMounts",
            json!([{ "mountPath": "/x", "volumeName": "v", "subPath": "../x" }]),
            "InvalidParameter",
        ),
        ("/containers/0/workingDirectory", json!("work"), "InvalidParameter"),
        ("/containers/0/resourceConfig", json!({ "vcpusLimit": 2.5 }), "InvalidParameter"),
        ("/containers/0/resourceConfig", json!({ "memoryLimitInGBs": 2.5 }), "InvalidParameter"),
        ("/containers/0/resourceConfig", json!({ "memoryLimitInGbs": 1 }), "CannotParseRequest"),
        ("/containers/0/securityContext", json!({ "runAsUser": 0 }), "InvalidParameter"),
        (
            "/containers/0/securityContext",
            json!({ "securityContextType": "LINUX", "capabilities": { "addCapabilities": ["CHOWN"] } }),
            "InvalidParameter",
        ),
        (
            "/containers/0/healthChecks",
            json!([{ "healthCheckType": "COMMAND", "command": ["true"] }]),
            "InvalidParameter",
        ),
        ("/volumes", json!([{ "name": "v", "volumeType": "HOSTPATH" }]), "InvalidParameter"),
        (
            "/volumes",
            json!([{ "name": "v", "volumeType": "EMPTYDIR" }, { "name": "v", "volumeType": "EMPTYDIR" }]),
            "InvalidParameter",
        ),
        (
            "/volumes",
            json!([{ "name": "v", "volumeType": "CONFIGFILE", "configs": [{ "fileName": "a", "data": "?" }] }]),
            "InvalidParameter",
        ),
        (
            "/volumes",
            json!([{ "name": "v", "volumeType": "CONFIGFILE", "configs": [{ "fileName": "a", "data": "", "path": "../a" }] }]),
            "InvalidParameter",
        ),
        ("/volumes", json!(volumes), "InvalidParameter"),
        ("/vnics", json!([]), "InvalidParameter"),
        (
            "/vnics",
            json!([{ "subnetId": "ocid1.subnet.oc1..a" }, { "subnetId": "ocid1.subnet.oc1..a" }]),
            "InvalidParameter",
        ),
        ("/vnics/0/subnetId", json!("ocid1.vcn.oc1..a"), "InvalidParameter"),
        ("/containerRestartPolicy", json!("never"), "InvalidParameter"),
        ("/gracefulShutdownTimeoutInSeconds", json!(301), "InvalidParameter"),
        ("/gracefulShutdownTimeoutInSeconds", json!("PT30S"), "InvalidParameter"),
        (
            "/imagePullSecrets",
            json!([{ "secretType": "BASIC", "registryEndpoint": "r", "username": "plain?", "password": "" }]),
            "InvalidParameter",
        ),
        (
            "/imagePullSecrets",
            json!([{ "secretType": "VAULT", "registryEndpoint": "r", "secretId": "x" }]),
            "InvalidParameter",
        ),
        ("/displayName", json!("x".repeat(256)), "InvalidParameter"),
        ("/freeformTags", json!({ "a": { "b": "c" } }), "InvalidParameter"),
        ("/tags", json!({}), "CannotParseRequest"),
    ]
}

#[tokio::test]
async fn what_a_container_instance_cannot_be_is_refused_by_its_code() {
    let caller = Caller::new().await;
    let mut good =
        instance(json!([{ "imageUrl": "docker.io/library/alpine:3.20@sha256:ab", "command": ["/bin/true"] }]));
    good["volumes"] = json!([{ "name": "v", "volumeType": "EMPTYDIR" }]);
    for (pointer, value, code) in wrong() {
        let mut said = good.clone();
        let (above, name) = pointer.rsplit_once('/').expect("a pointer");
        let above = said.pointer_mut(above).and_then(Value::as_object_mut).expect("an object");
        match value {
            Value::Null => drop(above.remove(name)),
            value => drop(above.insert(name.into(), value)),
        }
        let refused = caller.post(INSTANCES, &said).await;
        let told = refused.text();
        assert_eq!(refused.refusal().1, code, "{pointer}: {told}");
    }
    assert_eq!(caller.oracle.state().container_instances_created(), 0);
    caller.post(INSTANCES, &good).await.must(200);
    for (headers, body, status) in [
        (&[("opc-retry-token", "")][..], good.to_string(), 400),
        (&[("opc-retry-token", &*"x".repeat(65))], good.to_string(), 400),
        (&[("content-type", "text/plain")], good.to_string(), 415),
        (&[], "{".into(), 400),
        (&[], "[]".into(), 400),
        (&[], "\u{fffd}".into(), 400),
    ] {
        assert_eq!(caller.send("POST", INSTANCES, headers, body.into_bytes()).await.status, status);
    }
}

#[tokio::test]
async fn what_nobody_may_ask_is_refused() {
    let caller = Caller::new().await;
    caller.oracle.state().bucket("bkt");
    caller.oracle.state().queue("ocid1.queue.oc1..q", 30, 0);
    caller.oracle.state().stream("ocid1.stream.oc1..s", 1);
    for (method, target, body, status) in [
        ("GET", "/20210415/containerInstances", "", 400),
        ("GET", "/20210415/containerInstances?compartmentId=c&lifecycleState=RUNNING", "", 400),
        ("GET", "/20210415/containerInstances?compartmentId=c&limit=0", "", 400),
        ("GET", "/20210415/containerInstances?compartmentId=c&page=nonsense", "", 400),
        ("GET", "/20210415/containerInstances?compartmentId=c&freeformTags=x", "", 400),
        ("GET", "/20210415/containerInstances?compartmentId=c&sortOrder=down", "", 400),
        ("GET", "/20210415/containers/ocid1.x", "", 404),
        ("GET", "/20210415/nothing", "", 404),
        ("GET", "/nothing", "", 404),
        (
            "POST",
            "/n/monkeyci/b/bkt/p",
            r#"{"name":"n","accessType":"ObjectRead","timeExpires":"2099-01-01T00:00:00Z"}"#,
            400,
        ),
        ("POST", "/n/monkeyci/b/bkt/p", r#"{"name":"n","accessType":"AnyObjectRead","timeExpires":"soon"}"#, 400),
        (
            "POST",
            "/n/monkeyci/b/bkt/p",
            r#"{"name":"n","accessType":"AnyObjectDelete","timeExpires":"2099-01-01T00:00:00Z"}"#,
            400,
        ),
        ("POST", "/n/monkeyci/b/bkt/u", r#"{"object":"x","metadata":{"x":"y"}}"#, 400),
        ("POST", "/n/monkeyci/b", r#"{"name":"a b","compartmentId":"c"}"#, 400),
        ("POST", "/20210201/queues/ocid1.queue.oc1..q/messages", r#"{"messages":[]}"#, 400),
        ("POST", "/20210201/queues/ocid1.queue.oc1..q/messages", r#"{"messages":[{"content":""}]}"#, 400),
        ("POST", "/20210201/queues/ocid1.queue.oc1..q/messages", r#"{"messages":[{"content":{"a":1}}]}"#, 400),
        ("POST", "/20210201/queues/ocid1.queue.oc1..none/messages", r#"{"messages":[{"content":"x"}]}"#, 404),
        ("GET", "/20210201/queues/ocid1.queue.oc1..q/messages?limit=21", "", 400),
        ("GET", "/20210201/queues/ocid1.queue.oc1..q/messages?timeoutInSeconds=31", "", 400),
        ("POST", "/20180418/streams/ocid1.stream.oc1..s/messages", r#"{"messages":[{"value":"not base64"}]}"#, 400),
        ("POST", "/20180418/streams/ocid1.stream.oc1..s/cursors", r#"{"partition":"1","type":"LATEST"}"#, 400),
        ("POST", "/20180418/streams/ocid1.stream.oc1..s/cursors", r#"{"partition":"0","type":"AT_OFFSET"}"#, 400),
        ("GET", "/20180418/streams/ocid1.stream.oc1..s/messages?cursor=x", "", 400),
        ("POST", "/20180608/encrypt", r#"{"keyId":"ocid1.key.oc1..none","plaintext":"eA=="}"#, 404),
        ("POST", "/20190301/secretbundles/actions/getByName?secretName=x", "", 400),
    ] {
        let answer = caller.send(method, target, &[], body.into()).await;
        assert_eq!(answer.status, status, "{method} {target} {body}: {}", answer.text());
        assert!(answer.json()["code"].is_string() && !answer.header("opc-request-id").is_empty(), "{answer:?}");
    }
    let large = json!({ "messages": [{ "content": "x".repeat(256 * 1024) }, { "content": "x".repeat(256 * 1024) }] });
    let refused = caller.post("/20210201/queues/ocid1.queue.oc1..q/messages", &large).await;
    assert_eq!(refused.refusal(), (413, "RequestEntityTooLarge".into()));
    assert_eq!(caller.get(&format!("/20210415/containerInstanceShapes?compartmentId={COMPARTMENT}")).await.status, 200);
}
