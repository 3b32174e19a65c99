//! Requests of HTTP on a connection, whatever that is made of.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout_at};

use super::door::{ANSWER, BODY};

/// How long the head of a request may take to come.
const HEAD: Duration = Duration::from_secs(30);

/// A request that has come whole.
pub struct Whole {
    /// How.
    pub method: Method,
    /// What for.
    pub uri: Uri,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
    /// When its head came.
    pub came: Instant,
}

/// Who answers requests.
pub trait Answers: Send + Sync {
    /// Answers one.
    fn answer(&self, whole: Whole) -> impl Future<Output = Response<Full<Bytes>>> + Send;
}

/// Serves a connection until it ends.
pub async fn connection(stream: impl AsyncRead + AsyncWrite + Unpin + Send, answers: &impl Answers) {
    let service = service_fn(move |request: Request<Incoming>| async move {
        let came = Instant::now();
        let (parts, body) = request.into_parts();
        let collected = timeout_at(came + ANSWER, Limited::new(body, BODY).collect()).await;
        let body = match collected {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                return Ok(refused(StatusCode::PAYLOAD_TOO_LARGE, "a delivery has 25 MB at the most"));
            }
            Ok(Err(_)) => return Ok(refused(StatusCode::BAD_REQUEST, "the body did not come whole")),
            Err(_) => return Ok(refused(StatusCode::REQUEST_TIMEOUT, "the body did not come in time")),
        };
        let whole = Whole { method: parts.method, uri: parts.uri, headers: parts.headers, body, came };
        Ok::<_, Infallible>(answers.answer(whole).await)
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD);
    // Whoever goes away in the middle has no answer to read.
    let _gone = http.serve_connection(TokioIo::new(stream), service).await;
}

/// A refusal of what never came to the door.
fn refused(status: StatusCode, why: &str) -> Response<Full<Bytes>> {
    let body = serde_json::json!({ "error": why }).to_string();
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    response.headers_mut().insert(http::header::CONNECTION, http::HeaderValue::from_static("close"));
    response
}
