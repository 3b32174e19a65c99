//! Socket Mode: apps that cannot be reached open a WebSocket and are told through it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use axum::extract::{Query, State, WebSocketUpgrade};
use axum::response::{IntoResponse as _, Response};
use futures::{SinkExt as _, StreamExt as _};
use http::StatusCode;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use crate::slack::Slack;

/// How long an address is good for that `apps.connections.open` gives.
const TICKET: Duration = Duration::from_secs(30);

/// Connections of one app at a time.
const CONNECTIONS: usize = 10;

/// How often a connection is pinged, by the machine's clock.
const PING: Duration = Duration::from_secs(5);

/// Connections, and who is let in.
#[derive(Default)]
pub struct Sockets {
    tickets: BTreeMap<String, (String, Duration)>,
    links: Vec<Link>,
    waiting: HashMap<String, oneshot::Sender<Value>>,
    last: usize,
}

struct Link {
    number: usize,
    app: String,
    sender: mpsc::UnboundedSender<Out>,
    /// Whether nothing new is sent to it: the app was told to open another.
    is_old: bool,
}

enum Out {
    Text(String),
    Close,
}

impl Sockets {
    /// Lets an app open one connection.
    pub(crate) fn admit(&mut self, ticket: &str, app: &str, now: Duration) {
        self.tickets.insert(ticket.to_owned(), (app.to_owned(), now));
    }

    /// How many connections of an app are open.
    #[must_use]
    pub fn open(&self, app: &str) -> usize {
        self.links.iter().filter(|link| link.app == app).count()
    }

    /// How many of them are told what happens: the others are those that Slack asked to be replaced.
    #[must_use]
    pub fn told(&self, app: &str) -> usize {
        self.links.iter().filter(|link| link.app == app && !link.is_old).count()
    }

    fn enter(&mut self, ticket: &str, now: Duration) -> Option<String> {
        let (app, at) = self.tickets.remove(ticket)?;
        (now.saturating_sub(at) <= TICKET && self.open(&app) < CONNECTIONS).then_some(app)
    }

    fn join(&mut self, app: &str) -> (usize, mpsc::UnboundedReceiver<Out>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.last += 1;
        self.links.push(Link { number: self.last, app: app.to_owned(), sender, is_old: false });
        (self.last, receiver)
    }

    fn leave(&mut self, number: usize) {
        self.links.retain(|link| link.number != number);
    }

    /// Sends an envelope by one of the app's connections, each in its turn; what comes back is the payload of the answer.
    pub(crate) fn send(&mut self, app: &str, id: &str, envelope: &Value) -> Option<oneshot::Receiver<Value>> {
        let at = self.links.iter().position(|link| link.app == app && !link.is_old)?;
        let link = self.links.remove(at);
        let is_sent = link.sender.send(Out::Text(envelope.to_string())).is_ok();
        self.links.push(link);
        let (sender, receiver) = oneshot::channel();
        self.waiting.insert(id.to_owned(), sender);
        is_sent.then_some(receiver)
    }

    fn acknowledged(&mut self, answer: &Value) {
        let id = answer["envelope_id"].as_str().unwrap_or_default();
        if let Some(waiting) = self.waiting.remove(id) {
            // Who waited may have given up.
            let _late = waiting.send(answer.get("payload").cloned().unwrap_or(Value::Null));
        }
    }

    /// Asks an app to open other connections, as Slack does when it restarts: `warning`, and later `refresh_requested`,
    /// with which the connection is closed.
    pub fn disconnect(&mut self, app: &str, reason: &str) {
        for link in self.links.iter_mut().filter(|link| link.app == app) {
            link.is_old = true;
            let text = json!({ "type": "disconnect", "reason": reason, "debug_info": { "host": "emulator" } });
            let _gone = link.sender.send(Out::Text(text.to_string()));
            if reason != "warning" {
                let _gone = link.sender.send(Out::Close);
            }
        }
    }
}

/// Opens a connection.
pub(crate) async fn connect(
    State(slack): State<Slack>,
    Query(query): Query<BTreeMap<String, String>>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let ticket = query.get("ticket").cloned().unwrap_or_default();
    let now = slack.clock().now();
    match slack.change(|world| world.sockets.enter(&ticket, now)) {
        Some(app) => upgrade.on_upgrade(move |socket| talk(slack, app, socket)),
        None => (StatusCode::FORBIDDEN, "this address was used, is too old, or one of too many").into_response(),
    }
}

async fn talk(slack: Slack, app: String, socket: WebSocket) {
    let (number, mut out) = slack.change(|world| world.sockets.join(&app));
    let (mut sink, mut stream) = socket.split();
    let open = slack.look(|world| world.sockets.open(&app));
    let hello = json!({
        "type": "hello", "num_connections": open, "connection_info": { "app_id": app },
        "debug_info": { "host": "emulator", "build_number": 1, "approximate_connection_time": 18060 },
    });
    let mut is_open = sink.send(Message::text(hello.to_string())).await.is_ok();
    let mut ping = tokio::time::interval(PING);
    while is_open {
        tokio::select! {
            _ = ping.tick() => is_open = sink.send(Message::Ping("ping".into())).await.is_ok(),
            one = out.recv() => match one {
                Some(Out::Text(text)) => is_open = sink.send(Message::text(text)).await.is_ok(),
                Some(Out::Close) | None => {
                    let _gone = sink.send(Message::Close(None)).await;
                    is_open = false;
                }
            },
            one = stream.next() => match one {
                Some(Ok(Message::Text(text))) => {
                    if let Ok(answer) = serde_json::from_str(&text) {
                        slack.change(|world| world.sockets.acknowledged(&answer));
                    }
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => is_open = false,
                Some(Ok(_)) => {}
            },
        }
    }
    slack.change(|world| world.sockets.leave(number));
}
