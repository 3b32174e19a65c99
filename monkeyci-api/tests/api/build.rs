use http::{Method, Request, header};
use serde_json::json;

use super::house::House;

const SCRIPT: &str = "- {id: unit, script: [echo one, echo two >&2]}
- {id: deploy, script: [\"echo to $REGION\"], dependencies: [unit], params: [REGION], blocked: true}
";

const BUILDS: &str = "/v1/orgs/acme/repos/web/builds";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_build_is_asked_for_waits_is_approved_and_ends() {
    let house = House::with_script(SCRIPT).await;
    house.put("/v1/orgs/acme/params/REGION", json!({ "value": "eu" })).await.must(201);
    let made = house.post(BUILDS, json!({ "branch": "main" })).await.must(201);
    assert_eq!(made.headers["location"], "/v1/orgs/acme/repos/web/builds/1");

    let one = format!("{BUILDS}/1");
    let waits = house.until(&one, |build| build["status"] == "blocked").await;
    assert_eq!(waits["jobs"][1]["waiting"], "waits for approval");
    assert_eq!(waits["trigger"]["git"]["message"], "a change");
    house.post(&format!("{one}/jobs/unit/approve"), json!({})).await.must(409);
    house.post(&format!("{one}/jobs/deploy/approve"), json!({})).await.must(202);
    let ended = house.ended(1).await;
    assert_eq!(ended["status"], "success", "{ended}");

    let log = house.get(&format!("{one}/jobs/unit/attempts/1/log")).await.must(200);
    assert_eq!(log.text, "one\ntwo\n");
    let log = house.get(&format!("{one}/jobs/deploy/attempts/1/log?offset=3")).await.must(200);
    assert_eq!(log.text, "eu\n");
    let marks = house.get(&format!("{one}/jobs/unit/attempts/1/marks")).await.must(200).json();
    let kinds: Vec<_> = marks["items"].as_array().expect("marks").iter().map(|mark| mark["type"].clone()).collect();
    assert!(kinds.contains(&json!("line-start")) && kinds.contains(&json!("stderr")), "{marks}");

    let repo = house.get("/v1/orgs/acme/repos/web").await.must(200).json();
    assert_eq!((&repo["latest"]["number"], &repo["branches"]["main"]["status"]), (&json!(1), &json!("success")));
    let audit = house.get("/v1/orgs/acme/audit").await.must(200).json();
    let actions: Vec<_> = audit["items"].as_array().expect("rows").iter().map(|row| row["action"].clone()).collect();
    assert_eq!(actions[..2], [json!("job/approve"), json!("build/create")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_and_logs_are_told_as_streams_that_go_on_where_they_broke() {
    let house = House::with_script("- {id: unit, script: [echo one]}").await;
    house.post(BUILDS, json!({})).await.must(201);
    house.ended(1).await;
    let stream = |path: String, last: Option<&str>| {
        let mut request = Request::builder()
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", house.token))
            .header(header::ACCEPT, "text/event-stream");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        house.send(request.body(axum::body::Body::empty()).expect("a request"))
    };
    let all = stream(format!("{BUILDS}/1/events"), None).await.must(200);
    assert!(all.text.starts_with("id: 1\nevent: build/triggered\n"), "{}", all.text);
    assert!(all.text.trim_end().ends_with("event: end\ndata: {}"), "{}", all.text);
    let rest = stream(format!("{BUILDS}/1/events"), Some("3")).await.must(200);
    assert!(rest.text.starts_with("id: 4\n"), "{}", rest.text);
    stream(format!("{BUILDS}/1/events"), Some("x")).await.must(400);

    let log = stream(format!("{BUILDS}/1/jobs/unit/attempts/1/log"), None).await.must(200);
    assert!(log.text.starts_with("id: 4\ndata: b25lCg==\n\nevent: end"), "{}", log.text);
    let rest = stream(format!("{BUILDS}/1/jobs/unit/attempts/1/log"), Some("4")).await.must(200);
    assert!(rest.text.starts_with("event: end"), "{}", rest.text);
    let page = house.get(&format!("{BUILDS}/1/events?limit=2&cursor=2")).await.must(200).json();
    assert_eq!((page["items"][0]["seq"].as_u64(), page["next"].as_str()), (Some(3), Some("4")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_canceled_stops_and_what_failed_is_done_again() {
    let house = House::with_script("- {id: wait, script: [sleep 600]}").await;
    house.post(BUILDS, json!({})).await.must(201);
    house.until(&format!("{BUILDS}/1"), |build| build["jobs"][0]["status"] == "running").await;
    house.post(&format!("{BUILDS}/1/retry"), json!({})).await.must(409);
    house.post(&format!("{BUILDS}/1/cancel"), json!({ "reason": "enough" })).await.must(202);
    let ended = house.ended(1).await;
    assert_eq!((ended["status"].as_str(), ended["message"].as_str()), (Some("canceled"), Some("enough")));
    house.post(&format!("{BUILDS}/1/cancel"), json!({})).await.must(409);

    house.commit("[{id: good, script: [echo good]}, {id: bad, script: [exit 1]}]");
    house.post(BUILDS, json!({})).await.must(201);
    assert_eq!(house.ended(2).await["status"], "failure");
    house.post(&format!("{BUILDS}/2/retry"), json!({ "failed": true })).await.must(201);
    let again = house.ended(3).await;
    let jobs: Vec<_> = again["jobs"].as_array().expect("jobs").iter().map(|job| job["job"]["id"].clone()).collect();
    assert_eq!(jobs, [json!("good"), json!("bad")]);
    let good = &again["jobs"][0];
    assert_eq!((good["status"].as_str(), good["attempt"].as_u64()), (Some("success"), Some(0)), "{good}");
    assert_eq!(good["taken"], json!({ "build": "acme/web/build-2", "attempt": 1 }));
    assert_eq!(again["trigger"]["retry"], json!({ "of": "acme/web/build-2", "failed": true }));
}

/// Each job writes down that it runs; `use` fails until it is let, and `last` comes after it.
const TAKEN: &str = "\
- {id: make, script: ['echo make >> LOG; echo made > made'], save-artifacts: [{id: made, path: made}]}
- {id: other, dependencies: [make], script: ['echo other >> LOG']}
- {id: use, dependencies: [make], restore-artifacts: [{id: made, path: made}], script: ['echo use >> LOG; cat made; test -e GO']}
- {id: last, dependencies: [use, other], script: ['echo last >> LOG']}
- {id: clean, dependencies: [use], when: always, script: ['echo clean >> LOG']}
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ended_well_is_taken_over_with_what_it_kept_and_only_the_rest_runs() {
    let mut house = House::empty().await;
    let (log, go) = (house.dir.path().join("log"), house.dir.path().join("go"));
    let script = TAKEN.replace("LOG", &log.display().to_string()).replace("GO", &go.display().to_string());
    house.commit(&script);
    house.put("/v1/orgs/acme", json!({})).await.must(201);
    let url = format!("file://{}", house.repository().display());
    house.put("/v1/orgs/acme/repos/web", json!({ "url": url })).await.must(201);
    let ran = || {
        let mut lines: Vec<_> = std::fs::read_to_string(&log).unwrap_or_default().lines().map(str::to_owned).collect();
        std::fs::write(&log, "").expect("writes");
        lines.sort();
        lines
    };
    house.post(BUILDS, json!({})).await.must(201);
    assert_eq!(house.ended(1).await["status"], "failure");
    assert_eq!(ran(), ["clean", "make", "other", "use"]);

    // It fails once more, after another server took it up; and again what went well is taken over.
    for number in 2..=3 {
        house.post(&format!("{BUILDS}/{}/retry", number - 1), json!({ "failed": true })).await.must(201);
        if number == 2 {
            house.again().await;
        }
        let again = house.ended(number).await;
        assert_eq!(again["status"], "failure", "{again}");
        assert_eq!(ran(), ["clean", "use"], "{again}");
        let taken: Vec<_> = again["jobs"].as_array().expect("jobs").iter().map(|job| job["taken"].clone()).collect();
        let first = json!({ "build": "acme/web/build-1", "attempt": 1 });
        assert_eq!(taken, [first.clone(), first, json!(null), json!(null), json!(null)]);
    }
    std::fs::write(&go, "").expect("writes");
    // Another commit has nothing of this one.
    house.post(BUILDS, json!({})).await.must(201);
    assert_eq!(house.ended(4).await["status"], "success");
    assert_eq!(ran(), ["clean", "last", "make", "other", "use"]);
    house.post(&format!("{BUILDS}/3/retry"), json!({ "failed": true })).await.must(201);
    let last = house.ended(5).await;
    assert_eq!((last["status"].as_str(), ran()), (Some("success"), vec!["clean".into(), "last".into(), "use".into()]));
    assert_eq!(house.get(&format!("{BUILDS}/5/jobs/use/attempts/1/log")).await.text, "made\n");
    let kept = house.get(&format!("{BUILDS}/5/artifacts")).await.must(200).json();
    assert_eq!(kept["items"][0]["id"], "made", "{kept}");
    assert_eq!(house.get(&format!("{BUILDS}/5/artifacts/made")).await.status, 200);
    // All of it once more is all of it, and what went well has nothing to retry.
    house.post(&format!("{BUILDS}/5/retry"), json!({ "failed": true })).await.must(409);
    house.post(&format!("{BUILDS}/5/retry"), json!({})).await.must(201);
    house.ended(6).await;
    assert_eq!(ran(), ["clean", "last", "make", "other", "use"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_artifact_is_had_by_whoever_has_a_link_to_it_and_by_nobody_else() {
    let house = House::with_script(
        "- {id: make, script: ['echo made > made'], save-artifacts: [{id: made, path: made}, {id: other, path: made}]}",
    )
    .await;
    house.post(BUILDS, json!({})).await.must(201);
    assert_eq!(house.ended(1).await["status"], "success");
    let links = format!("{BUILDS}/1/artifacts/made/links");
    let made = house.post(&links, json!({ "minutes": 5 })).await.must(201).json();
    let path = made["url"].as_str().and_then(|url| url.strip_prefix("https://ci.example.com")).expect("our address");
    let had = house.ask(None, Method::GET, path, None).await.must(200);
    assert_eq!(had.headers["content-disposition"], "attachment; filename=\"made.tar.zst\"");
    house.ask(None, Method::GET, &format!("{BUILDS}/1/artifacts/made"), None).await.must(401);
    house.ask(None, Method::GET, &format!("{path}x"), None).await.must(404);
    house.ask(None, Method::GET, "/v1/artifacts/e30.e30", None).await.must(404);
    house.ask(None, Method::POST, &links, Some(json!({}))).await.must(401);
    house.post(&links, json!({ "minutes": 1441 })).await.must(422);
    house.post(&format!("{BUILDS}/1/artifacts/gone/links"), json!({})).await.must(404);
    let audit = house.get("/v1/orgs/acme/audit").await.must(200).json();
    assert_eq!(audit["items"][0]["action"], "artifact/link");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_job_is_done_again_and_how_all_others_ended_is_taken_over() {
    let mut house = House::empty().await;
    let (log, go) = (house.dir.path().join("log"), house.dir.path().join("go"));
    let script = "\
- {id: good, script: ['echo good >> LOG']}
- {id: bad, script: ['echo bad >> LOG', 'exit 3']}
- {id: use, script: ['echo use >> LOG; test -e GO']}
- {id: last, dependencies: [use], script: ['echo last >> LOG']}
- {id: never, dependencies: [bad], script: ['echo never >> LOG']}
";
    house.commit(&script.replace("LOG", &log.display().to_string()).replace("GO", &go.display().to_string()));
    house.put("/v1/orgs/acme", json!({})).await.must(201);
    let url = format!("file://{}", house.repository().display());
    house.put("/v1/orgs/acme/repos/web", json!({ "url": url })).await.must(201);
    house.post(BUILDS, json!({})).await.must(201);
    let first = house.ended(1).await;
    assert_eq!(first["status"], "failure", "{first}");
    let retry = format!("{BUILDS}/1/retry");
    house.post(&retry, json!({ "job": "gone" })).await.must(422);
    house.post(&retry, json!({ "job": "use", "failed": true })).await.must(422);
    house.post(&retry, json!({ "job": "never" })).await.must(409);

    std::fs::write(&go, "").expect("writes");
    std::fs::write(&log, "").expect("writes");
    house.post(&retry, json!({ "job": "use" })).await.must(201);
    house.again().await;
    let again = house.ended(2).await;
    assert_eq!(again["status"], "failure", "`bad` has failed, and stays so: {again}");
    let jobs = again["jobs"].as_array().expect("jobs");
    let stood: Vec<_> = jobs.iter().map(|job| (job["status"].as_str(), job["taken"].is_object())).collect();
    let wanted = [("success", true), ("failure", true), ("success", false), ("success", false), ("skipped", false)];
    assert_eq!(stood, wanted.map(|(status, taken)| (Some(status), taken)), "{again}");
    assert_eq!(std::fs::read_to_string(&log).expect("a log"), "use\nlast\n", "{again}");
    assert_eq!(jobs[1]["result"]["exit"], 3, "{again}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_twice_with_one_key_gets_one_build() {
    let house = House::with_script("- {id: unit, script: [echo one]}").await;
    let ask = |key: &str| {
        let request = Request::builder()
            .method(Method::POST)
            .uri(BUILDS)
            .header(header::AUTHORIZATION, format!("Bearer {}", house.token))
            .header("idempotency-key", key);
        house.send(request.body(axum::body::Body::empty()).expect("a request"))
    };
    let (first, second) = tokio::join!(ask("a"), ask("a"));
    assert_eq!(first.must(201).json()["number"], second.must(201).json()["number"]);
    assert_eq!(ask("b").await.must(201).json()["number"], 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn builds_go_on_after_the_server_ended_with_the_very_attempts_that_ran() {
    let mut house = House::with_script(
        "- {id: wait, params: [GO], script: ['while ! test -e \"$GO\"; do sleep 0.05; done', echo done]}",
    )
    .await;
    let go = house.dir.path().join("go");
    house.post(BUILDS, json!({ "params": { "GO": go.to_str() } })).await.must(201);
    house.until(&format!("{BUILDS}/1"), |build| build["jobs"][0]["status"] == "running").await;
    house.again().await;
    std::fs::write(&go, "").expect("writes");
    let ended = house.ended(1).await;
    assert_eq!((ended["status"].as_str(), ended["jobs"][0]["attempt"].as_u64()), (Some("success"), Some(1)));
    assert_eq!(house.get(&format!("{BUILDS}/1/jobs/wait/attempts/1/log")).await.text, "done\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_follows_an_organisation_hears_of_what_happens_from_then_on_also_after_a_restart() {
    let mut house = House::with_script("- {id: unit, script: [echo one]}").await;
    house.post(BUILDS, json!({})).await.must(201);
    house.ended(1).await;
    house.again().await;
    let follow = |last: Option<&str>| {
        let mut request = Request::builder()
            .uri("/v1/orgs/acme/events")
            .header(header::AUTHORIZATION, format!("Bearer {}", house.token))
            .header(header::ACCEPT, "text/event-stream");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        house.open(request.body(axum::body::Body::empty()).expect("a request"))
    };
    let mut new = follow(None).await.into_body();
    let mut old = follow(Some("0")).await.into_body();
    house.post(BUILDS, json!({})).await.must(201);
    let first = async |body: &mut axum::body::Body| {
        let frame = http_body_util::BodyExt::frame(body).await.expect("it goes on").expect("a frame");
        String::from_utf8_lossy(&frame.into_data().expect("data")).into_owned()
    };
    let (new, old) = (first(&mut new).await, first(&mut old).await);
    assert!(new.contains("acme/web/build-2") && new.contains("build/triggered"), "{new}");
    assert!(old.starts_with("id: 1\n") && old.contains("acme/web/build-1"), "{old}");
}

/// What is told in a stream until something is told that contains `last`: names of events, with what is interesting of them.
async fn told(body: &mut axum::body::Body, last: &str) -> Vec<String> {
    let (mut all, mut text) = (Vec::new(), String::new());
    loop {
        while let Some((message, rest)) = text.split_once("\n\n") {
            // What is said where nothing happens for a while.
            if message.starts_with(':') {
                text = rest.to_owned();
                continue;
            }
            let data = message.lines().find_map(|line| line.strip_prefix("data: ")).unwrap_or("{}");
            let event: serde_json::Value = serde_json::from_str(data).expect("JSON");
            let name = message.lines().find_map(|line| line.strip_prefix("event: ")).unwrap_or("nothing").to_owned();
            assert_eq!(message.starts_with("id: "), event["seq"].as_u64() > Some(0), "{message}");
            let more = ["index", "exit", "actor", "reason"].iter().filter(|key| !event[**key].is_null());
            all.push(more.fold(name, |name, key| format!("{name} {key}={}", event[*key])));
            text = rest.to_owned();
            if all.last().is_some_and(|told| told.contains(last)) {
                return all;
            }
        }
        let frame = http_body_util::BodyExt::frame(body).await.expect("it goes on").expect("a frame");
        text.push_str(&String::from_utf8_lossy(&frame.into_data().expect("data")));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_watches_a_build_is_told_of_its_lines_as_they_run_and_of_who_did_what() {
    let house = House::with_script(
        "- {id: unit, blocked: true, params: [GO], script: ['true', 'until test -e \"$GO\"; do sleep 0.05; done', exit 3]}\n\
         - {id: long, dependencies: [unit], when: always, script: [sleep 600]}",
    )
    .await;
    let go = house.dir.path().join("go");
    house.post(BUILDS, json!({ "params": { "GO": go.to_str() } })).await.must(201);
    house.until(&format!("{BUILDS}/1"), |build| build["status"] == "blocked").await;
    let follow = async |last: Option<&str>| {
        let mut request = Request::builder()
            .uri(format!("{BUILDS}/1/events"))
            .header(header::AUTHORIZATION, format!("Bearer {}", house.token))
            .header(header::ACCEPT, "text/event-stream");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        house.open(request.body(axum::body::Body::empty()).expect("a request")).await.into_body()
    };
    let mut body = follow(None).await;
    told(&mut body, "job/blocked").await;
    house.put("/v1/orgs/acme/members/ann", json!({ "role": "developer" })).await.must(200);
    let ann = house.token_of_person("ann").await;
    let approve = format!("{BUILDS}/1/jobs/unit/approve");
    house.ask(Some(&ann), Method::POST, &approve, Some(json!({}))).await.must(202);
    // The second line prints nothing, and does not end: it is told of all the same.
    let begun = told(&mut body, "command/start index=1").await;
    let lines = ["command/start index=0", "command/end index=0 exit=0", "command/start index=1"];
    assert!(begun[0].starts_with("job/unblocked actor=\"ann\""), "{begun:?}");
    assert_eq!(begun[begun.len() - 3..], lines, "{begun:?}");
    // Who comes later hears of it from its first line on, also after the event that says that it runs.
    let shown = house.get(&format!("{BUILDS}/1/events?limit=1000")).await.must(200).json();
    let seen = shown["items"].as_array().expect("events").len().to_string();
    let late = told(&mut follow(Some(&seen)).await, "command/start index=1").await;
    assert_eq!(late, lines);

    std::fs::write(&go, "").expect("writes");
    let rest = told(&mut body, "job/executed").await;
    let ends = ["command/end index=1 exit=0", "command/start index=2", "command/end index=2 exit=3", "job/executed"];
    assert_eq!(rest, ends);
    told(&mut body, "command/start").await;
    let cancel = format!("{BUILDS}/1/cancel");
    house.ask(Some(&ann), Method::POST, &cancel, Some(json!({ "reason": "enough" }))).await.must(202);
    let last = told(&mut body, "build/end").await;
    assert!(last.contains(&"build/canceled actor=\"ann\" reason=\"enough\"".to_owned()), "{last:?}");
    let retry = format!("{BUILDS}/1/retry");
    let retry = house.ask(Some(&ann), Method::POST, &retry, Some(json!({}))).await.must(201).json();
    assert_eq!(retry["trigger"]["actor"], "ann", "a retry says who wanted it");
    house.post(&format!("{BUILDS}/2/cancel"), json!({})).await.must(202);
    house.ended(2).await;
}
