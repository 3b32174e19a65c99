use http::{Method, header};
use monkeyci_core::values;
use serde_json::json;

use super::house::{Answer, House};

const STORE: &str = "/v1/orgs/acme/integrations/slack/store";

async fn with_integration() -> (House, String) {
    let house = House::with_script("[]").await;
    let account = "/v1/orgs/acme/service-accounts/slack";
    house.put(account, json!({ "role": "viewer", "integration": true })).await.must(201);
    let token = house.post(&format!("{account}/tokens"), json!({ "description": "x" })).await.must(201).json();
    (house, token["secret"].as_str().expect("a secret").to_owned())
}

async fn put(
    house: &House,
    token: &str,
    key: &str,
    headers: &[(&str, &str)],
    body: impl Into<axum::body::Body>,
) -> Answer {
    house.send_as(token, Method::PUT, &format!("{STORE}/{key}"), headers, body).await
}

fn tag(answer: &Answer) -> String {
    answer.headers[header::ETAG].to_str().expect("a tag").to_owned()
}

const NEW: (&str, &str) = ("if-none-match", "*");
const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_saw_the_newest_version_writes_the_next_and_nobody_else() {
    let (house, slack) = with_integration().await;
    let get = |key: &str| {
        let path = format!("{STORE}/{key}");
        let (house, slack) = (&house, &slack);
        async move { house.ask(Some(slack), Method::GET, &path, None).await }
    };
    put(&house, &slack, "a", &[JSON], "1").await.must(428);
    let first = put(&house, &slack, "a", &[NEW, JSON], r#"{"n":1}"#).await.must(201);
    put(&house, &slack, "a", &[NEW, JSON], "2").await.must(412);
    let read = get("a").await.must(200);
    assert_eq!((read.text.as_str(), tag(&read)), (r#"{"n":1}"#, tag(&first)));
    assert_eq!(read.headers[header::CONTENT_TYPE], "application/json");
    let second = put(&house, &slack, "a", &[("if-match", &tag(&first)), JSON], "2").await.must(200);
    put(&house, &slack, "a", &[("if-match", &tag(&first)), JSON], "3").await.must(412);
    put(&house, &slack, "none", &[("if-match", "*"), JSON], "3").await.must(412);

    // A version never comes back, not even that of another value under the same key.
    house.send_as(&slack, Method::DELETE, &format!("{STORE}/a"), &[("if-match", &tag(&first))], "").await.must(412);
    house.send_as(&slack, Method::DELETE, &format!("{STORE}/a"), &[("if-match", &tag(&second))], "").await.must(204);
    get("a").await.must(404);
    let third = put(&house, &slack, "a", &[NEW], vec![0_u8, 255]).await.must(201);
    assert!(![tag(&first), tag(&second)].contains(&tag(&third)));
    assert_eq!(get("a").await.must(200).headers[header::CONTENT_TYPE], "application/octet-stream");

    // Of many at once, one wins.
    let seen = tag(&third);
    let writes = (0..8).map(|_| {
        let (house, slack, seen) = (&house, &slack, &seen);
        async move { put(house, slack, "a", &[("if-match", seen), JSON], "9").await.status.as_u16() }
    });
    let mut answers = futures::future::join_all(writes).await;
    answers.sort_unstable();
    assert_eq!(answers, [200, 412, 412, 412, 412, 412, 412, 412]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_listed_by_how_they_begin_and_what_has_expired_is_gone() {
    let (house, slack) = with_integration().await;
    for key in ["b%2F1", "a%2F1", "a%2F2", "a%2F3", "a_x", "%C3%A9"] {
        put(&house, &slack, key, &[NEW], "x").await.must(201);
    }
    let list = |query: &str| {
        let path = format!("{STORE}?{query}");
        let (house, slack) = (&house, &slack);
        async move { house.ask(Some(slack), Method::GET, &path, None).await.must(200).json() }
    };
    let page = list("prefix=a%2F&limit=2").await;
    let keys: Vec<_> = page["items"].as_array().expect("items").iter().map(|entry| &entry["key"]).collect();
    assert_eq!(keys, ["a/1", "a/2"]);
    let next = page["next"].as_str().expect("more").replace('/', "%2F");
    assert_eq!(list(&format!("prefix=a%2F&limit=2&cursor={next}")).await["items"][0]["key"], "a/3");
    assert_eq!(list("prefix=%25").await["items"], json!([]), "nothing stands for anything");
    assert_eq!(list("prefix=%C3%A9").await["items"][0]["size"], 1);

    let path = format!("{STORE}/short?ttl=3600");
    let entry = house.send_as(&slack, Method::PUT, &path, &[NEW], "x").await.must(201).json();
    assert!(entry["expires"].as_i64() > entry["updated"].as_i64(), "{entry}");
    let past = "UPDATE store_entry SET expires = 1 WHERE key = 'short'";
    house.state().tables.write(move |sql| sql.execute(past, values![])).await.expect("it is written");
    house.ask(Some(&slack), Method::GET, &format!("{STORE}/short"), None).await.must(404);
    assert_eq!(list("prefix=short").await["items"], json!([]));
    house.send_as(&slack, Method::PUT, &path, &[NEW], "y").await.must(201);
    for ttl in ["0", "-1", "x", "99999999999"] {
        let path = format!("{STORE}/k?ttl={ttl}");
        house.send_as(&slack, Method::PUT, &path, &[NEW], "x").await.must(400);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_is_its_integrations_own_and_has_bounds() {
    let (house, slack) = with_integration().await;
    put(&house, &slack, "a", &[NEW, JSON], "{}").await.must(201);
    // Another integration, and people, however much they may.
    let other = "/v1/orgs/acme/service-accounts/other";
    house.put(other, json!({ "role": "owner", "integration": true })).await.must(201);
    let token = house.post(&format!("{other}/tokens"), json!({ "description": "x" })).await.must(201).json();
    let other = token["secret"].as_str().expect("a secret").to_owned();
    put(&house, &other, "a", &[("if-match", "*")], "x").await.must(403);
    put(&house, &house.token, "a", &[("if-match", "*")], "x").await.must(403);
    house.get(&format!("{STORE}/a")).await.must(200);
    let maintainer = house.token_of("maintainer").await;
    house.ask(Some(&maintainer), Method::GET, &format!("{STORE}/a"), None).await.must(403);

    let long = "k".repeat(512);
    put(&house, &slack, &long, &[NEW], vec![0; 64 * 1024]).await.must(201);
    put(&house, &slack, "large", &[NEW], vec![0; 64 * 1024 + 1]).await.must(413);
    for (key, headers, body, status) in [
        (format!("{long}k"), vec![NEW], "x", 400),
        ("a%00b".to_owned(), vec![NEW], "x", 400),
        ("a%0ab".to_owned(), vec![NEW], "x", 400),
        ("%ff".to_owned(), vec![NEW], "x", 400),
        ("b".to_owned(), vec![NEW, JSON], "{", 400),
        ("b".to_owned(), vec![NEW, JSON], "", 400),
        ("b".to_owned(), vec![NEW, ("content-type", "text/html")], "<script>", 415),
    ] {
        put(&house, &slack, &key, &headers, body).await.must(status);
    }
    let fill = "INSERT INTO store_entry (org, integration, key, value, size, json, version, updated)
                SELECT 'acme', 'slack', key || '-' || $1, value, size, json, version, updated FROM store_entry";
    for round in 0..13 {
        let round = format!("{round}");
        house.state().tables.write(move |sql| sql.execute(fill, values![round])).await.expect("it is written");
    }
    let full = put(&house, &slack, "more", &[NEW], "x").await.must(409).json();
    assert_eq!(full["code"], "quota");
    let seen = house.get(&format!("{STORE}/a")).await.must(200);
    put(&house, &slack, "a", &[("if-match", &tag(&seen))], "what is there may change").await.must(200);

    house.put("/v1/orgs/acme/service-accounts/slack", json!({ "role": "viewer" })).await.must(200);
    put(&house, &slack, "a", &[("if-match", "*")], "x").await.must(403);
}
