//! A shell in the place of a job, over a WebSocket.

use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt as _, StreamExt as _};
use monkeyci_model::shell::{FRAME, Frame, PROTOCOL};
use reqwest::header::{CONNECTION, HeaderName, UPGRADE};
use reqwest::{StatusCode, Upgraded};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Message, Role, WebSocketConfig};

use crate::ClientError;
use crate::call::{Call, chain};

const KEY: HeaderName = HeaderName::from_static("sec-websocket-key");
const ACCEPT: HeaderName = HeaderName::from_static("sec-websocket-accept");
const VERSION: HeaderName = HeaderName::from_static("sec-websocket-version");
const SUBPROTOCOL: HeaderName = HeaderName::from_static("sec-websocket-protocol");

/// What is sent to the other side of a shell.
#[derive(Debug)]
pub struct ShellSender(SplitSink<WebSocketStream<Upgraded>, Message>);

/// What comes from the other side of a shell.
#[derive(Debug)]
pub struct ShellReceiver(SplitStream<WebSocketStream<Upgraded>>);

/// Asks for a shell; none where the server says that there is none to come now.
pub(crate) async fn open(call: Call) -> Result<Option<(ShellSender, ShellReceiver)>, ClientError> {
    let key = generate_key();
    let call = call
        .header(CONNECTION, "upgrade")?
        .header(UPGRADE, "websocket")?
        .header(VERSION, "13")?
        .header(KEY, &key)?
        .header(SUBPROTOCOL, PROTOCOL)?;
    let response = call.once().await?;
    if response.status() == StatusCode::NO_CONTENT {
        return Ok(None);
    }
    let says = |name: &HeaderName, wanted: &str| {
        response.headers().get(name).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(wanted.as_bytes()))
    };
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(call.protocol("it does not switch to a WebSocket; a proxy in between has to pass on `Upgrade`"));
    }
    if !says(&ACCEPT, &derive_accept_key(key.as_bytes())) || !says(&SUBPROTOCOL, PROTOCOL) {
        return Err(call.protocol("the WebSocket is another one than was asked for"));
    }
    let upgraded = tokio::time::timeout(call.waits().patience.answer, response.upgrade()).await;
    let upgraded = upgraded.map_err(|_| call.unreachable("it does not become a WebSocket".into()))?;
    let upgraded = upgraded.map_err(|error| call.unreachable(chain(&error.without_url())))?;
    let config = WebSocketConfig::default().max_message_size(Some(FRAME)).max_frame_size(Some(FRAME));
    let socket = WebSocketStream::from_raw_socket(upgraded, Role::Client, Some(config)).await;
    let (to, from) = socket.split();
    Ok(Some((ShellSender(to), ShellReceiver(from))))
}

impl ShellSender {
    /// Sends a frame, as soon as the other side takes it.
    ///
    /// # Errors
    /// Why it cannot be sent any more, in words.
    pub async fn send(&mut self, frame: &Frame) -> Result<(), String> {
        self.0.send(Message::Binary(frame.encode().into())).await.map_err(|error| error.to_string())
    }
}

impl ShellReceiver {
    /// Waits for the next sign of life: a frame, or none for one that holds nothing. Nothing once the other side has ended
    /// it, or is gone.
    ///
    /// # Errors
    /// When what comes is no frame, or the connection broke off, in words.
    pub async fn next(&mut self) -> Result<Option<Option<Frame>>, String> {
        match self.0.next().await {
            Some(Ok(Message::Binary(bytes))) => {
                Frame::decode(&bytes).map(Some).map(Some).map_err(|error| error.to_string())
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(Some(None)),
            None | Some(Ok(Message::Close(_))) => Ok(None),
            Some(Ok(_)) => Err("it is no frame of a shell".into()),
            Some(Err(error)) => Err(error.to_string()),
        }
    }
}
