//! Trust of service accounts: programs elsewhere that are let in by what others sign for them, and those that are not.

use http::Method;
use serde_json::{Value, json};

use super::house::{Answer, House};
use super::provider::Provider;

const ACCOUNT: &str = "/v1/orgs/acme/service-accounts/deployer";
const TRUST: &str = "/v1/orgs/acme/service-accounts/deployer/trusts/ci";
const URL: &str = "https://ci.example.com";

/// A server with a service account, and an issuer that it trusts as far as this says.
async fn house(more: Value) -> (House, Provider) {
    let house = House::with("[]", |config| config.rate_limits.tokens = 0).await;
    house.put(ACCOUNT, json!({ "role": "developer" })).await.must(201);
    let provider = Provider::start("").await;
    let mut trust = json!({ "issuer": provider.issuer(), "subjects": ["repo:acme/web:*"] });
    for (field, value) in more.as_object().expect("fields") {
        trust[field] = value.clone();
    }
    house.put(TRUST, trust).await.must(201);
    (house, provider)
}

/// What the issuer says of a program that is trusted.
fn claims(provider: &Provider) -> Value {
    let now = jsonwebtoken::get_current_timestamp();
    json!({ "iss": provider.issuer(), "aud": URL, "sub": "repo:acme/web:ref:refs/heads/main", "iat": now, "exp": now + 300 })
}

/// Shows an ID token, as somebody of whom nothing else is known.
async fn show(house: &House, token: &str) -> Answer {
    house.ask(None, Method::POST, &format!("{ACCOUNT}/exchange"), Some(json!({ "idToken": token }))).await
}

async fn me(house: &House, secret: &Value) -> Answer {
    house.ask(secret.as_str(), Method::GET, "/v1/me", None).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_elsewhere_is_a_service_account_for_an_hour_and_keeps_no_secret() {
    let (house, provider) = house(json!({})).await;
    let made = show(&house, &provider.signed(&claims(&provider))).await.must(201).json();
    assert_eq!(made["scope"], json!({ "org": "acme", "role": "developer" }));
    assert_eq!(made["expires"].as_i64().expect("a time") - made["created"].as_i64().expect("a time"), 3_600_000);
    assert_eq!(me(&house, &made["secret"]).await.must(200).json()["name"], "acme/deployer");

    let audit = house.get("/v1/orgs/acme/audit").await.must(200).json();
    let row = &audit["items"][0];
    assert_eq!((&row["actor"], &row["action"]), (&json!("acme/deployer"), &json!("token/exchange")));
    let subject = "repo:acme/web:ref:refs/heads/main";
    assert_eq!(row["details"], json!({ "trust": "ci", "issuer": provider.issuer(), "subject": subject }));

    // A change ends what was given out before, and says what is given out from then on.
    let trust = json!({
        "issuer": provider.issuer(), "subjects": [subject], "claims": { "protected": "true" }, "audience": "monkeyci",
        "role": "viewer", "minutes": 5,
    });
    house.put(TRUST, trust.clone()).await.must(200);
    me(&house, &made["secret"]).await.must(401);
    let mut said = claims(&provider);
    said["aud"] = json!(["vault", "monkeyci"]);
    show(&house, &provider.signed(&said)).await.must(401);
    said["protected"] = json!(true);
    let made = show(&house, &provider.signed(&said)).await.must(201).json();
    assert_eq!(made["scope"]["role"], "viewer");
    assert_eq!(made["expires"].as_i64().expect("a time") - made["created"].as_i64().expect("a time"), 300_000);
    house.put(TRUST, trust).await.must(200);
    me(&house, &made["secret"]).await.must(200);

    house.put(ACCOUNT, json!({ "role": "developer", "disabled": true })).await.must(200);
    show(&house, &provider.signed(&said)).await.must(401);
    house.put(ACCOUNT, json!({ "role": "developer" })).await.must(200);
    let listed = house.get(&format!("{ACCOUNT}/tokens")).await.must(200).json();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1), "{listed}");
    house.delete(TRUST).await.must(204);
    me(&house, &made["secret"]).await.must(401);
    show(&house, &provider.signed(&said)).await.must(401);
    let written = house.get("/v1/orgs/acme/audit").await.must(200).json();
    assert_eq!(written["items"][0]["action"], "trust/delete");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_not_signed_for_is_not_let_in_and_is_told_why() {
    let (house, provider) = house(json!({ "claims": { "env": "live" } })).await;
    let now = jsonwebtoken::get_current_timestamp();
    let good = || {
        let mut claims = claims(&provider);
        claims["env"] = json!("live");
        claims
    };
    // Who is not meant is refused before anybody asks the issuer.
    for (claim, value, told) in [
        ("sub", json!("repo:evil/web:ref:refs/heads/main"), "lets this in"),
        ("sub", json!("repo:acme/webs:x"), "lets this in"),
        ("iss", json!("https://evil.example.net"), "`https://evil.example.net`"),
        ("env", json!("test"), "lets this in"),
        ("env", Value::Null, "lets this in"),
        ("sub", Value::Null, "lets this in"),
    ] {
        let mut claims = good();
        claims[claim] = value;
        let refused = show(&house, &provider.signed(&claims)).await.must(401).json();
        assert_eq!(refused["code"], "not-trusted", "{refused}");
        assert!(refused["detail"].as_str().is_some_and(|detail| detail.contains(told)), "{refused}");
    }
    assert_eq!(provider.key_sets_asked(), 0);
    // Who says to be the one that is meant is not, unless the issuer has signed just that, for us, for now.
    for (claim, value, told) in [
        ("aud", json!("https://other.example.com"), "(aud)"),
        ("aud", Value::Null, "too little"),
        ("exp", json!(now - 600), "expired"),
        ("exp", Value::Null, "too little"),
        ("nbf", json!(now + 600), "not good yet"),
    ] {
        let mut claims = good();
        claims[claim] = value;
        claims.as_object_mut().expect("claims").retain(|_, value| !value.is_null());
        let refused = show(&house, &provider.signed(&claims)).await.must(401).json();
        assert!(refused["detail"].as_str().is_some_and(|detail| detail.contains(told)), "{refused}");
    }
    let token = provider.signed(&good());
    let forged = format!("{}.AAAA", token.rsplit_once('.').expect("a signature").0);
    let refused = show(&house, &forged).await.must(401).json();
    assert!(!refused.to_string().contains(&token), "{refused}");
    show(&house, &token).await.must(201);
    provider.rotate("two");
    // One that is signed by the key of before is good as long as that is remembered, and no longer.
    show(&house, &provider.signed(&good())).await;
    for nonsense in ["", "a.b", "a.b.c", &"x".repeat(100_000)] {
        let refused = show(&house, nonsense).await.must(422).json();
        assert_eq!(refused["errors"][0]["pointer"], "/idToken");
    }
    // Nobody learns which accounts there are.
    let elsewhere = json!({ "idToken": token });
    house.ask(None, Method::POST, "/v1/orgs/gone/service-accounts/none/exchange", Some(elsewhere)).await.must(401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_guesses_is_told_to_wait() {
    let house = House::with("[]", |config| config.rate_limits.tokens = 3).await;
    let guess = "e30.e30.e30";
    for _ in 0..3 {
        show(&house, guess).await.must(401);
    }
    show(&house, guess).await.must(429);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_of_this_server_is_let_in_by_its_own_id_token() {
    let house = House::with_script("[]").await;
    let file = house.dir.path().join("token").display().to_string();
    let tokens = format!("{{MONKEYCI_ID_TOKEN: {{audience: '{URL}'}}}}");
    house.commit(&format!(
        "- {{id: deploy, script: ['printf %s \"$MONKEYCI_ID_TOKEN\" > {file}'], id-tokens: {tokens}}}"
    ));
    house.put(ACCOUNT, json!({ "role": "maintainer" })).await.must(201);
    let main = json!({ "issuer": format!("{URL}/"), "subjects": ["org:acme:repo:web:ref:refs/heads/main"] });
    house.put(TRUST, main).await.must(201);
    house.post("/v1/orgs/acme/repos/web/builds", json!({ "branch": "main" })).await.must(201);
    assert_eq!(house.ended(1).await["status"], "success");
    let token = std::fs::read_to_string(&file).expect("the job wrote it");
    let made = show(&house, &token).await.must(201).json();
    assert_eq!(me(&house, &made["secret"]).await.must(200).json()["orgs"], json!({ "acme": "maintainer" }));

    // A key that leaked signs for nobody any more.
    house.post("/v1/signing-keys/rotate", json!({ "atOnce": true })).await;
    show(&house, &token).await.must(401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trust_that_lets_in_strangers_or_nobody_is_refused_at_its_field() {
    let (house, provider) = house(json!({})).await;
    for (field, value, pointer) in [
        ("issuer", json!("login.example.com"), "/issuer"),
        ("issuer", json!("ftp://login.example.com"), "/issuer"),
        ("issuer", json!("https://a:b@login.example.com"), "/issuer"),
        ("subjects", json!([]), "/subjects"),
        ("subjects", json!(["*"]), "/subjects/0"),
        ("subjects", json!(["repo:acme/web", "repo:*"]), "/subjects/1"),
        ("subjects", json!(["repo:acme*"]), "/subjects/0"),
        ("subjects", json!(["repo:acme/[a"]), "/subjects/0"),
        ("subjects", json!([""]), "/subjects/0"),
        ("claims", json!({ "env/x": "" }), "/claims/env~1x"),
        ("audience", json!(""), "/audience"),
        ("minutes", json!(4), "/minutes"),
        ("minutes", json!(721), "/minutes"),
        ("role", json!("king"), ""),
        ("colour", json!("red"), "/colour"),
    ] {
        let mut trust = json!({ "issuer": provider.issuer(), "subjects": ["repo:acme/web:*"] });
        trust[field] = value;
        let refused = house.put(TRUST, trust.clone()).await.must(422).json();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
        house.post("/v1/validate/trust", trust).await.must(422);
    }
    let good = json!({ "issuer": provider.issuer(), "subjects": ["repo:acme/web:*"] });
    house.post("/v1/validate/trust?name=ci", good.clone()).await.must(204);
    let gone = "/v1/orgs/acme/service-accounts/none/trusts/ci";
    house.put(gone, good).await.must(404);
    let export = house.get("/v1/orgs/acme/export").await.must(200).json();
    assert_eq!(export["trusts"][0]["serviceAccount"], "deployer");
    house.delete(ACCOUNT).await.must(204);
    house.get(TRUST).await.must(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issuer_in_a_private_network_is_asked_by_nobody_where_that_is_not_allowed() {
    let house = House::with("[]", |config| config.sources.private = false).await;
    house.put(ACCOUNT, json!({ "role": "viewer" })).await.must(201);
    for issuer in ["https://10.0.0.7", "https://127.0.0.1:8443", "https://[::1]", "https://169.254.169.254"] {
        let trust = json!({ "issuer": issuer, "subjects": ["repo:acme/web"] });
        let refused = house.put(TRUST, trust).await.must(422).json();
        assert_eq!(refused["errors"][0]["pointer"], "/issuer", "{refused}");
    }
    // Names are looked at when they are looked up.
    let trust = json!({ "issuer": "https://localhost:1", "subjects": ["repo:acme/web"] });
    house.put(TRUST, trust).await.must(201);
    let key = super::key::Key::elliptic("one");
    let token = key.sign(&json!({ "iss": "https://localhost:1", "sub": "repo:acme/web" }));
    let refused = show(&house, &token).await.must(401).json();
    assert!(refused["detail"].as_str().is_some_and(|detail| detail.contains("private network")), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_account_is_known_to_clouds_by_what_the_server_signs() {
    let house = House::with_script("[]").await;
    house.put(ACCOUNT, json!({ "role": "developer" })).await.must(201);
    let path = format!("{ACCOUNT}/id-tokens");
    let made = house.post(&path, json!({ "audience": ["vault"], "minutes": 5 })).await.must(201).json();
    assert_eq!(made["subject"], "org:acme:service-account:deployer");
    let claims: Value = jsonwebtoken::dangerous::insecure_decode(made["token"].as_str().expect("a token"))
        .map(|token| token.claims)
        .expect("claims");
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!(URL), &json!("vault")));
    assert_eq!(claims["exp"].as_i64().expect("a time") - claims["iat"].as_i64().expect("a time"), 300);
    let told = house.ask(None, Method::GET, "/.well-known/openid-configuration", None).await.must(200).json();
    let known = told["claims_supported"].as_array().expect("a list");
    assert!(claims.as_object().expect("claims").keys().all(|name| known.contains(&json!(name))), "{known:?}");

    // It has one for itself by a token that may all that it may, and by no other.
    let token_of = |role: &'static str| {
        let (house, tokens) = (&house, format!("{ACCOUNT}/tokens"));
        async move {
            let wanted = json!({ "description": "x", "scope": { "org": "acme", "role": role } });
            house.post(&tokens, wanted).await.must(201).json()["secret"].as_str().expect("a secret").to_owned()
        }
    };
    let wanted = || Some(json!({ "audience": ["vault"] }));
    house.ask(Some(&token_of("developer").await), Method::POST, &path, wanted()).await.must(201);
    house.ask(Some(&token_of("viewer").await), Method::POST, &path, wanted()).await.must(403);
    house.ask(Some(&house.token_of("maintainer").await), Method::POST, &path, wanted()).await.must(403);
    for (body, pointer) in [
        (json!({ "audience": [] }), "/audience"),
        (json!({ "audience": [""] }), "/audience"),
        (json!({ "audience": ["vault"], "minutes": 61 }), "/minutes"),
        (json!({}), "/audience"),
    ] {
        let refused = house.post(&path, body).await.must(422).json();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
    }
    house.put(ACCOUNT, json!({ "role": "developer", "disabled": true })).await.must(200);
    house.post(&path, json!({ "audience": ["vault"] })).await.must(409);
    let audit = house.get("/v1/orgs/acme/audit").await.must(200).json();
    let mut rows = audit["items"].as_array().expect("rows").iter();
    let row = rows.find(|row| row["action"] == "id-token/create").expect("a row");
    assert_eq!((&row["actor"], &row["details"]["audience"]), (&json!("acme/deployer"), &json!("vault")));
}
