//! What a security token says of itself. Whoever gave it has signed it; who only shows it on need not check that.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// When a token ends; nothing where it is no token.
pub(crate) fn ends(token: &str) -> Option<SystemTime> {
    let seconds = claims(token)?["exp"].as_u64()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// A claim that is a text.
pub(crate) fn text(token: &str, name: &str) -> Option<String> {
    claims(token)?[name].as_str().map(str::to_owned)
}

fn claims(token: &str) -> Option<Value> {
    let mut parts = token.split('.');
    let (_head, body, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    let json = URL_SAFE_NO_PAD.decode(body.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&json).ok()
}
