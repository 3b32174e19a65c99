//! The API that an action or a hook has of its own build, while it runs.
//!
//! What is asked and answered is written down in [`monkeyci_model::script::api`]. It is served on a socket in the job
//! directory, which a container finds there as well. Where a process would have to name it by a path that is longer than a
//! socket's may be, it is a port of the loopback interface instead. Whoever connects needs the token of the attempt.
//!
//! An engine that does not see our files gives no container a socket: there, nothing answers.

mod refusal;
mod route;
mod session;

use std::fs::{self, File, Permissions};
use std::io::{self, Read};
use std::net::Ipv4Addr;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use monkeyci_model::script::api::{TOKEN, URL};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::either::Either;

use crate::executor::Inner;
use crate::job_dir::JobDir;
use crate::program::SOCKET;
pub(super) use session::{Session, Told};

/// Bytes of the longest path of a socket: on macOS a few less than on Linux, where it is 107.
const PATH_BYTES: usize = 103;

/// Connections that are served at the same time. A job that wants more waits for its own.
const CONNECTIONS: usize = 32;

/// How long it waits when no connection can be taken.
const AGAIN: Duration = Duration::from_millis(50);

/// The API of one attempt, for as long as this is kept.
pub(super) struct Api {
    url: String,
    token: String,
    session: Arc<Session>,
    /// Its socket on this host, where it is found in a container.
    socket: Option<PathBuf>,
    server: JoinHandle<()>,
}

impl Api {
    /// Serves an attempt. One that is taken up again has the same token as before, and the same place unless
    /// another program has its port now.
    pub(super) async fn open(dir: &JobDir, session: Session, in_container: bool) -> io::Result<Self> {
        let token = token(dir)?;
        let session = Arc::new(session);
        let server = Server { token: token.clone(), session: Arc::clone(&session) };
        let socket = dir.control().join(SOCKET);
        let (url, listener) = if in_container || socket.as_os_str().len() <= PATH_BYTES {
            let called = Inner::of(dir, in_container).control.join(SOCKET);
            (format!("unix:{}", called.display()), Listener::Unix(bind(&socket)?))
        } else {
            let listener = bind_port(dir)?;
            (format!("http://{}", listener.local_addr()?), Listener::Tcp(listener))
        };
        let socket = in_container.then_some(socket);
        Ok(Self { url, token, session, socket, server: tokio::spawn(server.serve(listener)) })
    }

    /// The variables by which a program finds it.
    pub(super) fn variables(&self) -> [(&'static str, String); 2] {
        [(URL, self.url.clone()), (TOKEN, self.token.clone())]
    }

    /// Its socket on this host, where it is found in a container.
    pub(super) fn socket(&self) -> Option<PathBuf> {
        self.socket.clone()
    }

    /// The token.
    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// What it was told so far.
    pub(super) fn told(&self) -> Told {
        self.session.told()
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// The token of an attempt: made once, and kept.
fn token(dir: &JobDir) -> io::Result<String> {
    if let Some(token) = kept(dir, "token")? {
        return Ok(token);
    }
    let mut random = [0; 32];
    File::open("/dev/urandom")?.read_exact(&mut random)?;
    let token: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    dir.keep("token", token.as_bytes())?;
    Ok(token)
}

/// A port of the loopback interface: that of the worker before us, if it is free.
fn bind_port(dir: &JobDir) -> io::Result<TcpListener> {
    let before = kept(dir, "port")?.and_then(|port| port.parse().ok()).unwrap_or(0);
    let bind = |port: u16| std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let listener = bind(before).or_else(|_| bind(0))?;
    dir.keep("port", listener.local_addr()?.port().to_string().as_bytes())?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

/// A word that was kept; nothing when there is none.
fn kept(dir: &JobDir, name: &str) -> io::Result<Option<String>> {
    let word = dir.kept(name)?.and_then(|bytes| String::from_utf8(bytes).ok());
    Ok(word.filter(|word| !word.is_empty()))
}

/// A socket that whoever the job runs as may connect to; nobody else on this host can reach its folder.
fn bind(path: &Path) -> io::Result<UnixListener> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // Bound by its folder's open file, whose name is short however long its path is.
    let folder = File::open(path.parent().unwrap_or(path))?;
    let short = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd())).join(SOCKET);
    let listener = UnixListener::bind(if path.as_os_str().len() > PATH_BYTES { &short } else { path })?;
    fs::set_permissions(path, Permissions::from_mode(0o666))?;
    Ok(listener)
}

enum Listener {
    Unix(UnixListener),
    Tcp(TcpListener),
}

impl Listener {
    async fn accept(&self) -> io::Result<Either<UnixStream, TcpStream>> {
        Ok(match self {
            Self::Unix(listener) => Either::Left(listener.accept().await?.0),
            Self::Tcp(listener) => Either::Right(listener.accept().await?.0),
        })
    }
}

struct Server {
    token: String,
    session: Arc<Session>,
}

impl Server {
    /// Serves for ever. All its connections end with it.
    async fn serve(self, listener: Listener) {
        let (server, room) = (Arc::new(self), Arc::new(Semaphore::new(CONNECTIONS)));
        let mut open = JoinSet::new();
        loop {
            let place = Arc::clone(&room).acquire_owned().await;
            let Ok(stream) = listener.accept().await else {
                // Out of files, for example: others may end soon.
                tokio::time::sleep(AGAIN).await;
                continue;
            };
            while open.try_join_next().is_some() {}
            let server = Arc::clone(&server);
            open.spawn(async move {
                let _place = place;
                let answer = service_fn(|request| route::answer(&server.session, &server.token, request));
                if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await {
                    tracing::debug!(%error, "a connection of a job");
                }
            });
        }
    }
}
