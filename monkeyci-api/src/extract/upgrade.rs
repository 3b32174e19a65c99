use axum::extract::FromRequestParts;
use axum::extract::ws::WebSocketUpgrade;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use monkeyci_core::model::shell::{FRAME, PROTOCOL};

use crate::problem::{Answer, Refusal};

/// A request that wants to become a WebSocket, if it does: whoever may not have it is to learn that first.
pub struct Upgrade {
    /// What came with it, by which it is known again who asks.
    pub headers: HeaderMap,
    socket: Option<WebSocketUpgrade>,
}

impl<S: Send + Sync> FromRequestParts<S> for Upgrade {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let socket = WebSocketUpgrade::from_request_parts(parts, state).await.ok();
        Ok(Self { headers: parts.headers.clone(), socket })
    }
}

impl Upgrade {
    /// The WebSocket to come, which speaks in frames of shells.
    ///
    /// # Errors
    /// When none is wanted.
    pub fn socket(self) -> Answer<WebSocketUpgrade> {
        let detail = "this is a WebSocket: `monkeyci debug` speaks it; a proxy in between has to pass on `Upgrade`";
        let socket = self.socket.ok_or_else(|| Refusal::new(StatusCode::UPGRADE_REQUIRED, detail))?;
        Ok(socket.protocols([PROTOCOL]).max_message_size(FRAME).max_frame_size(FRAME))
    }
}
