//! One request, and its answer.

use std::time::Duration;

use bytes::Bytes;
use monkeyci_rest::Problem;
use monkeyci_rest::chat_identity::ACT_AS;
use reqwest::header::{
    ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH, LOCATION,
};
use reqwest::{Method, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ClientError;
use crate::patience::Waits;
use crate::place::Place;
use crate::retry;

/// What is on its way when it is given up has so long to be answered: half of what Terraform and the like wait for.
const GRACE: Duration = Duration::from_secs(2);

/// Bytes of an answer, at most: a script may have thousands of jobs.
pub(crate) const MOST: usize = 64 * 1024 * 1024;

/// Bytes of a refusal, at most.
const MOST_OF_PROBLEM: usize = 256 * 1024;

/// The key that makes a `POST` one that may be sent twice.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    place: Place,
    method: Method,
    query: Vec<(&'static str, String)>,
    headers: HeaderMap,
    body: Option<Bytes>,
    /// Whether it says how something shall be: the server takes it twice as once.
    declares: bool,
}

/// A try that failed.
pub(crate) struct Failed {
    pub(crate) error: ClientError,
    /// Whether the same request may fare better later.
    pub(crate) again: bool,
    /// How long the server asks to wait until then.
    pub(crate) asked: Option<Duration>,
}

impl Call {
    pub(crate) fn new(place: Place, method: Method) -> Self {
        let mut headers = HeaderMap::new();
        if method == Method::POST {
            let drawn = || HeaderValue::try_from(retry::key()).expect("hex digits");
            let key = place.client().key().cloned().unwrap_or_else(drawn);
            headers.insert(IDEMPOTENCY_KEY, key);
        }
        Self { place, method, query: Vec::new(), headers, body: None, declares: false }
    }

    /// Adds to the query.
    pub(crate) fn query(mut self, name: &'static str, value: impl ToString) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    /// Sets a header, in place of what it was.
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Result<Self, ClientError> {
        let value = HeaderValue::try_from(value).map_err(|_| self.protocol("it holds what no header does"))?;
        self.headers.insert(name, value);
        Ok(self)
    }

    pub(crate) fn accept(mut self, kind: &'static str) -> Self {
        self.headers.insert(ACCEPT, HeaderValue::from_static(kind));
        self
    }

    pub(crate) fn body(mut self, body: &impl Serialize) -> Result<Self, ClientError> {
        let body = serde_json::to_vec(body).map_err(|error| ClientError::Invalid(error.to_string()))?;
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.body = Some(body.into());
        Ok(self)
    }

    /// Sends these bytes.
    pub(crate) fn octets(mut self, body: Bytes) -> Self {
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        self.body = Some(body);
        self
    }

    /// Sends a file, once. It may take its time.
    pub(crate) async fn send_file(self, file: tokio::fs::File) -> Result<(), ClientError> {
        let length = file.metadata().await.map_err(|error| ClientError::Write(error.to_string()))?.len();
        let mut url = self.place.url()?;
        url.query_pairs_mut().extend_pairs(&self.query);
        let request = self.place.client().http().request(self.method.clone(), url).headers(self.headers.clone());
        let request = request.header(CONTENT_LENGTH, length).body(reqwest::Body::from(file));
        let response = request.send().await.map_err(|error| self.unreachable(chain(&error.without_url())))?;
        if response.status().is_success() { Ok(()) } else { Err(self.refusal(response).await.error) }
    }

    /// Has it done only where the object is of this revision.
    pub(crate) fn if_match(mut self, revision: Option<u64>) -> Self {
        if let Some(revision) = revision {
            let tag = HeaderValue::try_from(format!("\"{revision}\"")).expect("digits");
            self.headers.insert(IF_MATCH, tag);
        }
        self
    }

    /// Has it done only where there is no object yet.
    pub(crate) fn if_none_match(mut self) -> Self {
        self.headers.insert(IF_NONE_MATCH, HeaderValue::from_static("*"));
        self
    }

    /// It says how something shall be. What is as it says already is answered so, on whatever condition; it may be sent
    /// again when an answer was lost.
    pub(crate) fn declared(self) -> Self {
        Self { declares: true, ..self }
    }

    /// The answer, from JSON.
    pub(crate) async fn json<T: DeserializeOwned>(self) -> Result<T, ClientError> {
        let call = self.accept("application/json");
        let body = call.whole().await?;
        serde_json::from_slice(&body).map_err(|error| call.protocol(&error.to_string()))
    }

    /// The answer, as text.
    pub(crate) async fn text(self) -> Result<String, ClientError> {
        let body = self.whole().await?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    /// Nothing but that it was done.
    pub(crate) async fn nothing(self) -> Result<(), ClientError> {
        self.whole().await.map(|_| ())
    }

    /// The whole answer.
    pub(crate) async fn whole(&self) -> Result<Bytes, ClientError> {
        self.whole_with_head().await.map(|(_, body)| body)
    }

    /// The same with its headers.
    pub(crate) async fn whole_with_head(&self) -> Result<(HeaderMap, Bytes), ClientError> {
        let waits = self.waits();
        let mut failures = 0;
        // Whether a try may have been obeyed whose answer was lost.
        let mut lost = false;
        loop {
            let failed = match self.try_whole().await {
                Ok(whole) => return Ok(whole),
                Err(failed) => failed,
            };
            if lost && self.method == Method::DELETE && matches!(failed.error, ClientError::NotFound(_)) {
                return Ok((HeaderMap::new(), Bytes::new()));
            }
            lost |= matches!(failed.error, ClientError::Unreachable { .. });
            failures += 1;
            self.wait(waits, failed, failures).await?;
        }
    }

    /// One try, with the room that it takes up.
    async fn try_whole(&self) -> Result<(HeaderMap, Bytes), Failed> {
        let waits = self.waits();
        let _room = waits.room().await;
        let whole = async {
            let response = self.begin().await?;
            let headers = response.headers().clone();
            read(response, MOST).await.map(|body| (headers, body)).map_err(|why| self.broken(why))
        };
        tokio::select! {
            tried = tokio::time::timeout(waits.patience.answer, whole) => tried.unwrap_or_else(|_| Err(self.late())),
            () = waits.ended(GRACE) => Err(Failed { error: ClientError::GivenUp, again: false, asked: None }),
        }
    }

    /// The answer as it begins; the rest of it has no limit of time.
    pub(crate) async fn response(&self) -> Result<Response, ClientError> {
        let waits = self.waits();
        let mut failures = 0;
        loop {
            let failed = match self.begin().await {
                Ok(response) => return Ok(response),
                Err(failed) => failed,
            };
            failures += 1;
            self.wait(waits, failed, failures).await?;
        }
    }

    /// Waits for the next try.
    async fn wait(&self, waits: &Waits, failed: Failed, failures: u32) -> Result<(), ClientError> {
        let patience = &waits.patience;
        if !failed.again || failures > patience.retries || failed.asked.is_some_and(|asked| asked > patience.longest) {
            return Err(failed.error);
        }
        if waits.pause(patience.wait(failures, failed.asked)).await { Ok(()) } else { Err(failed.error) }
    }

    pub(crate) fn waits(&self) -> &Waits {
        self.place.client().waits()
    }

    /// Sends it once. The answer is a good one, of which nothing is read.
    pub(crate) async fn begin(&self) -> Result<Response, Failed> {
        let never = |error| Failed { error, again: false, asked: None };
        let mut url = self.place.url().map_err(never)?;
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        let client = self.place.client();
        let mut request = client.http().request(self.method.clone(), url).headers(self.headers.clone());
        if let Some(chat) = client.acts_as() {
            request = request.header(ACT_AS, chat);
        }
        if let Some(body) = &self.body {
            request = request.body(body.clone());
        }
        let response = match tokio::time::timeout(self.waits().patience.answer, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(self.unsent(&error.without_url())),
            Err(_) => return Err(self.late()),
        };
        let is_good = response.status().is_success() || response.status() == StatusCode::SWITCHING_PROTOCOLS;
        if is_good { Ok(response) } else { Err(self.refusal(response).await) }
    }

    /// Sends it once, and takes any answer that is no refusal.
    pub(crate) async fn once(&self) -> Result<Response, ClientError> {
        match self.begin().await {
            Ok(response) => Ok(response),
            Err(failed) => Err(failed.error),
        }
    }

    fn unsent(&self, error: &reqwest::Error) -> Failed {
        Failed { error: self.unreachable(chain(error)), again: error.is_connect() || self.is_repeatable(), asked: None }
    }

    /// No answer came in time.
    fn late(&self) -> Failed {
        let answer = self.waits().patience.answer;
        let error = self.unreachable(format!("no answer came within {} s", answer.as_secs_f64()));
        Failed { error, again: self.is_idempotent(), asked: None }
    }

    fn broken(&self, why: Broken) -> Failed {
        match why {
            Broken::Cut(why) => Failed { error: self.unreachable(why), again: self.is_repeatable(), asked: None },
            Broken::Long => {
                Failed { error: self.protocol("it is longer than any answer may be"), again: false, asked: None }
            }
        }
    }

    /// Whether it may be sent once more when it may have been obeyed already. What is done for one revision only would
    /// then be refused because of itself, unless it declares something.
    fn is_repeatable(&self) -> bool {
        self.declares || !self.headers.contains_key(IF_MATCH) && !self.headers.contains_key(IF_NONE_MATCH)
    }

    /// Whether doing it twice is doing it once, whatever the server remembers of it.
    fn is_idempotent(&self) -> bool {
        self.declares || self.method != Method::POST && self.is_repeatable()
    }

    /// Whether an answer of this status may be another next time. A server that broke may have done half of what it was
    /// asked, which only does no harm where it may be done twice.
    fn may_change(&self, status: StatusCode) -> bool {
        match status.as_u16() {
            429 | 502 | 503 | 504 => true,
            500 => self.is_idempotent(),
            _ => false,
        }
    }

    /// What a server says that does not do what it was asked.
    async fn refusal(&self, response: Response) -> Failed {
        let status = response.status();
        let asked = retry::retry_after(response.headers());
        let again = self.may_change(status);
        if status.is_redirection() {
            let target =
                response.headers().get(LOCATION).and_then(|target| target.to_str().ok()).unwrap_or("elsewhere");
            let target: String = target.chars().take(200).collect();
            let error = self.protocol(&format!("it leads to `{target}`; name the server by its own address"));
            return Failed { error, again: false, asked };
        }
        // It may be cut off, or be no problem at all: the status says enough then.
        let body = tokio::time::timeout(self.waits().patience.answer, read(response, MOST_OF_PROBLEM)).await;
        let body = body.ok().and_then(Result::ok).unwrap_or_default();
        let mut problem = serde_json::from_slice(&body).unwrap_or_else(|_| plain(status));
        problem.status = status.as_u16();
        Failed { error: ClientError::refused(problem), again, asked }
    }

    pub(crate) fn unreachable(&self, why: String) -> ClientError {
        ClientError::Unreachable { server: self.place.client().url().to_owned(), why }
    }

    pub(crate) fn protocol(&self, why: &str) -> ClientError {
        ClientError::Protocol { server: self.place.client().url().to_owned(), why: why.to_owned() }
    }
}

/// A header, as text.
pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// A refusal that has no words of its own.
fn plain(status: StatusCode) -> Problem {
    let title = status.canonical_reason().unwrap_or("refused").to_owned();
    let detail = format!("the server answers with {} {title}", status.as_u16());
    Problem { title, status: status.as_u16(), detail, code: None, errors: Vec::new() }
}

/// Why an answer was not read to its end.
enum Broken {
    Cut(String),
    Long,
}

async fn read(mut response: Response, most: usize) -> Result<Bytes, Broken> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|error| Broken::Cut(chain(&error.without_url())))? {
        if body.len() + piece.len() > most {
            return Err(Broken::Long);
        }
        body.extend_from_slice(&piece);
    }
    Ok(body.into())
}

/// An error and all that caused it.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(&format!(": {cause}"));
        next = cause.source();
    }
    text
}
