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

async fn deliver(
    house: &House,
    path: &str,
    id: &str,
    signatures: impl IntoIterator<Item = &str>,
    body: &str,
) -> Answer {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json")
        .header("x-github-event", "push")
        .header("x-github-delivery", id);
    for signature in signatures {
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
    let once = deliver(&house, &path, "d-1", Some(&*signed), &body).await.must(202).json();
    assert_eq!(deliver(&house, &path, "d-1", Some(&*signed), &body).await.must(202).json(), once);
    deliver(&house, &path, "d-2", Some(&*signed), &body).await.must(202);

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
    deliver(&house, &path, "d-3", Some(&*signature(&secret, &back)), &back).await.must(202);
    house.ended(2).await;
    house.again().await;
    deliver(&house, &path, "d-4", Some(&*signed), &body).await.must(202);
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
    deliver(&house, &path, "d-1", Some(&*signature(&secret, &body)), &body).await.must(202);
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
    house.put("/v1/orgs/acme/repos/shop", json!({ "url": "https://example.com/acme/shop.git" })).await.must(201);
    let of_other = house.post("/v1/orgs/acme/repos/shop/hooks", json!({ "forge": "github" })).await.must(201).json();
    let of_other = signature(of_other["secret"].as_str().expect("a secret"), &body);
    let (here, same) = (path.as_str(), body.as_str());
    let (elsewhere, longer) = (path.replace("/github/", "/gitlab/"), format!("{body} "));
    let tables: [(&str, &str, &[&str], &str); 13] = [
        ("W1 no signature", here, &[], same),
        ("W2 signed with a secret that is wrong", here, &[&signature("another secret", &body)], same),
        ("W3 right for another repository", here, &[&of_other], same),
        ("W4 signed with an empty secret", here, &[&signature("", &body)], same),
        ("W5 a signature that is not hex", here, &[&flipped], same),
        ("W6 a signature that is cut", here, &[&good[..good.len() - 2]], same),
        ("W7 the right signature by SHA-1's name", here, &[&good.replace("sha256", "sha1")], same),
        ("W8 one byte more than was signed", here, &[&good], &longer),
        ("W9 less than was signed", here, &[&good], &same[1..]),
        ("W10 the signature twice, both right", here, &[&good, &good], same),
        ("W11 a right signature beside a wrong one", here, &[&of_other, &good], same),
        ("W12 right, to the address of another forge", &elsewhere, &[&good], same),
        ("W13 right, to a webhook that is not there", "/webhook/github/nothing", &[&good], same),
    ];
    let mut texts = Vec::new();
    for (case, path, signatures, body) in tables {
        let answer = deliver(&house, path, "d", signatures.iter().copied(), body).await;
        assert_eq!(answer.status.as_u16(), 401, "{case}: {}", answer.text);
        texts.push(answer.text);
    }
    assert!(texts.iter().all(|text| *text == texts[0]), "nobody learns what was wrong: {texts:?}");
    let deliveries = house.get(&format!("{HOOKS}/github/deliveries")).await.must(200).json();
    assert_eq!(deliveries["items"], json!([]));
}

/// Case W14: one delivery a hundred times, and once more after a restart.
/// Case W15: the same under a hundred other ids.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_replayed_is_answered_and_builds_nothing_more() {
    let mut house = House::with_script("- {id: unit, script: [echo one]}").await;
    let (first, second) = (house.commit("[]"), house.commit("- {id: unit, script: [echo two]}"));
    let (path, secret) = hook(&house).await;
    let body = push(&first, &second).to_string();
    // Hex is the same in capitals.
    let signed = signature(&secret, &body).to_uppercase().replace("SHA256", "sha256");
    let once = deliver(&house, &path, "d-0", Some(&*signed), &body).await.must(202).json();
    house.ended(1).await;
    for replay in 0..100 {
        assert_eq!(deliver(&house, &path, "d-0", Some(&*signed), &body).await.must(202).json(), once);
        deliver(&house, &path, &format!("d-{replay}"), Some(&*signed), &body).await.must(202);
    }
    house.again().await;
    assert_eq!(deliver(&house, &path, "d-0", Some(&*signed), &body).await.must(202).json(), once);
    deliver(&house, &path, "after", Some(&*signed), &body).await.must(202);
    let is_settled = |page: &Value| {
        let items = page["items"].as_array().expect("items");
        items.len() == 100 && items.iter().all(|delivery| delivery["builds"] == json!(["acme/web/build-1"]))
    };
    house.until(&format!("{HOOKS}/github/deliveries?limit=100"), is_settled).await;
    let builds = house.get("/v1/orgs/acme/repos/web/builds").await.must(200).json();
    assert_eq!(builds["items"].as_array().map(Vec::len), Some(1), "{builds}");
}

/// Case W16: the former secret, once the new one was used.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_secret_and_the_former_are_good_until_the_new_one_was_used() {
    let house = House::with_script("[]").await;
    let (path, former) = hook(&house).await;
    let rotated = house.post(&format!("{HOOKS}/github/rotate"), json!({})).await.must(200).json();
    let secret = rotated["secret"].as_str().expect("a secret");
    assert_eq!(rotated["rotating"], true);
    let body = json!({ "zen": "x" }).to_string();
    deliver(&house, &path, "d-1", Some(&*signature(&former, &body)), &body).await.must(202);
    deliver(&house, &path, "d-2", Some(&*signature(secret, &body)), &body).await.must(202);
    assert_eq!(house.get(&format!("{HOOKS}/github")).await.json()["rotating"], false);
    deliver(&house, &path, "d-3", Some(&*signature(&former, &body)), &body).await.must(401);

    // One that the caller brings, once or twice: the one before it stays good in between.
    let rotate = format!("{HOOKS}/github/rotate");
    for _ in 0..2 {
        let told = house.post(&rotate, json!({ "secret": "sixteen letters or more" })).await.must(200).json();
        assert_eq!((&told["secret"], &told["rotating"]), (&json!("sixteen letters or more"), &json!(true)));
    }
    deliver(&house, &path, "d-4", Some(&*signature(secret, &body)), &body).await.must(202);
    deliver(&house, &path, "d-5", Some(&*signature("sixteen letters or more", &body)), &body).await.must(202);
    assert_eq!(
        house.post(&rotate, json!({ "secret": "short" })).await.must(422).json()["errors"][0]["pointer"],
        "/secret"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_signed_but_cannot_be_read_is_kept_and_told() {
    let house = House::with_script("[]").await;
    let (path, secret) = hook(&house).await;
    let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    for (id, body) in [
        ("W17 signed, and cut in the middle", "{"),
        ("W18 signed, and says nothing", "{}"),
        ("W19 signed, and nested 50 000 deep", deep.as_str()),
        ("W20 signed, and a field is of another type", "{\"ref\":7}"),
    ] {
        deliver(&house, &path, id, Some(&*signature(&secret, body)), body).await.must(202);
    }
    let all = format!("{HOOKS}/github/deliveries");
    let failed = |page: &Value| page["items"].as_array().expect("items").iter().all(|it| it["state"] == "failed");
    let page = house.until(&all, failed).await;
    assert!(page["items"][2]["message"].as_str().is_some_and(|message| message.contains("`ref`")), "{page}");
    // Case W21: signed, and of 26 MB.
    let large = "x".repeat(26 * 1024 * 1024);
    deliver(&house, &path, "d-5", Some(&*signature(&secret, &large)), &large).await.must(413);
    // Case W22: signed, with an id of a megabyte.
    let id = "d".repeat(1024 * 1024);
    deliver(&house, &path, &id, Some(&*signature(&secret, "{}")), "{}").await.must(202);
}
