use serde_json::{Value, json};

use super::house::House;

/// A server with the repositories `web`, `lib` and `api`, all of one script.
async fn three(script: &str) -> House {
    let house = House::with_script(script).await;
    let url = format!("file://{}", house.repository().display());
    for repo in ["lib", "api"] {
        house.put(&format!("/v1/orgs/acme/repos/{repo}"), json!({ "url": url })).await.must(201);
    }
    house
}

fn builds(repo: &str) -> String {
    format!("/v1/orgs/acme/repos/{repo}/builds")
}

/// The build of that number once it has ended.
async fn ended(house: &House, repo: &str, number: u64) -> Value {
    let is_over =
        |build: &Value| ["success", "failure", "error"].contains(&build["status"].as_str().unwrap_or_default());
    house.until(&format!("{}/{number}", builds(repo)), is_over).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_build_follows_another_once_over_restarts_and_a_chain_comes_back_to_nobody() {
    let mut house = three("- {id: a, script: ['true']}").await;
    let trigger = |repo: &str| format!("/v1/orgs/acme/repos/{repo}/triggers/after");
    let passing = json!({ "repo": "lib", "passParams": ["VERSION", "TOKEN"], "params": { "FROM": "lib" } });
    house.put(&trigger("web"), passing).await.must(201);
    house.put(&trigger("api"), json!({ "repo": "web" })).await.must(201);
    house.put(&trigger("lib"), json!({ "repo": "api" })).await.must(201);
    let secret = json!({ "value": "hunter22-and-more", "secret": true });
    house.put("/v1/orgs/acme/repos/lib/params/TOKEN", secret).await.must(201);

    house.post(&builds("lib"), json!({ "params": { "VERSION": "7" } })).await.must(201);
    let web = ended(&house, "web", 1).await;
    assert_eq!((&web["status"], &web["trigger"]["source"]), (&json!("success"), &json!("build")), "{web}");
    assert_eq!(web["trigger"]["params"], json!({ "VERSION": "7", "FROM": "lib" }), "secrets stay where they are");
    let api = ended(&house, "api", 1).await;
    assert_eq!(api["trigger"]["upstream"], json!(["acme/lib/build-1", "acme/web/build-1"]), "{api}");
    house.again().await;

    // What was begun before the restart would be begun again by now, and the chain be gone round: this comes after it.
    house.post(&builds("lib"), json!({})).await.must(201);
    ended(&house, "api", 2).await;
    for (repo, count) in [("lib", 2), ("web", 2), ("api", 2)] {
        let all = house.get(&builds(repo)).await.must(200).json();
        assert_eq!(all["items"].as_array().map(Vec::len), Some(count), "{repo}: {all}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trigger_looks_at_how_the_other_build_ended_and_what_it_was_of() {
    let house = three("- {id: a, script: ['false']}").await;
    let of = |name: &str| format!("/v1/orgs/acme/repos/web/triggers/{name}");
    house.put(&of("well"), json!({ "repo": "lib" })).await.must(201);
    house.put(&of("off"), json!({ "repo": "lib", "statuses": ["failure"], "enabled": false })).await.must(201);
    house.put(&of("tags"), json!({ "repo": "lib", "statuses": ["failure"], "refs": ["refs/tags/*"] })).await.must(201);
    house.put(&of("zest"), json!({ "repo": "lib", "statuses": ["failure", "error"], "refs": ["ma*"] })).await.must(201);
    house.post(&builds("lib"), json!({})).await.must(201);
    let web = ended(&house, "web", 1).await;
    assert_eq!(web["trigger"]["actor"], "zest", "{web}");
    let all = house.get(&builds("web")).await.must(200).json();
    assert_eq!(all["items"].as_array().map(Vec::len), Some(1), "{all}");

    for (body, pointer) in [
        (json!({ "repo": "web" }), "/repo"),
        (json!({ "repo": "nowhere" }), "/repo"),
        (json!({ "repo": "lib", "statuses": ["success", "running"] }), "/statuses/1"),
        (json!({ "repo": "lib", "statuses": [] }), "/statuses"),
        (json!({ "repo": "lib", "refs": ["main", "["] }), "/refs/1"),
        (json!({ "repo": "lib", "branch": "a..b" }), "/branch"),
    ] {
        let refused = house.put(&of("wrong"), body).await.must(422).json();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
    }
    house.delete(&of("zest")).await.must(204);
    house.get(&of("zest")).await.must(404);
}
