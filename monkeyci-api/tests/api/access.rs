use axum::body::Body;
use http::{Method, Request, header};
use serde_json::{Value, json};

use super::house::House;

/// What each may do, by operation: nobody, who belongs to another organisation, viewer, developer, maintainer, owner.
/// An operation that is not here is refused by the test: every route has its row.
const MATRIX: &[(&str, &str, [bool; 6])] = &[
    ("get", "/healthz", [true; 6]),
    ("get", "/readyz", [true; 6]),
    ("get", "/metrics", [true; 6]),
    ("get", "/.well-known/openid-configuration", [true; 6]),
    ("get", "/.well-known/jwks.json", [true; 6]),
    ("get", "/v1/version", [true; 6]),
    ("get", "/v1/me", [false, true, true, true, true, true]),
    ("post", "/v1/session", [true; 6]),
    ("delete", "/v1/session", [false, true, true, true, true, true]),
    ("get", "/v1/sign-in", [true; 6]),
    ("post", "/v1/sign-in/{provider}", [true; 6]),
    // What is a person's own matter is nothing for tokens that are limited to an organisation, as all of these are.
    ("get", "/v1/me/sessions", [false; 6]),
    ("delete", "/v1/me/sessions", [false; 6]),
    ("delete", "/v1/me/sessions/{id}", [false; 6]),
    ("get", "/v1/me/identities", [false; 6]),
    ("post", "/v1/me/identities/{provider}", [false; 6]),
    ("delete", "/v1/me/identities/{provider}/{subject}", [false; 6]),
    ("post", "/v1/me/grants", [false; 6]),
    ("post", "/v1/tokens/exchange", [true; 6]),
    ("get", "/v1/tokens", [false, true, true, true, true, true]),
    ("post", "/v1/tokens", [false, true, true, true, true, true]),
    ("delete", "/v1/tokens/{id}", [false, true, true, true, true, true]),
    ("get", "/v1/me/chat-identities", [false; 6]),
    ("delete", "/v1/me/chat-identities/{org}/{provider}/{subject}", [false; 6]),
    ("post", "/v1/links/preview", [false; 6]),
    ("post", "/v1/links/confirm", [false; 6]),
    ("get", "/v1/orgs", [false, true, true, true, true, true]),
    ("get", "/v1/orgs/{org}", [false, false, true, true, true, true]),
    ("put", "/v1/orgs/{org}", [false, false, false, false, false, true]),
    ("delete", "/v1/orgs/{org}", [false, false, false, false, false, true]),
    ("get", "/v1/orgs/{org}/members", [false, false, true, true, true, true]),
    ("put", "/v1/orgs/{org}/members/{name}", [false, false, false, false, false, true]),
    ("delete", "/v1/orgs/{org}/members/{name}", [false, false, false, false, false, true]),
    ("get", "/v1/orgs/{org}/role-bindings", [false, false, true, true, true, true]),
    ("get", "/v1/orgs/{org}/role-bindings/{name}", [false, false, true, true, true, true]),
    ("put", "/v1/orgs/{org}/role-bindings/{name}", [false, false, false, false, false, true]),
    ("delete", "/v1/orgs/{org}/role-bindings/{name}", [false, false, false, false, false, true]),
    ("get", "/v1/orgs/{org}/service-accounts", [false, false, true, true, true, true]),
    ("get", "/v1/orgs/{org}/service-accounts/{name}", [false, false, true, true, true, true]),
    ("put", "/v1/orgs/{org}/service-accounts/{name}", [false, false, false, false, false, true]),
    ("delete", "/v1/orgs/{org}/service-accounts/{name}", [false, false, false, false, false, true]),
    ("get", "/v1/orgs/{org}/service-accounts/{name}/tokens", [false, false, false, false, false, true]),
    ("post", "/v1/orgs/{org}/service-accounts/{name}/tokens", [false, false, false, false, false, true]),
    ("delete", "/v1/orgs/{org}/service-accounts/{name}/tokens/{id}", [false, false, false, false, false, true]),
    ("get", "/v1/orgs/{org}/service-accounts/{name}/trusts", [false, false, false, false, true, true]),
    ("get", "/v1/orgs/{org}/service-accounts/{name}/trusts/{trust}", [false, false, false, false, true, true]),
    ("put", "/v1/orgs/{org}/service-accounts/{name}/trusts/{trust}", [false, false, false, false, false, true]),
    ("delete", "/v1/orgs/{org}/service-accounts/{name}/trusts/{trust}", [false, false, false, false, false, true]),
    // Who asks this is known by what they show.
    ("post", "/v1/orgs/{org}/service-accounts/{name}/exchange", [true; 6]),
    ("post", "/v1/orgs/{org}/service-accounts/{name}/id-tokens", [false, false, false, false, false, true]),
    ("get", "/v1/orgs/{org}/chat-identities", [false, false, false, false, true, true]),
    ("get", "/v1/orgs/{org}/chat-identities/{provider}/{subject}", [false, false, false, false, true, true]),
    ("put", "/v1/orgs/{org}/chat-identities/{provider}/{subject}", [false, false, false, false, false, true]),
    ("delete", "/v1/orgs/{org}/chat-identities/{provider}/{subject}", [false, false, false, false, false, true]),
    // Only the integration itself writes what it keeps, and asks people who they are.
    ("post", "/v1/orgs/{org}/integrations/{name}/links", [false; 6]),
    ("get", "/v1/orgs/{org}/integrations/{name}/store", [false, false, false, false, false, true]),
    ("get", "/v1/orgs/{org}/integrations/{name}/store/{key}", [false, false, false, false, false, true]),
    ("put", "/v1/orgs/{org}/integrations/{name}/store/{key}", [false; 6]),
    ("delete", "/v1/orgs/{org}/integrations/{name}/store/{key}", [false; 6]),
    ("get", "/v1/orgs/{org}/slack-workspaces", [false, false, false, false, true, true]),
    ("get", "/v1/orgs/{org}/slack-workspaces/{workspace}", [false, false, false, false, true, true]),
    ("put", "/v1/orgs/{org}/slack-workspaces/{workspace}", [false; 6]),
    ("delete", "/v1/orgs/{org}/slack-workspaces/{workspace}", [false; 6]),
    ("get", "/v1/orgs/{org}/audit", [false, false, false, false, false, true]),
    ("get", "/v1/orgs/{org}/builds", [false, false, true, true, true, true]),
    ("get", "/v1/orgs/{org}/statistics", [false, false, true, true, true, true]),
    ("get", "/v1/orgs/{org}/repos/{repo}/statistics", [false, false, true, true, true, true]),
    ("get", "/v1/orgs/{org}/events", [false, false, true, true, true, true]),
    ("get", "/v1/orgs/{org}/repos", [false, false, true, true, true, true]),
    ("get", "/v1/orgs/{org}/repos/{repo}", [false, false, true, true, true, true]),
    ("put", "/v1/orgs/{org}/repos/{repo}", [false, false, false, false, true, true]),
    ("delete", "/v1/orgs/{org}/repos/{repo}", [false, false, false, false, true, true]),
    ("get", "/v1/orgs/{org}/repos/{repo}/badge.svg", [false, false, true, true, true, true]),
    ("get", "/v1/orgs/{org}/params", [false, false, true, true, true, true]),
    ("get", "/v1/orgs/{org}/params/{name}", [false, false, true, true, true, true]),
    ("put", "/v1/orgs/{org}/params/{name}", [false, false, false, false, true, true]),
    ("delete", "/v1/orgs/{org}/params/{name}", [false, false, false, false, true, true]),
    ("post", "/v1/validate/{kind}", [false, true, true, true, true, true]),
    ("get", "/v1/orgs/{org}/export", [false, false, false, false, true, true]),
    ("get", "/v1/orgs/{org}/subscriptions", [false, false, false, false, true, true]),
    ("get", "/v1/orgs/{org}/subscriptions/{name}", [false, false, false, false, true, true]),
    ("put", "/v1/orgs/{org}/subscriptions/{name}", [false, false, false, false, true, true]),
    ("delete", "/v1/orgs/{org}/subscriptions/{name}", [false, false, false, false, true, true]),
    ("post", "/v1/orgs/{org}/subscriptions/{name}/rotate", [false, false, false, false, true, true]),
    ("get", "/v1/orgs/{org}/subscriptions/{name}/deliveries", [false, false, false, false, true, true]),
    ("get", "/v1/orgs/{org}/subscriptions/{name}/deliveries/{delivery}", [false, false, false, false, true, true]),
    (
        "post",
        "/v1/orgs/{org}/subscriptions/{name}/deliveries/{delivery}/redeliver",
        [false, false, false, false, true, true],
    ),
    ("post", "/v1/orgs/{org}/subscriptions/{name}/test", [false, false, false, false, true, true]),
    ("get", "/v1/unsubscribe/{code}", [true; 6]),
    ("post", "/v1/unsubscribe/{code}", [true; 6]),
    ("get", "/v1/orgs/{org}/repos/{repo}/builds/{number}/subscriptions", [false, false, true, true, true, true]),
    ("get", "/v1/orgs/{org}/param-sets", [false, false, true, true, true, true]),
    ("get", "/v1/orgs/{org}/param-sets/{set}", [false, false, true, true, true, true]),
    ("put", "/v1/orgs/{org}/param-sets/{set}", [false, false, false, false, true, true]),
    ("delete", "/v1/orgs/{org}/param-sets/{set}", [false, false, false, false, true, true]),
    ("get", "/v1/orgs/{org}/param-sets/{set}/params", [false, false, true, true, true, true]),
    ("get", "/v1/orgs/{org}/param-sets/{set}/params/{name}", [false, false, true, true, true, true]),
    ("put", "/v1/orgs/{org}/param-sets/{set}/params/{name}", [false, false, false, false, true, true]),
    ("delete", "/v1/orgs/{org}/param-sets/{set}/params/{name}", [false, false, false, false, true, true]),
    ("get", "/v1/orgs/{org}/ssh-keys", [false, false, true, true, true, true]),
    ("get", "/v1/orgs/{org}/ssh-keys/{name}", [false, false, true, true, true, true]),
    ("put", "/v1/orgs/{org}/ssh-keys/{name}", [false, false, false, false, true, true]),
    ("delete", "/v1/orgs/{org}/ssh-keys/{name}", [false, false, false, false, true, true]),
    ("get", "/v1/orgs/{org}/registry-credentials", [false, false, true, true, true, true]),
    ("get", "/v1/orgs/{org}/registry-credentials/{name}", [false, false, true, true, true, true]),
    ("put", "/v1/orgs/{org}/registry-credentials/{name}", [false, false, false, false, true, true]),
    ("delete", "/v1/orgs/{org}/registry-credentials/{name}", [false, false, false, false, true, true]),
    ("get", "/v1/orgs/{org}/pipelines", [false, false, true, true, true, true]),
    ("get", "/v1/orgs/{org}/pipelines/{name}", [false, false, true, true, true, true]),
    ("put", "/v1/orgs/{org}/pipelines/{name}", [false, false, false, false, true, true]),
    ("delete", "/v1/orgs/{org}/pipelines/{name}", [false, false, false, false, true, true]),
    ("get", "/v1/orgs/{org}/repos/{repo}/effective-params", [false, false, true, true, true, true]),
    ("get", "/v1/orgs/{org}/repos/{repo}/params", [false, false, true, true, true, true]),
    ("get", "/v1/orgs/{org}/repos/{repo}/params/{name}", [false, false, true, true, true, true]),
    ("put", "/v1/orgs/{org}/repos/{repo}/params/{name}", [false, false, false, false, true, true]),
    ("delete", "/v1/orgs/{org}/repos/{repo}/params/{name}", [false, false, false, false, true, true]),
    ("get", "/v1/orgs/{org}/repos/{repo}/schedules", [false, false, true, true, true, true]),
    ("get", "/v1/orgs/{org}/repos/{repo}/schedules/{name}", [false, false, true, true, true, true]),
    ("put", "/v1/orgs/{org}/repos/{repo}/schedules/{name}", [false, false, false, false, true, true]),
    ("delete", "/v1/orgs/{org}/repos/{repo}/schedules/{name}", [false, false, false, false, true, true]),
    ("get", "/v1/orgs/{org}/repos/{repo}/triggers", [false, false, true, true, true, true]),
    ("get", "/v1/orgs/{org}/repos/{repo}/triggers/{name}", [false, false, true, true, true, true]),
    ("put", "/v1/orgs/{org}/repos/{repo}/triggers/{name}", [false, false, false, false, true, true]),
    ("delete", "/v1/orgs/{org}/repos/{repo}/triggers/{name}", [false, false, false, false, true, true]),
    ("get", "/v1/orgs/{org}/repos/{repo}/environments", [false, false, true, true, true, true]),
    ("get", "/v1/orgs/{org}/repos/{repo}/environments/{environment}", [false, false, true, true, true, true]),
    ("put", "/v1/orgs/{org}/repos/{repo}/environments/{environment}", [false, false, false, false, true, true]),
    ("delete", "/v1/orgs/{org}/repos/{repo}/environments/{environment}", [false, false, false, false, true, true]),
    (
        "get",
        "/v1/orgs/{org}/repos/{repo}/environments/{environment}/deployments",
        [false, false, true, true, true, true],
    ),
    ("get", "/v1/orgs/{org}/repos/{repo}/environments/{environment}/params", [false, false, true, true, true, true]),
    (
        "get",
        "/v1/orgs/{org}/repos/{repo}/environments/{environment}/params/{name}",
        [false, false, true, true, true, true],
    ),
    (
        "put",
        "/v1/orgs/{org}/repos/{repo}/environments/{environment}/params/{name}",
        [false, false, false, false, true, true],
    ),
    (
        "delete",
        "/v1/orgs/{org}/repos/{repo}/environments/{environment}/params/{name}",
        [false, false, false, false, true, true],
    ),
    ("get", "/v1/orgs/{org}/repos/{repo}/hooks", [false, false, false, false, true, true]),
    ("post", "/v1/orgs/{org}/repos/{repo}/hooks", [false, false, false, false, true, true]),
    ("get", "/v1/orgs/{org}/repos/{repo}/hooks/{hook}", [false, false, false, false, true, true]),
    ("delete", "/v1/orgs/{org}/repos/{repo}/hooks/{hook}", [false, false, false, false, true, true]),
    ("post", "/v1/orgs/{org}/repos/{repo}/hooks/{hook}/rotate", [false, false, false, false, true, true]),
    ("get", "/v1/orgs/{org}/repos/{repo}/hooks/{hook}/deliveries", [false, false, false, false, true, true]),
    ("get", "/v1/orgs/{org}/repos/{repo}/hooks/{hook}/deliveries/{delivery}", [false, false, false, false, true, true]),
    (
        "post",
        "/v1/orgs/{org}/repos/{repo}/hooks/{hook}/deliveries/{delivery}/redeliver",
        [false, false, false, false, true, true],
    ),
    ("get", "/v1/orgs/{org}/repos/{repo}/builds", [false, false, true, true, true, true]),
    ("post", "/v1/orgs/{org}/repos/{repo}/builds", [false, false, false, true, true, true]),
    ("get", "/v1/orgs/{org}/repos/{repo}/builds/{number}", [false, false, true, true, true, true]),
    ("post", "/v1/orgs/{org}/repos/{repo}/builds/{number}/cancel", [false, false, false, true, true, true]),
    ("post", "/v1/orgs/{org}/repos/{repo}/builds/{number}/approve-script", [false, false, false, false, true, true]),
    ("post", "/v1/orgs/{org}/repos/{repo}/builds/{number}/retry", [false, false, false, true, true, true]),
    ("get", "/v1/orgs/{org}/repos/{repo}/builds/{number}/events", [false, false, true, true, true, true]),
    ("get", "/v1/orgs/{org}/repos/{repo}/builds/{number}/artifacts", [false, false, true, true, true, true]),
    ("get", "/v1/orgs/{org}/repos/{repo}/builds/{number}/artifacts/{artifact}", [false, false, true, true, true, true]),
    (
        "post",
        "/v1/orgs/{org}/repos/{repo}/builds/{number}/artifacts/{artifact}/links",
        [false, false, true, true, true, true],
    ),
    // Who has a link needs to be nobody else.
    ("get", "/v1/artifacts/{link}", [true; 6]),
    ("get", "/v1/orgs/{org}/repos/{repo}/builds/{number}/jobs/{job}/shell", [false, false, false, false, true, true]),
    ("get", "/v1/orgs/{org}/repos/{repo}/builds/{number}/script/log", [false, false, true, true, true, true]),
    ("get", "/v1/orgs/{org}/repos/{repo}/builds/{number}/jobs/{job}", [false, false, true, true, true, true]),
    ("post", "/v1/orgs/{org}/repos/{repo}/builds/{number}/jobs/{job}/approve", [false, false, false, true, true, true]),
    ("post", "/v1/orgs/{org}/repos/{repo}/builds/{number}/jobs/{job}/reject", [false, false, false, true, true, true]),
    (
        "get",
        "/v1/orgs/{org}/repos/{repo}/builds/{number}/jobs/{job}/attempts/{attempt}/log",
        [false, false, true, true, true, true],
    ),
    (
        "get",
        "/v1/orgs/{org}/repos/{repo}/builds/{number}/jobs/{job}/attempts/{attempt}/marks",
        [false, false, true, true, true, true],
    ),
    // Only who runs the server.
    ("get", "/v1/signing-keys", [false; 6]),
    ("post", "/v1/signing-keys/rotate", [false; 6]),
    ("get", "/v1/people", [false; 6]),
    ("get", "/v1/people/{name}", [false; 6]),
    ("post", "/v1/people/{name}/disable", [false; 6]),
    ("post", "/v1/people/{name}/enable", [false; 6]),
    ("get", "/v1/workers", [false; 6]),
    ("post", "/v1/workers", [false; 6]),
    ("get", "/v1/workers/{worker}", [false; 6]),
    ("delete", "/v1/workers/{worker}", [false; 6]),
    ("post", "/v1/workers/{worker}/pause", [false; 6]),
    ("post", "/v1/workers/{worker}/resume", [false; 6]),
    ("post", "/v1/worker-registrations", [false; 6]),
    ("delete", "/v1/worker-registrations/{id}", [false; 6]),
    // Who asks this is known by the code.
    ("post", "/v1/worker/register", [true; 6]),
    // Only workers, by tokens of their own.
    ("post", "/v1/worker/hello", [false; 6]),
    ("post", "/v1/worker/lease", [false; 6]),
    ("post", "/v1/worker/renew", [false; 6]),
    ("get", "/v1/worker/attempts/{fence}/claim", [false; 6]),
    ("post", "/v1/worker/attempts/{fence}/started", [false; 6]),
    ("post", "/v1/worker/attempts/{fence}/log", [false; 6]),
    ("post", "/v1/worker/attempts/{fence}/result", [false; 6]),
    ("get", "/v1/worker/attempts/{fence}/jobs", [false; 6]),
    ("get", "/v1/worker/attempts/{fence}/jobs/{job}/log", [false; 6]),
    ("get", "/v1/worker/attempts/{fence}/visit", [false; 6]),
    ("post", "/v1/worker/attempts/{fence}/held", [false; 6]),
    ("get", "/v1/worker/attempts/{fence}/supply", [false; 6]),
    ("get", "/v1/worker/attempts/{fence}/checkout", [false; 6]),
    ("get", "/v1/worker/attempts/{fence}/program", [false; 6]),
    ("get", "/v1/worker/attempts/{fence}/blobs", [false; 6]),
    ("get", "/v1/worker/attempts/{fence}/blob", [false; 6]),
    ("put", "/v1/worker/attempts/{fence}/blob", [false; 6]),
    ("delete", "/v1/worker/attempts/{fence}/blob", [false; 6]),
];

/// The path with names of things that are not there, but for the organisation and the repository: whoever may do it is
/// told so, and nothing is changed by who goes before.
fn filled(path: &str) -> String {
    let names = [
        ("{org}", "acme"),
        ("{repo}", "web"),
        ("{number}", "99"),
        ("{attempt}", "1"),
        ("{name}", "NOBODY"),
        ("{set}", "NOTHING"),
        ("{environment}", "NOWHERE"),
        ("{kind}", "cron"),
        ("{code}", "nothing"),
        ("{id}", "nothing"),
        ("{hook}", "nothing"),
        ("{delivery}", "nothing"),
        ("{job}", "nothing"),
        ("{worker}", "nothing"),
        ("{workspace}", "T0123"),
        ("{fence}", "1"),
        ("{artifact}", "nothing"),
        ("{trust}", "nothing"),
        ("{link}", "nothing"),
    ];
    names.iter().fold(path.to_owned(), |path, (name, value)| path.replace(name, value))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_may_do_what_their_role_lets_them_and_nothing_else() {
    let house = House::with_script("[]").await;
    house.put("/v1/orgs/other", json!({})).await.must(201);
    let stranger = json!({ "description": "of another", "scope": { "org": "other", "role": "owner" } });
    let stranger = house.post("/v1/tokens", stranger).await.must(201).json()["secret"].clone();
    let mut who = vec![None, stranger.as_str().map(str::to_owned)];
    for role in ["viewer", "developer", "maintainer", "owner"] {
        who.push(Some(house.token_of(role).await));
    }
    let document = house.get("/v1/openapi.json").await.json();
    let mut seen = 0;
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for method in methods.as_object().expect("methods").keys() {
            let row = MATRIX.iter().find(|(a, b, _)| a == method && b == path);
            let Some((.., may)) = row else { panic!("{method} {path} has no row in the matrix") };
            seen += 1;
            // What removes things would leave the others nothing to be let to; streams have no end.
            let removes = method == "delete" && (path.ends_with("{repo}") || path == "/v1/orgs/{org}");
            if removes || path.ends_with("/events") || path == "/v1/session" {
                continue;
            }
            for (token, may) in who.iter().zip(may) {
                let method: Method = method.to_uppercase().parse().expect("a method");
                let body = (method != Method::GET && method != Method::DELETE).then(|| json!({}));
                let answer = house.ask(token.as_deref(), method.clone(), &filled(path), body).await;
                let status = answer.status.as_u16();
                let is_refused = status == 401 || status == 403 || is_hidden(&answer.text, status);
                assert_eq!(!is_refused, *may, "{method} {path} as {token:?}: {status} {}", answer.text);
            }
        }
    }
    assert_eq!(seen, MATRIX.len(), "the matrix has rows of what is not there");
}

/// Whether a refusal hides the organisation or repository from who may not see it.
fn is_hidden(text: &str, status: u16) -> bool {
    let detail =
        serde_json::from_str::<Value>(text).ok().and_then(|problem| problem["detail"].as_str().map(str::to_owned));
    let hides = |detail: String| detail.contains("no such organisation") || detail.contains("no such repository");
    status == 404 && detail.is_some_and(hides)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_of_a_token_can_do_no_more_than_that_one() {
    let house = House::with_script("[]").await;
    let viewer = house.token_of("viewer").await;
    let more = json!({ "description": "more", "scope": { "org": "acme", "role": "owner" } });
    house.ask(Some(&viewer), Method::POST, "/v1/tokens", Some(more)).await.must(403);
    let all = json!({ "description": "all" });
    house.ask(Some(&viewer), Method::POST, "/v1/tokens", Some(all)).await.must(422);
    let past = json!({ "description": "past", "expires": 1 });
    house.post("/v1/tokens", past).await.must(422);
    let made = house.post("/v1/tokens", json!({ "description": "short" })).await.must(201).json();
    let (id, secret) = (made["id"].as_str().expect("an id"), made["secret"].as_str().expect("a secret"));
    house.ask(Some(secret), Method::GET, "/v1/me", None).await.must(200);
    house.delete(&format!("/v1/tokens/{id}")).await.must(204);
    house.ask(Some(secret), Method::GET, "/v1/me", None).await.must(401);
    house.ask(Some("mci_nonsense"), Method::GET, "/v1/version", None).await.must(200);
    house.ask(Some("mci_nonsense"), Method::GET, "/v1/orgs", None).await.must(401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_good_for_our_own_page_alone() {
    let house = House::with_script("[]").await;
    let signed = house.ask(None, Method::POST, "/v1/session", Some(json!({ "token": house.token }))).await.must(200);
    assert_eq!(signed.json()["name"], "admin");
    let cookie = signed.headers[header::SET_COOKIE].to_str().expect("a cookie").to_owned();
    for word in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/"] {
        assert!(cookie.contains(word), "{cookie}");
    }
    let cookie = cookie.split(';').next().expect("a pair").to_owned();
    let ask = |method: Method, origin: Option<&str>| {
        let mut request = Request::builder()
            .method(method)
            .uri("/v1/orgs/acme")
            .header(header::HOST, "ci.example.com")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::COOKIE, format!("theme=dark; {cookie}"));
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
        }
        house.send(request.body(Body::from("{}")).expect("a request"))
    };
    ask(Method::GET, None).await.must(200);
    ask(Method::PUT, Some("https://ci.example.com")).await.must(200);
    ask(Method::PUT, Some("https://evil.example.net")).await.must(403);
    ask(Method::PUT, Some("null")).await.must(403);
    ask(Method::PUT, None).await.must(403);
    // A WebSocket is one however it is asked for.
    let upgrade = |origin: &str| {
        let request = Request::builder()
            .uri("/v1/orgs/acme/repos/web/builds/1/jobs/unit/shell")
            .header(header::HOST, "ci.example.com")
            .header(header::ORIGIN, origin)
            .header(header::UPGRADE, "websocket")
            .header(header::COOKIE, cookie.clone());
        house.send(request.body(Body::empty()).expect("a request"))
    };
    upgrade("https://ci.example.com").await.must(404);
    upgrade("https://evil.example.net").await.must(403);
    house.ask(None, Method::POST, "/v1/session", Some(json!({ "token": "mci_nonsense" }))).await.must(422);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_sees_what_a_public_repository_built_and_nothing_of_its_settings() {
    let house = House::with_script("- {id: unit, script: [echo one]}").await;
    let repo = "/v1/orgs/acme/repos/web";
    house.post(&format!("{repo}/builds"), json!({})).await.must(201);
    house.ended(1).await;
    let ask = |path: &str| {
        let path = format!("{repo}{path}");
        let house = &house;
        async move { house.ask(None, Method::GET, &path, None).await.status.as_u16() }
    };
    assert_eq!(ask("/builds/1").await, 401);
    let url = house.get(repo).await.json()["url"].clone();
    house.put(repo, json!({ "url": url, "visibility": "public" })).await.must(200);
    for path in ["", "/builds", "/builds/1", "/builds/1/jobs/unit/attempts/1/log", "/badge.svg"] {
        assert_eq!(ask(path).await, 200, "{path}");
    }
    for path in ["/params", "/hooks"] {
        assert_eq!(ask(path).await, 401, "{path}");
    }
    assert_eq!(house.ask(None, Method::POST, &format!("{repo}/builds"), Some(json!({}))).await.status.as_u16(), 401);
}
