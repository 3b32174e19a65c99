//! One request, one connection: as much of HTTP as that takes, so that no script compiles more of it.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long a worker that is not there is waited for: it may be starting again, and take up its jobs.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long to wait before it is looked for again.
const AGAIN: Duration = Duration::from_millis(50);

/// Where the API is.
pub(super) enum Socket {
    Unix(PathBuf),
    Tcp(String),
}

/// An answer.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl Socket {
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        if let Some(path) = url.strip_prefix("unix:") {
            return Ok(Self::Unix(path.into()));
        }
        let host = url.strip_prefix("http://").map(|host| host.trim_end_matches('/'));
        host.map(|host| Self::Tcp(host.to_owned())).ok_or_else(|| format!("`{url}` is neither `unix:` nor `http://`"))
    }

    pub(super) fn ask(&self, method: &str, path: &str, token: &str, body: &[u8]) -> io::Result<Reply> {
        // By version 1.0 an answer is not cut into chunks, and ends with its connection.
        let head = format!(
            "{method} {path} HTTP/1.0\r\nHost: build\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let request = [head.as_bytes(), body].concat();
        let mut reply = Vec::new();
        match self {
            Self::Unix(path) => {
                exchange(patiently(PATIENCE, || UnixStream::connect(path))?, &request, &mut reply)?;
            }
            Self::Tcp(host) => exchange(patiently(PATIENCE, || TcpStream::connect(host))?, &request, &mut reply)?,
        }
        Reply::parse(reply)
    }
}

/// Connects, for so long as nobody listens. What was sent is never sent again: it may have been done.
fn patiently<T>(patience: Duration, connect: impl Fn() -> io::Result<T>) -> io::Result<T> {
    let begin = Instant::now();
    loop {
        match connect() {
            Err(error)
                if matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound)
                    && begin.elapsed() < patience =>
            {
                std::thread::sleep(AGAIN);
            }
            connected => return connected,
        }
    }
}

fn exchange(mut stream: impl Read + Write, request: &[u8], reply: &mut Vec<u8>) -> io::Result<()> {
    stream.write_all(request)?;
    stream.read_to_end(reply).map(drop)
}

impl Reply {
    fn parse(mut bytes: Vec<u8>) -> io::Result<Self> {
        let broken = || io::Error::new(io::ErrorKind::InvalidData, "the answer is no HTTP");
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").ok_or_else(broken)?;
        let head = std::str::from_utf8(&bytes[..end]).map_err(|_| broken())?;
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).ok_or_else(broken)?;
        let length = lines.find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
        });
        bytes.drain(..end + 4);
        match length {
            Some(length) if bytes.len() < length => {
                Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the answer ends in its middle"))
            }
            _ => Ok(Self { status, body: bytes }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn a_worker_that_is_starting_again_is_waited_for_and_no_other_error_is() {
        use io::ErrorKind::{ConnectionRefused, NotFound, PermissionDenied};
        let connecting = |answers: &[Option<io::ErrorKind>], patience| {
            let answers = RefCell::new(answers.iter());
            let next = || answers.borrow_mut().next().expect("it is not asked again");
            patiently(patience, || next().map_or(Ok(()), |kind| Err(kind.into())))
        };
        connecting(&[Some(ConnectionRefused), Some(NotFound), None], PATIENCE).expect("it came");
        let error = connecting(&[Some(ConnectionRefused)], Duration::ZERO).expect_err("it never came");
        assert_eq!(error.kind(), ConnectionRefused);
        assert_eq!(connecting(&[Some(PermissionDenied)], PATIENCE).expect_err("refused").kind(), PermissionDenied);
    }

    #[test]
    fn an_answer_is_read_whole_or_not_at_all() {
        let of = |text: &str| Reply::parse(text.as_bytes().to_vec()).map(|reply| (reply.status, reply.body));
        assert_eq!(of("HTTP/1.0 204 No Content\r\n\r\n").expect("read"), (204, vec![]));
        let whole = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]";
        assert_eq!(of(whole).expect("read"), (200, b"[]".to_vec()));
        for broken in [&whole[..whole.len() - 1], "", "SSH-2.0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent"] {
            of(broken).expect_err(broken);
        }
    }

    #[test]
    fn a_place_is_a_path_or_a_host() {
        assert!(matches!(Socket::parse("unix:/run/a"), Ok(Socket::Unix(path)) if path.ends_with("a")));
        assert!(matches!(Socket::parse("http://127.0.0.1:80/"), Ok(Socket::Tcp(host)) if host == "127.0.0.1:80"));
        assert!(Socket::parse("https://example.com").is_err());
    }
}
