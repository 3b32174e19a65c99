use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Method, Request, header};
use http_body_util::BodyExt as _;
use serde_json::json;

use super::house::House;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_disabled_is_nobody_at_once_and_starts_anew_when_they_are_let_in_again() {
    let house = House::with_script("[]").await;
    house.put("/v1/orgs/acme/members/ann", json!({ "role": "owner" })).await.must(200);
    let token = house.token_of_person("ann").await;
    let cookie = house.session_of(&token).await;
    let by_token = || house.ask(Some(&token), Method::GET, "/v1/orgs/acme", None);
    let by_session = || {
        let request = Request::builder().uri("/v1/orgs/acme").header(header::COOKIE, &cookie);
        house.send(request.body(Body::empty()).expect("a request"))
    };
    by_token().await.must(200);
    by_session().await.must(200);
    // Only who runs the server does that, and never to themselves.
    house.ask(Some(&token), Method::POST, "/v1/people/admin/disable", Some(json!({}))).await.must(403);
    house.post("/v1/people/admin/disable", json!({})).await.must(409);
    house.post("/v1/people/nobody/disable", json!({})).await.must(404);

    let word = "a word that the program alone knows";
    let challenge = URL_SAFE_NO_PAD.encode(hmac_sha256::Hash::hash(word.as_bytes()));
    let grant = json!({ "challenge": challenge, "description": "a laptop" });
    let granted = house.ask(Some(&token), Method::POST, "/v1/me/grants", Some(grant)).await.must(201).json();
    assert_eq!(house.post("/v1/people/ann/disable", json!({})).await.must(200).json()["disabled"], true);
    by_token().await.must(401);
    by_session().await.must(401);
    house.ask(None, Method::POST, "/v1/session", Some(json!({ "token": token }))).await.must(422);
    // Nobody can ask them to let others in: they are no owner who could be the last.
    house.delete("/v1/orgs/acme/members/admin").await.must(409);

    house.post("/v1/people/ann/enable", json!({})).await.must(200);
    by_token().await.must(401);
    by_session().await.must(401);
    let exchange = json!({ "code": granted["code"], "verifier": word });
    house.ask(None, Method::POST, "/v1/tokens/exchange", Some(exchange)).await.must(422);
    let roles = house.get("/v1/orgs/acme/members").await.must(200).json();
    assert_eq!(roles["items"][1]["name"], "ann", "what they may is as it was");

    house.put("/v1/orgs/acme/service-accounts/bot", json!({ "role": "viewer" })).await.must(201);
    let people = house.get("/v1/people").await.must(200).json();
    let names: Vec<_> = people["items"].as_array().expect("items").iter().map(|person| &person["name"]).collect();
    assert_eq!(names, ["admin", "ann"]);
    house.get("/v1/people/acme%2Fbot").await.must(404);
    house.post("/v1/people/acme%2Fbot/disable", json!({})).await.must(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_watches_ends_when_they_may_see_it_no_more() {
    let house = House::with_script("[{id: a, blocked: true, script: [echo a]}]").await;
    house.put("/v1/orgs/acme/service-accounts/bot", json!({ "role": "viewer", "integration": true })).await.must(201);
    let tokens = "/v1/orgs/acme/service-accounts/bot/tokens";
    let build = "/v1/orgs/acme/repos/web/builds/1";
    house.post("/v1/orgs/acme/repos/web/builds", json!({})).await.must(201);
    house.until(build, |build| build["status"] == "blocked").await;
    for how in ["revoked", "disabled", "no member", "unlinked"] {
        house.put("/v1/orgs/acme/members/ann", json!({ "role": "viewer" })).await.must(200);
        house.put("/v1/orgs/acme/chat-identities/slack/U1", json!({ "person": "ann" })).await;
        let made = house.post(tokens, json!({ "description": "x" })).await.must(201).json();
        let watch = |path: String| {
            let secret = made["secret"].as_str().expect("a secret");
            let mut request = Request::builder().uri(path).header(header::ACCEPT, "text/event-stream");
            request = request.header(header::AUTHORIZATION, format!("Bearer {secret}"));
            if how != "revoked" {
                request = request.header("monkeyci-act-as", "slack:U1");
            }
            house.open(request.body(Body::empty()).expect("a request"))
        };
        let watched = [
            watch(format!("{build}/events")).await,
            watch("/v1/orgs/acme/events".into()).await,
            watch(format!("{build}/jobs/a/attempts/1/log")).await,
        ];
        let watched = watched.into_iter().filter(|answer| answer.status().is_success());
        let watched: Vec<_> = watched.map(|answer| answer.into_body().collect()).collect();
        assert!(watched.len() >= 2, "{how}");
        match how {
            "revoked" => house.delete(&format!("{tokens}/{}", made["id"].as_str().expect("an id"))).await.must(204),
            "disabled" => house.post("/v1/people/ann/disable", json!({})).await.must(200),
            "no member" => house.delete("/v1/orgs/acme/members/ann").await.must(204),
            _ => house.delete("/v1/orgs/acme/chat-identities/slack/U1").await.must(204),
        };
        let ended = tokio::time::timeout(std::time::Duration::from_secs(60), futures::future::join_all(watched)).await;
        assert!(ended.is_ok(), "{how}: it is still told");
        house.post("/v1/people/ann/enable", json!({})).await.must(200);
    }
}
