//! A connection to the engine that becomes the stream of a program in a container.
//!
//! The client's own reader takes a first byte of 0, 1 or 2 for the head of a frame. On a terminal there are no frames,
//! and a program may print any byte.

use std::io;

use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpStream, UnixStream};

use super::{Docker, ExecutorError};

/// Bytes of an answer's head, at most.
const HEAD: usize = 16 * 1024;

/// Both ways at once.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A stream whose first bytes may have come with the answer.
pub(super) type Stream = BufReader<Box<dyn Duplex>>;

impl Docker {
    /// Starts a program that was made with an exec, and returns its stream.
    pub(super) async fn hijack(&self, exec: &str, tty: bool) -> Result<Stream, ExecutorError> {
        let io = |source| ExecutorError::Io { what: "connecting to the shell", source };
        let socket: Box<dyn Duplex> = match self.host.split_once("://") {
            Some(("unix", path)) => Box::new(UnixStream::connect(path).await.map_err(io)?),
            Some((_, address)) => Box::new(TcpStream::connect(address.trim_end_matches('/')).await.map_err(io)?),
            None => return Err(io(io::ErrorKind::InvalidInput.into())),
        };
        let body = json!({ "Detach": false, "Tty": tty }).to_string();
        let request = format!(
            "POST /v{}/exec/{exec}/start HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: {}\r\n\r\n{body}",
            self.api.client_version(),
            body.len()
        );
        let mut stream = BufReader::new(socket);
        stream.write_all(request.as_bytes()).await.map_err(io)?;
        let mut lines = Vec::new();
        let mut size = 0;
        loop {
            let mut line = String::new();
            size += stream.read_line(&mut line).await.map_err(io)?;
            if line.trim_end().is_empty() || size > HEAD {
                break;
            }
            lines.push(line);
        }
        // `HTTP/1.1 101 UPGRADED`; engines that know no upgrade say 200.
        let first = lines.first().map_or("", |line| line.trim_end());
        if matches!(first.split(' ').nth(1), Some("101" | "200")) {
            return Ok(stream);
        }
        let mut reason = String::new();
        let _what_came = stream.read_line(&mut reason).await;
        let reason = format!("{} answered `{first}`: {}", self.host, reason.trim());
        Err(ExecutorError::Engine { what: "opening the shell", reason })
    }
}
