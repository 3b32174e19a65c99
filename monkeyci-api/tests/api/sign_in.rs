use std::collections::BTreeMap;

use http::Method;
use serde_json::{Value, json};

use super::browser::{Browser, with};
use super::house::House;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_a_provider_vouches_for_signs_in_and_is_the_same_person_again() {
    for kind in ["openid", "gitlab", "forgejo", "gitea", "github", "bitbucket"] {
        let (house, provider) = with(kind, "new-people = true").await;
        let mut browser = Browser::default();
        let url = browser.begin(&house, "/v1/sign-in/corp", json!({ "next": "/o/acme" })).await;
        let back = browser.visit(&url).await;
        assert_eq!(browser.back(&house, &back).await, "/o/acme", "{kind}");
        assert_eq!(browser.me(&house).await.expect("signed in")["name"], "ann", "{kind}");
        assert_eq!(browser.cookies.len(), 1, "the sign-in is over, and forgotten");

        // They are called otherwise now, and have another address: they are the same.
        provider.person(
            json!({ "sub": "4711", "preferred_username": "anna", "email": "anna@example.net", "email_verified": true }),
        );
        let mut other = Browser::default();
        assert_eq!(other.sign_in(&house).await, "/");
        assert_eq!(other.me(&house).await.expect("signed in")["name"], "ann", "{kind}");
        // Somebody else has taken over the name there, and is another here.
        provider.person(
            json!({ "sub": "666", "preferred_username": "ann", "email": "ann@example.com", "email_verified": true }),
        );
        let mut eve = Browser::default();
        eve.sign_in(&house).await;
        assert_eq!(eve.me(&house).await.expect("signed in")["name"], "ann-2", "{kind}");
        assert_eq!(eve.me(&house).await.expect("signed in")["orgs"], json!({}), "a new account belongs nowhere");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_decide_who_is_let_in() {
    let (house, provider) =
        with("openid", "organisations = ['acme']\ndomains = ['example.com']\nnew-people = true").await;
    provider.orgs(&["other"]);
    provider.person(
        json!({ "sub": "1", "preferred_username": "bob", "email": "bob@example.com", "email_verified": false }),
    );
    assert_eq!(Browser::default().sign_in(&house).await, "/login?refused=rules", "anybody can say any address");
    provider
        .person(json!({ "sub": "1", "preferred_username": "bob", "email": "bob@example.com", "email_verified": true }));
    assert_eq!(Browser::default().sign_in(&house).await, "/");
    provider.person(json!({ "sub": "2", "preferred_username": "eve" }));
    assert_eq!(Browser::default().sign_in(&house).await, "/login?refused=rules");
    provider.orgs(&["Acme"]);
    assert_eq!(Browser::default().sign_in(&house).await, "/");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_was_made_before_is_theirs_by_a_verified_address_where_that_is_so_set() {
    let (house, provider) = with("openid", "").await;
    assert_eq!(Browser::default().sign_in(&house).await, "/login?refused=unknown");
    drop((house, provider));

    let (house, provider) = with("openid", "link-by-email = true").await;
    house.put("/v1/orgs/acme", json!({})).await.must(201);
    house.put("/v1/orgs/acme/members/Ann@example.com", json!({ "role": "developer" })).await.must(200);
    provider.person(json!({ "sub": "1", "email": "ann@example.com", "email_verified": false }));
    assert_eq!(Browser::default().sign_in(&house).await, "/login?refused=unknown", "it is not verified");
    provider.person(json!({ "sub": "1", "email": "ann@example.com", "email_verified": true }));
    let mut ann = Browser::default();
    ann.sign_in(&house).await;
    let me = ann.me(&house).await.expect("signed in");
    assert_eq!((me["name"].as_str(), me["orgs"]["acme"].as_str()), (Some("Ann@example.com"), Some("developer")));
    // The address is somebody else's meanwhile: the account is taken.
    provider.person(json!({ "sub": "2", "email": "ann@example.com", "email_verified": true }));
    assert_eq!(Browser::default().sign_in(&house).await, "/login?refused=unknown");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_back_is_believed_once_and_from_the_browser_that_went() {
    let (house, provider) = with("openid", "new-people = true").await;
    let mut browser = Browser::default();
    let url = browser.begin(&house, "/v1/sign-in/corp", json!({})).await;
    let back = browser.visit(&url).await;

    // Somebody makes another browser finish a sign-in that is not its own.
    let mut victim = Browser::default();
    assert_eq!(victim.back(&house, &back).await, "/login?refused=over");
    let _own = victim.begin(&house, "/v1/sign-in/corp", json!({})).await;
    assert_eq!(victim.back(&house, &back).await, "/login?refused=over", "a state of another sign-in");
    assert_eq!(provider.tokens_asked(), 0, "such codes are not even tried");

    let kept = browser.cookies.clone();
    assert_eq!(browser.back(&house, &back).await, "/");
    // The same once more, by who has seen the address, and even the cookie.
    assert_eq!(Browser::default().back(&house, &back).await, "/login?refused=over");
    let mut thief = Browser { cookies: kept };
    assert_eq!(thief.back(&house, &back).await, "/login?refused=provider", "a code is good once");

    for (query, told) in [
        ("", "over"),
        ("?code=x", "over"),
        ("?code=x&state=", "over"),
        ("?error=access_denied&state=STATE", "denied"),
        ("?state=STATE", "provider"),
        ("?code=nonsense&state=STATE&iss=ISS", "provider"),
        ("?code=nonsense&state=STATE&iss=https://evil.example.net", "provider"),
    ] {
        let mut browser = Browser::default();
        let url = browser.begin(&house, "/v1/sign-in/corp", json!({})).await;
        let state = url.split("state=").nth(1).and_then(|rest| rest.split('&').next()).expect("a state");
        let query = query.replace("STATE", state).replace("ISS", &provider.issuer());
        let to = browser.back(&house, &format!("/v1/sign-in/corp/callback{query}")).await;
        assert_eq!(to, format!("/login?refused={told}"), "{query}");
        assert!(browser.me(&house).await.is_none());
    }
    assert_eq!(Browser::default().back(&house, "/v1/sign-in/none/callback?code=x").await, "/login?refused=provider");
    Browser::default().ask(&house, Method::POST, "/v1/sign-in/none", Some(json!({}))).await.must(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_provider_signs_for_others_is_not_believed() {
    let (house, provider) = with("openid", "new-people = true").await;
    for (field, value) in [
        ("aud", json!("other")),
        ("iss", json!("https://evil.example.net")),
        ("nonce", json!("another")),
        ("exp", json!(1_000_000)),
        ("azp", json!("other")),
    ] {
        provider.says(field, value);
        let mut browser = Browser::default();
        assert_eq!(browser.sign_in(&house).await, "/login?refused=provider", "{field}");
        assert!(browser.me(&house).await.is_none());
        provider.says_the_truth();
    }
    // New keys are found; who made up their names would not have us ask again and again.
    let before = provider.key_sets_asked();
    assert_eq!(Browser::default().sign_in(&house).await, "/");
    assert_eq!(provider.key_sets_asked(), before, "they are kept");
    for kid in ["two", "three", "four"] {
        provider.rotate(kid);
        Browser::default().sign_in(&house).await;
    }
    assert!(provider.key_sets_asked() <= before + 1, "{}", provider.key_sets_asked());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_new_with_each_sign_in_listed_and_ended_everywhere() {
    let (house, _provider) = with("openid", "new-people = true").await;
    let name = "__Host-monkeyci-session";
    // Somebody has put a session of their own choice, or their own, into the browser.
    let mut browser = Browser::default();
    browser.cookies.insert(name.into(), "chosen-by-somebody-else".into());
    browser.sign_in(&house).await;
    let first = browser.cookies[name].clone();
    assert_ne!(first, "chosen-by-somebody-else");
    browser.sign_in(&house).await;
    assert_ne!(browser.cookies[name], first);
    let mut old = Browser { cookies: BTreeMap::from([(name.into(), first)]) };
    assert!(old.me(&house).await.is_none(), "the session before is over");

    let mut phone = Browser::default();
    phone.sign_in(&house).await;
    let sessions = browser.ask(&house, Method::GET, "/v1/me/sessions", None).await.must(200).json()["items"].clone();
    let sessions = sessions.as_array().expect("a list");
    assert_eq!(sessions.len(), 2);
    let other = sessions.iter().find(|session| session["current"] == false).expect("the phone's");
    assert_eq!((other["agent"].as_str(), other["description"].as_str()), (Some("Browser of the test"), Some("corp")));
    let one = format!("/v1/me/sessions/{}", other["id"].as_str().expect("an id"));
    browser.ask(&house, Method::DELETE, &one, None).await.must(204);
    browser.ask(&house, Method::DELETE, &one, None).await.must(404);
    assert!(phone.me(&house).await.is_none());
    phone.sign_in(&house).await;
    browser.ask(&house, Method::DELETE, "/v1/me/sessions", None).await.must(204);
    assert!(phone.me(&house).await.is_none() && browser.me(&house).await.is_none());
    // A cookie of the name that pages in clear text have is none here.
    phone.sign_in(&house).await;
    let secret = phone.cookies.remove(name).expect("a session");
    phone.cookies.insert("monkeyci-session".into(), secret);
    assert!(phone.me(&house).await.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_has_as_many_identities_as_they_link_and_nobody_links_one_for_them() {
    let (house, provider) = with("openid", "").await;
    let mut browser = Browser::default();
    let token = json!({ "token": house.token });
    browser.ask(&house, Method::POST, "/v1/session", Some(token.clone())).await.must(200);
    let url = browser.begin(&house, "/v1/me/identities/corp", json!({ "next": "/account" })).await;
    let back = browser.visit(&url).await;

    // Whoever is signed in as somebody else by then, or no more, links nothing.
    let mut other = Browser { cookies: browser.cookies.clone() };
    other.cookies.remove("__Host-monkeyci-session");
    assert_eq!(other.back(&house, &back).await, "/login?refused=over");
    assert_eq!(browser.back(&house, &back).await, "/account");
    let listed = browser.ask(&house, Method::GET, "/v1/me/identities", None).await.must(200).json();
    assert_eq!(
        (listed["items"][0]["provider"].as_str(), listed["items"][0]["subject"].as_str()),
        (Some("corp"), Some("4711"))
    );
    let mut elsewhere = Browser::default();
    elsewhere.sign_in(&house).await;
    assert_eq!(elsewhere.me(&house).await.expect("signed in")["name"], "admin");

    // It is theirs: nobody else takes it.
    house.put("/v1/orgs/acme", json!({})).await.must(201);
    let limited = house.token_of("owner").await;
    for (method, path) in [
        (Method::GET, "/v1/me/identities"),
        (Method::GET, "/v1/me/sessions"),
        (Method::DELETE, "/v1/me/sessions"),
        (Method::POST, "/v1/me/identities/corp"),
        (Method::POST, "/v1/me/grants"),
    ] {
        let body = (method == Method::POST).then(|| json!({}));
        house.ask(Some(&limited), method, path, body).await.must(403);
    }
    browser.ask(&house, Method::DELETE, "/v1/me/identities/corp/4711", None).await.must(204);
    browser.ask(&house, Method::DELETE, "/v1/me/identities/corp/4711", None).await.must(404);
    provider.orgs(&[]);
    assert_eq!(Browser::default().sign_in(&house).await, "/login?refused=unknown");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_gets_a_token_by_a_code_that_is_good_once_and_for_it_alone() {
    let house = House::empty().await;
    // The example of RFC 7636, appendix B.
    let (verifier, challenge) =
        ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    let grant = json!({ "challenge": challenge, "description": "the program at laptop" });
    let code = || async { house.post("/v1/me/grants", grant.clone()).await.must(201).json()["code"].clone() };
    let exchange = |code: Value, verifier: &str| {
        let body = json!({ "code": code, "verifier": verifier });
        let house = &house;
        async move { house.ask(None, Method::POST, "/v1/tokens/exchange", Some(body)).await }
    };
    let first = code().await;
    let made = exchange(first.clone(), verifier).await.must(201).json();
    let token = made["secret"].as_str().expect("a secret");
    assert_eq!(house.ask(Some(token), Method::GET, "/v1/me", None).await.must(200).json()["name"], "admin");
    exchange(first, verifier).await.must(422);
    let stolen = code().await;
    exchange(stolen.clone(), "guessed").await.must(422);
    exchange(stolen, verifier).await.must(422);
    exchange(json!("nonsense"), verifier).await.must(422);
    house.post("/v1/me/grants", json!({ "challenge": "short", "description": "x" })).await.must(422);

    // One that is to do less does no more.
    let limited = json!({ "challenge": challenge, "description": "x", "scope": { "org": "acme", "role": "viewer" } });
    house.post("/v1/me/grants", json!({ "challenge": challenge, "description": "x", "scope": {} })).await.must(422);
    house.put("/v1/orgs/acme", json!({})).await.must(201);
    let code = house.post("/v1/me/grants", limited).await.must(201).json()["code"].clone();
    let made = exchange(code, verifier).await.must(201).json();
    assert_eq!(made["scope"], json!({ "org": "acme", "role": "viewer" }));
    let token = made["secret"].as_str().expect("a secret");
    let me = house.ask(Some(token), Method::GET, "/v1/me", None).await.must(200).json();
    assert_eq!((&me["orgs"], &me["admin"]), (&json!({ "acme": "viewer" }), &json!(false)));
    house.ask(Some(token), Method::PUT, "/v1/orgs/acme", Some(json!({}))).await.must(403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_is_told_where_people_sign_in_by_and_no_secret() {
    let (house, _provider) = with("openid", "name = 'Acme'").await;
    let listed = house.ask(None, Method::GET, "/v1/sign-in", None).await.must(200);
    assert_eq!(listed.json(), json!({ "items": [{ "id": "corp", "name": "Acme", "kind": "openid" }] }));
    assert!(!listed.text.contains("s3cret"));
}
