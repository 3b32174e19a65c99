//! What a worker elsewhere may do, and what a hostile one cannot.

use axum::body::Body;
use http::{Method, Request, header};
use serde_json::{Value, json};

use super::house::{Answer, House};

const SCRIPT: &str = "\
- {id: one, script: [echo one]}
- {id: two, params: [TOKEN], script: [echo $TOKEN]}
";

/// A worker of a server that also has one of its own: jobs with its label come here.
struct Far<'a> {
    house: &'a House,
    token: String,
    home: &'static str,
}

impl<'a> Far<'a> {
    async fn add(house: &'a House, name: &str) -> Self {
        let made = house.post("/v1/workers", json!({ "name": name })).await.must(201).json();
        let token = made["secret"].as_str().expect("a secret").to_owned();
        let far = Self { house, token, home: "home" };
        far.hello("gpu").await.must(200);
        far
    }

    async fn hello(&self, label: &str) -> Answer {
        let facts = json!({
            "version": "1", "labels": { label: "yes" }, "archs": ["amd", "arm"], "images": true, "processes": true, "jobs": 2,
        });
        self.ask(Method::POST, "hello", json!({ "protocol": 1, "facts": facts }).to_string()).await
    }

    async fn ask(&self, method: Method, path: &str, body: String) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(format!("/v1/worker/{path}"))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/json")
            .header("monkeyci-worker-home", self.home);
        self.house.send(request.body(Body::from(body)).expect("a request")).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, String::new()).await
    }

    /// Fences of what it is leased.
    /// What it gets, once there is something for it.
    async fn leased(&self) -> Vec<u64> {
        for _ in 0..6 {
            let found = self.lease(&[]).await;
            if !found.is_empty() {
                return found;
            }
        }
        panic!("in a minute, there is nothing for it");
    }

    async fn lease(&self, holds: &[u64]) -> Vec<u64> {
        let body = json!({ "room": 9, "holds": holds, "wait": 10_000 }).to_string();
        let leases = self.ask(Method::POST, "lease", body).await.must(200).json();
        leases["leases"].as_array().expect("leases").iter().filter_map(|lease| lease["fence"].as_u64()).collect()
    }
}

fn labelled() -> String {
    SCRIPT.replace("{id", "{labels: {gpu: 'yes'}, id")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_sees_nothing_but_what_belongs_to_what_it_holds() {
    // Nothing renews what it holds while this asks for all that it must not see.
    let house = House::with(&labelled(), |config| config.lease_seconds = 600).await;
    house.put("/v1/orgs/acme/repos/web/params/TOKEN", json!({ "value": "hunter22-hunter22", "secret": true })).await;
    let far = Far::add(&house, "far").await;
    house.post("/v1/orgs/acme/repos/web/builds", json!({})).await.must(201);
    let mut fences = far.lease(&[]).await;
    while fences.len() < 2 {
        fences.extend(far.lease(&fences).await);
    }
    assert_eq!(far.lease(&[fences[0]]).await, fences[1..], "what it does not name, it is leased again");

    // Each job knows its own secrets.
    let mut known = Vec::new();
    for fence in &fences {
        let supply = far.get(&format!("attempts/{fence}/supply")).await.must(200).json();
        known.push(supply["secrets"].as_array().expect("secrets").len());
    }
    known.sort_unstable();
    assert_eq!(known, [0, 1], "only the job that names it");
    assert!(far.get(&format!("attempts/{}/checkout", fences[0])).await.must(200).text.len() > 10);

    // Another worker, the same token in another folder, and somebody with another token see none of it.
    let other = Far::add(&house, "other").await;
    let cloned = Far { house: &house, token: far.token.clone(), home: "elsewhere" };
    let person = Far { house: &house, token: house.token.clone(), home: "home" };
    for what in
        ["supply", "checkout", "program", "jobs", "blobs?above=artifacts", "blob?key=artifacts/x", "jobs/one/log"]
    {
        let path = format!("attempts/{}/{what}", fences[0]);
        other.get(&path).await.must(410);
        cloned.get(&path).await.must(409);
        person.get(&path).await.must(401);
    }
    cloned.hello("gpu").await.must(409);
    let path = format!("attempts/{}/result", fences[0]);
    let result = json!({ "result": {} }).to_string();
    let claim = other.ask(Method::POST, &path, result.clone()).await.must(200).json();
    assert_eq!(claim["claim"], "stale");
    assert_eq!(other.get(&format!("attempts/{}/claim", fences[0])).await.must(200).json()["claim"], "stale");

    // Bad bodies are refused, and change nothing.
    for (verb, body, status) in [
        ("log", "no end of the line", 400),
        ("log", "{\"offset\":0,\"marks\":[{\"offset\":9,\"millis\":0,\"type\":\"stdout\"}]}\nx", 400),
        ("log", "{\"offset\":5}\nx", 409),
        ("result", "{", 400),
        ("started", "{\"job\":{\"id\":\"three\"}}", 422),
    ] {
        let answer = far.ask(Method::POST, &format!("attempts/{}/{verb}", fences[0]), body.to_owned()).await;
        assert_eq!(answer.status.as_u16(), status, "{verb} {body}: {}", answer.text);
    }
    for key in ["artifacts/acme/web/9/x/y", "caches/other/web/protected/x/latest.tar.zst", "../builds.db", ""] {
        let blob = format!("attempts/{}/blob?key={key}", fences[0]);
        far.get(&blob).await.must(403);
        far.ask(Method::PUT, &blob, "x".into()).await.must(403);
        far.ask(Method::DELETE, &blob, String::new()).await.must(403);
    }

    for fence in &fences {
        far.ask(Method::POST, &format!("attempts/{fence}/result"), result.clone()).await.must(200);
        far.get(&format!("attempts/{fence}/supply")).await.must(410);
    }
    assert_eq!(house.ended(1).await["status"], "success");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_are_added_looked_at_paused_and_removed_by_who_runs_the_server() {
    let house = House::with_script("[{id: one, labels: {gpu: 'yes'}, script: [echo one]}]").await;
    let far = Far::add(&house, "far").await;
    for (name, status) in [("far", 409), ("local", 422), ("", 422), ("a b", 422), ("../x", 422)] {
        house.post("/v1/workers", json!({ "name": name })).await.must(status);
    }
    house.post("/v1/workers", json!({ "name": "x", "org": "nobody" })).await.must(422);
    let listed = house.get("/v1/workers").await.must(200);
    assert!(!listed.text.contains("mcw_"), "{}", listed.text);
    let shown = house.get("/v1/workers/far").await.must(200).json();
    assert_eq!((&shown["facts"]["labels"]["gpu"], &shown["paused"]), (&Value::from("yes"), &Value::from(false)));
    assert_eq!(house.post("/v1/workers/far/pause", json!({})).await.must(200).json()["paused"], true);
    house.post("/v1/orgs/acme/repos/web/builds", json!({})).await.must(201);
    let nothing = json!({ "room": 9, "holds": [], "wait": 200 }).to_string();
    let leased = far.ask(Method::POST, "lease", nothing).await.must(200).json();
    assert_eq!(leased["leases"], json!([]), "it is paused");
    house.post("/v1/workers/far/resume", json!({})).await.must(200);
    let fence = far.leased().await[0];
    let running = house.get("/v1/workers/far").await.must(200).json();
    assert_eq!(running["running"][0]["build"], "acme/web/build-1", "{running}");
    house.delete("/v1/workers/far").await.must(204);
    far.get(&format!("attempts/{fence}/claim")).await.must(401);
    far.hello("gpu").await.must(401);
    house.get("/v1/workers/far").await.must(404);
    // What it had is there for the next one.
    let next = Far::add(&house, "next").await;
    let fences = next.leased().await;
    assert!(fences.len() == 1 && !fences.contains(&fence));
    let wrong = next.ask(Method::POST, "hello", json!({ "protocol": 99, "facts": { "version": "1", "archs": [], "images": true, "processes": true, "jobs": 1 } }).to_string());
    assert!(wrong.await.must(422).text.contains("same version"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn machines_become_workers_by_a_code_as_long_as_that_is_good() {
    let house = House::with_script("[]").await;
    let wanted = json!({ "org": "acme", "minutes": 5 });
    let made = house.post("/v1/worker-registrations", wanted).await.must(201).json();
    let register = |name: &str, secret: &str| {
        let body = json!({ "code": made["code"], "name": name, "secret": secret });
        let house = &house;
        async move { house.ask(None, Method::POST, "/v1/worker/register", Some(body)).await }
    };
    let (one, two) = ("mcw_k3mzr8wq5t7vhx2np9dc4jbf6gys3aeu8k2m7q", "mcw_q7m2k8uea3syg6fbj4cd9pn2xhv7t5qw8rzm3k");
    let worker = register("one", one).await.must(201).json();
    assert_eq!((&worker["name"], &worker["org"]), (&json!("one"), &json!("acme")));
    // Who heard no answer asks once more.
    register("one", one).await.must(200);
    register("two", two).await.must(201);
    let far = Far { house: &house, token: one.to_owned(), home: "home" };
    far.hello("gpu").await.must(200);
    let audit = house.get("/v1/workers").await.must(200).json();
    assert_eq!(audit["items"].as_array().map(Vec::len), Some(2), "{audit}");

    // A machine that is called otherwise now is the worker that it was.
    assert_eq!(register("other", two).await.must(200).json()["name"], "two");
    register("one", &two.replace("mcw_q7", "mcw_q8")).await.must(409);
    for (name, secret, pointer) in [("..", two, "/name"), ("local", two, "/name"), ("x", "mcw_short", "/secret")] {
        let refused = register(name, secret).await.must(422).json();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
    }
    let id = made["id"].as_str().expect("an id");
    assert!(!made["code"].as_str().expect("a code").contains(id));
    house.delete(&format!("/v1/worker-registrations/{id}")).await.must(204);
    house.delete(&format!("/v1/worker-registrations/{id}")).await.must(404);
    let refused = register("three", &one.replace("mcw_k3", "mcw_k4")).await.must(422).json();
    assert_eq!(refused["errors"][0]["pointer"], "/code", "{refused}");
    far.hello("gpu").await.must(200);
    register("one", one).await.must(200);

    let owner = house.token_of("owner").await;
    house.ask(Some(&owner), Method::POST, "/v1/worker-registrations", Some(json!({}))).await.must(403);
    house.post("/v1/worker-registrations", json!({ "org": "gone" })).await.must(422);
    house.post("/v1/worker-registrations", json!({ "minutes": 0 })).await.must(422);
}
