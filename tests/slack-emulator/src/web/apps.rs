//! `apps.connections.open`: where an app opens its socket.

use serde_json::json;

use super::answer::{Answer, refused};
use super::ask::Ask;

pub(super) fn open_connection(ask: &mut Ask) -> Answer {
    let app = ask.world.apps.get(&ask.grant.app).ok_or_else(|| refused("invalid_auth"))?;
    if !app.socket {
        return Err(refused("socket_mode_not_enabled"));
    }
    let ticket = crate::id::secret();
    ask.world.sockets.admit(&ticket, &app.id, ask.now);
    let base = ask.world.url.replacen("http", "ws", 1);
    Ok(json!({ "url": format!("{base}/link/?ticket={ticket}&app_id={}", app.id) }))
}
