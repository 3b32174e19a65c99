//! Slack is listened to: Socket Mode, for an app that Slack cannot reach. What comes is handled as by HTTP.

use std::sync::Arc;
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::sync::mpsc::unbounded_channel;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::Message;

use super::payload::Incoming;
use super::replay::Heard;
use crate::app::{App, Reply};
use crate::slack::{Secret, Slack, SlackError};

/// So long is waited after something went wrong, at first and at most.
const AGAIN: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);

/// Slack says something at least so often.
const SILENCE: Duration = Duration::from_secs(90);

/// Listens for ever. `token` is the app's own, `xapp-…`.
pub async fn listen(app: Arc<App>, slack: Slack, token: Secret) {
    let heard = Arc::new(Heard::default());
    let mut wait = AGAIN;
    loop {
        let (leaves, left) = oneshot::channel();
        let listener = Listener { app: Arc::clone(&app), heard: Arc::clone(&heard) };
        let connection = tokio::spawn(connection(listener, slack.clone(), token.clone(), leaves));
        // Where Slack asks for another connection, what is on its way still comes by this one.
        if left.await.is_ok() {
            wait = AGAIN;
            continue;
        }
        let ended = connection.await;
        match ended.unwrap_or_else(|_| Err("the listener broke".into())) {
            Ok(()) => wait = AGAIN,
            Err(Broken { why, asked }) => {
                tracing::warn!(why, "Slack cannot be listened to");
                // Where Slack says how long, it means that.
                tokio::time::sleep(asked.unwrap_or(wait)).await;
                wait = (wait * 2).min(LONGEST);
            }
        }
    }
}

/// Why a connection ended, and how long Slack wants to be left alone.
struct Broken {
    why: String,
    asked: Option<Duration>,
}

impl From<&str> for Broken {
    fn from(why: &str) -> Self {
        Self { why: why.to_owned(), asked: None }
    }
}

impl From<SlackError> for Broken {
    fn from(error: SlackError) -> Self {
        let asked = match &error {
            SlackError::Later { seconds, .. } => Some(Duration::from_secs(*seconds)),
            _ => None,
        };
        Self { why: error.to_string(), asked }
    }
}

/// Who listens.
#[derive(Clone)]
struct Listener {
    app: Arc<App>,
    heard: Arc<Heard>,
}

/// One connection, until it ends. `leaves` is told when Slack wants another.
async fn connection(
    listener: Listener,
    slack: Slack,
    token: Secret,
    leaves: oneshot::Sender<()>,
) -> Result<(), Broken> {
    let opened = slack.call(&token, "apps.connections.open", &json!({})).await?;
    let url = opened["url"].as_str().ok_or("Slack told no address")?;
    // The address holds a ticket: it is in no error.
    let (socket, _) = tokio_tungstenite::connect_async(url).await.map_err(|_| "no connection to its socket")?;
    let (mut write, mut read) = socket.split();
    let (acks, mut done) = unbounded_channel::<Value>();
    let mut leaves = Some(leaves);
    loop {
        tokio::select! {
            Some(ack) = done.recv() => {
                let sent = write.send(Message::text(ack.to_string())).await;
                sent.map_err(|_| "the connection broke off")?;
            }
            message = tokio::time::timeout(SILENCE, read.next()) => {
                let message = message.map_err(|_| "Slack says nothing any more")?.ok_or("the connection broke off")?;
                let text = match message.map_err(|_| "the connection broke off")? {
                    Message::Text(text) => text,
                    Message::Close(_) => return Ok(()),
                    _ => continue,
                };
                let Ok(envelope) = serde_json::from_str::<Value>(&text) else { continue };
                if envelope["type"] == "disconnect" {
                    // Where it has gone already, another is there.
                    let _ = leaves.take().map(|leaves| leaves.send(()));
                    continue;
                }
                let Some(id) = envelope["envelope_id"].as_str() else { continue };
                let incoming = if listener.heard.is_new(id) { of(&envelope) } else { Incoming::Other };
                let (app, acks, id) = (Arc::clone(&listener.app), acks.clone(), id.to_owned());
                // One that takes its time holds up none behind it.
                tokio::spawn(async move {
                    let ack = match app.receive(incoming).await {
                        Reply::Json(answer) => json!({ "envelope_id": id, "payload": answer }),
                        Reply::Heard => json!({ "envelope_id": id }),
                        // Slack sends it again.
                        Reply::Unheard => return,
                    };
                    // Where nobody listens any more, Slack sends it again.
                    let _ = acks.send(ack);
                });
            }
        }
    }
}

fn of(envelope: &Value) -> Incoming {
    let payload = &envelope["payload"];
    match envelope["type"].as_str() {
        Some("slash_commands") => Incoming::of_command(|name| payload[name].as_str().unwrap_or_default().to_owned()),
        Some("interactive") => Incoming::of_interaction(payload),
        Some("events_api") => Incoming::of_event(payload),
        _ => Incoming::Other,
    }
}
