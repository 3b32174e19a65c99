//! Lists in pages.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::call::Call;
use crate::refusal::Refusal;
use crate::reply::{Answer, Reply};
use crate::settings::Settings;

/// The page of a list that a call asks for, as `items`.
pub(crate) fn items(call: &Call, settings: &Settings, all: Vec<Value>) -> Answer {
    let (page, next) = cut(call, settings, all)?;
    let reply = Reply::json(&json!({ "items": page }));
    Ok(match next {
        Some(next) => reply.header("opc-next-page", next),
        None => reply,
    })
}

/// The page of a list that a call asks for as the body itself.
pub(crate) fn array(call: &Call, settings: &Settings, all: Vec<Value>) -> Answer {
    let (page, next) = cut(call, settings, all)?;
    let reply = Reply::json(&Value::Array(page));
    Ok(match next {
        Some(next) => reply.header("opc-next-page", next),
        None => reply,
    })
}

fn cut(call: &Call, settings: &Settings, all: Vec<Value>) -> Result<(Vec<Value>, Option<String>), Refusal> {
    let limit = call.number("limit", 1, 1000)?.map_or(settings.page, |limit| usize::try_from(limit).unwrap_or(1000));
    let (start, was_empty) = match call.parameter("page") {
        None => (0, false),
        Some(token) => read(&token).ok_or_else(|| Refusal::invalid(format!("The page token '{token}' is invalid.")))?,
    };
    // A page without items may come before any page, and is not the end.
    if settings.empty_pages && !was_empty {
        return Ok((Vec::new(), Some(write(start, true))));
    }
    let left = all.len().saturating_sub(start);
    let page = all.into_iter().skip(start).take(limit).collect();
    Ok((page, (left > limit).then(|| write(start + limit, false))))
}

fn write(start: usize, was_empty: bool) -> String {
    URL_SAFE_NO_PAD.encode(format!("{start}:{was_empty}"))
}

fn read(token: &str) -> Option<(usize, bool)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (start, was_empty) = text.split_once(':')?;
    Some((start.parse().ok()?, was_empty.parse().ok()?))
}
