//! A port of this machine that a browser brings a code to.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::error::CliError;

/// Bytes of the longest request.
const LONGEST: usize = 16 * 1024;

/// How long a request may take to come: browsers open connections that they may never use.
const SILENCE: Duration = Duration::from_secs(10);

/// Connections that are listened to at once.
const CONNECTIONS: usize = 32;

/// Waits for a browser.
pub struct Callback {
    listener: TcpListener,
    port: u16,
    server: Arc<str>,
}

/// What a browser brings.
#[derive(Debug, PartialEq, Eq)]
enum Brought {
    Code(String),
    Denied,
    /// Nothing of this login's.
    Other,
    /// Something that no browser asks for.
    Nonsense,
}

impl Callback {
    /// Listens, on this machine alone. Browsers are sent back to the server's page.
    pub async fn open(server: &str) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        Ok(Self { listener, port, server: server.trim_end_matches('/').into() })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Waits for the code of the login that has this state; whatever else comes is turned away.
    pub async fn code(&self, state: &str) -> Result<String, CliError> {
        let mut open = JoinSet::new();
        loop {
            tokio::select! {
                Some(brought) = open.join_next(), if !open.is_empty() => match brought {
                    Ok(Brought::Code(code)) => return Ok(code),
                    Ok(Brought::Denied) => return Err(CliError::failed("it was denied in the browser")),
                    Ok(_) | Err(_) => {}
                },
                accepted = self.listener.accept(), if open.len() < CONNECTIONS => {
                    if let Ok((stream, _)) = accepted {
                        let (server, state) = (Arc::clone(&self.server), state.to_owned());
                        open.spawn(async move {
                            let served = tokio::time::timeout(SILENCE, serve(stream, &server, &state)).await;
                            served.map_or(Brought::Nonsense, |brought| brought.unwrap_or(Brought::Nonsense))
                        });
                    }
                }
            }
        }
    }
}

/// Reads a request and answers it.
async fn serve(mut stream: TcpStream, server: &str, state: &str) -> io::Result<Brought> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let mut piece = [0; 2048];
        let read = stream.read(&mut piece).await?;
        if read == 0 || head.len() + read > LONGEST {
            return Ok(Brought::Nonsense);
        }
        head.extend_from_slice(&piece[..read]);
    }
    let brought = brought(&String::from_utf8_lossy(&head), state);
    let back = |told: &str| format!("303 See Other\r\nLocation: {server}/grant?told={told}");
    let status = match &brought {
        Brought::Code(_) => back("allowed"),
        Brought::Denied => back("denied"),
        Brought::Other => "400 Bad Request".to_owned(),
        Brought::Nonsense => "404 Not Found".to_owned(),
    };
    // The address that it came by holds the code.
    let fixed = "Content-Length: 0\r\nConnection: close\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer";
    stream.write_all(format!("HTTP/1.1 {status}\r\n{fixed}\r\n\r\n").as_bytes()).await?;
    stream.shutdown().await?;
    Ok(brought)
}

/// What a request brings, by its head.
fn brought(head: &str, state: &str) -> Brought {
    let target = head.lines().next().and_then(|line| line.strip_prefix("GET ")?.split(' ').next());
    let Some(query) = target.and_then(|target| target.strip_prefix("/?")) else { return Brought::Nonsense };
    let pairs: HashMap<_, _> = form_urlencoded::parse(query.as_bytes()).collect();
    let field = |name: &str| pairs.get(name).map(AsRef::as_ref);
    match (field("state"), field("code"), field("error")) {
        (Some(own), ..) if own != state => Brought::Other,
        (Some(_), Some(code), None) if !code.is_empty() => Brought::Code(code.to_owned()),
        (Some(_), None, Some(_)) => Brought::Denied,
        _ => Brought::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_taken_from_the_login_that_waits_and_from_nothing_else() {
        for (line, expected) in [
            ("GET /?code=c0de&state=s HTTP/1.1", Brought::Code("c0de".into())),
            ("GET /?state=s&error=access_denied HTTP/1.1", Brought::Denied),
            ("GET /?code=c0de&state=x HTTP/1.1", Brought::Other),
            ("GET /?code=c0de HTTP/1.1", Brought::Other),
            ("GET /?code=&state=s HTTP/1.1", Brought::Other),
            ("GET /?code=c0de&state=s&error=x HTTP/1.1", Brought::Other),
            ("POST /?code=c0de&state=s HTTP/1.1", Brought::Nonsense),
            ("GET /favicon.ico HTTP/1.1", Brought::Nonsense),
            ("GET", Brought::Nonsense),
            ("", Brought::Nonsense),
        ] {
            assert_eq!(brought(&format!("{line}\r\nHost: x\r\n\r\n"), "s"), expected, "{line}");
        }
    }

    #[tokio::test]
    async fn who_says_nothing_or_too_much_keeps_nobody_waiting() {
        let callback = Callback::open("https://ci.example.com/").await.expect("listens");
        let port = callback.port();
        let asked = async {
            let _silent = TcpStream::connect(("127.0.0.1", port)).await.expect("connects");
            let mut long = TcpStream::connect(("127.0.0.1", port)).await.expect("connects");
            // It is cut off meanwhile.
            let _cut = long.write_all(&vec![b'x'; 4 * LONGEST]).await;
            let mut answers = Vec::new();
            for path in ["/?code=stolen&state=guessed", "/?code=c0de&state=s"] {
                let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("connects");
                stream.write_all(format!("GET {path} HTTP/1.1\r\n\r\n").as_bytes()).await.expect("writes");
                let mut answer = String::new();
                stream.read_to_string(&mut answer).await.expect("reads");
                answers.push(answer);
            }
            answers
        };
        let (code, answers) = tokio::join!(callback.code("s"), asked);
        assert_eq!(code.expect("a code"), "c0de");
        assert!(answers[0].starts_with("HTTP/1.1 400 "), "{}", answers[0]);
        assert!(answers[1].contains("Location: https://ci.example.com/grant?told=allowed\r\n"), "{}", answers[1]);
    }
}
