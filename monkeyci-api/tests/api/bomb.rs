//! Bodies that would blow up a careless reader, through the real router.

use std::io::Read as _;
use std::time::{Duration, Instant};

use axum::body::Body;
use http::{Method, Request, header};
use serde_json::{Value, json};

use super::house::{Answer, House};

/// A refusal takes a moment; this allows for a debug build on a busy machine.
const SOON: Duration = Duration::from_secs(60);

/// Names of headers, and what they say.
type Headers<'a> = [(&'a str, &'a str)];

async fn send(house: &House, method: Method, path: &str, headers: &Headers<'_>, body: Vec<u8>) -> Answer {
    let mut request = Request::builder().method(method).uri(path).header(header::HOST, "ci.example.com");
    request = request.header(header::AUTHORIZATION, format!("Bearer {}", house.token));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    house.send(request.body(Body::from(body)).expect("a request")).await
}

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_are_bombs_are_refused_in_a_moment() {
    let house = House::with_script("[]").await;
    let repo = |field: &str, value: &str| format!("{{\"url\": \"https://example.com/x.git\", \"{field}\": {value}}}");
    let many = |count: usize, of: &dyn Fn(usize) -> String| (0..count).map(of).collect::<Vec<_>>().join(",");
    // The same hash in the old hash of Java and of many others: `Aa` and `BB` in all their sequences.
    let twins = many(1 << 14, &|number| {
        let key: String = (0..14).map(|bit| if (number >> bit) & 1 == 0 { "Aa" } else { "BB" }).collect();
        format!("\"{key}\": \"x\"")
    });
    let pipeline = |jobs: &str| format!("{{\"script\": [{jobs}]}}");
    let digits = "[0,1,2,3,4,5,6,7,8,9]";
    let matrix = many(7, &|number| format!("\"a{number}\": {digits}"));
    let told =
        |refs: &str| format!("{{\"to\": {{\"webhook\": {{\"url\": \"https://example.com\"}}}}, \"refs\": [{refs}]}}");
    let (repos, pipelines, told_to) = ("orgs/acme/repos/x", "orgs/acme/pipelines/x", "orgs/acme/subscriptions/x");
    let labels = |labels: &str| repo("labels", &format!("{{{labels}}}"));
    let name = |length: usize| format!("{{\"name\": \"{}\"}}", "x".repeat(length));
    let cases = [
        ("B19 nested 400 000 deep", pipelines, format!("{{\"script\": {}", "[".repeat(400_000))),
        ("B20 nested 100 000 deep, in objects", pipelines, format!("{{\"script\": {}", "{\"a\":".repeat(100_000))),
        ("B21 60 000 keys that nobody knows", repos, format!("{{{}}}", many(60_000, &|n| format!("\"k{n}\":1")))),
        ("B22 16 000 keys of one hash", repos, labels(&twins)),
        ("B23 one key 90 000 times", repos, format!("{{{}}}", vec!["\"url\":\"\""; 90_000].join(","))),
        ("B24 a number of 900 000 digits", repos, repo("poll", &"9".repeat(900_000))),
        ("B25 a number beyond every range", repos, repo("poll", "1e999999999")),
        ("B26 a name of 900 000 bytes", "orgs/new-one", name(900_000)),
        ("B27 more than a megabyte", "orgs/new-one", name(1_100_000)),
        ("B28 300 000 jobs in a pipeline", pipelines, pipeline(&vec!["{}"; 300_000].join(","))),
        (
            "B29 a pipeline whose matrix is of millions",
            pipelines,
            pipeline(&format!("{{\"id\": \"a\", \"script\": \"ls\", \"matrix\": {{{matrix}}}}}")),
        ),
        ("B30 60 000 labels", repos, labels(&many(60_000, &|n| format!("\"k{n}\":\"v\"")))),
        ("B31 40 000 globs", told_to, told(&many(40_000, &|n| format!("\"{{a,b}}*{n}\"")))),
        ("B32 a glob of alternatives within alternatives", told_to, told(&format!("\"{}\"", "{a,".repeat(100_000)))),
    ];
    for (case, path, body) in cases {
        let begun = Instant::now();
        let answer = send(&house, Method::PUT, &format!("/v1/{path}"), &[JSON], body.into_bytes()).await;
        assert!(matches!(answer.status.as_u16(), 400 | 413 | 422), "{case}: {} {:.500}", answer.status, answer.text);
        assert!(answer.text.len() < 100_000, "{case}: {} bytes of answer", answer.text.len());
        assert!(begun.elapsed() < SOON, "{case} took {:?}", begun.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_are_no_json_are_refused() {
    let house = House::with_script("[]").await;
    let zeros = zstd::encode_all(std::io::repeat(b' ').take(50_000_000), 3).expect("compresses");
    let (org, form) = ("/v1/orgs/new-one", "application/x-www-form-urlencoded");
    let cases: [(&str, &Headers<'_>, Vec<u8>, &[u16]); 7] = [
        ("B33 no UTF-8", &[JSON], b"{\"name\": \"\xff\xfe\"}".to_vec(), &[400, 422]),
        ("B34 half a character", &[JSON], b"{\"name\": \"\\ud800\"}".to_vec(), &[400, 422]),
        ("B35 packed, and small: 50 MB of white space", &[JSON, ("content-encoding", "zstd")], zeros, &[400, 415]),
        ("B36 a form", &[("content-type", form)], b"name=x".to_vec(), &[415]),
        ("B37 text, as a page of another site may send it", &[("content-type", "text/plain")], b"{}".to_vec(), &[415]),
        ("B38 two values", &[JSON], b"{}{}".to_vec(), &[400]),
        ("B39 an array for an object", &[JSON], b"[\"x\"]".to_vec(), &[422]),
    ];
    for (case, headers, body, expected) in cases {
        let answer = send(&house, Method::PUT, org, headers, body).await;
        assert!(expected.contains(&answer.status.as_u16()), "{case}: {} {}", answer.status, answer.text);
    }
    house.get(org).await.must(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_of_a_log_are_not_multiplied() {
    let house = House::with_script("- {id: unit, script: [seq 1000]}").await;
    house.post("/v1/orgs/acme/repos/web/builds", json!({})).await.must(201);
    house.ended(1).await;
    let log = "/v1/orgs/acme/repos/web/builds/1/jobs/unit/attempts/1/log";
    let whole = house.get(log).await.must(200).text.len();
    // Case B40: a thousand ranges of one log in one request.
    let ranges = format!("bytes={}", vec!["0-"; 1000].join(","));
    for range in
        [ranges.as_str(), "bytes=18446744073709551615-", "bytes=-99999999999999999999", "bytes=9-1", "lines=1-"]
    {
        let answer = send(&house, Method::GET, log, &[("range", range)], Vec::new()).await;
        assert!(matches!(answer.status.as_u16(), 200 | 206 | 400 | 416), "{range:.50}: {}", answer.status);
        assert!(answer.text.len() <= whole.max(1000), "{range:.50}: {} bytes", answer.text.len());
    }
    // Case B41: pages of more things than there can be.
    for limit in ["18446744073709551615", "-1", "x"] {
        let answer = house.get(&format!("/v1/orgs?limit={limit}")).await;
        assert!(matches!(answer.status.as_u16(), 200 | 400 | 422), "{limit}: {} {}", answer.status, answer.text);
    }
    let listed: Value = house.get("/v1/orgs").await.must(200).json();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
}
