//! Requests by curl, asked of a real server.

use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use monkeyci_sdk::http::{self, Fake, HttpError, Reply};
use serde_json::{Value, json};

/// A server that says what it was asked.
fn echo() -> Fake {
    Fake::serving(|asked| {
        let headers: Vec<_> = asked.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        Reply::json(200, &json!({ "line": asked.line(), "headers": headers, "body": asked.text() }))
    })
}

#[test]
fn what_is_said_of_a_request_arrives() {
    let server = echo();
    let url = format!("{}/a?b=1", server.url());
    let request =
        http::post(&url).query("q", "x & y").bearer("t0ken").header("X-Odd", r#"a "b" \ c"#).json(&json!({"a": 1}));
    let said: Value = request.send().expect("an answer").json().expect("JSON");
    assert_eq!(said["line"], "POST /a?b=1&q=x%20%26%20y");
    assert_eq!(said["body"], r#"{"a":1}"#);
    for header in ["Authorization: Bearer t0ken", "Content-Type: application/json", r#"X-Odd: a "b" \ c"#] {
        let headers = said["headers"].as_array().expect("a list");
        assert!(headers.iter().any(|other| other == header), "{headers:?}");
    }
    for (request, line) in [
        (http::get(&url), "GET /a?b=1"),
        (http::put(&url).body("x"), "PUT /a?b=1"),
        (http::patch(&url).body("x"), "PATCH /a?b=1"),
        (http::delete(&url), "DELETE /a?b=1"),
        (http::post(&url), "POST /a?b=1"),
    ] {
        assert_eq!(request.send().expect("an answer").json::<Value>().expect("JSON")["line"], line);
    }
    let answer = http::head(&url).send().expect("an answer");
    assert_eq!((answer.body.len(), answer.header("content-type")), (0, Some("application/json")));
    let form = http::post(&url).form(&[("a b", "c&d")]).send().expect("an answer").json::<Value>().expect("JSON");
    assert_eq!(form["body"], "a%20b=c%26d");
    let basic = http::get(&url).basic("ann", "p:w").send().expect("an answer").text();
    assert!(basic.contains("Basic YW5uOnA6dw=="), "{basic}");
}

#[test]
fn a_body_goes_to_a_folder_as_well() {
    let server = echo();
    for (path, line) in
        [("", "POST /"), ("/", "POST /"), ("/a/", "POST /a/"), ("/a/?b=/", "POST /a/?b=/"), ("?b", "POST /?b")]
    {
        let said = http::post(format!("{}{path}", server.url())).body("\0@x").send().expect("an answer");
        let said: Value = said.json().expect("JSON");
        assert_eq!((&said["line"], &said["body"]), (&json!(line), &json!("\0@x")), "{said}");
        assert!(!said["headers"].to_string().contains("Content-Type"), "{said}");
    }
    let said: Value = http::post(server.url()).json(&1).send().expect("an answer").json().expect("JSON");
    assert!(said["headers"].to_string().contains("Content-Type: application/json"), "{said}");
}

#[test]
fn a_file_is_sent_as_it_is() {
    let server = echo();
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("a {b,c} [1-2].bin");
    std::fs::write(&path, b"\x00\xff\r\nbytes").expect("written");
    http::post(format!("{}/up?name=x", server.url())).upload_file(&path).send().expect("an answer");
    let asked = server.asked().remove(0);
    assert_eq!((asked.line().as_str(), asked.body.as_slice()), ("POST /up?name=x", &b"\x00\xff\r\nbytes"[..]));
    assert_eq!((asked.header("content-length"), asked.header("expect")), (Some("9"), None));
    let missing = http::put(server.url()).upload_file(dir.path().join("none")).send().expect_err("no such file");
    assert!(missing.to_string().contains("none`: No such file"), "{missing}");
}

#[test]
fn all_that_amazon_s_signature_names_is_sent() {
    // A service counts the names that are signed, and refuses a request that lacks one of them.
    let server = Fake::serving(|asked| {
        let auth = asked.header("authorization").unwrap_or_default();
        let names = auth.split("SignedHeaders=").nth(1).and_then(|rest| rest.split(',').next()).unwrap_or_default();
        let well = names.split(';').filter(|name| asked.header(name).is_some()).count();
        Reply::json(if well == names.split(';').count() { 200 } else { 403 }, &names)
    });
    let put = || http::put(format!("{}/bucket/a/b.jar", server.url())).header("x-amz-acl", "public-read");
    let put = || put().aws_sigv4("eu-west-1", "s3", "key", "se cr/et+");
    let names: String = put().body("bytes").send().expect("all are there").json().expect("JSON");
    assert_eq!(names, "host;x-amz-acl;x-amz-content-sha256;x-amz-date");
    assert_eq!(server.asked()[0].text(), "bytes");
}

#[test]
fn what_would_become_another_setting_is_refused() {
    let server = echo();
    for request in [
        http::get(server.url()).header("X", "a\r\nY: b"),
        http::get(server.url()).bearer("a\noutput = /tmp/x"),
        http::get(server.url()).basic("ann", "a\nb"),
        http::get(server.url()).header("X: a\nY", "b"),
        http::get(server.url()).header("@/etc/passwd", ""),
        http::get(format!("{}/\nurl = \"file:///etc/passwd\"", server.url())),
        http::get("file:///etc/passwd"),
    ] {
        let error = request.send().expect_err("refused");
        assert!(matches!(error, HttpError::Refused { .. }), "{error}");
    }
    assert!(server.asked().is_empty());
}

#[test]
fn a_bad_answer_is_an_error_that_shows_it_and_no_secrets() {
    let server = Fake::serving(|_| Reply::json(422, &json!({ "message": "already_exists" })));
    let url = format!("http://ann:pw@{}/x?token=s3cret", server.url().trim_start_matches("http://"));
    let error = http::post(url).send().expect_err("422");
    assert_eq!(error.status(), Some(422));
    let shown = format!("{}/x answered 422: {{\"message\":\"already_exists\"}}", server.url());
    assert_eq!(error.to_string(), shown);
    let text = Fake::serving(|_| Reply::status(200).body("<html>"));
    let error = http::get(text.url()).send().expect("an answer").json::<Value>().expect_err("no JSON");
    assert!(error.to_string().ends_with(": <html>"), "{error}");
}

#[test]
fn an_answer_that_may_be_better_next_time_is_asked_for_again() {
    let server = |bad: u16, status| {
        let left = AtomicU16::new(bad);
        Fake::serving(move |_| {
            match left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)) {
                Ok(_) => Reply::status(status).header("Retry-After", "0"),
                Err(_) => Reply::status(200).body("well"),
            }
        })
    };
    let get =
        |server: &Fake, retries| http::get(server.url()).retries(retries).first_wait(Duration::from_millis(1)).send();
    let flaky = server(2, 503);
    assert_eq!(get(&flaky, 2).expect("the third").text(), "well");
    let flaky = server(3, 429);
    assert_eq!((get(&flaky, 2).expect_err("one too few").status(), flaky.asked().len()), (Some(429), 3));
    let wrong = server(1, 404);
    assert_eq!((get(&wrong, 2).expect_err("stays").status(), wrong.asked().len()), (Some(404), 1));
}

#[test]
fn a_server_that_is_not_there_or_does_not_answer_is_named() {
    // A port that no system gives away.
    let error = http::get("http://127.0.0.1:1/x?y").send().expect_err("nobody there");
    assert!(error.to_string().starts_with("http://127.0.0.1:1/x: no answer: curl: (7)"), "{error}");
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/", silent.local_addr().expect("an address"));
    let error = http::get(url).timeout(Duration::from_millis(50)).send().expect_err("too late");
    assert!(error.to_string().contains("(curl ended with 28)"), "{error}");
}

#[test]
fn a_redirect_is_followed_only_where_a_token_may_go() {
    let other = echo();
    let away = other.url().to_owned();
    let server = Fake::serving(move |asked| match asked.target.as_str() {
        "/old" => Reply::status(302).header("Location", "/new"),
        "/away" => Reply::status(302).header("Location", &format!("{away}/x?y")),
        "/round" => Reply::status(302).header("Location", "/round"),
        _ => Reply::status(200).body(asked.header("private-token").unwrap_or("none")),
    });
    let get = |path: &str| http::get(format!("{}{path}", server.url())).header("Private-Token", "t").send();
    assert_eq!(get("/old").expect("followed").text(), "t");
    let error = get("/away").expect_err("not followed").to_string();
    assert!(
        error.ends_with(&format!("/away answered 302: it leads to {}/x, which is not followed", other.url())),
        "{error}"
    );
    assert!(get("/round").expect_err("for ever").to_string().contains("more than 5 redirects"));
    let error = http::post(format!("{}/old", server.url())).send().expect_err("not sent again");
    assert_eq!(error.status(), Some(302));
    assert!(other.asked().is_empty());
}

#[test]
fn the_process_list_holds_no_secret() {
    // The server looks while curl waits for its answer.
    let server = Fake::serving(|_| {
        let lines = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let lines = lines.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
        let found = lines.filter(|line| line.windows(7).any(|part| part == b"s3cr3t-")).count();
        Reply::status(200).body(found.to_string())
    });
    let request = http::post(format!("{}/?q=s3cr3t-query", server.url())).bearer("s3cr3t-token").body("s3cr3t-body");
    assert_eq!(request.send().expect("an answer").text(), "0");
}

#[test]
fn a_curl_that_is_missing_is_named() {
    const NAME: &str = "a_curl_that_is_missing_is_named";
    if std::env::var_os("WITHOUT_CURL").is_some() {
        let error = http::get("http://127.0.0.1/").send().expect_err("there is none");
        assert!(matches!(error, HttpError::NoCurl) && error.to_string().contains("apt-get install curl"), "{error}");
        return;
    }
    // Once more, in a process that finds no programs.
    let mut test = std::process::Command::new(std::env::current_exe().expect("this program has a path"));
    let ran = test.args(["--exact", NAME]).env("WITHOUT_CURL", "1").env("PATH", "/nowhere").output().expect("it runs");
    assert!(ran.status.success(), "{ran:?}");
}
