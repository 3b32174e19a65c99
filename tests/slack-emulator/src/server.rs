//! The emulator, served.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{any, get, post};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::slack::Slack;
use crate::wire::{Cord, Wires};
use crate::{control, page, respond, socket, web};

/// Bytes of the longest body, which is a file.
const BODY: usize = 64 * 1024 * 1024;

/// An emulator that is served. It ends when this is dropped.
pub struct Server {
    slack: Slack,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves an emulator at a free port of this machine.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub async fn start() -> std::io::Result<Self> {
        Self::listen(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Serves an emulator at an address.
    ///
    /// # Errors
    ///
    /// When the address is taken, or is not one of this machine.
    pub async fn listen(address: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let slack = Slack::new(&format!("http://{}", listener.local_addr()?));
        let (stop, stopped) = oneshot::channel();
        let app = router(slack.clone()).into_make_service_with_connect_info::<Cord>();
        let task = tokio::spawn(async move {
            let served = axum::serve(Wires(listener), app).with_graceful_shutdown(async {
                let _dropped = stopped.await;
            });
            // Serving ends with the listener, and nobody is left to be told.
            drop(served.await);
        });
        Ok(Self { slack, stop: Some(stop), task })
    }

    /// The emulator.
    #[must_use]
    pub fn slack(&self) -> &Slack {
        &self.slack
    }

    /// Where it is served: `http://127.0.0.1:8065`. Clients take `URL/api/` for Slack's.
    #[must_use]
    pub fn url(&self) -> String {
        self.slack.url()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.task.abort();
    }
}

fn router(slack: Slack) -> Router {
    Router::new()
        .route("/api/{method}", any(web::call))
        .route("/upload/v1/{secret}", post(web::upload).put(web::upload))
        .route("/commands/{team}/{secret}", post(respond::respond))
        .route("/actions/{team}/{secret}", post(respond::respond))
        .route("/link/", get(socket::connect))
        .nest("/_emulator", control::routes())
        .merge(page::routes())
        .layer(DefaultBodyLimit::max(BODY))
        .with_state(slack)
}
