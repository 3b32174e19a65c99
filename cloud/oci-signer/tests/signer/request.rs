//! Requests that must not be signed.

use oci_signer::{Covers, PrivateKey, Request, RequestError, sign};

use crate::{text, vectors};

const GOOD: Request<'static> = Request {
    method: "GET",
    host: "example.com",
    target: "/n",
    content_type: "application/json",
    body: b"",
    covers: Covers::Everything,
};

#[test]
fn who_brings_a_line_into_a_request_signs_no_header_of_theirs() {
    let key = PrivateKey::from_pem(text(&vectors(), "private_key_pem"), None).expect("a key");
    let date = "Thu, 05 Jan 2023 21:31:40 GMT";
    assert!(sign(&GOOD, date, "a/b/c", &key).is_ok());
    for (part, request, date, key_id) in [
        ("target", Request { target: "/n\nhost: evil.example.com", ..GOOD }, date, "a/b/c"),
        ("target", Request { target: "/a b", ..GOOD }, date, "a/b/c"),
        ("target", Request { target: "n", ..GOOD }, date, "a/b/c"),
        ("target", Request { target: "", ..GOOD }, date, "a/b/c"),
        ("host", Request { host: "example.com\r\nx: y", ..GOOD }, date, "a/b/c"),
        ("host", Request { host: "", ..GOOD }, date, "a/b/c"),
        ("content type", Request { content_type: "a\nb", ..GOOD }, date, "a/b/c"),
        ("date", GOOD, "now\nx: y", "a/b/c"),
        ("key id", GOOD, date, "a\",signature=\""),
        ("key id", GOOD, date, ""),
    ] {
        assert_eq!(sign(&request, date, key_id, &key), Err(RequestError::Part(part)));
    }
    for method in ["get", "OPTIONS", "GET\nx", ""] {
        let refused = sign(&Request { method, ..GOOD }, date, "a/b/c", &key);
        assert!(matches!(refused, Err(RequestError::Method(_))), "{method}");
    }
}
