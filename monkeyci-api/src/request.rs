//! What is noted of each request: a line in the log, and a count.

use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State as Shared};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use http_body_util::BodyExt as _;
use tracing::Instrument as _;

use crate::state::State;

/// By which a request is found in the logs of everybody that it passed.
const ID: HeaderName = HeaderName::from_static("x-request-id");

/// Bytes of the longest id that is taken over from who asks.
const LONGEST: usize = 64;

/// Routes that machines ask again and again, of which nobody wants to read.
const QUIET: [&str; 8] = [
    "/healthz",
    "/readyz",
    "/metrics",
    "/v1/worker/lease",
    "/v1/worker/renew",
    "/v1/worker/attempts/{fence}/claim",
    "/v1/worker/attempts/{fence}/log",
    "/v1/worker/attempts/{fence}/visit",
];

/// Notes a request and its answer. Of its path only the route's pattern is told, and nothing of its query and headers:
/// there may be tokens in all of them.
pub async fn note(Shared(state): Shared<State>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let method = word(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let id = id(request.headers());
    let span = tracing::info_span!("request", id = id.to_str().unwrap_or_default());
    let mut response = next.run(request).instrument(span.clone()).await;

    let (took, status) = (begun.elapsed(), response.status());
    state.metrics.request(route, method, status, took);
    let millis = took.as_secs_f64() * 1000.0;
    span.in_scope(|| match QUIET.contains(&route) {
        true => tracing::debug!(method, route, status = status.as_u16(), millis, "answered"),
        false => tracing::info!(method, route, status = status.as_u16(), millis, "answered"),
    });
    response.headers_mut().insert(ID, id);
    if !is_stream(response.headers()) {
        return response;
    }
    let open = state.metrics.stream();
    response.map(|body| {
        Body::new(body.map_frame(move |frame| {
            let _until_the_body_ends = &open;
            frame
        }))
    })
}

/// The id that a request brought, where it is a plain word, else a new one.
fn id(headers: &HeaderMap) -> HeaderValue {
    let is_plain = |id: &&HeaderValue| {
        let bytes = id.as_bytes();
        let is_in_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
        (1..=LONGEST).contains(&bytes.len()) && bytes.iter().all(is_in_word)
    };
    headers.get(ID).filter(is_plain).cloned().unwrap_or_else(|| {
        HeaderValue::try_from(ulid::Ulid::new().to_string()).expect("an ULID has letters and digits")
    })
}

/// A method as a label: who asks may make up others.
fn word(method: &Method) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    known.into_iter().find(|word| *word == method.as_str()).unwrap_or("other")
}

fn is_stream(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"))
}
