use http::{Method, Request, header};
use serde_json::{Value, json};

use super::house::House;
use super::receiver::Receiver;

const REPO: &str = "/v1/orgs/acme/repos/web";
const DEPLOYS: &str = "/v1/orgs/acme/subscriptions/deploys";

/// Builds `web` with this script, to its end.
async fn build(house: &House, script: &str) -> u64 {
    house.commit(script);
    let number = house.post(&format!("{REPO}/builds"), json!({ "branch": "main" })).await.must(201).json()["number"]
        .as_u64()
        .expect("a number");
    house.ended(number).await;
    number
}

const BROKEN: &str = "[{id: unit, script: ['false']}, {id: lint, script: ['true']}]";
const WELL: &str = "[{id: unit, script: ['true']}]";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_hears_of_what_changes_once_signed_and_without_params() {
    let (house, receiver) = (House::with_script("[]").await, Receiver::open().await);
    house.put(&format!("{REPO}/params/COLOUR"), json!({ "value": "of the params" })).await.must(201);
    let made = house.put(DEPLOYS, json!({ "to": { "webhook": { "url": receiver.url } } })).await.must(201);
    assert_eq!(made.headers[header::ETAG], "\"1\"");
    let made = made.json();
    assert_eq!(made["on"], json!(["failed", "recovered", "waiting"]), "{made}");
    let secret = made["secret"].as_str().expect("a secret, this once").to_owned();
    assert_eq!(house.get(DEPLOYS).await.must(200).json()["secret"], Value::Null);

    for script in [WELL, BROKEN, BROKEN, WELL] {
        build(&house, script).await;
    }
    let came = receiver.came(2).await;
    assert_eq!(came.len(), 2, "what stays as it was is told to nobody: {came:#?}");
    let told = &came[0].body;
    assert_eq!((&told["on"], &told["jobs"]), (&json!("failed"), &json!(["unit"])), "{told}");
    assert_eq!((&told["build"]["number"], &told["build"]["status"]), (&json!(2), &json!("failure")));
    assert_eq!(told["url"], "https://ci.example.com/o/acme/r/web/b/2");
    assert_eq!((&came[1].body["on"], &came[1].body["build"]["number"]), (&json!("recovered"), &json!(4)));
    for one in &came {
        assert_eq!(one.signed(&secret), [true, true]);
        assert!(!one.body.to_string().contains("of the params"), "{one:?}");
    }
    let all = format!("{DEPLOYS}/deliveries");
    let is_told = |list: &Value| {
        list["items"]
            .as_array()
            .is_some_and(|all| all.len() == 2 && all.iter().all(|one| one["state"] == "delivered" && one["tries"] == 1))
    };
    let listed = house.until(&all, is_told).await;
    assert_eq!((&listed["items"][0]["id"], &listed["items"][0]["build"]), (&json!(came[1].id), &json!("acme/web#4")));

    // Once more, and with two secrets while the receiver is told the new one.
    let fresh = house.post(&format!("{DEPLOYS}/rotate"), json!({})).await.must(200).json();
    assert_eq!(fresh["rotating"], true);
    house.post(&format!("{all}/{}/redeliver", came[0].id), json!({})).await.must(202);
    let again = receiver.came(3).await.pop().expect("it came");
    assert_eq!((&again.id, &again.body), (&came[0].id, told));
    assert_eq!(again.signed(&secret), [true, false]);
    assert_eq!(again.signed(fresh["secret"].as_str().expect("a secret")), [true, true]);
    house.post(&format!("{all}/nothing/redeliver"), json!({})).await.must(404);

    // A secret that the caller brings is given once, however often it is said.
    let chosen = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    for _ in 0..2 {
        let given = house.post(&format!("{DEPLOYS}/rotate"), json!({ "secret": chosen })).await.must(200).json();
        assert_eq!((&given["secret"], &given["revision"]), (&json!(chosen), &json!(3)));
    }
    house.post(&format!("{all}/{}/redeliver", came[0].id), json!({})).await.must(202);
    let again = receiver.came(4).await.pop().expect("it came");
    assert_eq!(again.signed(chosen), [true, true]);
    let wrong = house.post(&format!("{DEPLOYS}/rotate"), json!({ "secret": "whsec_c2hvcnQ=" })).await.must(422).json();
    assert_eq!(wrong["errors"][0]["pointer"], "/secret", "{wrong}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_breaks_is_told_later_and_one_that_hangs_holds_up_nobody() {
    let mut house = House::with_script("[]").await;
    let (broken, hanging, well) = (Receiver::open().await, Receiver::open().await, Receiver::open().await);
    broken.answer(Some(503));
    hanging.answer(None);
    for (name, url) in [("a", &broken.url), ("b", &hanging.url), ("c", &well.url)] {
        let body = json!({ "to": { "webhook": { "url": url } } });
        house.put(&format!("/v1/orgs/acme/subscriptions/{name}"), body).await.must(201);
    }
    build(&house, BROKEN).await;
    hanging.came(1).await;
    well.came(1).await;
    let failed = |list: &Value| list["items"][0]["note"] == "the receiver answers 503";
    let listed = house.until("/v1/orgs/acme/subscriptions/a/deliveries", failed).await;
    assert_eq!(listed["items"][0]["state"], "queued");
    house.until("/v1/orgs/acme/subscriptions/c/deliveries", |list| list["items"][0]["state"] == "delivered").await;
    // What nobody took is sent again by the next server, under the same id; what was taken is not.
    house.again().await;
    broken.answer(Some(200));
    hanging.answer(Some(200));
    for (name, receiver) in [("a", &broken), ("b", &hanging)] {
        let path = format!("/v1/orgs/acme/subscriptions/{name}/deliveries");
        let listed = house.until(&path, |list| list["items"][0]["state"] == "delivered").await;
        let came = receiver.came(2).await;
        assert!(came.iter().all(|one| listed["items"][0]["id"] == one.id), "{came:#?}");
        assert_eq!(listed["items"].as_array().map(Vec::len), Some(1), "it is queued once");
    }
    assert_eq!(well.came(1).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wanted_once_more_while_it_is_being_sent_is_sent_once_more() {
    let (house, receiver) = (House::with_script("[]").await, Receiver::open().await);
    house.put(DEPLOYS, json!({ "to": { "webhook": { "url": receiver.url } } })).await.must(201);
    receiver.answer(None);
    build(&house, BROKEN).await;
    let id = receiver.came(1).await.remove(0).id;
    house.post(&format!("{DEPLOYS}/deliveries/{id}/redeliver"), json!({})).await.must(202);
    receiver.answer(Some(204));
    let came = receiver.came(2).await;
    assert!(came.iter().all(|one| one.id == id), "{came:#?}");
    let is_told = |list: &Value| list["items"][0]["state"] == "delivered" && list["items"][0]["tries"] == 1;
    house.until(&format!("{DEPLOYS}/deliveries"), is_told).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn why_a_build_is_told_to_whom_is_shown_without_addresses() {
    let house = House::with_script("[]").await;
    let subscribe = async |name: &str, body: Value| {
        house.put(&format!("/v1/orgs/acme/subscriptions/{name}"), body).await.must(201);
    };
    let chat = json!({ "chat": { "integration": "slack", "place": "T1/C123" } });
    subscribe("chat", json!({ "to": chat, "jobs": ["unit"] })).await;
    subscribe("docs", json!({ "to": chat, "repos": ["docs"] })).await;
    subscribe("hook", json!({ "to": { "webhook": { "url": "http://127.0.0.1:1/secret" } }, "on": ["started"] })).await;
    let number = build(&house, BROKEN).await;
    let path = format!("{REPO}/builds/{number}/subscriptions");
    let viewer = house.token_of("viewer").await;
    let shown = house.ask(Some(&viewer), Method::GET, &path, None).await.must(200).json();
    let why = |at: usize| shown[at]["why"].as_str().expect("a reason").to_owned();
    assert_eq!((&shown[0]["on"], &shown[0]["to"]), (&json!("failed"), &chat), "{shown}");
    assert_eq!(why(0), "a build of `web` at `main` is `failed`, which it wants");
    assert_eq!((&shown[1]["on"], why(1)), (&Value::Null, "its `repos` leave out `web`".into()));
    assert_eq!((&shown[2]["to"], why(2)), (&Value::Null, "this is `failed`, which its `on` leaves out".into()));
    let first = house.get(&format!("{path}?seq=1")).await.must(200).json();
    assert_eq!(first[0]["on"], Value::Null, "{first}");
    house.get(&format!("{path}?seq=9999")).await.must(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_of_slack_is_kept_with_its_style_for_the_app_that_asks_and_nothing_is_sent_to_it() {
    let house = House::with_script("[]").await;
    let style = json!({
        "message": "plan", "thread": "always", "logLines": 5, "mention": "@on-call",
        "quietHours": { "from": "20:00", "to": "08:00", "timezone": "Europe/Brussels" },
        "digest": { "cron": "0 9 * * 1-5", "timezone": "Europe/Brussels" },
    });
    let to = json!({ "slack": { "workspace": "T0123", "channel": "#shop-ci", "style": style } });
    let made = house.put(DEPLOYS, json!({ "to": to, "events": ["manual"] })).await.must(201).json();
    assert_eq!((&made["to"], &made["secret"]), (&to, &Value::Null), "{made}");
    let usual = json!({ "slack": { "workspace": "T0123", "channel": "C0456" } });
    let nightly = json!({ "to": usual, "events": ["schedule"] });
    let made = house.put("/v1/orgs/acme/subscriptions/nightly", nightly).await.must(201).json();
    assert_eq!(made["to"], usual, "what is usual is not said: {made}");

    let number = build(&house, BROKEN).await;
    let found = house.get(&format!("{REPO}/builds/{number}/subscriptions")).await.must(200).json();
    assert_eq!((&found[0]["on"], &found[0]["to"]), (&json!("failed"), &to), "{found}");
    assert_eq!(found[1]["why"], "its `events` leave out `manual`", "{found}");
    let refused = house.post(&format!("{DEPLOYS}/test"), json!({})).await.must(409);
    assert!(refused.text.contains("the Slack app"), "{}", refused.text);
    let sent = house.get(&format!("{DEPLOYS}/deliveries")).await.must(200).json();
    assert_eq!(sent["items"], json!([]));
    let export = house.get("/v1/orgs/acme/export").await.must(200).json();
    assert_eq!(export["subscriptions"][0]["to"], to, "{export}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_a_subscription_is_refused_with_its_field() {
    let house = House::with_script("[]").await;
    let hook = |url: &str| json!({ "to": { "webhook": { "url": url } } });
    let slack = |workspace: &str, channel: &str, style: Value| json!({ "to": { "slack": { "workspace": workspace, "channel": channel, "style": style } } });
    let with = |field: &str, value: Value| {
        let mut body = hook("https://example.com/hook");
        body[field] = value;
        body
    };
    for (body, pointer) in [
        (json!({}), "/to"),
        (hook("example.com"), "/to/webhook/url"),
        (hook("file:///etc/passwd"), "/to/webhook/url"),
        (hook("https://ann:secret@example.com"), "/to/webhook/url"),
        (json!({ "to": { "chat": { "integration": "a/b", "place": "C1" } } }), "/to/chat/integration"),
        (json!({ "to": { "chat": { "integration": "slack", "place": "" } } }), "/to/chat/place"),
        (slack("acme", "#builds", json!({})), "/to/slack/workspace"),
        (slack("T1", "Builds", json!({})), "/to/slack/channel"),
        (slack("T1", "#builds", json!({ "mention": "@Every one" })), "/to/slack/style/mention"),
        (slack("T1", "#builds", json!({ "logLines": 101 })), "/to/slack/style/logLines"),
        (slack("T1", "#builds", json!({ "thread": "sometimes" })), ""),
        (slack("T1", "#builds", json!({ "digest": { "cron": "9" } })), "/to/slack/style/digest/cron"),
        (slack("T1", "#b", json!({ "quietHours": { "from": "20:00", "to": "8" } })), "/to/slack/style/quietHours/to"),
        (with("events", json!(["pushed"])), ""),
        (with("repos", json!(["["])), "/repos/0"),
        (with("refs", json!(["!"])), "/refs/0"),
        (with("jobs", json!(vec!["a"; 101])), "/jobs"),
        (with("labelFilters", json!([{}])), "/labelFilters/0"),
        (with("colour", json!("red")), "/colour"),
    ] {
        let refused = house.put(DEPLOYS, body.clone()).await.must(422);
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer, "{body}: {}", refused.text);
        assert!(!refused.text.contains("secret@"), "{}", refused.text);
    }
    house.put("/v1/orgs/acme/subscriptions/a%20b", hook("https://example.com")).await.must(400);
    house.put(DEPLOYS, hook("https://example.com/hook")).await.must(201);
    let stale = Request::builder()
        .method(Method::DELETE)
        .uri(DEPLOYS)
        .header(header::AUTHORIZATION, format!("Bearer {}", house.token))
        .header(header::IF_MATCH, "\"7\"");
    house.send(stale.body(axum::body::Body::empty()).expect("a request")).await.must(412);
    house.delete(DEPLOYS).await.must(204);
    house.delete(DEPLOYS).await.must(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_deployed_is_told_once_and_not_again_where_it_is_taken_over() {
    let script =
        "[{id: ship, environment: live, script: ['true']}, {id: after, dependencies: [ship], script: ['false']}]";
    let (house, receiver) = (House::with_script(script).await, Receiver::open().await);
    house.put(&format!("{REPO}/environments/live"), json!({})).await.must(201);
    house
        .put(DEPLOYS, json!({ "to": { "webhook": { "url": receiver.url } }, "on": ["deployed", "still-failing"] }))
        .await
        .must(201);
    build(&house, script).await;
    house.post(&format!("{REPO}/builds/1/retry"), json!({ "failed": true })).await.must(201);
    house.ended(2).await;
    let came = receiver.came(2).await;
    let told: Vec<_> = came.iter().map(|one| (&one.body["on"], &one.body["build"]["number"])).collect();
    assert_eq!(told, [(&json!("deployed"), &json!(1)), (&json!("still-failing"), &json!(2))], "{came:#?}");
    assert_eq!(came[0].body["jobs"], json!(["ship"]));
    // Somebody who asks why is told of that event as well.
    let events = house.get(&format!("{REPO}/builds/1/events")).await.must(200).json();
    let ended = |event: &&Value| event["type"] == "job/end" && event["jobId"] == "ship";
    let seq = events["items"].as_array().expect("events").iter().find(ended).expect("it ended")["seq"].clone();
    let matches = house.get(&format!("{REPO}/builds/1/subscriptions?seq={seq}")).await.must(200).json();
    assert_eq!(matches[0]["on"], "deployed", "{matches}");
}
