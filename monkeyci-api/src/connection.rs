//! Connections: taken in as long as there is room, cut when they say nothing, and let go at the end.
//!
//! `axum::serve` has neither a limit nor a timeout: whoever opens connections and sends half a request would have them for
//! ever.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::Router;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::address::Peer;
use crate::tls::Tls;

/// How long answers may take to end once the server was told to stop. Streams have no end of their own.
const GRACE: Duration = Duration::from_secs(2);

/// How long it is waited before connections are taken again after that could not be done, mostly for lack of files.
const AGAIN: Duration = Duration::from_millis(100);

/// What connections may take up.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many there may be; others wait in the system's queue.
    pub connections: usize,
    /// How long the head of a request may take to come, from when it is waited for.
    pub head: Duration,
}

/// A connection, with TLS or without.
trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// Serves `app` until it is told to stop, by TLS where there is a certificate.
pub async fn serve(listener: TcpListener, tls: Option<Tls>, app: Router, limits: Limits, stop: &CancellationToken) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head);
    let ending = CancellationToken::new();
    let mut open = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            Some(_ended) = open.join_next() => continue,
            accepted = listener.accept(), if open.len() < limits.connections => accepted,
        };
        let Some((stream, peer)) = taken(accepted).await else { continue };
        let (http, app, tls, ending) = (http.clone(), app.clone(), tls.clone(), ending.clone());
        open.spawn(async move {
            let service = service_fn(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(Peer(peer));
                TowerToHyperService::new(app.clone()).call(request)
            });
            let stream: Box<dyn Duplex> = match tls {
                None => Box::new(stream),
                Some(tls) => match tokio::time::timeout(limits.head, tls.acceptor().accept(stream)).await {
                    Ok(Ok(stream)) => Box::new(stream),
                    Ok(Err(error)) => return tracing::debug!(%error, "a connection does not speak TLS as we do"),
                    Err(_) => return tracing::debug!("a connection took too long to begin"),
                },
            };
            let mut served = std::pin::pin!(http.serve_connection(TokioIo::new(stream), service).with_upgrades());
            let ended = tokio::select! {
                ended = served.as_mut() => ended,
                () = ending.cancelled() => {
                    served.as_mut().graceful_shutdown();
                    served.await
                }
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection broke off");
            }
        });
    }
    drop(listener);
    ending.cancel();
    let ended = tokio::time::timeout(GRACE, async { while open.join_next().await.is_some() {} }).await;
    if ended.is_err() {
        tracing::debug!("connections are cut that did not end");
    }
    open.shutdown().await;
}

async fn taken(accepted: io::Result<(TcpStream, SocketAddr)>) -> Option<(TcpStream, IpAddr)> {
    match accepted {
        Ok((stream, peer)) => {
            // Answers and events are small and whole: none gains by waiting for more.
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "a connection is slower than it could be");
            }
            Some((stream, peer.ip().to_canonical()))
        }
        Err(error) => {
            use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
            if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
                tracing::error!(%error, "no connection can be taken in");
                tokio::time::sleep(AGAIN).await;
            }
            None
        }
    }
}
