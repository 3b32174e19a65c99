use std::net::IpAddr;

use axum::body::Body;
use http::{Method, Request, header};
use monkeyci_api::Config;
use monkeyci_api::address::Peer;
use serde_json::json;

use super::house::{Answer, House};

/// A request that came over a connection from an address.
async fn from(house: &House, peer: &str, forwarded: &str, path: &str, token: Option<&str>, body: &str) -> Answer {
    let peer: IpAddr = peer.parse().expect("an address");
    let method = if body.is_empty() { Method::GET } else { Method::POST };
    let mut request = Request::builder().method(method).uri(path).extension(Peer(peer));
    request = request.header(header::CONTENT_TYPE, "application/json");
    if !forwarded.is_empty() {
        request = request.header("x-forwarded-for", forwarded);
    }
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    house.send(request.body(Body::from(body.to_owned())).expect("a request")).await
}

async fn limited() -> House {
    House::set_up(|config: &mut Config| {
        config.rate_limits.sign_ins = 3;
        config.rate_limits.tokens = 3;
        config.rate_limits.codes = 3;
        config.trusted_proxies = vec!["10.0.0.0/8".parse().expect("a network")];
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_guesses_is_told_to_wait_and_whoever_has_the_secret_is_not() {
    let house = limited().await;
    let sign_in = json!({ "token": "mci_guess" }).to_string();
    let exchange = json!({ "code": "guess", "verifier": "guess" }).to_string();
    for (path, token, body, refused) in [
        ("/v1/session", None, sign_in.as_str(), 422),
        ("/v1/tokens/exchange", None, exchange.as_str(), 422),
        ("/v1/me", Some("mci_guess"), "", 401),
        ("/v1/worker/hello", Some("mcw_guess"), "{}", 429),
    ] {
        if refused != 429 {
            for _ in 0..3 {
                from(&house, "192.0.2.1", "", path, token, body).await.must(refused);
            }
        }
        let told = from(&house, "192.0.2.1", "", path, token, body).await.must(429);
        let seconds: u64 = told.headers[header::RETRY_AFTER].to_str().expect("text").parse().expect("seconds");
        assert!((1..=20).contains(&seconds), "{path}: {seconds}");
        assert_eq!(told.headers[header::CONTENT_TYPE], "application/problem+json");
    }
    // Neighbours behind the same address go on, and so does everybody elsewhere.
    from(&house, "192.0.2.1", "", "/v1/me", Some(&house.token), "").await.must(200);
    from(&house, "192.0.2.2", "", "/v1/session", None, &sign_in).await.must(422);
    let good = json!({ "token": house.token }).to_string();
    from(&house, "192.0.2.2", "", "/v1/session", None, &good).await.must(200);
    from(&house, "192.0.2.1", "", "/v1/session", None, &good).await.must(429);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_proxy_each_client_counts_for_itself_and_nobody_makes_up_another() {
    let house = limited().await;
    let guess = |peer: &'static str, forwarded: String| {
        let house = &house;
        async move { from(house, peer, &forwarded, "/v1/me", Some("mci_guess"), "").await.status.as_u16() }
    };
    for number in 0..10 {
        assert_eq!(guess("10.0.0.1", format!("203.0.113.{number}")).await, 401);
    }
    let mut answers = Vec::new();
    for number in 0..4 {
        answers.push(guess("192.0.2.1", format!("203.0.113.{number}")).await);
    }
    assert_eq!(answers, [401, 401, 401, 429], "what no trusted proxy says is not believed");
    let mut answers = Vec::new();
    for number in 0..4 {
        answers.push(guess("10.0.0.1", format!("2001:db8::{number}")).await);
    }
    assert_eq!(answers, [401, 401, 401, 429], "a household of IPv6 is one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_counts_wherever_it_asks_from() {
    let house = limited().await;
    let good = json!({ "token": house.token }).to_string();
    let mut answers = Vec::new();
    for number in 1..=4 {
        let answer = from(&house, &format!("192.0.2.{number}"), "", "/v1/session", None, &good).await;
        answers.push(answer.status.as_u16());
    }
    assert_eq!(answers, [200, 200, 200, 429]);
    let mut answers = Vec::new();
    for number in 1..=4 {
        let peer = format!("192.0.2.{number}");
        let body = r#"{"code":"0000-0000-0000-0000"}"#;
        answers.push(from(&house, &peer, "", "/v1/links/confirm", Some(&house.token), body).await.status.as_u16());
    }
    assert_eq!(answers, [422, 422, 422, 429]);
}
