//! Sends requests to forges, and tells what became of them.
//!
//! A forge's token goes to the host that it is for, and nowhere else: redirects are not followed, and names that lead
//! into private networks are not reached unless the server may.

use std::time::Duration;

use monkeyci_core::trigger::Forge;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use zeroize::Zeroizing;

use super::gitlab;
use super::request::{Request, credentials};
use crate::outward::{self, Public};
use crate::state::now;

/// A forge has so long for all of it.
const WHOLE: Duration = Duration::from_secs(20);

/// Bytes of an answer that are read.
const ANSWER: usize = 16 * 1024;

/// Characters of what a forge answered that are told to people.
const SAID: usize = 200;

/// Seconds that a forge may ask to be left alone.
const PATIENCE: u64 = 60 * 60;

/// Sends requests to forges.
pub struct Sender {
    http: reqwest::Client,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The forge knows it now.
    Told,
    /// It may be told later.
    Later {
        /// Why not now, for people.
        why: String,
        /// The wait that the forge asks for.
        after: Option<Duration>,
    },
    /// It will not be told, for this reason.
    Refused(String),
}

impl Sender {
    /// One that reaches hosts in private networks only where it may.
    ///
    /// # Errors
    /// When the machine has nothing to trust TLS by.
    pub fn new(private: bool) -> Result<Self, reqwest::Error> {
        let mut http = outward::client(WHOLE);
        if !private {
            http = http.dns_resolver(Public);
        }
        Ok(Self { http: http.build()? })
    }

    /// Sends a request with the forge's token.
    pub async fn send(&self, forge: Forge, request: &Request, token: &Zeroizing<String>) -> Outcome {
        let (name, value) = credentials(forge, token.trim());
        let Ok(mut value) = HeaderValue::try_from(value) else {
            return Outcome::Refused("the token holds what no token does".into());
        };
        value.set_sensitive(true);
        let mut headers: HeaderMap = request
            .headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        headers.insert(HeaderName::from_static(name), value);
        headers.insert(reqwest::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let sent = self.http.post(&request.url).headers(headers).body(request.body.to_string()).send().await;
        match sent {
            Ok(response) => judge(forge, response, token.trim()).await,
            Err(error) => {
                Outcome::Later { why: format!("the forge cannot be reached: {}", outward::reason(&error)), after: None }
            }
        }
    }
}

async fn judge(forge: Forge, mut response: Response, token: &str) -> Outcome {
    let status = response.status();
    if status.is_success() {
        return Outcome::Told;
    }
    let mut body = Vec::new();
    while body.len() < ANSWER
        && let Ok(Some(piece)) = response.chunk().await
    {
        body.extend_from_slice(&piece[..piece.len().min(ANSWER - body.len())]);
    }
    let body = String::from_utf8_lossy(&body);
    if forge == Forge::GitLab && gitlab::knows(status.as_u16(), &body) {
        return Outcome::Told;
    }
    let said = said(&body, token);
    let why = format!("the forge answers {}{}{said}", status.as_u16(), if said.is_empty() { "" } else { ": " });
    if status.is_redirection() {
        return Outcome::Refused(format!("{why}; is this the address of its API?"));
    }
    let after = asked(response.headers(), now() / 1000);
    let is_short = matches!(status.as_u16(), 408 | 409 | 425 | 429) || status.is_server_error();
    // GitHub says so where it was asked too often.
    if is_short || status == StatusCode::FORBIDDEN && after.is_some() {
        return Outcome::Later { why, after };
    }
    Outcome::Refused(why)
}

/// How long the forge asks to be left alone. `now` is the time in seconds.
fn asked(headers: &HeaderMap, now: i64) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    let spent = || {
        let reset = i64::try_from(number("x-ratelimit-reset")?).ok()?;
        (number("x-ratelimit-remaining")? == 0).then(|| u64::try_from(reset - now).unwrap_or(0))
    };
    let seconds = number(RETRY_AFTER.as_str()).or_else(spent)?;
    Some(Duration::from_secs(seconds.min(PATIENCE)))
}

/// What a forge said, in one short line without the token.
fn said(body: &str, token: &str) -> String {
    let json: Option<serde_json::Value> = serde_json::from_str(body).ok();
    let text = match json.as_ref().and_then(|json| json.get("message").or_else(|| json.get("error"))) {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => body.trim_start().lines().next().unwrap_or_default().to_owned(),
    };
    let text = if token.is_empty() { text } else { text.replace(token, "…") };
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SAID).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forge_is_left_alone_for_as_long_as_it_asks_within_reason() {
        for (headers, seconds) in [
            (vec![], None),
            (vec![("retry-after", "7")], Some(7)),
            (vec![("retry-after", "99999999")], Some(PATIENCE)),
            (vec![("retry-after", "Fri, 31 Dec 1999 23:59:59 GMT")], None),
            (vec![("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1060")], Some(60)),
            (vec![("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "900")], Some(0)),
            (vec![("x-ratelimit-remaining", "12"), ("x-ratelimit-reset", "1060")], None),
        ] {
            let map =
                headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
            assert_eq!(asked(&map.collect(), 1000), seconds.map(Duration::from_secs), "{headers:?}");
        }
    }

    #[test]
    fn what_a_forge_said_is_one_short_line_that_never_holds_the_token() {
        assert_eq!(said(r#"{"message": "Bad credentials"}"#, "t0ken"), "Bad credentials");
        assert_eq!(said(r#"{"message": {"state": ["no"]}}"#, "t0ken"), r#"{"state":["no"]}"#);
        assert_eq!(said("no t0ken\u{7}\nmore", "t0ken"), "no … ");
        assert_eq!(said(&"x".repeat(9000), "").len(), SAID);
        assert_eq!(said("", ""), "");
    }

    #[tokio::test]
    async fn a_name_that_leads_to_this_machine_is_not_reached() {
        let request = Request { url: "http://localhost:1/".into(), headers: &[], body: serde_json::Value::Null };
        let sender = Sender::new(false).expect("a client");
        let Outcome::Later { why, .. } = sender.send(Forge::Gitea, &request, &Zeroizing::new("t".into())).await else {
            panic!("it was reached")
        };
        assert!(why.contains("private network"), "{why}");
    }
}
