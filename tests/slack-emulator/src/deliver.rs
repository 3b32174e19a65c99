//! Deliveries to apps: signed, or through their sockets; heard within three seconds, or tried again.

use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};

use crate::sign::signature;
use crate::slack::Slack;
use crate::world::{Attempt, Delivery, Outgoing, What};

/// How long an app may take, by the machine's clock: apps are real.
const LIMIT: Duration = Duration::from_secs(3);

/// When an event that was not heard is told again, after the first time, by the emulator's clock.
const AGAIN: [Duration; 3] = [Duration::ZERO, Duration::from_secs(60), Duration::from_secs(300)];

/// How a try is marked that is not the first: its number and why.
type Retry = Option<(usize, &'static str)>;

impl Slack {
    /// Tells an app of an event, and again until it has heard.
    pub(crate) fn tell_until_heard(&self, outgoing: Outgoing) {
        let slack = self.clone();
        tokio::spawn(async move {
            let begin = slack.clock().now();
            let (number, mut last) = slack.deliver(&outgoing).await;
            for (index, after) in AGAIN.iter().enumerate() {
                let (Some(why), false) = (last.failed, last.answer == NO_RETRY) else { return };
                slack.clock().reach(begin + *after).await;
                last = slack.attempt(&outgoing, number, Some((index + 1, why))).await;
            }
        });
    }

    /// Delivers something once: the number of the delivery, and how it went.
    pub(crate) async fn deliver(&self, outgoing: &Outgoing) -> (usize, Attempt) {
        let number = self.change(|world| {
            let number = world.deliveries.len();
            world.deliveries.push(Delivery {
                number,
                app: outgoing.app.clone(),
                what: outgoing.what,
                payload: outgoing.payload.clone(),
                url: None,
                body: String::new(),
                timestamp: 0,
                attempts: Vec::new(),
            });
            number
        });
        (number, self.attempt(outgoing, number, None).await)
    }

    async fn attempt(&self, outgoing: &Outgoing, number: usize, retry: Retry) -> Attempt {
        let (at, start) = (self.clock().now(), Instant::now());
        let is_socket = self.look(|world| world.apps.get(&outgoing.app).is_some_and(|app| app.socket));
        let (status, answer, failed) =
            if is_socket { self.by_socket(outgoing, retry).await } else { self.by_http(outgoing, number, retry).await };
        let attempt = Attempt { at, status, answer, failed, took: start.elapsed() };
        self.change(|world| {
            if let Some(delivery) = world.deliveries.get_mut(number) {
                delivery.attempts.push(attempt.clone());
            }
        });
        attempt
    }

    async fn by_socket(&self, outgoing: &Outgoing, retry: Retry) -> (Option<u16>, String, Option<&'static str>) {
        let answer = self.change(|world| {
            let id = world.ids.uuid();
            let mut envelope = json!({
                "envelope_id": id, "type": outgoing.what.envelope(), "payload": outgoing.payload,
                "accepts_response_payload": outgoing.what != What::Event,
            });
            if outgoing.what == What::Event {
                let (attempt, reason) = retry.map_or((0, ""), |(attempt, reason)| (attempt, reason));
                envelope["retry_attempt"] = json!(attempt);
                envelope["retry_reason"] = json!(reason);
            }
            world.sockets.send(&outgoing.app, &id, &envelope)
        });
        let Some(answer) = answer else { return (None, String::new(), Some("connection_failed")) };
        match tokio::time::timeout(LIMIT, answer).await {
            Ok(Ok(Value::Null)) => (None, String::new(), None),
            Ok(Ok(payload)) => (None, payload.to_string(), None),
            Ok(Err(_)) | Err(_) => (None, String::new(), Some("timeout")),
        }
    }

    async fn by_http(
        &self,
        outgoing: &Outgoing,
        number: usize,
        retry: Retry,
    ) -> (Option<u16>, String, Option<&'static str>) {
        let found = self
            .look(|world| world.apps.get(&outgoing.app).map(|app| (url(app, outgoing), app.signing_secret.clone())));
        let Some((Some(url), secret)) = found else { return (None, String::new(), Some("no_url")) };
        let (kind, body) = body(outgoing);
        let timestamp = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        if retry.is_none() {
            self.change(|world| {
                if let Some(delivery) = world.deliveries.get_mut(number) {
                    delivery.url = Some(url.clone());
                    delivery.body.clone_from(&body);
                    delivery.timestamp = timestamp;
                }
            });
        }
        let sign = signature(&secret, timestamp, &body);
        self.post(&url, kind, body, timestamp, &sign, retry).await
    }

    /// Posts to an app, whatever the signature is.
    pub(crate) async fn post(
        &self,
        url: &str,
        kind: &str,
        body: String,
        timestamp: u64,
        sign: &str,
        retry: Retry,
    ) -> (Option<u16>, String, Option<&'static str>) {
        let mut request = self.http().post(url).timeout(LIMIT).header("content-type", kind).body(body);
        request = request.header("user-agent", "Slackbot 1.0 (+https://api.slack.com/robots)");
        request = request.header("x-slack-request-timestamp", timestamp).header("x-slack-signature", sign);
        if let Some((attempt, reason)) = retry {
            request = request.header("x-slack-retry-num", attempt).header("x-slack-retry-reason", reason);
        }
        let answered = async {
            let answer = request.send().await?;
            let (status, wants_none) = (answer.status(), answer.headers().contains_key("x-slack-no-retry"));
            Ok::<_, reqwest::Error>((status, wants_none, answer.text().await?))
        };
        match answered.await {
            Ok((status, _, text)) if status.is_success() => (Some(status.as_u16()), text, None),
            Ok((status, true, _)) => (Some(status.as_u16()), NO_RETRY.to_owned(), Some("http_error")),
            Ok((status, false, text)) => {
                let why = if status.is_redirection() { "too_many_redirects" } else { "http_error" };
                (Some(status.as_u16()), text, Some(why))
            }
            Err(error) if error.is_timeout() => (None, String::new(), Some("http_timeout")),
            Err(error) if error.is_connect() => (None, String::new(), Some("connection_failed")),
            Err(_) => (None, String::new(), Some("unknown_error")),
        }
    }

    /// Sends what was delivered once more, as one who listened would: the very same bytes (`replay`), signed by a key that
    /// is not the app's (`forged`), changed on the way (`changed`), signed six minutes ago (`old`), or with no signature
    /// (`unsigned`). The status that the app answered.
    ///
    /// # Errors
    ///
    /// When there is no such delivery by HTTP, or no such way.
    pub async fn send_again(&self, number: usize, way: &str) -> Result<Option<u16>, String> {
        let found = self.look(|world| {
            let delivery = world.deliveries.get(number)?;
            Some((delivery.clone(), world.apps.get(&delivery.app)?.signing_secret.clone()))
        });
        let (delivery, secret) = found.ok_or_else(|| format!("there is no delivery {number}"))?;
        let url = delivery.url.ok_or_else(|| format!("delivery {number} did not go by HTTP"))?;
        let kind = if delivery.what == What::Event { JSON } else { FORM };
        let (body, at) = (delivery.body, delivery.timestamp);
        let old = at.saturating_sub(360);
        let (body, at, sign) = match way {
            "replay" => (body.clone(), at, signature(&secret, at, &body)),
            "forged" => (body.clone(), at, signature("another secret", at, &body)),
            "changed" => (format!("{body} "), at, signature(&secret, at, &body)),
            "old" => (body.clone(), old, signature(&secret, old, &body)),
            "unsigned" => (body, at, String::new()),
            other => return Err(format!("`{other}` is none of replay, forged, changed, old, unsigned")),
        };
        Ok(self.post(&url, kind, body, at, &sign, None).await.0)
    }

    /// Asks an app whether its URL for events is its own, as Slack does before it delivers any: `url_verification`.
    ///
    /// # Errors
    ///
    /// What the app did not do.
    pub async fn verify(&self, app: &str) -> Result<(), String> {
        let found = self.look(|world| world.apps.get(app).cloned());
        let app = found.ok_or_else(|| format!("there is no app `{app}`"))?;
        let url = app.events_url.ok_or("the app has no URL for events")?;
        let challenge = crate::id::secret();
        let body =
            json!({ "token": app.verification_token, "challenge": challenge, "type": "url_verification" }).to_string();
        let at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let sign = signature(&app.signing_secret, at, &body);
        let (status, answer, failed) = self.post(&url, JSON, body, at, &sign, None).await;
        if let Some(why) = failed {
            return Err(format!("your URL did not respond as it should: {why}, status {status:?}"));
        }
        let said: Value = serde_json::from_str(&answer).unwrap_or(Value::String(answer.clone()));
        let is_right = said == challenge.as_str() || said["challenge"] == challenge.as_str();
        if is_right { Ok(()) } else { Err(format!("your URL did not respond with the challenge: {answer}")) }
    }
}

/// What stands for the answer of an app that wants no more tries.
const NO_RETRY: &str = "x-slack-no-retry";

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// Where something is delivered.
fn url(app: &crate::world::App, outgoing: &Outgoing) -> Option<String> {
    match outgoing.what {
        What::Command => {
            let name = outgoing.payload["command"].as_str()?;
            app.commands.iter().find(|command| command.name == name)?.url.clone()
        }
        What::Interaction => app.interactivity.clone(),
        What::Options => app.options_url.clone().or_else(|| app.interactivity.clone()),
        What::Event => app.events_url.clone(),
    }
}

/// The content type and the body of a delivery.
fn body(outgoing: &Outgoing) -> (&'static str, String) {
    let mut form = form_urlencoded::Serializer::new(String::new());
    match outgoing.what {
        What::Event => return (JSON, outgoing.payload.to_string()),
        What::Command => {
            for (name, value) in outgoing.payload.as_object().into_iter().flatten() {
                form.append_pair(name, &value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            }
        }
        What::Interaction | What::Options => {
            form.append_pair("payload", &outgoing.payload.to_string());
        }
    }
    (FORM, form.finish())
}
