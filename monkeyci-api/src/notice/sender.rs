//! Sends notices to webhooks. Redirects are not followed, names that lead into private networks are not reached unless
//! the server may, and answers are read a little way at the most.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use zeroize::Zeroizing;

use super::sign;
use crate::config::Sources;
use crate::mail::NotTaken;
use crate::outward::{self, Public};

/// A receiver has so long for all of it.
const WHOLE: Duration = Duration::from_secs(15);

/// Characters of what a receiver answered that are told to people.
const SAID: usize = 200;

/// Seconds that a receiver may ask to be left alone.
const PATIENCE: u64 = 60 * 60;

/// Sends notices.
pub struct Sender {
    http: reqwest::Client,
    sources: Sources,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver has it.
    Taken,
    /// It may be sent later.
    Later {
        /// Why not now, for people.
        why: String,
        /// The wait that the receiver asks for.
        after: Option<Duration>,
    },
    /// It will not be sent, for this reason.
    Refused(String),
}

/// What became of a mail.
impl From<Result<(), NotTaken>> for Outcome {
    fn from(sent: Result<(), NotTaken>) -> Self {
        match sent {
            Ok(()) => Self::Taken,
            Err(NotTaken::Now(why)) => Self::Later { why, after: None },
            Err(NotTaken::Ever(why)) => Self::Refused(why),
        }
    }
}

impl Sender {
    /// One that reaches what the server may.
    ///
    /// # Errors
    /// When the machine has nothing to trust TLS by.
    pub fn new(sources: &Sources) -> Result<Self, reqwest::Error> {
        // A proxy would look names up in our place.
        let mut http = outward::client(WHOLE).no_proxy();
        if !sources.private {
            http = http.dns_resolver(Public);
        }
        Ok(Self { http: http.build()?, sources: sources.clone() })
    }

    /// Sends a notice, signed with each of the secrets. `now` is the time in seconds.
    pub async fn send(&self, url: &str, id: &str, body: &str, secrets: &[Zeroizing<String>], now: i64) -> Outcome {
        // What was allowed when it was set up may not be any more.
        if let Err(why) = outward::check_url(url, &self.sources) {
            return Outcome::Refused(format!("its address: {why}"));
        }
        let Some(newest) = secrets.first() else { return Outcome::Refused("its secret does not open".into()) };
        let request = self
            .http
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", now)
            .header("webhook-signature", sign::standard(secrets, id, now, body))
            .header("x-monkeyci-signature-256", sign::plain(newest, body))
            .body(body.to_owned());
        match request.send().await {
            Ok(response) => judge(response).await,
            Err(error) => Outcome::Later { why: reason(&error), after: None },
        }
    }
}

async fn judge(mut response: reqwest::Response) -> Outcome {
    let status = response.status();
    if status.is_success() {
        return Outcome::Taken;
    }
    let said = match response.chunk().await {
        Ok(Some(piece)) => String::from_utf8_lossy(&piece[..piece.len().min(4 * SAID)]).into_owned(),
        _ => String::new(),
    };
    let said = said.trim_start().lines().next().unwrap_or_default().trim_end();
    let said: String = said.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SAID).collect();
    let why = format!("the receiver answers {}{}{said}", status.as_u16(), if said.is_empty() { "" } else { ": " });
    if status.is_redirection() {
        return Outcome::Refused(format!("{why}; redirects are not followed: enter the address that it leads to"));
    }
    if status.as_u16() == 410 {
        return Outcome::Refused(format!("{why}; it wants no more"));
    }
    // What is wrong at a receiver is mended there: everything else is tried for a day.
    Outcome::Later { why, after: asked(response.headers()) }
}

/// How long the receiver asks to be left alone.
fn asked(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(PATIENCE)))
}

/// Why nobody was reached, without the address, in which a secret may stand.
fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("the receiver did not answer within {} s", WHOLE.as_secs());
    }
    format!("the receiver cannot be reached: {}", outward::reason(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn private_networks_are_not_reached_by_name_nor_by_address() {
        let secrets = [sign::secret()];
        let lenient = Sources { http: true, ..Sources::default() };
        let sender = Sender::new(&lenient).expect("a client");
        for url in ["http://127.0.0.1:1/", "http://127.1:1/", "http://[::ffff:127.0.0.1]:1/", "http://2130706433:1/"] {
            let outcome = sender.send(url, "1", "{}", &secrets, 0).await;
            assert!(matches!(&outcome, Outcome::Refused(why) if why.contains("private")), "{url}: {outcome:?}");
        }
        let outcome = sender.send("http://localhost:1/", "1", "{}", &secrets, 0).await;
        assert!(matches!(&outcome, Outcome::Later { why, .. } if why.contains("private")), "{outcome:?}");
    }
}
