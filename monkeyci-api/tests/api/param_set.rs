use serde_json::{Value, json};

use super::house::House;

/// The repository `web` of the team `shop`.
async fn shop(house: &House) {
    let url = format!("file://{}", house.repository().display());
    let web = json!({ "url": url, "labels": { "team": "shop", "tier": "1" } });
    house.put("/v1/orgs/acme/repos/web", web).await.must(200);
}

/// What is said of a param among those that builds get.
fn find<'a>(params: &'a Value, name: &str) -> &'a Value {
    let items = params["items"].as_array().expect("items");
    items.iter().find(|param| param["name"] == name).unwrap_or_else(|| panic!("{name} is not among {params}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_set_reaches_the_repositories_with_its_labels_and_what_is_nearer_wins() {
    let house = House::with_script(
        "- {id: show, params: [ALL, SET, REPO, BUILD], script: ['echo $ALL $SET $REPO $BUILD > said'], save-artifacts: [{id: said, path: said}]}",
    )
    .await;
    shop(&house).await;
    let filters = json!([{ "team": "shop", "tier": "1" }, { "team": "pay" }]);
    house.put("/v1/orgs/acme/param-sets/shop", json!({ "labelFilters": filters })).await.must(201);
    house.put("/v1/orgs/acme/param-sets/zoo", json!({})).await.must(201);
    house.put("/v1/orgs/acme/param-sets/pay", json!({ "labelFilters": [{ "team": "pay" }] })).await.must(201);

    let org = "/v1/orgs/acme";
    for (owner, names) in [
        ("", &["ALL", "SET", "REPO", "BUILD"][..]),
        ("/param-sets/zoo", &["SET", "REPO", "BUILD"]),
        ("/param-sets/shop", &["SET", "REPO", "BUILD"]),
        ("/param-sets/pay", &["ALL", "SET", "OTHER"]),
        ("/repos/web", &["REPO", "BUILD"]),
    ] {
        for name in names {
            let body = json!({ "value": format!("of {owner}"), "secret": name == &"SET" });
            house.put(&format!("{org}{owner}/params/{name}"), body).await.must(201);
        }
    }
    let shown = house.get("/v1/orgs/acme/repos/web/effective-params").await.must(200);
    assert!(!shown.text.contains("of /param-sets/shop"), "{}", shown.text);
    let shown = shown.json();
    assert_eq!(shown["items"].as_array().map(Vec::len), Some(4), "{shown}");
    assert_eq!(find(&shown, "ALL")["from"], "/v1/orgs/acme/params/ALL");
    let set = find(&shown, "SET");
    assert_eq!(set["from"], "/v1/orgs/acme/param-sets/shop/params/SET");
    assert_eq!(set["hides"], json!(["/v1/orgs/acme/param-sets/zoo/params/SET", "/v1/orgs/acme/params/SET"]));
    assert_eq!(find(&shown, "REPO")["value"], "of /repos/web");

    let build = json!({ "params": { "BUILD": "of the build" } });
    house.post("/v1/orgs/acme/repos/web/builds", build).await.must(201);
    let ended = house.ended(1).await;
    assert_eq!(ended["status"], "success", "{ended}");
    let params = &ended["trigger"]["params"];
    assert_eq!(params["BUILD"], "of the build");
    assert_eq!(params["ALL"], "of ");
    assert_eq!(params["SET"], json!([{ "secret": "acme/:shop/SET@1" }]));
    assert_eq!(params.get("OTHER"), None, "{params}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_of_a_set_is_known_to_the_job_until_the_labels_no_longer_fit() {
    let script = "- {id: use, params: [TOKEN], script: ['test \"$TOKEN\" = hunter22-of-the-set']}";
    let mut house = House::with_script(script).await;
    shop(&house).await;
    let set = "/v1/orgs/acme/param-sets/shop";
    house.put(set, json!({ "labelFilters": [{ "team": "shop" }] })).await.must(201);
    let secret = json!({ "value": "hunter22-of-the-set", "secret": true });
    house.put(&format!("{set}/params/TOKEN"), secret).await.must(201);
    house.again().await;
    house.post("/v1/orgs/acme/repos/web/builds", json!({})).await.must(201);
    let ended = house.ended(1).await;
    assert_eq!(ended["status"], "success", "{ended}");

    house.put(set, json!({ "labelFilters": [{ "team": "pay" }] })).await.must(200);
    house.post("/v1/orgs/acme/repos/web/builds", json!({})).await.must(201);
    let ended = house.ended(2).await;
    assert_eq!(ended["status"], "failure", "{ended}");
    assert!(ended["message"].as_str().is_some_and(|message| message.contains("TOKEN")), "{ended}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_set_is_an_object_like_others_and_goes_with_its_params() {
    let house = House::with_script("[]").await;
    let set = "/v1/orgs/acme/param-sets/shop";
    house.put(&format!("{set}/params/REGION"), json!({ "value": "eu" })).await.must(404);
    let made = house.put(set, json!({ "description": "of the shop" })).await.must(201);
    assert_eq!(made.headers["etag"], "\"1\"");
    assert_eq!(house.put(set, json!({ "description": "of the shop" })).await.must(200).json()["revision"], 1);
    assert_eq!(house.put(set, json!({ "description": "another" })).await.must(200).json()["revision"], 2);
    house.put(&format!("{set}/params/REGION"), json!({ "value": "eu" })).await.must(201);
    assert_eq!(house.get(&format!("{set}/params")).await.must(200).json()["items"][0]["value"], "eu");
    for (body, pointer) in [
        (json!({ "labelFilters": [{ "team": "shop" }, {}] }), "/labelFilters/1"),
        (json!({ "labelFilters": [{ "team": "" }] }), "/labelFilters/0"),
        (json!({ "labels": {} }), "/labels"),
    ] {
        let refused = house.put(set, body).await.must(422).json();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
    }
    house.put("/v1/orgs/acme/param-sets/a%20b", json!({})).await.must(400);
    house.delete(set).await.must(204);
    house.delete(set).await.must(404);
    house.get(&format!("{set}/params/REGION")).await.must(404);
    house.put(set, json!({})).await.must(201);
    assert_eq!(house.get(&format!("{set}/params")).await.must(200).json()["items"], json!([]));
    let audit = house.get("/v1/orgs/acme/audit").await.must(200).json();
    let actions: Vec<_> = audit["items"].as_array().expect("rows").iter().map(|row| row["action"].clone()).collect();
    assert!(actions.contains(&json!("param-set/delete")) && actions.contains(&json!("param-set/put")), "{audit}");
}
