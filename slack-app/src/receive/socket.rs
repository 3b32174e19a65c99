//! Slack is listened to: Socket Mode, for an app that Slack cannot reach. What comes is handled as by HTTP.

use std::sync::Arc;
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::sync::mpsc::unbounded_channel;
use tokio_tungstenite::tungstenite::Message;

use super::payload::Incoming;
use super::replay::Heard;
use crate::app::App;
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
        match connection(&app, &slack, &token, &heard).await {
            Ok(()) => wait = AGAIN,
            Err(why) => {
                tracing::warn!(why, "Slack cannot be listened to");
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(LONGEST);
            }
        }
    }
}

/// One connection, until Slack wants another.
async fn connection(app: &Arc<App>, slack: &Slack, token: &Secret, heard: &Arc<Heard>) -> Result<(), String> {
    let opened =
        slack.call(token, "apps.connections.open", &json!({})).await.map_err(|error: SlackError| error.to_string())?;
    let url = opened["url"].as_str().ok_or("Slack told no address")?;
    // The address holds a ticket: it is in no error.
    let (socket, _) = tokio_tungstenite::connect_async(url).await.map_err(|_| "no connection to its socket")?;
    let (mut write, mut read) = socket.split();
    let (acks, mut done) = unbounded_channel::<Value>();
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
                    return Ok(());
                }
                let Some(id) = envelope["envelope_id"].as_str() else { continue };
                let incoming = if heard.is_new(id) { of(&envelope) } else { Incoming::Other };
                let (app, acks, id) = (Arc::clone(app), acks.clone(), id.to_owned());
                // One that takes its time holds up none behind it.
                tokio::spawn(async move {
                    let answer = app.receive(incoming).await;
                    let ack = match answer {
                        Some(answer) => json!({ "envelope_id": id, "payload": answer }),
                        None => json!({ "envelope_id": id }),
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
