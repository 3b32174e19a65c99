//! The front door as a plain service of HTTP, as Cloud Run and others run it, or a machine of one's own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response, header};
use http_body_util::Full;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::door::{ANSWER, Asked, Door, Reply};
use super::serve::{Answers, Whole, connection};

/// Connections that are served at once; others wait.
const CONNECTIONS: usize = 512;

/// How often it is looked whether something waits that nobody was started for.
const LOOK: Duration = Duration::from_secs(60);

/// How long answers that are under way may take once it is to stop.
const LAST: Duration = Duration::from_secs(9);

/// Serves until it is stopped, and then answers what it has begun with.
pub async fn run(door: Arc<Door>, listener: TcpListener, stop: CancellationToken) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut served = JoinSet::new();
    let looking = tokio::spawn(look(Arc::clone(&door), stop.clone()));
    loop {
        let next = async {
            let room = Arc::clone(&room).acquire_owned().await;
            (room, listener.accept().await)
        };
        let Some((Ok(room), accepted)) = stop.run_until_cancelled(next).await else { break };
        let Ok((stream, _)) = accepted else {
            // Mostly no file is left for it: others end meanwhile.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let (door, stop) = (Arc::clone(&door), stop.clone());
        served.spawn(async move {
            let _room = room;
            let service = Service { door, stop: stop.clone() };
            tokio::select! {
                () = connection(stream, &service) => {}
                () = async { stop.cancelled().await; tokio::time::sleep(LAST).await } => {}
            }
        });
        while served.try_join_next().is_some() {}
    }
    drop(listener);
    let _in_time = tokio::time::timeout(LAST, async { while served.join_next().await.is_some() {} }).await;
    looking.abort();
}

/// Where this listens.
///
/// # Errors
/// When nothing can listen there.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address).await.map_err(|error| format!("cannot listen on `{address}`: {error}"))
}

/// A door that is served plainly.
struct Service {
    door: Arc<Door>,
    stop: CancellationToken,
}

impl Answers for Service {
    async fn answer(&self, whole: Whole) -> Response<Full<Bytes>> {
        let Whole { method, uri, headers, body, came } = whole;
        let asked = Asked { method, path: uri.path().to_owned(), headers, body, deadline: came + ANSWER };
        // What comes after this one finds the connection closed, where it is to stop.
        plain(self.door.answer(asked).await, self.stop.is_cancelled())
    }
}

/// An answer as it is sent.
fn plain(reply: Reply, is_last: bool) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(reply.body.to_string())));
    *response.status_mut() = reply.status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(seconds) = reply.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if is_last {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Looks again and again whether something waits.
async fn look(door: Arc<Door>, stop: CancellationToken) {
    let mut again = interval(LOOK);
    again.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(again.tick()).await.is_some() {
        match door.look().await {
            Ok(true) => tracing::info!("something waited: a controller is started"),
            Ok(false) => {}
            Err(why) => tracing::warn!(why, "it cannot be looked whether something waits"),
        }
    }
}
