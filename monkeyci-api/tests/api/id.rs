//! Ids that nothing can have, through the real router.

use std::collections::BTreeSet;
use std::path::Path;

use http::{Method, StatusCode};
use serde_json::json;

use super::house::House;

/// Parts of paths that are no ids, percent-encoded as they are sent.
const HOSTILE: &[(&str, &str)] = &[
    ("I1 the folder above", "%2e%2e"),
    ("I2 a path out of the folder", "%2e%2e%2f%2e%2e%2fetc%2fpasswd"),
    ("I3 a slash within", "a%2fb"),
    ("I4 a backslash within", "a%5cb"),
    ("I5 encoded twice", "%252e%252e"),
    ("I6 a dot in more bytes than it has", "%c0%ae%c0%ae"),
    ("I7 NUL", "acme%00"),
    ("I8 a newline", "acme%0aacme"),
    ("I9 a letter of another alphabet that looks the same", "%d0%b0cme"),
    ("I10 a folder of git", "%2egit"),
    ("I11 an option", "-rf"),
    ("I12 a wildcard", "%2a"),
    ("I13 a statement", "acme%27%20OR%20%271%27%3d%271"),
    ("I14 a template", "%24%7bHOME%7d"),
    ("I15 white space alone", "%20"),
];

/// Routes that make something of that id, or look for it.
const ROUTES: &[(Method, &str)] = &[
    (Method::PUT, "/v1/orgs/ID"),
    (Method::DELETE, "/v1/orgs/ID"),
    (Method::PUT, "/v1/orgs/acme/repos/ID"),
    (Method::PUT, "/v1/orgs/acme/params/ID"),
    (Method::PUT, "/v1/orgs/acme/param-sets/ID"),
    (Method::PUT, "/v1/orgs/acme/ssh-keys/ID"),
    (Method::PUT, "/v1/orgs/acme/pipelines/ID"),
    (Method::PUT, "/v1/orgs/acme/subscriptions/ID"),
    (Method::PUT, "/v1/orgs/acme/repos/web/schedules/ID"),
    (Method::PUT, "/v1/orgs/acme/repos/web/environments/ID"),
    (Method::GET, "/v1/orgs/acme/repos/web/builds/1/jobs/ID/attempts/1/log"),
    (Method::GET, "/v1/orgs/acme/repos/web/builds/1/artifacts/ID"),
    (Method::GET, "/v1/orgs/acme/repos/web/builds/ID"),
];

/// All files below a folder, without those of the database.
fn files(dir: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![dir.to_owned()];
    while let Some(dir) = open.pop() {
        // What a build leaves is still being removed, a folder within as well.
        let Ok(entries) = std::fs::read_dir(dir) else { continue };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path.clone());
            }
            found.insert(path.display().to_string());
        }
    }
    found.retain(|name| !name.contains(".db"));
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_an_id_is_refused_before_anything_looks_for_it() {
    let house = House::with_script("- {id: unit, script: [echo done]}").await;
    house.post("/v1/orgs/acme/repos/web/builds", json!({})).await.must(201);
    house.ended(1).await;
    let before = files(house.dir.path());
    let long = "a".repeat(300);
    let more = [("I16 300 letters", long.as_str())];
    for (case, id) in HOSTILE.iter().chain(&more) {
        for (method, route) in ROUTES {
            let path = route.replace("ID", id);
            let body = match route.rsplit('/').nth(1) {
                Some("subscriptions") => json!({ "to": { "webhook": { "url": "https://example.com" } } }),
                Some("schedules") => json!({ "cron": "0 3 * * *" }),
                Some("pipelines") => json!({ "script": [] }),
                Some("params") => json!({ "value": "x" }),
                Some("repos") => json!({ "url": "https://example.com/x.git" }),
                _ => json!({}),
            };
            let answer = house.ask(Some(&house.token), method.clone(), &path, Some(body)).await;
            let is_refused = matches!(answer.status, StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND);
            assert!(is_refused, "{case}: {method} {path}: {} {}", answer.status, answer.text);
            assert!(answer.text.len() < 1000, "{case}: {path}: {}", answer.text);
            assert!(!answer.text.contains(['\0', '\n']), "{case}: {path}: {}", answer.text);
        }
    }
    // Case I17: numbers that no build has.
    for number in ["0", "-1", "1.0", "1e3", "0x1", "18446744073709551616", "99999999999999999999999", "%31%00"] {
        let answer = house.get(&format!("/v1/orgs/acme/repos/web/builds/{number}")).await;
        let is_refused = matches!(answer.status, StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND);
        assert!(is_refused, "{number}: {} {}", answer.status, answer.text);
    }
    let listed = house.get("/v1/orgs").await.must(200).json();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1), "{listed}");
    let made: Vec<_> = files(house.dir.path()).difference(&before).cloned().collect();
    assert_eq!(made, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_body_calls_an_id_is_checked_as_well() {
    let house = House::with_script("[]").await;
    // Case I18: the same in bodies: branches, commits and jobs.
    for body in [
        json!({ "branch": "../x" }),
        json!({ "branch": "-x" }),
        json!({ "branch": "a\nb" }),
        json!({ "branch": "a\u{0}" }),
        json!({ "branch": "x".repeat(5000) }),
        json!({ "tag": "..".to_owned() }),
        json!({ "commit": "--all" }),
        json!({ "commit": "HEAD" }),
    ] {
        let refused = house.post("/v1/orgs/acme/repos/web/builds", body.clone()).await;
        assert!(matches!(refused.status.as_u16(), 400 | 422), "{body}: {} {}", refused.status, refused.text);
        assert!(refused.text.len() < 2000, "{}", refused.text);
    }
    let builds = house.get("/v1/orgs/acme/repos/web/builds").await.must(200).json();
    assert_eq!(builds["items"], json!([]));
}
