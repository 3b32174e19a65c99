use axum::body::Body;
use http::{Method, Request, header};
use serde_json::{Value, json};

use super::house::{Answer, House};

const HOOKS: &str = "/v1/orgs/acme/repos/web/hooks";

/// A webhook of GitHub: where it is, and its secret.
async fn hook(house: &House) -> (String, String) {
    let made = house.post(HOOKS, json!({ "forge": "github" })).await.must(201).json();
    let url = made["url"].as_str().expect("a url");
    let path = url.strip_prefix("https://ci.example.com").expect("a path").to_owned();
    (path, made["secret"].as_str().expect("a secret").to_owned())
}

fn push(before: &str, after: &str) -> Value {
    json!({
        "ref": "refs/heads/main", "before": before, "after": after, "created": false, "deleted": false, "forced": false,
        "head_commit": { "id": after, "message": "a change", "author": { "name": "ann" } }, "commits": [],
        "repository": { "id": 1, "full_name": "acme/web", "default_branch": "main",
                        "clone_url": "https://example.com/evil/web.git" },
        "sender": { "login": "ann" },
    })
}

fn signature(secret: &str, body: &str) -> String {
    let mac = hmac_sha256::HMAC::mac(body.as_bytes(), secret.as_bytes());
    let hex: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

async fn deliver(house: &House, path: &str, id: &str, signature: Option<&str>, body: &str) -> Answer {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json")
        .header("x-github-event", "push")
        .header("x-github-delivery", id);
    if let Some(signature) = signature {
        request = request.header("x-hub-signature-256", signature);
    }
    house.send(request.body(Body::from(body.to_owned())).expect("a request")).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_push_is_one_build_however_often_it_is_delivered_and_comes_from_the_repository_alone() {
    let mut house = House::with_script("- {id: unit, script: [echo one]}").await;
    let (first, second) =
        (house.commit("- {id: unit, script: [echo two]}"), house.commit("- {id: unit, script: [echo three]}"));
    let (path, secret) = hook(&house).await;
    let body = push(&first, &second).to_string();
    let signed = signature(&secret, &body);
    let once = deliver(&house, &path, "d-1", Some(&signed), &body).await.must(202).json();
    assert_eq!(deliver(&house, &path, "d-1", Some(&signed), &body).await.must(202).json(), once);
    deliver(&house, &path, "d-2", Some(&signed), &body).await.must(202);

    let all = format!("{HOOKS}/github/deliveries");
    let settled = |page: &Value| {
        let items = page["items"].as_array().expect("items");
        items.len() == 2 && items.iter().all(|delivery| delivery["state"] == "built")
    };
    let deliveries = house.until(&all, settled).await;
    assert_eq!(deliveries["items"][0]["builds"], json!(["acme/web/build-1"]));
    assert_eq!(deliveries["items"][1]["builds"], json!(["acme/web/build-1"]));
    let build = house.ended(1).await;
    assert_eq!(
        (build["status"].as_str(), build["trigger"]["source"].as_str()),
        (Some("success"), Some("github-webhook"))
    );
    assert_eq!(build["trigger"]["git"]["commitId"], second);
    assert_ne!(build["trigger"]["git"]["url"], "https://example.com/evil/web.git", "no payload says what is cloned");

    // Back again is another thing, and so is the same after a restart of the server: no, that is still the same.
    let back = push(&second, &first).to_string();
    deliver(&house, &path, "d-3", Some(&signature(&secret, &back)), &back).await.must(202);
    house.ended(2).await;
    house.again().await;
    deliver(&house, &path, "d-4", Some(&signed), &body).await.must(202);
    house.until(&all, |page| page["items"][0]["state"] == "built").await;
    assert_eq!(house.get("/v1/orgs/acme/repos/web/builds").await.json()["items"].as_array().map(Vec::len), Some(2));

    let id = once["delivery"].as_str().expect("an id");
    let whole = house.get(&format!("{all}/{id}")).await.must(200).json();
    assert_eq!(whole["headers"]["x-github-event"], "push");
    assert_eq!(whole["headers"].get("x-hub-signature-256"), None);
    assert_eq!(whole["body"], body);
    house.post(&format!("{all}/{id}/redeliver"), json!({})).await.must(202);
    house.until(&format!("{all}/{id}"), |delivery| delivery["state"] == "built").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_webhook_missed_is_found_by_who_looks_for_new_commits() {
    let mut house = House::with_script("- {id: unit, script: [echo one]}").await;
    let repo = "/v1/orgs/acme/repos/web";
    let url = house.get(repo).await.json()["url"].clone();
    let (first, second) = (house.commit("[{id: a, script: [echo a]}]"), house.commit("[{id: b, script: [echo b]}]"));
    let (path, secret) = hook(&house).await;
    let body = push(&first, &second).to_string();
    deliver(&house, &path, "d-1", Some(&signature(&secret, &body)), &body).await.must(202);
    house.ended(1).await;
    let third = house.commit("[{id: c, script: [echo c]}]");
    house.put(repo, json!({ "url": url, "poll": 3600 })).await.must(200);
    // It looks at once where it has not looked before.
    house.again().await;
    let found = house.ended(2).await;
    assert_eq!((&found["trigger"]["source"], &found["trigger"]["git"]["commitId"]), (&json!("poll"), &json!(third)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_signed_with_the_secret_is_refused_alike_and_leaves_nothing() {
    let house = House::with_script("[]").await;
    let (path, secret) = hook(&house).await;
    let body = push("0".repeat(40).as_str(), "1".repeat(40).as_str()).to_string();
    let good = signature(&secret, &body);
    let flipped = good.replace(good.chars().last().expect("a digit"), "x");
    let tables = [
        ("no signature", path.clone(), None, body.clone()),
        ("a wrong one", path.clone(), Some(signature("another secret", &body)), body.clone()),
        ("an empty secret's", path.clone(), Some(signature("", &body)), body.clone()),
        ("not hex", path.clone(), Some(flipped), body.clone()),
        ("another algorithm", path.clone(), Some(good.replace("sha256", "sha1")), body.clone()),
        ("one byte more", path.clone(), Some(good.clone()), format!("{body} ")),
        ("another forge's path", path.replace("/github/", "/gitlab/"), Some(good.clone()), body.clone()),
        ("a webhook that is not there", "/webhook/github/nothing".into(), Some(good.clone()), body.clone()),
    ];
    let mut texts = Vec::new();
    for (case, path, signature, body) in tables {
        let answer = deliver(&house, &path, "d", signature.as_deref(), &body).await;
        assert_eq!(answer.status.as_u16(), 401, "{case}: {}", answer.text);
        texts.push(answer.text);
    }
    assert!(texts.iter().all(|text| *text == texts[0]), "nobody learns what was wrong: {texts:?}");
    let deliveries = house.get(&format!("{HOOKS}/github/deliveries")).await.must(200).json();
    assert_eq!(deliveries["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_secret_and_the_former_are_good_until_the_new_one_was_used() {
    let house = House::with_script("[]").await;
    let (path, former) = hook(&house).await;
    let rotated = house.post(&format!("{HOOKS}/github/rotate"), json!({})).await.must(200).json();
    let secret = rotated["secret"].as_str().expect("a secret");
    assert_eq!(rotated["rotating"], true);
    let body = json!({ "zen": "x" }).to_string();
    deliver(&house, &path, "d-1", Some(&signature(&former, &body)), &body).await.must(202);
    deliver(&house, &path, "d-2", Some(&signature(secret, &body)), &body).await.must(202);
    assert_eq!(house.get(&format!("{HOOKS}/github")).await.json()["rotating"], false);
    deliver(&house, &path, "d-3", Some(&signature(&former, &body)), &body).await.must(401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_signed_but_cannot_be_read_is_kept_and_told() {
    let house = House::with_script("[]").await;
    let (path, secret) = hook(&house).await;
    let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    for (id, body) in [("d-1", "{"), ("d-2", "{}"), ("d-3", deep.as_str()), ("d-4", "{\"ref\":7}")] {
        deliver(&house, &path, id, Some(&signature(&secret, body)), body).await.must(202);
    }
    let all = format!("{HOOKS}/github/deliveries");
    let failed = |page: &Value| page["items"].as_array().expect("items").iter().all(|it| it["state"] == "failed");
    let page = house.until(&all, failed).await;
    assert!(page["items"][2]["message"].as_str().is_some_and(|message| message.contains("`ref`")), "{page}");
    let large = "x".repeat(26 * 1024 * 1024);
    deliver(&house, &path, "d-5", Some(&signature(&secret, &large)), &large).await.must(413);
}
