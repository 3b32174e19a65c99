//! The socket that Terraform talks to.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::time::Duration;

use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{UnixListener, UnixStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::provider::Provider;
use crate::service::Router;

/// How long calls may take to end once the process is told to.
const DRAIN: Duration = Duration::from_secs(2);
/// How long a client may take for its handshake of TLS.
const GREETING: Duration = Duration::from_secs(10);

/// A socket in a folder of its own, which goes with it.
pub(super) struct Endpoint {
    listener: UnixListener,
    path: std::path::PathBuf,
    // Removed when it is dropped.
    _folder: TempDir,
}

impl Endpoint {
    /// Listens in a folder that only this user can enter, or also a group where one is named.
    pub(super) fn bind(parent: Option<&Path>, group: Option<&str>) -> Result<Self, String> {
        let bound = || -> io::Result<Self> {
            let parent = parent.map_or_else(std::env::temp_dir, Path::to_owned);
            let folder = tempfile::Builder::new()
                .prefix("plugin")
                .permissions(Permissions::from_mode(0o700))
                .tempdir_in(parent)?;
            let path = folder.path().join("socket");
            let listener = UnixListener::bind(&path)?;
            if let Some(group) = group {
                let id = group_id(group)?;
                for (place, mode) in [(folder.path(), 0o750), (&path, 0o660)] {
                    chown(place, None, Some(id))?;
                    std::fs::set_permissions(place, Permissions::from_mode(mode))?;
                }
            }
            Ok(Self { listener, path, _folder: folder })
        };
        bound().map_err(|error| format!("the provider cannot listen: {error}"))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Answers until told to end, and then for as long as calls run, but not for ever.
    pub(super) async fn serve<P: Provider>(
        self,
        router: Router<P>,
        tls: Option<TlsAcceptor>,
        shutdown: CancellationToken,
    ) {
        let connections = TaskTracker::new();
        loop {
            let stream = tokio::select! {
                () = shutdown.cancelled() => break,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    Err(error) => {
                        tracing::error!(%error, "no more connections");
                        break;
                    }
                },
            };
            connections.spawn(greet(stream, router.clone(), tls.clone(), shutdown.clone()));
        }
        connections.close();
        if tokio::time::timeout(DRAIN, connections.wait()).await.is_err() {
            tracing::warn!("calls were cut off");
        }
    }
}

async fn greet<P: Provider>(
    stream: UnixStream,
    router: Router<P>,
    tls: Option<TlsAcceptor>,
    shutdown: CancellationToken,
) {
    let Some(tls) = tls else { return converse(stream, router, shutdown).await };
    match tokio::time::timeout(GREETING, tls.accept(stream)).await {
        Ok(Ok(stream)) => converse(stream, router, shutdown).await,
        Ok(Err(error)) => tracing::warn!(%error, "a client was refused"),
        Err(_) => tracing::warn!("a client did not greet"),
    }
}

async fn converse<P: Provider>(
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    router: Router<P>,
    shutdown: CancellationToken,
) {
    let service = TowerToHyperService::new(router);
    let connection = http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}

/// A group by its number or its name.
fn group_id(group: &str) -> io::Result<u32> {
    if let Ok(id) = group.parse() {
        return Ok(id);
    }
    let groups = std::fs::read_to_string("/etc/group")?;
    let line = groups.lines().find(|line| line.split(':').next() == Some(group));
    let id = line.and_then(|line| line.split(':').nth(2)?.parse().ok());
    id.ok_or_else(|| {
        io::Error::new(io::ErrorKind::NotFound, format!("PLUGIN_UNIX_SOCKET_GROUP: there is no group {group:?}"))
    })
}
