use http::{Method, header};
use serde_json::{Value, json};

use super::house::{Answer, House};

const SLACK: &str = "/v1/orgs/acme/service-accounts/slack";
const LINKS: &str = "/v1/orgs/acme/integrations/slack/links";
const ANN: &str = "slack:T1/U1";

/// A house with an integration, and a token of it that may do as much as a developer.
async fn with_integration(script: &str) -> (House, String) {
    let house = House::with_script(script).await;
    house.put(SLACK, json!({ "role": "viewer", "integration": true })).await.must(201);
    let wanted = json!({ "description": "the app", "scope": { "org": "acme", "role": "developer" } });
    let token = house.post(&format!("{SLACK}/tokens"), wanted).await.must(201).json();
    house.put("/v1/orgs/acme/members/ann", json!({ "role": "owner" })).await.must(200);
    (house, token["secret"].as_str().expect("a secret").to_owned())
}

/// Asks as the integration, for a user of the chat.
async fn act(house: &House, token: &str, chat: &str, method: Method, path: &str, body: Option<Value>) -> Answer {
    let headers = [("monkeyci-act-as", chat), ("content-type", "application/json")];
    house.send_as(token, method, path, &headers, body.map_or_else(String::new, |body| body.to_string())).await
}

fn code(answer: &Answer) -> String {
    answer.json()["code"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_integration_acts_for_whom_it_knows_and_both_are_told_everywhere() {
    let (house, slack) = with_integration("[{id: deploy, blocked: true, script: [echo a]}]").await;
    house.put("/v1/orgs/acme/chat-identities/slack/T1%2FU1", json!({ "person": "ann" })).await.must(201);
    let me = act(&house, &slack, ANN, Method::GET, "/v1/me", None).await.must(200).json();
    assert_eq!(me, json!({ "name": "ann", "via": "acme/slack", "admin": false, "orgs": { "acme": "developer" } }));

    let builds = "/v1/orgs/acme/repos/web/builds";
    let build = act(&house, &slack, ANN, Method::POST, builds, Some(json!({}))).await.must(201).json();
    assert_eq!((&build["trigger"]["actor"], &build["trigger"]["via"]), (&json!("ann"), &json!("acme/slack")));
    house.until(&format!("{builds}/1"), |build| build["status"] == "blocked").await;
    act(&house, &slack, ANN, Method::POST, &format!("{builds}/1/jobs/deploy/approve"), Some(json!({}))).await.must(202);
    house.ended(1).await;
    act(&house, &slack, ANN, Method::POST, &format!("{builds}/1/retry"), Some(json!({}))).await.must(201);
    house.until(&format!("{builds}/2"), |build| build["status"] == "blocked").await;
    act(&house, &slack, ANN, Method::POST, &format!("{builds}/2/jobs/deploy/reject"), Some(json!({}))).await.must(202);
    house.ended(2).await;
    act(&house, &slack, ANN, Method::POST, builds, Some(json!({}))).await.must(201);
    house.until(&format!("{builds}/3"), |build| build["status"] == "blocked").await;
    act(&house, &slack, ANN, Method::POST, &format!("{builds}/3/cancel"), Some(json!({}))).await.must(202);
    house.ended(3).await;
    let mut told = Vec::new();
    for number in 1..=3 {
        let events = house.get(&format!("{builds}/{number}/events?limit=200")).await.must(200).json();
        let events = events["items"].as_array().expect("events").clone();
        told.extend(events.into_iter().filter(|event| event["via"] == "acme/slack" && event["actor"] == "ann"));
    }
    let told: Vec<_> = told.iter().map(|event| event["type"].as_str().unwrap_or_default()).collect();
    assert_eq!(told, ["job/unblocked", "job/canceled", "build/canceled"]);

    let audit = house.get("/v1/orgs/acme/audit?limit=7").await.must(200).json();
    let by: Vec<_> = audit["items"].as_array().expect("rows").iter().filter(|row| row["actor"] == "ann").collect();
    assert_eq!(by.len(), 6, "{audit}");
    assert!(by.iter().all(|row| row["via"] == "acme/slack"), "{audit}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_never_does_more_than_either_of_them_may() {
    let (house, slack) = with_integration("[]").await;
    house.put("/v1/orgs/acme/members/bob", json!({ "role": "viewer" })).await.must(200);
    for (subject, person) in [("U1", "ann"), ("U2", "bob"), ("U3", "admin")] {
        let path = format!("/v1/orgs/acme/chat-identities/slack/T1%2F{subject}");
        house.put(&path, json!({ "person": person })).await.must(201);
    }
    let builds = "/v1/orgs/acme/repos/web/builds";
    // Who may less than the token does no more than that; who may more, no more than the token.
    act(&house, &slack, "slack:T1/U2", Method::POST, builds, Some(json!({}))).await.must(403);
    let param = json!({ "value": "x" });
    act(&house, &slack, ANN, Method::PUT, "/v1/orgs/acme/params/A", Some(param)).await.must(403);
    act(&house, &slack, "slack:T1/U3", Method::GET, "/v1/people", None).await.must(403);
    // For itself it does what its own role lets it.
    house.ask(Some(&slack), Method::POST, builds, Some(json!({}))).await.must(403);
    // Nothing elsewhere, whoever it is.
    house.put("/v1/orgs/other", json!({})).await.must(201);
    house.put("/v1/orgs/other/members/ann", json!({ "role": "owner" })).await.must(200);
    act(&house, &slack, ANN, Method::GET, "/v1/orgs/other", None).await.must(404);
    // What is somebody's own stays so: tokens, sessions, who they are.
    let token = json!({ "description": "mine", "scope": { "org": "acme", "role": "viewer" } });
    act(&house, &slack, ANN, Method::POST, "/v1/tokens", Some(token)).await.must(403);
    for path in ["/v1/tokens", "/v1/me/sessions", "/v1/me/identities", "/v1/me/chat-identities"] {
        act(&house, &slack, ANN, Method::GET, path, None).await.must(403);
    }
    act(&house, &slack, ANN, Method::POST, LINKS, Some(json!({}))).await.must(403);
    act(&house, &slack, ANN, Method::GET, "/v1/orgs/acme/integrations/slack/store", None).await.must(403);
    // They may end the link, and nobody else's, and nothing in other organisations.
    let own = |org: &str, user: u8| format!("/v1/me/chat-identities/{org}/slack/T1%2FU{user}");
    act(&house, &slack, ANN, Method::DELETE, &own("acme", 2), None).await.must(404);
    house.put("/v1/orgs/other/chat-identities/slack/T1%2FU1", json!({ "person": "ann" })).await.must(201);
    act(&house, &slack, ANN, Method::DELETE, &own("other", 1), None).await.must(404);
    act(&house, &slack, ANN, Method::DELETE, &own("acme", 1), None).await.must(204);
    assert_eq!(code(&act(&house, &slack, ANN, Method::GET, "/v1/me", None).await.must(403)), "not-linked");
    let audit = house.get("/v1/orgs/acme/audit?limit=1").await.must(200).json();
    let row = &audit["items"][0];
    assert_eq!(
        (&row["action"], &row["actor"], &row["via"]),
        (&json!("chat-identity/delete"), &json!("ann"), &json!("acme/slack"))
    );
    house.get("/v1/orgs/other/chat-identities/slack/T1%2FU1").await.must(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_linked_or_may_no_more_is_told_so_in_words_for_programs() {
    let (house, slack) = with_integration("[]").await;
    let me = |chat: &'static str| act(&house, &slack, chat, Method::GET, "/v1/me", None);
    assert_eq!(code(&me(ANN).await.must(403)), "not-linked");
    house.put("/v1/orgs/acme/chat-identities/slack/T1%2FU1", json!({ "person": "ann" })).await.must(201);
    me(ANN).await.must(200);
    assert_eq!(code(&me("slack:T1/u1").await.must(403)), "not-linked", "letters count");
    assert_eq!(code(&me("teams:T1/U1").await.must(403)), "not-linked");
    for chat in ["", ":", "slack", "slack:", ":U1", "Slack:T1/U1", "slack:T1 U1", &"slack:x".repeat(100)] {
        act(&house, &slack, chat, Method::GET, "/v1/me", None).await.must(400);
    }
    let two = [("monkeyci-act-as", ANN), ("monkeyci-act-as", "slack:T1/U2")];
    house.send_as(&slack, Method::GET, "/v1/me", &two, String::new()).await.must(400);

    house.post("/v1/people/ann/disable", json!({})).await.must(200);
    assert_eq!(code(&me(ANN).await.must(403)), "no-access");
    house.post("/v1/people/ann/enable", json!({})).await.must(200);
    me(ANN).await.must(200);
    house.delete("/v1/orgs/acme/members/ann").await.must(204);
    assert_eq!(code(&me(ANN).await.must(403)), "no-access");

    // A person's token acts for nobody, and neither does an account that is no integration any more.
    assert_eq!(
        code(&act(&house, &house.token, ANN, Method::GET, "/v1/me", None).await.must(403)),
        "not-an-integration"
    );
    house.put(SLACK, json!({ "role": "viewer" })).await.must(200);
    assert_eq!(code(&me(ANN).await.must(403)), "not-an-integration");
    // Without any token it is nobody's request.
    let nobody = http::Request::builder().uri("/v1/me").header("monkeyci-act-as", ANN);
    house.send(nobody.body(axum::body::Body::empty()).expect("a request")).await.must(401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_says_once_who_they_are_in_the_chat_and_takes_it_back() {
    let (house, slack) = with_integration("[]").await;
    let ann = house.token_of_person("ann").await;
    let ask = |token: &str, method, path: &str, body: Value| {
        let (token, path) = (token.to_owned(), path.to_owned());
        let house = &house;
        async move { house.ask(Some(&token), method, &path, Some(body)).await }
    };
    let wanted = json!({ "provider": "slack", "subject": "T1/U1", "name": "Ann in the chat" });
    let offer = ask(&slack, Method::POST, LINKS, wanted.clone()).await.must(201).json();
    let code = offer["code"].as_str().expect("a code").to_owned();
    assert_eq!(offer["url"], format!("https://ci.example.com/link#{code}"));
    let kept = house.state().tables.read(|sql| sql.query("SELECT hash || body FROM code", &[])).await.expect("rows");
    let kept: Vec<_> = kept.iter().map(|row| row.text(0).expect("text").to_owned()).collect();
    assert!(kept.len() == 1 && !kept[0].contains(&code) && !kept[0].contains(&code.replace('-', "")), "{kept:?}");

    let typed = code.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
    let asked = ask(&ann, Method::POST, "/v1/links/preview", json!({ "code": typed })).await.must(200).json();
    assert_eq!((&asked["integration"], &asked["name"]), (&json!("slack"), &json!("Ann in the chat")));
    // Nobody else's: who belongs nowhere, the integration itself, a token that is limited.
    house.put("/v1/orgs/other", json!({})).await.must(201);
    house.put("/v1/orgs/other/members/eve", json!({ "role": "owner" })).await.must(200);
    let eve = house.token_of_person("eve").await;
    for (token, status) in [(&eve, 403), (&slack, 403), (&house.token_of("owner").await, 403)] {
        ask(token, Method::POST, "/v1/links/confirm", json!({ "code": code })).await.must(status);
    }
    let linked = ask(&ann, Method::POST, "/v1/links/confirm", json!({ "code": code })).await.must(201).json();
    assert_eq!((&linked["person"], &linked["integration"]), (&json!("ann"), &json!("slack")));
    ask(&ann, Method::POST, "/v1/links/confirm", json!({ "code": code })).await.must(422);
    act(&house, &slack, ANN, Method::GET, "/v1/me", None).await.must(200);

    // Somebody else becomes the same user of the chat only when they are it no more.
    let offer = ask(&slack, Method::POST, LINKS, wanted.clone()).await.must(201).json();
    ask(&house.token.clone(), Method::POST, "/v1/links/confirm", json!({ "code": offer["code"] })).await.must(409);
    let listed = house.ask(Some(&ann), Method::GET, "/v1/me/chat-identities", None).await.must(200).json();
    assert_eq!(listed["items"][0]["subject"], "T1/U1");
    let own = "/v1/me/chat-identities/acme/slack/T1%2FU1";
    house.ask(Some(&eve), Method::DELETE, own, None).await.must(404);
    house.ask(Some(&ann), Method::DELETE, own, None).await.must(204);
    act(&house, &slack, ANN, Method::GET, "/v1/me", None).await.must(403);
    house.ask(Some(&slack), Method::GET, "/v1/orgs/acme/chat-identities", None).await.must(200);
    let audit = house.get("/v1/orgs/acme/audit?limit=5").await.must(200).json();
    let told = |actor: &str, action: &str| {
        let is_so = |row: &Value| row["actor"] == actor && row["action"] == action;
        audit["items"].as_array().expect("rows").iter().any(is_so)
    };
    for (actor, action) in [("acme/slack", "link/create"), ("ann", "link/confirm"), ("ann", "chat-identity/delete")] {
        assert!(told(actor, action), "{action}: {audit}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn owners_declare_who_users_of_chats_are() {
    let (house, slack) = with_integration("[]").await;
    let one = "/v1/orgs/acme/chat-identities/slack/T1%2FU1";
    let made = house.put(one, json!({ "person": "ann", "name": "Ann" })).await.must(201);
    assert_eq!(made.headers[header::ETAG], "\"1\"");
    house.put(one, json!({ "person": "ann", "name": "Ann" })).await.must(200);
    assert_eq!(house.put(one, json!({ "person": "admin" })).await.must(200).json()["revision"], 2);
    let stale = [("if-match", "\"1\""), ("content-type", "application/json")];
    house.send_as(&house.token, Method::PUT, one, &stale, r#"{"person":"ann"}"#).await.must(412);
    for (path, body, pointer) in [
        (one, json!({ "person": "nobody" }), "/person"),
        (one, json!({ "person": "acme/slack" }), "/person"),
        (one, json!({}), "/person"),
        (one, json!({ "person": "ann", "name": "a\nb" }), "/name"),
        ("/v1/orgs/acme/chat-identities/Slack/U1", json!({ "person": "ann" }), "/provider"),
        ("/v1/orgs/acme/chat-identities/slack/a%20b", json!({ "person": "ann" }), "/subject"),
    ] {
        let refused = house.put(path, body).await.must(422).json();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{path}: {refused}");
    }
    for number in 2..6 {
        house.put(&format!("{}{number}", &one[..one.len() - 1]), json!({ "person": "ann" })).await.must(201);
    }
    let page = house.get("/v1/orgs/acme/chat-identities?limit=3").await.must(200).json();
    let next = page["next"].as_str().expect("more").replace('/', "%2F");
    let rest = house.get(&format!("/v1/orgs/acme/chat-identities?limit=3&cursor={next}")).await.must(200).json();
    assert_eq!(rest["items"].as_array().map(Vec::len), Some(2), "{rest}");
    house.delete(one).await.must(204);
    house.delete(one).await.must(404);
    assert_eq!(code(&act(&house, &slack, ANN, Method::GET, "/v1/me", None).await.must(403)), "not-linked");
}
