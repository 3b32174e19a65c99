//! A function is asked over its socket, by the contract of Fn.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

use crate::refusal::Refusal;
use crate::reply::{Answer, Ask, Reply};

/// How long a function may take.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// What a function answers.
pub(crate) async fn call(ask: &Ask, body: Bytes) -> Answer {
    match tokio::time::timeout(TIMEOUT, send(ask, body)).await {
        Ok(Ok(answer)) => read(ask, answer).await,
        Ok(Err(why)) => Err(Refusal::new(502, "FunctionInvokeContainerInitFail", why)),
        Err(_) => Err(Refusal::new(504, "FunctionInvokeExecutionTimeout", "Function timed out.")),
    }
}

type Came = http::Response<hyper::body::Incoming>;

async fn send(ask: &Ask, body: Bytes) -> Result<Came, String> {
    let told = |error: &dyn std::fmt::Display| format!("The function at {}: {error}", ask.socket);
    let path = ask.socket.trim_start_matches("unix:");
    let stream = UnixStream::connect(path).await.map_err(|error| told(&error))?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| told(&error))?;
    // It ends with its one request.
    tokio::spawn(connection);
    let mut request = http::Request::post("/call").header("host", "localhost");
    for (name, value) in &ask.headers {
        request = request.header(name.as_str(), value.as_str());
    }
    let request = request.body(Full::new(body)).map_err(|error| told(&error))?;
    sender.send_request(request).await.map_err(|error| told(&error))
}

async fn read(ask: &Ask, answer: Came) -> Answer {
    let (parts, body) = answer.into_parts();
    let broken = |why: String| Refusal::new(502, "FunctionInvokeExecutionFailed", why);
    let body = body.collect().await.map_err(|error| broken(error.to_string()))?.to_bytes();
    if !matches!(parts.status.as_u16(), 200 | 502 | 504) {
        return Err(broken(format!("A function answers 200, 502 or 504, and not {}.", parts.status)));
    }
    let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    if parts.status != 200 {
        return Err(broken(String::from_utf8_lossy(&body).into_owned()));
    }
    let mut reply = Reply::bytes(body);
    if let Some(kind) = text("content-type") {
        reply = reply.header("content-type", kind);
    }
    if !ask.unwraps {
        return Ok(reply);
    }
    // What the function says to whoever has called the gateway.
    reply.status = text("fn-http-status").and_then(|status| status.parse().ok()).unwrap_or(200);
    for (name, value) in &parts.headers {
        let Some(name) = name.as_str().strip_prefix("fn-http-h-") else { continue };
        if !matches!(name, "content-length" | "content-type" | "date") {
            reply = reply.header(name, String::from_utf8_lossy(value.as_bytes()));
        }
    }
    Ok(reply)
}
