use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

/// How long a client may be silent.
const PATIENCE: Duration = Duration::from_secs(10);

/// An HTTP server for tests, which answers as a function says. It ends with the test's process.
///
/// ```
/// use monkeyci_sdk::http::{self, Fake, Reply};
///
/// let chat = Fake::serving(|asked| match asked.header("authorization") {
///     Some("Bearer t0ken") => Reply::json(201, &asked.json()["text"]),
///     _ => Reply::status(401),
/// });
/// let post = || http::post(format!("{}/messages", chat.url())).json(&serde_json::json!({ "text": "hello" }));
/// assert_eq!(post().bearer("t0ken").send()?.text(), "\"hello\"");
/// assert_eq!(post().send().unwrap_err().status(), Some(401));
/// assert_eq!(chat.asked()[0].line(), "POST /messages");
/// # Ok::<(), http::HttpError>(())
/// ```
pub struct Fake {
    url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// A request that came.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its method, such as `GET`.
    pub method: String,
    /// Its path, and the query after a `?`.
    pub target: String,
    /// Its headers, in order.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

/// What a [`Fake`] answers.
#[derive(Debug, Clone)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Fake {
    /// A server that answers so.
    ///
    /// # Panics
    /// When this host gives it no port.
    #[must_use]
    pub fn serving(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("a port for a fake: {error}"));
        let address = listener.local_addr().unwrap_or_else(|error| panic!("the port of a fake: {error}"));
        let patient = |client: &TcpStream| client.set_read_timeout(Some(PATIENCE));
        Self::answering(format!("http://{address}"), move || Ok(listener.accept()?.0), patient, answer)
    }

    /// The same on a socket at this path, as the API of a build is.
    ///
    /// # Panics
    /// When there can be no socket at the path.
    #[must_use]
    pub fn on_socket(path: &Path, answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let shown = path.display();
        let listener = UnixListener::bind(path).unwrap_or_else(|error| panic!("a socket at `{shown}`: {error}"));
        let patient = |client: &UnixStream| client.set_read_timeout(Some(PATIENCE));
        Self::answering(format!("unix:{shown}"), move || Ok(listener.accept()?.0), patient, answer)
    }

    fn answering<S: Read + Write + Send + 'static>(
        url: String,
        accept: impl Fn() -> io::Result<S> + Send + 'static,
        patient: impl Fn(&S) -> io::Result<()> + Send + 'static,
        answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let (asked, answer) = (Arc::<Mutex<Vec<Asked>>>::default(), Arc::new(answer));
        let noted = Arc::clone(&asked);
        thread::spawn(move || {
            while let Ok(client) = accept() {
                if patient(&client).is_err() {
                    continue;
                }
                let (noted, answer) = (Arc::clone(&noted), Arc::clone(&answer));
                thread::spawn(move || {
                    let answer = |request: Asked| {
                        let reply = answer(&request);
                        noted.lock().unwrap_or_else(PoisonError::into_inner).push(request);
                        reply
                    };
                    // A client that goes away is its own affair.
                    drop(serve(client, answer));
                });
            }
        });
        Self { url, asked }
    }

    /// Where it is: `http://127.0.0.1:` and a port, or `unix:` and a path.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The requests that it has answered so far.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Asked {
    /// Method and target, as in `GET /users?page=2`.
    #[must_use]
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }

    /// A header, by its name in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as text; what is no UTF-8 in it is replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl Reply {
    /// An answer with nothing in it.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// An answer in JSON.
    ///
    /// # Panics
    /// When the value cannot be JSON.
    #[must_use]
    #[track_caller]
    pub fn json(status: u16, value: &impl Serialize) -> Self {
        let body = serde_json::to_vec(value).unwrap_or_else(|error| panic!("the answer: {error}"));
        Self::status(status).header("Content-Type", "application/json").body(body)
    }

    /// With this body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// With this header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// Answers one request; the client comes again for the next.
fn serve(client: impl Read + Write, answer: impl FnOnce(Asked) -> Reply) -> io::Result<()> {
    let mut client = BufReader::new(client);
    let mut request = String::new();
    client.read_line(&mut request)?;
    let mut words = request.split_whitespace().map(str::to_owned);
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(()) };
    let mut asked = Asked { method, target, headers: Vec::new(), body: Vec::new() };
    loop {
        let mut line = String::new();
        client.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else { break };
        asked.headers.push((name.to_owned(), value.trim().to_owned()));
    }
    if asked.header("expect").is_some_and(|expect| expect.eq_ignore_ascii_case("100-continue")) {
        client.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let length = asked.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    (&mut client).take(length).read_to_end(&mut asked.body)?;
    let is_head = asked.method == "HEAD";
    let reply = answer(asked);
    let mut text = format!("HTTP/1.1 {} Fake\r\nConnection: close\r\n", reply.status);
    for (name, value) in &reply.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("Content-Length: {}\r\n\r\n", reply.body.len()));
    let client = client.get_mut();
    client.write_all(text.as_bytes())?;
    if !is_head {
        client.write_all(&reply.body)?;
    }
    client.flush()
}
