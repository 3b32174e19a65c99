//! One call of a service: what is sent, what is answered, and when it is sent again.

use std::fmt::Display;
use std::time::{Duration, Instant};

use bytes::Bytes;
use oci_signer::Covers;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Body, Method, Request, Response, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{Error, Refusal};
use crate::service::Service;

/// Bytes that an answer may have which is read as a whole.
const MOST: usize = 64 * 1024 * 1024;

/// Characters of a message that are shown.
const SHOWN: usize = 1000;

/// One call of a service.
#[must_use = "it is not sent before it is told to"]
pub struct Call<'a> {
    service: &'a Service,
    name: &'static str,
    request: Request,
    covers: Covers,
    /// Whether it does no harm when it is done twice.
    twice: bool,
    wrong: Option<String>,
}

/// What a service answered.
#[derive(Debug)]
pub struct Answer {
    call: &'static str,
    response: Response,
}

impl<'a> Call<'a> {
    pub(crate) fn new(service: &'a Service, name: &'static str, method: Method, url: Url) -> Self {
        let twice = method != Method::POST;
        let mut request = Request::new(method, url);
        *request.timeout_mut() = Some(service.patience());
        Self { service, name, request, covers: Covers::Everything, twice, wrong: None }
    }

    /// Adds to its query, where there is something to add.
    pub fn query(mut self, name: &str, value: Option<impl Display>) -> Self {
        if let Some(value) = value {
            self.request.url_mut().query_pairs_mut().append_pair(name, &value.to_string());
        }
        self
    }

    /// Sets a header, where there is a value for it.
    pub fn header(mut self, name: &'static str, value: Option<impl AsRef<str>>) -> Self {
        let Some(value) = value else { return self };
        match HeaderValue::from_str(value.as_ref()) {
            Ok(value) => {
                let _before = self.request.headers_mut().insert(HeaderName::from_static(name), value);
            }
            Err(_) => self.wrong = Some(format!("`{name}` has signs that no header can have")),
        }
        self
    }

    /// Says by what the service knows that it was asked for this before, for a day: of many calls with one token, one is
    /// done. It has at most 64 characters.
    pub fn retry_token(mut self, token: &str) -> Self {
        if token.is_empty() || token.len() > 64 {
            self.wrong = Some("a retry token has 1 to 64 characters".into());
        }
        self.twice = true;
        self.header("opc-retry-token", Some(token))
    }

    /// Sends this as JSON.
    pub fn json(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => self.bytes(bytes, "application/json"),
            Err(error) => {
                self.wrong = Some(error.to_string());
                self
            }
        }
    }

    /// Sends these bytes, of this media type.
    pub fn bytes(mut self, body: impl Into<Body>, kind: &'static str) -> Self {
        *self.request.body_mut() = Some(body.into());
        self.header(CONTENT_TYPE_NAME, Some(kind))
    }

    /// Has its signature cover less: `PutObject`, `UploadPart` and `PutMessages` of Streaming want that.
    pub fn covering(mut self, covers: Covers) -> Self {
        self.covers = covers;
        self
    }

    /// Says that it does no harm when it is done twice, or does: what is no `POST`, or has a retry token, does none
    /// unless this says so.
    pub fn harmless_twice(mut self, twice: bool) -> Self {
        self.twice = twice;
        self
    }

    /// Says how long one request may take, its answer included: what waits for messages takes as long as it waits.
    pub fn within(mut self, patience: Duration) -> Self {
        *self.request.timeout_mut() = Some(patience);
        self
    }

    /// Sends it, and again where that may help and does no harm. The body of the answer is the caller's to read.
    ///
    /// # Errors
    /// When the service refuses, or no answer comes.
    pub async fn send(self) -> Result<Answer, Error> {
        self.answered(async |answer| Ok(answer)).await
    }

    /// Sends it, and reads the answer's JSON.
    ///
    /// # Errors
    /// As for [`Call::answered`]; and when the answer is something else.
    pub async fn value<T: DeserializeOwned>(self) -> Result<T, Error> {
        self.answered(Answer::value).await
    }

    /// Sends it, and has `read` read the answer. Both happen again where that may help and does no harm, as after an answer
    /// that broke off.
    ///
    /// # Errors
    /// When the service refuses, or no answer comes; and what `read` returns.
    pub async fn answered<T>(self, read: impl AsyncFn(Answer) -> Result<T, Error>) -> Result<T, Error> {
        let (begun, mut attempt) = (Instant::now(), 1);
        if let Some(why) = self.wrong {
            return Err(Error::Asked { call: self.name, why });
        }
        let mut next = Some(self.request);
        loop {
            let Some(mut request) = next.take() else {
                return Err(Error::Asked { call: self.name, why: "its body is a stream, which is sent once".into() });
            };
            next = request.try_clone();
            if let Ok(id) = HeaderValue::from_str(&request_id()) {
                let _before = request.headers_mut().insert("opc-request-id", id);
            }
            let read = match send(self.service, self.name, request, self.covers).await {
                Ok(answer) => read(answer).await,
                Err(error) => Err(error),
            };
            let Err(error) = read else { return read };
            let asked = error.refusal().and_then(|refusal| refusal.retry_after);
            let pause = self.service.retry().pause(attempt, begun.elapsed(), asked);
            let Some(pause) = pause.filter(|_| next.is_some() && error.may_pass(self.twice)) else {
                return Err(error);
            };
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }
}

/// The name of the header of media types.
const CONTENT_TYPE_NAME: &str = "content-type";

async fn send(service: &Service, call: &'static str, mut request: Request, covers: Covers) -> Result<Answer, Error> {
    let headers = request.headers_mut();
    if !headers.contains_key("accept") {
        let _before = headers.insert("accept", HeaderValue::from_static("application/json"));
    }
    if !headers.contains_key(CONTENT_TYPE) && matches!(request.method().as_str(), "POST" | "PUT" | "PATCH") {
        let kind = HeaderValue::from_static("application/json");
        let _before = request.headers_mut().insert(CONTENT_TYPE, kind);
    }
    let sent = service.client().send_covering(request, covers).await;
    let response = sent.map_err(|source| Error::Unsent { call, source })?;
    let answer = Answer { call, response };
    if answer.response.status().is_success() { Ok(answer) } else { Err(answer.refusal().await.into()) }
}

impl Answer {
    /// A header of it.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok().filter(|value| !value.is_empty())
    }

    /// The status of HTTP: one of success.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// What the service does because of it, where it takes longer than the answer.
    #[must_use]
    pub fn work_request(&self) -> Option<String> {
        self.header("opc-work-request-id").map(str::to_owned)
    }

    /// The page that follows on this one.
    #[must_use]
    pub fn next_page(&self) -> Option<String> {
        self.header("opc-next-page").map(str::to_owned)
    }

    /// The version of what it shows.
    #[must_use]
    pub fn etag(&self) -> Option<String> {
        self.header("etag").map(str::to_owned)
    }

    /// Reads its JSON.
    ///
    /// # Errors
    /// When it is something else.
    pub async fn value<T: DeserializeOwned>(self) -> Result<T, Error> {
        let call = self.call;
        let bytes = self.bytes(MOST).await?;
        // What stands there is not shown: it may be a secret.
        serde_json::from_slice(&bytes).map_err(|error| Error::Answer { call, why: error.to_string() })
    }

    /// Reads it as a whole, and no more than `most` bytes.
    ///
    /// # Errors
    /// When it is longer, or breaks off.
    pub async fn bytes(mut self, most: usize) -> Result<Vec<u8>, Error> {
        let call = self.call;
        let said = self.response.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let mut bytes = Vec::with_capacity(said.unwrap_or(0).min(most));
        while let Some(chunk) = self.chunk().await? {
            if bytes.len() + chunk.len() > most {
                return Err(Error::Answer { call, why: format!("it is longer than {most} bytes") });
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    /// The next bytes of it, as they come; none at its end.
    ///
    /// # Errors
    /// When it breaks off.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let call = self.call;
        // As what was not answered: it may be asked again.
        let broken = |error: reqwest::Error| Error::Unsent { call, source: error.into() };
        self.response.chunk().await.map_err(broken)
    }

    /// The answer as it came.
    #[must_use]
    pub fn into_response(self) -> Response {
        self.response
    }

    async fn refusal(self) -> Refusal {
        let (call, status) = (self.call, self.response.status().as_u16());
        let request_id = self.header("opc-request-id").map(str::to_owned);
        let seconds = self.header("retry-after").and_then(|seconds| seconds.parse().ok());
        let retry_after = seconds.map(Duration::from_secs);
        let text = match self.bytes(256 * 1024).await {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => error.to_string(),
        };
        let (code, message) = match serde_json::from_str::<Value>(&text) {
            Ok(value) if value["code"].is_string() => {
                let part = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
                (part("code"), part("message"))
            }
            // A proxy on the way, whose words are all there is.
            _ => (String::new(), text.trim().to_owned()),
        };
        let message = message.chars().take(SHOWN).collect();
        Refusal { call, status, code, message, request_id, retry_after }
    }
}

/// By this, Oracle's support finds a request.
fn request_id() -> String {
    let drawn = |_| getrandom::u64().map_or_else(|_| "0".repeat(16), |number| format!("{number:016X}"));
    (0..2).map(drawn).collect()
}
