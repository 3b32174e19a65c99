use http::{Method, Request, header};
use serde_json::{Value, json};

use super::house::House;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_is_made_changed_only_as_it_was_read_and_removed() {
    let house = House::with_script("[]").await;
    let repo = "/v1/orgs/acme/repos/web";
    let shown = house.get(repo).await.must(200);
    let tag = shown.headers[header::ETAG].to_str().expect("a tag").to_owned();
    let url = shown.json()["url"].clone();
    let change = |tag: &str, labels: Value| {
        let request = Request::builder()
            .method(Method::PUT)
            .uri(repo)
            .header(header::AUTHORIZATION, format!("Bearer {}", house.token))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::IF_MATCH, tag);
        let body = json!({ "url": url, "labels": labels }).to_string();
        house.send(request.body(axum::body::Body::from(body)).expect("a request"))
    };
    assert_eq!(change(&tag, json!({ "team": "shop" })).await.must(200).json()["revision"], 2);
    change(&tag, json!({})).await.must(412);
    house.delete(repo).await.must(204);
    house.get(repo).await.must(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_in_a_body_is_told_with_its_field() {
    let house = House::with_script("[]").await;
    let repo = "/v1/orgs/acme/repos/other";
    let reporting = |report| json!({ "url": "https://example.com/a.git", "report": report });
    for (body, pointer) in [
        (json!({}), "/url"),
        (json!({ "url": 7 }), ""),
        (json!({ "url": "https://example.com/a.git", "colour": "red" }), "/colour"),
        (json!({ "url": "ext::sh -c id" }), "/url"),
        (json!({ "url": "--upload-pack=id" }), "/url"),
        (json!({ "url": "https://example.com/a.git", "poll": 1 }), "/poll"),
        (json!({ "url": "https://example.com/a.git", "defaultBranch": "-x" }), "/defaultBranch"),
        (reporting(json!({ "forge": "sourceforge", "project": "acme/web" })), "/report/forge"),
        (reporting(json!({ "forge": "gitea", "project": "acme/web" })), "/report/api"),
        (reporting(json!({ "forge": "github", "project": "web" })), "/report/project"),
        (reporting(json!({ "forge": "github", "project": "acme/web", "token": "a/b" })), "/report/token"),
        (reporting(json!({ "forge": "github", "project": "acme/web", "colour": "red" })), "/colour"),
    ] {
        let answer = house.put(repo, body.clone()).await.must(422);
        assert_eq!(answer.headers[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{body}: {}", answer.text);
    }
    house.get(repo).await.must(404);
    for (body, pointer) in [
        (json!({ "commit": "HEAD" }), "/commit"),
        (json!({ "branch": "--upload-pack=id" }), "/branch"),
        (json!({ "tag": "a b" }), "/tag"),
        (json!({ "branch": "main", "tag": "v1" }), "/tag"),
    ] {
        let answer = house.post("/v1/orgs/acme/repos/web/builds", body.clone()).await.must(422);
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{body}: {}", answer.text);
    }
    for name in ["1x", "-x", "a%20b", "%c3%a9"] {
        house.put(&format!("/v1/orgs/acme/params/{name}"), json!({ "value": "x" })).await.must(400);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_that_could_leave_their_place_and_bodies_that_are_bombs_are_refused() {
    let house = House::empty().await;
    let long = "x".repeat(300);
    for id in ["..", "%2e%2e", "a%2fb", "a%00b", &long, ".git", "-x", "a%0ab", "%c3%a9", "a b"] {
        let path = format!("/v1/orgs/{}", id.replace(' ', "%20"));
        let answer = house.put(&path, json!({})).await;
        assert!(answer.status.is_client_error(), "{id}: {} {}", answer.status, answer.text);
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for body in ["{", "nonsense", "\u{0}", &deep, "{\"name\":\"\\ud800\"}"] {
        let request = Request::builder()
            .method(Method::PUT)
            .uri("/v1/orgs/acme")
            .header(header::AUTHORIZATION, format!("Bearer {}", house.token))
            .header(header::CONTENT_TYPE, "application/json");
        let answer = house.send(request.body(axum::body::Body::from(body.to_owned())).expect("a request")).await;
        assert!(answer.status.is_client_error(), "{}: {}", &body[..body.len().min(20)], answer.text);
    }
    let large = json!({ "name": "x".repeat(2_000_000) });
    house.put("/v1/orgs/acme", large).await.must(413);
    house.get("/v1/orgs/acme").await.must(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_lists_come_in_pages_without_gaps() {
    let house = House::with_script("[]").await;
    for number in 0..7 {
        house.put(&format!("/v1/orgs/acme/params/P{number}"), json!({ "value": "x" })).await.must(201);
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = house.get(&format!("/v1/orgs/acme/params?limit=3{cursor}")).await.must(200).json();
        seen.extend(page["items"].as_array().expect("items").iter().map(|param| param["name"].to_string()));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 7);
    assert!(seen.is_sorted());
    house.get("/v1/orgs/acme/builds?cursor=nonsense").await.must(400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_document_of_the_api_names_every_schema_that_it_refers_to() {
    let house = House::empty().await;
    let document = house.get("/v1/openapi.json").await.must(200).json();
    assert_eq!(document["openapi"], "3.1.0");
    let schemas = document["components"]["schemas"].as_object().expect("schemas");
    let text = document.to_string();
    let mut references = 0;
    for reference in text.split("\"$ref\":\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        let name = reference.strip_prefix("#/components/schemas/").expect("a schema of the document");
        assert!(schemas.contains_key(name), "{name} is missing");
        references += 1;
    }
    assert!(references > 100, "{references}");
    let builds = &document["paths"]["/v1/orgs/{org}/repos/{repo}/builds"]["post"];
    assert_eq!(builds["requestBody"]["content"]["application/json"]["schema"]["$ref"], "#/components/schemas/NewBuild");
    assert_eq!(builds["parameters"].as_array().map(Vec::len), Some(2), "{builds}");
}
