//! A request on its way.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::call::Call;
use crate::cloud::Cloud;
use crate::fault::Kind;
use crate::refusal::Refusal;
use crate::reply::{Answer, Ask, Reply};
use crate::service;
use crate::user;
use crate::verify::verify;
use crate::{control, function};

/// Bytes of a body at most.
const MOST: usize = 2 * 1024 * 1024 * 1024;

type Body = BoxBody<Bytes, Infallible>;

/// Answers whoever comes, until it is dropped.
pub(crate) async fn serve(listener: TcpListener, cloud: Arc<Cloud>) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = tokio::select! {
            came = listener.accept() => match came {
                Ok(came) => came,
                // Out of files, for a moment.
                Err(_) => {
                    tokio::time::sleep(Duration::from_millis(10)).await; // moment
                    continue;
                }
            },
            Some(_) = connections.join_next() => continue,
        };
        let cloud = Arc::clone(&cloud);
        connections.spawn(async move {
            let service = service_fn(move |request| respond(Arc::clone(&cloud), request));
            // A client that goes away is nothing to tell.
            drop(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
        });
    }
}

/// The connection closes without an answer.
#[derive(Debug)]
struct Closed;

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("closed on purpose")
    }
}

impl std::error::Error for Closed {}

async fn respond(cloud: Arc<Cloud>, request: http::Request<Incoming>) -> Result<http::Response<Body>, Closed> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, MOST).collect().await.map_err(|_| Closed)?.to_bytes();
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let call = Call {
        method: parts.method.as_str().to_owned(),
        target,
        headers: parts.headers,
        body,
        arrived: cloud.clock.now(),
    };
    if call.path().starts_with("/_control") {
        let reply = control::answer(&cloud, &call).unwrap_or_else(Reply::from);
        return Ok(written(&cloud, &call, reply, None));
    }
    let fault = cloud.world().fault(&call).map(|fault| fault.kind);
    let mut trickle = None;
    let reply = match fault {
        Some(Kind::Cut) => return Err(Closed),
        Some(Kind::Gateway) => Reply::bytes(Bytes::from_static(b"<html><h1>502 Bad Gateway</h1></html>"))
            .status(502)
            .header("content-type", "text/html"),
        Some(Kind::Refuse { status, code, message, retry_after }) => {
            Refusal { status, code, message, retry_after }.into()
        }
        Some(Kind::Slow { ms }) => {
            tokio::time::sleep(Duration::from_millis(ms)).await; // moment
            answer(&cloud, &call).await.unwrap_or_else(Reply::from)
        }
        Some(Kind::Trickle { ms }) => {
            trickle = Some(ms);
            answer(&cloud, &call).await.unwrap_or_else(Reply::from)
        }
        Some(Kind::Lost) => {
            let reply = answer(&cloud, &call).await.unwrap_or_else(Reply::from);
            cloud.world().saw(&call, reply.status);
            return Err(Closed);
        }
        None => answer(&cloud, &call).await.unwrap_or_else(Reply::from),
    };
    cloud.world().saw(&call, reply.status);
    Ok(written(&cloud, &call, reply, trickle))
}

/// What the service says whose path it is, once the call is believed.
async fn answer(cloud: &Arc<Cloud>, call: &Call) -> Answer {
    let service = service::of(call.path()).ok_or_else(Refusal::missing)?;
    let covers = (service.covers)(call);
    {
        let mut world = cloud.world();
        verify(&world, cloud.address, call, covers).map_err(|why| Refusal::new(401, "NotAuthenticated", why))?;
        world.throttle(service.name)?;
    }
    loop {
        let changed = cloud.changed.notified();
        tokio::pin!(changed);
        changed.as_mut().enable();
        let reply = (service.answer)(cloud, call)?;
        if let Some(ask) = &reply.ask {
            return asked(ask, call, &reply).await;
        }
        let Some(until) = reply.again_until else { return Ok(reply) };
        tokio::select! {
            () = changed => {}
            () = cloud.clock.until(until) => {}
        }
    }
}

/// What a function answers, or that it was told.
async fn asked(ask: &Ask, call: &Call, reply: &Reply) -> Answer {
    if ask.is_detached {
        let (ask, body) = (ask.clone(), call.body.clone());
        tokio::spawn(async move { drop(function::call(&ask, body).await) });
        return Ok(reply.clone());
    }
    let mut answer = function::call(ask, call.body.clone()).await?;
    answer.headers.extend(reply.headers.clone());
    Ok(answer)
}

fn written(cloud: &Cloud, call: &Call, reply: Reply, trickle: Option<u64>) -> http::Response<Body> {
    let theirs = call.header("opc-request-id").unwrap_or_default().chars().take(98).collect::<String>();
    let ours = user::id().to_uppercase();
    let id = if theirs.is_empty() { ours } else { format!("{theirs}/{ours}") };
    let mut response = http::Response::builder()
        .status(reply.status)
        .header("date", httpdate::fmt_http_date(cloud.clock.now()))
        .header("opc-request-id", id);
    for (name, value) in &reply.headers {
        response = response.header(name, value);
    }
    // What is answered to HEAD says how long the body would be.
    if call.method != "HEAD" && reply.status != 204 && reply.status != 304 && trickle.is_none() {
        response = response.header("content-length", reply.body.len());
    }
    let body = if call.method == "HEAD" { Bytes::new() } else { reply.body };
    let body = match trickle {
        None => Full::new(body).boxed(),
        Some(ms) => {
            let bytes = futures::stream::iter(0..body.len()).then(move |at| {
                let byte = body.slice(at..=at);
                async move {
                    tokio::time::sleep(Duration::from_millis(ms)).await; // moment
                    Ok(Frame::data(byte))
                }
            });
            BoxBody::new(StreamBody::new(bytes))
        }
    };
    response.body(body).expect("services write headers that can be written")
}
