//! What goes wrong on purpose.

use std::time::{Duration, Instant};

use oracle_emulator::{Fault, fault::Kind};
use serde_json::{Value, json};

use crate::{COMPARTMENT, Caller, instance};

const INSTANCES: &str = "/20210415/containerInstances";

fn said(script: &str) -> Value {
    instance(json!([{ "imageUrl": "example.com/private/job:1", "command": ["/bin/sh", "-c", script] }]))
}

#[tokio::test]
async fn an_answer_that_is_lost_leaves_what_was_done_and_its_token_finds_it() {
    let caller = Caller::new().await;
    caller.oracle.state().faults.push_back(Fault::lost().on("POST", "/containerInstances"));
    let url = format!("{}{INSTANCES}", caller.oracle.url());
    let unsigned = reqwest::Client::new().post(url).body("{}").send().await;
    assert!(unsigned.is_err(), "also who is not believed hears nothing");
    caller.oracle.state().faults.push_back(Fault::lost().on("POST", "/containerInstances"));
    let client = async || {
        let body = said("true").to_string().into_bytes();
        caller.send("POST", INSTANCES, &[("opc-retry-token", "t")], body).await
    };
    let lost = futures::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(client())).await;
    assert!(lost.is_err(), "there is no answer");
    let made = client().await.must(200).json();
    let state = caller.oracle.state();
    assert_eq!(state.container_instances_created(), 1);
    assert_eq!(state.container_instances()[0].0, made["id"].as_str().expect("an id"));
}

#[tokio::test]
async fn faults_happen_to_whom_they_are_meant_for() {
    let caller = Caller::new().await;
    let list = format!("{INSTANCES}?compartmentId={COMPARTMENT}");
    caller.oracle.state().faults.extend([
        Fault::too_many(Some(7)).on("GET", "/containerInstances").times(2),
        Fault::out_of_capacity().on("POST", "/containerInstances").after(1),
        Fault::new(Kind::Gateway).on("GET", "/n"),
    ]);
    caller.get("/n").await.must(502);
    let refused = caller.get(&list).await;
    assert_eq!((refused.refusal(), refused.header("retry-after")), ((429, "TooManyRequests".into()), "7"));
    caller.post(INSTANCES, &said("true")).await.must(200);
    let refused = caller.post(INSTANCES, &said("true")).await;
    assert_eq!((refused.status, refused.json()["message"].as_str()), (500, Some("Out of host capacity.")));
    assert_eq!(caller.get(&list).await.status, 429);
    caller.get(&list).await.must(200);
    // The same through the control API.
    let fault =
        json!({ "kind": { "refuse": { "status": 503, "code": "ServiceUnavailable" } }, "target": "/n", "times": 0 });
    caller.post("/_control/faults", &fault).await.must(204);
    assert_eq!((caller.get("/n").await.status, caller.get("/n").await.status), (503, 503));
    caller.send("DELETE", "/_control/faults", &[], Vec::new()).await.must(204);
    caller.get("/n").await.must(200);
    for (kind, least) in [(Kind::Slow { ms: 150 }, 150), (Kind::Trickle { ms: 15 }, 150)] {
        caller.oracle.state().faults.push_back(Fault::new(kind).on("GET", "/n"));
        let begun = Instant::now();
        assert_eq!(caller.get("/n").await.must(200).text(), "\"monkeyci\"");
        assert!(begun.elapsed() >= Duration::from_millis(least));
    }
}

#[tokio::test]
async fn what_is_set_changes_how_it_behaves() {
    let caller = Caller::new().await;
    let set = async |said: Value| {
        let body = said.to_string().into_bytes();
        caller.send("PATCH", "/_control/settings", &[], body).await
    };
    let list = format!("{INSTANCES}?compartmentId={COMPARTMENT}&limit=1");
    assert_eq!(set(json!({ "callsPerSecnd": 1 })).await.status, 400);
    // A place without room.
    set(json!({ "outOfCapacity": [{ "availabilityDomain": "Uocm:EU-FRANKFURT-1-AD-1" }] })).await.must(204);
    assert_eq!(caller.post(INSTANCES, &said("true")).await.status, 500);
    let mut elsewhere = said("true");
    elsewhere["availabilityDomain"] = json!("Uocm:EU-FRANKFURT-1-AD-2");
    caller.post(INSTANCES, &elsewhere).await.must(200);
    // Not there yet.
    set(json!({ "outOfCapacity": [], "hiddenMs": 60_000 })).await.must(204);
    let made = caller.post(INSTANCES, &said("true")).await.must(200).json();
    let path = format!("{INSTANCES}/{}", made["id"].as_str().expect("an id"));
    assert_eq!(caller.get(&path).await.status, 404);
    caller.post("/_control/clock", &json!({ "advance": 61 })).await.must(200);
    caller.get(&path).await.must(200);
    // Empty pages that are not the end.
    set(json!({ "hiddenMs": 0, "emptyPages": true })).await.must(204);
    let (mut seen, mut pages, mut next) = (0, 0, String::new());
    loop {
        let page = caller.get(&format!("{list}{next}")).await.must(200);
        seen += page.json()["items"].as_array().map_or(0, Vec::len);
        pages += 1;
        match page.header("opc-next-page") {
            "" => break,
            token => next = format!("&page={token}"),
        }
    }
    assert_eq!((seen, pages), (2, 4));
    // As many calls in a second as there may be.
    caller.oracle.clock().stand(caller.oracle.clock().now());
    set(json!({ "callsPerSecond": 3 })).await.must(204);
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(caller.get(&list).await.status);
    }
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
    caller.oracle.clock().advance(Duration::from_secs(1));
    caller.get(&list).await.must(200);
}

#[tokio::test]
async fn an_image_that_cannot_be_pulled_is_explained_by_the_work_request() {
    let caller = Caller::new().await;
    {
        let mut state = caller.oracle.state();
        let login = oracle_emulator::settings::Login { username: "ns/user".into(), password: "tok".into() };
        state.settings.registries.insert("example.com".into(), login);
        state.secrets.insert(
            "ocid1.vaultsecret.oc1..a".into(),
            vec!["eyJ1c2VybmFtZSI6Im5zL3VzZXIiLCJwYXNzd29yZCI6InRvayJ9".into()],
        );
    }
    let secret = |password: &str| json!([{ "secretType": "BASIC", "registryEndpoint": "example.com", "username": "bnMvdXNlcg==", "password": password }]);
    let vault =
        json!([{ "secretType": "VAULT", "registryEndpoint": "example.com", "secretId": "ocid1.vaultsecret.oc1..a" }]);
    for (secrets, state, told) in [
        (Value::Null, "FAILED", "authentication required"),
        (secret("d3Jvbmc="), "FAILED", "incorrect username or password"),
        (secret("dG9r"), "INACTIVE", ""),
        (vault, "INACTIVE", ""),
    ] {
        let mut said = said("true");
        said["imagePullSecrets"] = secrets;
        let made = caller.post(INSTANCES, &said).await.must(200);
        let path = format!("{INSTANCES}/{}", made.json()["id"].as_str().expect("an id"));
        let shown = caller.until(&path, |shown| shown["lifecycleState"] == state).await;
        assert!(shown["lifecycleDetails"].as_str().unwrap_or_default().contains(told), "{shown:#}");
        assert!(!shown.to_string().contains("dG9r"), "the password is not shown");
        let work = format!("/20210415/workRequests/{}", made.header("opc-work-request-id"));
        let errors = caller.get(&format!("{work}/errors")).await.must(200).json();
        assert_eq!(caller.get(&work).await.json()["status"], if told.is_empty() { "SUCCEEDED" } else { "FAILED" });
        let message = errors["items"][0]["message"].as_str().unwrap_or_default();
        assert!(message.contains(told) && message.is_empty() == told.is_empty(), "{errors:#}");
    }
}

#[tokio::test]
async fn of_a_long_log_the_newest_is_given() {
    let caller = Caller::new().await;
    let made = caller.post(INSTANCES, &said("seq 1 60000")).await.must(200).json();
    let path = format!("{INSTANCES}/{}", made["id"].as_str().expect("an id"));
    let shown = caller.until(&path, |shown| shown["lifecycleState"] == "INACTIVE").await;
    let container = shown["containers"][0]["containerId"].as_str().expect("an id");
    let log =
        caller.post(&format!("/20210415/containers/{container}/actions/retrieveLogs"), &Value::Null).await.must(200);
    assert_eq!(log.body.len(), 256 * 1024);
    assert!(log.text().ends_with("\n60000\n") && !log.text().contains("\n10000\n"));
}

#[tokio::test]
async fn queues_deliver_again_until_they_give_up() {
    let caller = Caller::new().await;
    let queue = "ocid1.queue.oc1..q";
    caller.oracle.state().queue(queue, 30, 2);
    let at = format!("/20210201/queues/{queue}/messages");
    let put = json!({ "messages": [{ "content": "a" }, { "content": "b" }] });
    caller.post(&at, &put).await.must(200);
    let get =
        async || caller.get(&format!("{at}?timeoutInSeconds=0&limit=20")).await.must(200).json()["messages"].clone();
    let first = get().await;
    assert_eq!((first.as_array().map(Vec::len), get().await.as_array().map(Vec::len)), (Some(2), Some(0)));
    // What is held longer is not delivered meanwhile.
    let receipt = first[0]["receipt"].as_str().expect("one");
    let receipt: String = receipt.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let longer = json!({ "visibilityInSeconds": 600 }).to_string().into_bytes();
    caller.send("PUT", &format!("{at}/{receipt}"), &[], longer).await.must(200);
    caller.oracle.clock().advance(Duration::from_secs(31));
    let second = get().await;
    assert_eq!((second.as_array().map(Vec::len), &second[0]["content"]), (Some(1), &json!("b")));
    assert_eq!(second[0]["deliveryCount"], 2);
    caller.oracle.clock().advance(Duration::from_secs(31));
    assert_eq!(get().await.as_array().map(Vec::len), Some(0), "twice was enough");
    assert_eq!(caller.oracle.state().queued(queue), (vec!["a".into()], vec!["b".into()]));
    caller.delete(&format!("{at}/{receipt}")).await.must(204);
    // Somebody who waits sees what becomes visible again, by the double's own time.
    caller.post(&at, &json!({ "messages": [{ "content": "c" }] })).await.must(200);
    get().await;
    let wait = async { caller.get(&format!("{at}?timeoutInSeconds=30")).await.must(200).json() };
    let wind = async {
        tokio::time::sleep(Duration::from_millis(100)).await; // moment
        caller.oracle.clock().advance(Duration::from_secs(30));
    };
    let (waited, ()) = tokio::join!(wait, wind);
    assert!(waited["messages"].as_array().is_some_and(|all| all.len() <= 1), "{waited}");
    // Entries that fail alone.
    caller.oracle.state().settings.fail_every = 1;
    let entries = json!({ "entries": [{ "receipt": "x" }] });
    let failed = caller.post(&format!("{at}/actions/deleteMessages"), &entries).await.must(200).json();
    assert_eq!((&failed["serverFailures"], &failed["entries"][0]["errorCode"]), (&json!(1), &json!(500)));
}
