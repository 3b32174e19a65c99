//! Slack's Web API: calls, and what it answers.

mod error;
mod secret;
mod upload;

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use serde_json::Value;

pub use error::SlackError;
pub use secret::Secret;
pub use upload::Upload;

/// Where Slack is, unless another address is said.
pub const SLACK: &str = "https://slack.com/api";

/// So long an answer has to come.
pub const ANSWER: Duration = Duration::from_secs(10);

/// Bytes of an answer, at most.
const MOST: usize = 4 * 1024 * 1024;

/// A client of Slack.
#[derive(Debug, Clone)]
pub struct Slack {
    http: reqwest::Client,
    base: String,
}

/// Whose a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tested {
    /// The workspace.
    pub team: String,
    /// What that is called.
    pub name: String,
    /// Who the app is there.
    pub bot: String,
    /// What the token may, where Slack says so.
    pub scopes: Option<Vec<String>>,
    /// What Slack's clock says, in seconds.
    pub time: Option<i64>,
}

impl Slack {
    /// A client of the Slack at that address.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(base: &str) -> Result<Self, SlackError> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("monkeyci-slack/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(5))
            .timeout(ANSWER)
            // A token goes to Slack, and nowhere else.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| SlackError::unreachable("", &error))?;
        Ok(Self { http, base: base.trim_end_matches('/').to_owned() })
    }

    /// Calls a method with JSON.
    ///
    /// # Errors
    /// When Slack refuses, wants to be asked later, or its answer does not come.
    pub async fn call(&self, token: &Secret, method: &str, body: &Value) -> Result<Value, SlackError> {
        let body = serde_json::to_vec(body).expect("JSON");
        self.send(Some(token), method, "application/json; charset=utf-8", body).await.map(|(_, answer)| answer)
    }

    /// Calls a method that takes a form, as those do that only read.
    ///
    /// # Errors
    /// The same.
    pub async fn ask(&self, token: &Secret, method: &str, fields: &[(&str, &str)]) -> Result<Value, SlackError> {
        self.send(Some(token), method, FORM, form(fields)).await.map(|(_, answer)| answer)
    }

    /// Whose a token is, and what it may.
    ///
    /// # Errors
    /// When Slack does not take it.
    pub async fn test(&self, token: &Secret) -> Result<Tested, SlackError> {
        let (headers, answer) = self.send(Some(token), "auth.test", FORM, Vec::new()).await?;
        let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let scopes = header("x-oauth-scopes").map(|all| all.split(',').map(|one| one.trim().to_owned()).collect());
        let time = header("date").and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
        let time = time.map(|time| time.timestamp().as_second());
        Ok(Tested { team: text("team_id"), name: text("team"), bot: text("user_id"), scopes, time })
    }

    /// Calls a method as nobody: by what the form says.
    ///
    /// # Errors
    /// The same.
    pub async fn ask_unsigned(&self, method: &str, fields: &[(&str, &str)]) -> Result<Value, SlackError> {
        self.send(None, method, FORM, form(fields)).await.map(|(_, answer)| answer)
    }

    /// Answers to an address that Slack gave with a request.
    ///
    /// # Errors
    /// The same.
    pub async fn respond(&self, url: &str, body: &Value) -> Result<(), SlackError> {
        let body = serde_json::to_vec(body).expect("JSON");
        let request = self.http.post(url).header(CONTENT_TYPE, "application/json").body(body);
        let response = request.send().await.map_err(|error| SlackError::unreachable("response_url", &error))?;
        match response.status().as_u16() {
            200..=299 => Ok(()),
            429 => Err(SlackError::Later { method: "response_url".into(), seconds: seconds(response.headers()) }),
            status => Err(SlackError::refused("response_url", &format!("status_{status}"))),
        }
    }

    async fn send(
        &self,
        token: Option<&Secret>,
        method: &str,
        kind: &str,
        body: Vec<u8>,
    ) -> Result<(HeaderMap, Value), SlackError> {
        let mut request = self.http.post(format!("{}/{method}", self.base)).header(CONTENT_TYPE, kind).body(body);
        if let Some(token) = token {
            let mut value = HeaderValue::try_from(format!("Bearer {}", token.reveal()))
                .map_err(|_| SlackError::refused(method, "invalid_auth"))?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        let mut response = request.send().await.map_err(|error| SlackError::unreachable(method, &error))?;
        let status = response.status().as_u16();
        if status == 429 {
            return Err(SlackError::Later { method: method.into(), seconds: seconds(response.headers()) });
        }
        let headers = response.headers().clone();
        let mut bytes = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| SlackError::unreachable(method, &error))? {
            if bytes.len() + piece.len() > MOST {
                return Err(SlackError::Lost { method: method.into(), why: "the answer does not end".into() });
            }
            bytes.extend_from_slice(&piece);
        }
        let lost = |why: String| SlackError::Lost { method: method.into(), why };
        if status >= 500 {
            return Err(lost(format!("it answered {status}")));
        }
        let answer: Value =
            serde_json::from_slice(&bytes).map_err(|_| lost(format!("it answered {status}, and no JSON")))?;
        match (answer["ok"].as_bool(), answer["error"].as_str()) {
            (Some(true), _) => Ok((headers, answer)),
            (_, Some("ratelimited" | "rate_limited")) => Err(SlackError::Later { method: method.into(), seconds: 1 }),
            (_, Some(code @ ("internal_error" | "fatal_error" | "service_unavailable" | "request_timeout"))) => {
                Err(lost(code.to_owned()))
            }
            (_, code) => {
                let needed = answer["needed"].as_str().map(str::to_owned);
                Err(SlackError::Refused { method: method.into(), code: code.unwrap_or("no_reason").into(), needed })
            }
        }
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

fn form(fields: &[(&str, &str)]) -> Vec<u8> {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish().into_bytes()
}

/// For how long Slack wants not to be asked.
fn seconds(headers: &HeaderMap) -> u64 {
    headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(1)
}
