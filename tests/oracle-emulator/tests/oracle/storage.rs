//! Object Storage.

use std::time::Duration;

use serde_json::{Value, json};

use crate::Caller;

const BUCKET: &str = "/n/monkeyci/b/bkt";

async fn bucket() -> Caller {
    let caller = Caller::new().await;
    let said = json!({ "name": "bkt", "compartmentId": crate::COMPARTMENT });
    caller.post("/n/monkeyci/b", &said).await.must(200);
    caller
}

impl Caller {
    async fn put(&self, name: &str, headers: &[(&str, &str)], body: &str) -> crate::Answer {
        self.send("PUT", &format!("{BUCKET}/o/{name}"), headers, body.into()).await
    }

    /// Sends what nobody signs.
    async fn plainly(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> crate::Answer {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = reqwest::Client::new().request(method, format!("{}{path}", self.oracle.url()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.body(body.to_owned()).send().await.expect("an answer");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        crate::Answer { status, headers, body: answer.bytes().await.expect("a body") }
    }

    /// Makes a pre-authenticated request; its address.
    async fn par(&self, access: &str, object: Option<&str>) -> String {
        let said = json!({
            "name": "n", "accessType": access, "objectName": object, "timeExpires": "2099-01-01T00:00:00Z",
            "bucketListingAction": access.starts_with("AnyObjectRead").then_some("ListObjects"),
        });
        let made = self.post(&format!("{BUCKET}/p"), &said).await.must(200).json();
        made["accessUri"].as_str().expect("an address").to_owned()
    }
}

#[tokio::test]
async fn objects_are_written_read_and_removed_under_conditions() {
    let caller = bucket().await;
    let name = "org%2Frepo%2Fbuild%201%2Fsrc%231.tgz";
    let first = caller
        .put(
            name,
            &[("if-none-match", "*"), ("opc-meta-app", "é"), ("content-type", "application/gzip")],
            "hello world",
        )
        .await
        .must(200);
    assert_eq!(first.header("opc-content-md5"), "XrY7u+Ae7tCTyyK7j1rNww==");
    let etag = first.header("etag").to_owned();
    let again = caller.put(name, &[("if-none-match", "*")], "other").await;
    assert_eq!(again.refusal(), (412, "IfNoneMatchFailed".into()));
    assert_eq!(caller.put(name, &[("if-match", "other")], "x").await.refusal(), (412, "IfMatchFailed".into()));
    assert_eq!(caller.put("b", &[("if-match", "*")], "x").await.refusal(), (412, "IfMatchFailed".into()));
    assert_eq!(caller.put("b", &[("content-md5", "AAAA")], "x").await.refusal(), (400, "UnmatchedContentMD5".into()));

    // Slashes may be encoded, or not.
    let path = format!("{BUCKET}/o/org/repo/build%201/src%231.tgz");
    let got = caller.send("GET", &path, &[("range", "bytes=6-")], Vec::new()).await.must(206);
    assert_eq!((got.text().as_str(), got.header("content-range")), ("world", "bytes 6-10/11"));
    assert_eq!(caller.send("GET", &path, &[("range", "bytes=-3")], Vec::new()).await.must(206).text(), "rld");
    assert_eq!(caller.send("GET", &path, &[("range", "bytes=11-")], Vec::new()).await.status, 416);
    assert_eq!(caller.send("GET", &path, &[("if-none-match", &etag)], Vec::new()).await.status, 304);
    let head = caller.send("HEAD", &path, &[], Vec::new()).await.must(200);
    assert_eq!((head.header("content-length"), head.header("content-type")), ("11", "application/gzip"));
    assert_eq!(head.header("etag"), etag);
    let changed = caller.put(name, &[("if-match", &etag)], "new").await.must(200);
    assert_eq!(caller.send("DELETE", &path, &[("if-match", &etag)], Vec::new()).await.status, 412);
    caller.send("DELETE", &path, &[("if-match", changed.header("etag"))], Vec::new()).await.must(204);
    assert_eq!(caller.delete(&path).await.refusal(), (404, "ObjectNotFound".into()));
    assert_eq!(caller.get("/n/monkeyci/b/other/o/x").await.refusal(), (404, "BucketNotFound".into()));
    assert_eq!(caller.get("/n/theirs/b/bkt/o/x").await.refusal(), (404, "NamespaceNotFound".into()));
    // Of many who create it one does.
    let tries = (0..20).map(|number| {
        let caller = &caller;
        async move { caller.put("race", &[("if-none-match", "*")], &number.to_string()).await.status }
    });
    let statuses = futures::future::join_all(tries).await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
}

#[tokio::test]
async fn lists_are_in_order_and_go_on_where_they_ended() {
    let caller = bucket().await;
    for name in ["a/1", "a/2", "a/b/1", "a/b/2", "a/c", "b"] {
        caller.put(&name.replace('/', "%2F"), &[], name).await.must(200);
    }
    let list = async |query: &str| caller.get(&format!("{BUCKET}/o?{query}")).await.must(200).json();
    let names = |said: &Value| {
        let objects = said["objects"].as_array().expect("objects");
        objects.iter().map(|object| object["name"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    let first = list("prefix=a%2F&limit=2").await;
    assert_eq!((names(&first), &first["nextStartWith"]), (vec!["a/1".into(), "a/2".into()], &json!("a/b/1")));
    assert_eq!(first["objects"][0], json!({ "name": "a/1" }), "nothing else is told unless it is asked for");
    let next = list("prefix=a%2F&limit=10&start=a%2Fb%2F1&fields=name,size,etag,md5,timeCreated").await;
    assert_eq!(names(&next), ["a/b/1", "a/b/2", "a/c"]);
    assert!(
        next["objects"][0]["size"] == 5
            && next["objects"][0]["timeCreated"].is_string()
            && next["nextStartWith"].is_null()
    );
    let folders = list("prefix=a%2F&delimiter=%2F").await;
    assert_eq!(
        (names(&folders), &folders["prefixes"]),
        (vec!["a/1".into(), "a/2".into(), "a/c".into()], &json!(["a/b/"]))
    );
    assert_eq!(names(&list("end=a%2Fb&startAfter=a%2F1").await), ["a/2"]);
    for wrong in ["limit=0", "limit=1001", "delimiter=.", "fields=name,owner", "unknown=1"] {
        assert_eq!(caller.get(&format!("{BUCKET}/o?{wrong}")).await.refusal().0, 400, "{wrong}");
    }
}

#[tokio::test]
async fn what_is_large_comes_in_parts() {
    let caller = bucket().await;
    caller.oracle.state().settings.least_part = 4;
    let said = json!({ "object": "big", "contentType": "application/gzip", "metadata": { "opc-meta-x": "y" } });
    let made = caller.post(&format!("{BUCKET}/u"), &said).await.must(200).json();
    let at = format!("{BUCKET}/u/big?uploadId={}", made["uploadId"].as_str().expect("an id"));
    let mut parts = Vec::new();
    for (number, content) in [(1, "part"), (2, "two"), (3, "end")] {
        let put = caller.send("PUT", &format!("{at}&uploadPartNum={number}"), &[], content.into()).await.must(200);
        parts.push(json!({ "partNum": number, "etag": put.header("etag") }));
    }
    assert_eq!(caller.oracle.state().object("bkt", "big"), None, "nothing is there before all is");
    let commit = async |parts: Value| caller.post(&at, &json!({ "partsToCommit": parts })).await;
    assert_eq!(commit(json!(parts)).await.refusal(), (400, "InvalidUploadPart".into()), "the second is too small");
    assert_eq!(commit(json!([parts[2], parts[0]])).await.refusal(), (400, "InvalidUploadPartOrder".into()));
    assert_eq!(commit(json!([{ "partNum": 1, "etag": "x" }])).await.refusal(), (400, "InvalidUploadPart".into()));
    let done = commit(json!([parts[0], parts[2]])).await.must(200);
    assert!(done.header("opc-multipart-md5").ends_with("-2"));
    let got = caller.get(&format!("{BUCKET}/o/big")).await.must(200);
    assert_eq!((got.text().as_str(), got.header("opc-meta-x")), ("partend", "y"));
    assert_eq!(commit(json!([parts[0]])).await.refusal(), (404, "NoSuchUpload".into()));
}

#[tokio::test]
async fn who_has_an_address_may_do_what_it_is_for_and_nothing_else() {
    let caller = bucket().await;
    caller.put("jobs%2F1%2Forder", &[], "order").await.must(200);
    caller.put("other", &[], "secret").await.must(200);
    let one = caller.par("ObjectRead", Some("jobs/1/order")).await;
    assert_eq!(caller.plainly("GET", &one, &[], "").await.must(200).text(), "order");
    caller.plainly("HEAD", &one, &[], "").await.must(200);
    assert_eq!(caller.plainly("PUT", &one, &[], "x").await.status, 404);
    assert_eq!(caller.plainly("GET", &one.replace("order", "else"), &[], "").await.status, 404);

    let all = caller.par("AnyObjectReadWrite", Some("jobs/1/")).await;
    assert!(all.ends_with("/o/"), "{all}");
    caller.plainly("PUT", &format!("{all}jobs/1/report%2F0"), &[("if-none-match", "*")], "lines").await.must(200);
    assert_eq!(
        caller.plainly("PUT", &format!("{all}jobs/1/report/0"), &[("if-none-match", "*")], "x").await.status,
        412
    );
    assert_eq!(
        caller.plainly("GET", &format!("{all}jobs/1/report/0"), &[("range", "bytes=1-2")], "").await.must(206).text(),
        "in"
    );
    assert_eq!(caller.plainly("GET", &format!("{all}other"), &[], "").await.status, 404);
    assert_eq!(caller.plainly("DELETE", &format!("{all}jobs/1/report/0"), &[], "").await.status, 404);
    let listed = caller.plainly("GET", &format!("{all}?prefix=jobs/1/"), &[], "").await.must(200).json();
    assert_eq!(listed["objects"].as_array().map(Vec::len), Some(2), "{listed:#}");
    assert_eq!(caller.plainly("GET", &format!("{all}?prefix="), &[], "").await.status, 404);

    caller.oracle.state().settings.least_part = 1;
    let begun =
        caller.plainly("PUT", &format!("{all}jobs/1/work"), &[("opc-multipart", "true")], "").await.must(200).json();
    let upload = begun["accessUri"].as_str().expect("an address").to_owned();
    caller.plainly("PUT", &format!("{upload}1"), &[], "one ").await.must(200);
    caller.plainly("PUT", &format!("{upload}2"), &[], "two").await.must(200);
    caller.plainly("POST", &upload, &[], "").await.must(200);
    assert_eq!(caller.oracle.state().object("bkt", "jobs/1/work").as_deref(), Some(&b"one two"[..]));

    let listed = caller.get(&format!("{BUCKET}/p")).await.must(200).json();
    let mine = listed.as_array().expect("some").iter().find(|par| par["objectName"] == "jobs/1/order").expect("it");
    assert!(mine["accessUri"].is_null(), "the address is shown once");
    caller.delete(&format!("{BUCKET}/p/{}", mine["id"].as_str().expect("an id"))).await.must(204);
    assert_eq!(caller.plainly("GET", &one, &[], "").await.refusal(), (401, "NotAuthenticated".into()));
    caller.oracle.clock().advance(Duration::from_secs(100 * 366 * 24 * 3600));
    assert_eq!(
        caller.plainly("GET", &format!("{all}jobs/1/work"), &[], "").await.refusal(),
        (401, "NotAuthenticated".into())
    );
}
