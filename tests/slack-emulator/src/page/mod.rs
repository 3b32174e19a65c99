//! Channels as people see them.

use axum::Router;

use crate::slack::Slack;

pub(crate) fn routes() -> Router<Slack> {
    Router::new()
}
