//! Credentials of private registries: what goes in, and to whom it comes out.

use axum::body::Body;
use http::{Method, Request, header};
use serde_json::{Value, json};

use super::house::House;

const GHCR: &str = "/v1/orgs/acme/registry-credentials/ghcr";
const PASSWORD: &str = "hunter22-hunter22";

fn ghcr(more: Value) -> Value {
    let mut body = json!({ "host": "ghcr.io", "username": "bot" });
    body.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
    body
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_goes_in_and_never_comes_out_and_goes_to_no_other_host() {
    let house = House::with_script("[]").await;
    let made = house.put(GHCR, ghcr(json!({ "password": PASSWORD }))).await.must(201);
    assert_eq!(made.headers[header::ETAG], "\"1\"");
    let made = made.json();
    assert_eq!((&made["host"], &made["username"], &made["version"]), (&json!("ghcr.io"), &json!("bot"), &json!(1)));
    let kept = house.put(GHCR, ghcr(json!({ "description": "of the shop" }))).await.must(200).json();
    assert_eq!((&kept["version"], &kept["revision"]), (&json!(1), &json!(2)), "the password stays");
    assert_eq!(kept["fingerprint"], made["fingerprint"]);
    let again = house.put(GHCR, ghcr(json!({ "password": "another-one" }))).await.must(200).json();
    assert_eq!(again["version"], 2);
    assert_ne!(again["fingerprint"], made["fingerprint"]);
    // Who may change it may not have it sent elsewhere.
    let moved = house.put(GHCR, json!({ "host": "evil.example.net", "username": "bot" })).await.must(422);
    assert_eq!(moved.json()["errors"][0]["pointer"], "/password", "{}", moved.text);
    house.put(GHCR, ghcr(json!({ "password": PASSWORD }))).await.must(200);
    for path in [GHCR, "/v1/orgs/acme/registry-credentials", "/v1/orgs/acme/audit", "/v1/orgs/acme/export"] {
        let shown = house.get(path).await.must(200).text;
        assert!(!shown.contains("hunter22") && !shown.contains("another-one"), "{path}: {shown}");
    }
    for entry in std::fs::read_dir(house.dir.path().join("state")).expect("a folder").flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_file()) {
            let bytes = std::fs::read(entry.path()).expect("reads");
            let found = bytes.windows(PASSWORD.len()).any(|window| window == PASSWORD.as_bytes());
            assert!(!found, "{}", entry.path().display());
        }
    }
    for (body, pointer) in [
        (json!({ "username": "bot" }), "/host"),
        (json!({ "host": "https://ghcr.io", "username": "bot", "password": PASSWORD }), "/host"),
        (ghcr(json!({ "username": "" })), "/username"),
        (ghcr(json!({ "password": "" })), "/password"),
        (ghcr(json!({ "labelFilters": [{}] })), "/labelFilters/0"),
    ] {
        for path in [GHCR, "/v1/validate/registry-credential"] {
            let method = if path == GHCR { Method::PUT } else { Method::POST };
            let refused = house.ask(Some(&house.token), method, path, Some(body.clone())).await.must(422);
            assert_eq!(refused.json()["errors"][0]["pointer"], pointer, "{}", refused.text);
            assert!(!refused.text.contains("hunter22"), "{}", refused.text);
        }
    }
    let fresh = house.put("/v1/orgs/acme/registry-credentials/new", ghcr(json!({}))).await.must(422);
    assert_eq!(fresh.json()["errors"][0]["pointer"], "/password");
    let stale = Request::builder().method(Method::DELETE).uri(GHCR).header(header::IF_MATCH, "\"1\"");
    let stale = stale.header(header::AUTHORIZATION, format!("Bearer {}", house.token));
    house.send(stale.body(Body::empty()).expect("a request")).await.must(412);
    house.delete(GHCR).await.must(204);
    house.get(GHCR).await.must(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_elsewhere_gets_those_of_the_images_of_its_job() {
    let script = "
- {id: private, labels: {gpu: 'yes'}, image: 'ghcr.io/acme/web:1', script: ['true']}
- {id: public, labels: {gpu: 'yes'}, image: alpine, script: ['true']}
- {id: none, labels: {gpu: 'yes'}, script: ['true']}
";
    let house = House::with_script(script).await;
    let password = |password: &str| json!({ "password": password });
    house.put(GHCR, ghcr(password(PASSWORD))).await.must(201);
    let shop = json!({ "password": "of-the-shop", "labelFilters": [{ "team": "shop" }] });
    house.put("/v1/orgs/acme/registry-credentials/shop", ghcr(shop)).await.must(201);
    let other = json!({ "host": "quay.io", "username": "bot", "password": "of-quay" });
    house.put("/v1/orgs/acme/registry-credentials/quay", other).await.must(201);
    let made = house.post("/v1/workers", json!({ "name": "far" })).await.must(201).json();
    let token = made["secret"].as_str().expect("a secret").to_owned();
    let ask = async |method: Method, path: &str, body: Value| {
        let request = Request::builder()
            .method(method)
            .uri(format!("/v1/worker/{path}"))
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/json")
            .header("monkeyci-worker-home", "home");
        house.send(request.body(Body::from(body.to_string())).expect("a request")).await.must(200).json()
    };
    let facts = json!({
        "version": "1", "labels": { "gpu": "yes" }, "archs": ["amd", "arm"], "images": true, "processes": true, "jobs": 9,
    });
    ask(Method::POST, "hello", json!({ "protocol": 1, "facts": facts })).await;
    house.post("/v1/orgs/acme/repos/web/builds", json!({})).await.must(201);
    let mut known = std::collections::BTreeMap::new();
    while known.len() < 3 {
        let holds: Vec<u64> = known.values().map(|(fence, _)| *fence).collect();
        let leases = ask(Method::POST, "lease", json!({ "room": 9, "holds": holds, "wait": 10_000 })).await;
        for lease in leases["leases"].as_array().expect("leases") {
            let fence = lease["fence"].as_u64().expect("a fence");
            let supply = ask(Method::GET, &format!("attempts/{fence}/supply"), Value::Null).await;
            let logins = supply["registries"].as_array().cloned().unwrap_or_default();
            let hosts: Vec<String> = logins.iter().map(|login| login["host"].to_string()).collect();
            known.insert(lease["job"]["id"].as_str().expect("an id").to_owned(), (fence, hosts));
        }
    }
    let hosts = |job: &str| known[job].1.join(" ");
    assert_eq!(hosts("private"), "\"ghcr.io\"", "not that of other repositories, nor of other hosts");
    assert_eq!(hosts("public"), "");
    assert_eq!(hosts("none"), "\"ghcr.io\" \"quay.io\"", "what image stands in is for the worker to say");
}
