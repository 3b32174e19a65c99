//! HTTP requests of actions.
//!
//! They are made by the program `curl`. So a script compiles in seconds and needs no TLS of its own, and the
//! certificates and proxies of the system hold. What is secret never stands on curl's command line: it reads its settings
//! from its standard input, and bodies from files that only their owner may read.
//!
//! ```no_run
//! use monkeyci_sdk::prelude::*;
//! use monkeyci_sdk::http::{self, HttpError};
//! use serde_json::json;
//!
//! fn announce(act: &Act) -> Result<(), HttpError> {
//!     let text = format!("{} is out", act.tag().unwrap_or("it"));
//!     let token = act.get("chat-token").unwrap_or_default();
//!     let sent = http::post("https://chat.example.com/messages").bearer(token).json(&json!({ "text": text })).send()?;
//!     act.say(&format!("message {}", sent.json::<serde_json::Value>()?["id"]));
//!     Ok(())
//! }
//! ```
//!
//! A redirect is followed within one host and scheme, for `GET` and `HEAD`; any other is an error that says where it leads,
//! as tokens in headers of any name would go along. [`Fake`] is a server for tests.

mod curl;
mod error;
mod fake;
mod url;

use std::path::Path;
use std::thread;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use error::HttpError;
pub use fake::{Asked, Fake, Reply};
pub use url::encoded;

use curl::Body;
use url::Url;

/// How long one try may take, when nothing is said.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The longest wait before another try, also when the server asks for more.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Redirects that are followed.
const REDIRECTS: usize = 5;

/// A request.
#[must_use = "a request does nothing until it is sent"]
#[derive(Clone)]
pub struct Request {
    method: &'static str,
    url: String,
    headers: Vec<(String, String)>,
    user: Option<(String, String)>,
    sigv4: Option<String>,
    body: Result<Body, String>,
    timeout: Duration,
    retries: u32,
    wait: Duration,
}

/// Asks for what is at a URL, `http` or `https`.
pub fn get(url: impl Into<String>) -> Request {
    Request::new("GET", url.into())
}

/// Asks for the headers of what is at a URL.
pub fn head(url: impl Into<String>) -> Request {
    Request::new("HEAD", url.into())
}

/// Sends something to a URL.
pub fn post(url: impl Into<String>) -> Request {
    Request::new("POST", url.into())
}

/// Puts something at a URL.
pub fn put(url: impl Into<String>) -> Request {
    Request::new("PUT", url.into())
}

/// Changes what is at a URL.
pub fn patch(url: impl Into<String>) -> Request {
    Request::new("PATCH", url.into())
}

/// Deletes what is at a URL.
pub fn delete(url: impl Into<String>) -> Request {
    Request::new("DELETE", url.into())
}

/// What is asked.
impl Request {
    fn new(method: &'static str, url: String) -> Self {
        let sends = matches!(method, "POST" | "PUT" | "PATCH");
        Self {
            method,
            url,
            headers: Vec::new(),
            user: None,
            sigv4: None,
            body: Ok(if sends { Body::Bytes(Vec::new()) } else { Body::None }),
            timeout: TIMEOUT,
            retries: 0,
            wait: Duration::from_secs(1),
        }
    }

    /// Adds a parameter to the URL.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        let mark = if self.url.contains('?') { '&' } else { '?' };
        self.url.push_str(&format!("{mark}{}={}", encoded(name), encoded(value)));
        self
    }

    /// Sets a header; one with a line break is refused when the request is sent.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Shows this token.
    pub fn bearer(self, token: &str) -> Self {
        self.header("Authorization", format!("Bearer {token}"))
    }

    /// Shows a name and a password; the name holds no `:`.
    pub fn basic(mut self, user: &str, password: &str) -> Self {
        self.user = Some((user.to_owned(), password.to_owned()));
        self
    }

    /// Signs the request as Amazon's services and those like them ask for it, such as S3. Needs curl 7.75. The body is not
    /// signed, which S3 allows; TLS guards it.
    pub fn aws_sigv4(mut self, region: &str, service: &str, key: &str, secret: &str) -> Self {
        self.sigv4 = Some(format!("aws:amz:{region}:{service}"));
        self.basic(key, secret)
    }

    /// Sends these bytes.
    pub fn body(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = Ok(Body::Bytes(bytes.into()));
        self
    }

    /// Sends a value as JSON.
    pub fn json(mut self, value: &impl Serialize) -> Self {
        self.body = serde_json::to_vec(value).map(Body::Bytes).map_err(|error| format!("the body: {error}"));
        self.header("Content-Type", "application/json")
    }

    /// Sends fields as those of a form.
    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        let pairs = fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
        let text = pairs.collect::<Vec<_>>().join("&");
        self.body(text).header("Content-Type", "application/x-www-form-urlencoded")
    }

    /// Sends a file as the body, however large. An action names it by [`Act::path`](crate::action::Act::path).
    pub fn upload_file(mut self, path: impl AsRef<Path>) -> Self {
        self.body = Ok(Body::File(path.as_ref().to_owned()));
        self
    }

    /// Ends one try after so long; after a minute when that is not said.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Tries so many times more when the server cannot be reached, or answers 429 or one of 500, 502, 503 and 504. The
    /// first wait is a second and each one twice the last, or as long as the server says, a minute at most.
    ///
    /// That what is sent may arrive twice is for the caller to know.
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Waits so long before the second try.
    pub fn first_wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Sends it, and waits for the answer.
    ///
    /// # Errors
    /// When no answer came, when it is not a good one (a status that is not 2xx), and when there is no curl.
    pub fn send(&self) -> Result<Response, HttpError> {
        let mut wait = self.wait;
        for _ in 0..self.retries {
            let error = match self.follow() {
                Err(error) if error.may_pass() => error,
                answered => return answered,
            };
            thread::sleep(error.wanted_wait().unwrap_or(wait).min(LONGEST_WAIT));
            wait *= 2;
        }
        self.follow()
    }

    /// One try, through redirects.
    fn follow(&self) -> Result<Response, HttpError> {
        let mut url = Url::parse(&self.url)?;
        for _ in 0..=REDIRECTS {
            let response = self.exchange(&url)?;
            match response.status {
                200..=299 => return Ok(response),
                300..=399 => {
                    let to = response.header("location").and_then(|to| url.beside(to));
                    match to {
                        Some(to) if matches!(self.method, "GET" | "HEAD") => url = to,
                        _ => return Err(HttpError::Status { response }),
                    }
                }
                _ => return Err(HttpError::Status { response }),
            }
        }
        Err(url.refused(format!("more than {REDIRECTS} redirects")))
    }

    fn exchange(&self, url: &Url) -> Result<Response, HttpError> {
        let body = self.body.as_ref().map_err(|why| url.refused(why.clone()))?;
        curl::exchange(self, url, body)
    }
}

impl std::fmt::Debug for Request {
    /// Without what may be secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, url::shown(&self.url))
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Response {
    /// Its status, such as 200.
    pub status: u16,
    /// Its body.
    pub body: Vec<u8>,
    headers: Vec<(String, String)>,
    /// Where it came from, for people.
    url: String,
}

impl Response {
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

    /// The body, read as JSON.
    ///
    /// # Errors
    /// When it is none, or not of this form.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, HttpError> {
        serde_json::from_slice(&self.body).map_err(|source| HttpError::Json {
            url: self.url.clone(),
            beginning: error::beginning(&self.body),
            source,
        })
    }
}
