//! What is signed of a request, and how it is written down.

use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::key::PrivateKey;

/// A request, as far as it is signed.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// Its method, as `GET`.
    pub method: &'a str,
    /// Host, with the port where that is not the usual one.
    pub host: &'a str,
    /// Path and query, byte for byte as they are sent: the service puts nothing in order.
    pub target: &'a str,
    /// The media type of its body, as `application/json`, which is also what an empty one has.
    pub content_type: &'a str,
    /// Its body.
    pub body: &'a [u8],
    /// What its signature covers.
    pub covers: Covers,
}

/// What a signature covers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Covers {
    /// Date, target and host, and of `POST`, `PUT` and `PATCH` the body, also where that is empty.
    #[default]
    Everything,
    /// Date, target and host alone. So `PutObject` and `UploadPart` of Object Storage and `PutMessages` of Streaming want it.
    Head,
    /// Date, target and body, but no host: the call by which an instance gets its token.
    Federation,
}

/// Why a request cannot be signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Oracle's services have no such method.
    #[error("requests with the method `{0}` are not signed: it is one of GET, HEAD, DELETE, POST, PUT and PATCH")]
    Method(String),
    /// A part holds what would be read as another header.
    #[error("the {0} of a request holds a line break, a quote or another sign that cannot stand there")]
    Part(&'static str),
    /// The body comes piece by piece, so that it cannot be signed before it is sent.
    #[error("the body of a request is a stream: give it as bytes, or sign its head alone where the service takes that")]
    Stream,
}

/// The headers of a signed request. `host` is not among them: whoever sends it writes that.
#[derive(Clone, PartialEq, Eq)]
pub struct Signed {
    /// Their names, in lower case, and values.
    pub headers: Vec<(&'static str, String)>,
}

/// Signs a request.
///
/// `date` is the time now as HTTP writes it, `Thu, 05 Jan 2023 21:31:40 GMT`; services take five minutes more or less.
/// `key_id` says whose the key is, as [`Identity::key_id`](crate::Identity::key_id) has it.
///
/// # Errors
/// When the request has a part that cannot be signed.
pub fn sign(request: &Request<'_>, date: &str, key_id: &str, key: &PrivateKey) -> Result<Signed, RequestError> {
    check(request, date, key_id)?;
    let mut headers = vec![("date", date.to_owned())];
    let mut names = names(request).join(" ");
    let mut text = head(request, date);
    if covers_body(request) {
        let digest = STANDARD.encode(digest(&SHA256, request.body));
        text.push_str(&content(request, &digest));
        headers.push(("content-length", request.body.len().to_string()));
        headers.push(("content-type", request.content_type.to_owned()));
        headers.push(("x-content-sha256", digest));
    }
    let signature = STANDARD.encode(key.sign(text.as_bytes()));
    names.insert_str(0, "Signature algorithm=\"rsa-sha256\",headers=\"");
    write!(names, "\",keyId=\"{key_id}\",signature=\"{signature}\",version=\"1\"").expect("text takes in text");
    headers.push(("authorization", names));
    Ok(Signed { headers })
}

/// What is signed of a request: a line for each header.
#[must_use]
pub fn signing_string(request: &Request<'_>, date: &str) -> String {
    let mut text = head(request, date);
    if covers_body(request) {
        text.push_str(&content(request, &STANDARD.encode(digest(&SHA256, request.body))));
    }
    text
}

fn covers_body(request: &Request<'_>) -> bool {
    request.covers != Covers::Head && matches!(request.method, "POST" | "PUT" | "PATCH")
}

fn names(request: &Request<'_>) -> Vec<&'static str> {
    let mut names = vec!["date", "(request-target)"];
    if request.covers != Covers::Federation {
        names.push("host");
    }
    if covers_body(request) {
        names.extend(["content-length", "content-type", "x-content-sha256"]);
    }
    names
}

fn head(request: &Request<'_>, date: &str) -> String {
    let method = request.method.to_ascii_lowercase();
    let mut text = format!("date: {date}\n(request-target): {method} {}", request.target);
    if request.covers != Covers::Federation {
        text.push_str("\nhost: ");
        text.push_str(request.host);
    }
    text
}

fn content(request: &Request<'_>, digest: &str) -> String {
    let (length, kind) = (request.body.len(), request.content_type);
    format!("\ncontent-length: {length}\ncontent-type: {kind}\nx-content-sha256: {digest}")
}

/// Refuses what would be read as something else: who brings a line break into a target must not sign a header of theirs.
fn check(request: &Request<'_>, date: &str, key_id: &str) -> Result<(), RequestError> {
    if !matches!(request.method, "GET" | "HEAD" | "DELETE" | "POST" | "PUT" | "PATCH") {
        return Err(RequestError::Method(request.method.chars().take(20).collect()));
    }
    let visible = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    let line = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    for (part, is_right) in [
        ("target", visible(request.target) && request.target.starts_with('/')),
        ("host", visible(request.host)),
        ("content type", line(request.content_type)),
        ("date", line(date)),
        ("key id", visible(key_id) && !key_id.contains('"')),
    ] {
        if !is_right {
            return Err(RequestError::Part(part));
        }
    }
    Ok(())
}

impl std::fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { method, host, target, body, .. } = self;
        write!(f, "{method} {target} of {host}, {} bytes", body.len())
    }
}

impl std::fmt::Debug for Signed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.headers.iter().map(|(name, _)| name)).finish()
    }
}
