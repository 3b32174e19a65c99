//! `response_url`: apps answer what somebody did.

use std::time::Duration;

use axum::extract::{ConnectInfo, Path, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};

use crate::fault;
use crate::slack::Slack;
use crate::tell;
use crate::web::{self, Refusal, checked};
use crate::wire::Cord;
use crate::world::{Author, Draft, Message, World};

/// How long a URL is good for.
const LIFE: Duration = Duration::from_secs(1800);

/// How often it is.
const USES: u32 = 5;

/// Takes an answer.
pub(crate) async fn respond(
    State(slack): State<Slack>,
    ConnectInfo(cord): ConnectInfo<Cord>,
    Path((_, secret)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let fault = slack.change(|world| fault::next(&mut world.faults, "response_url"));
    if let Some(answer) = fault.as_ref().and_then(|fault| web::before(fault, &cord)) {
        return answer;
    }
    let now = slack.clock().now();
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let given = if kind.starts_with("application/x-www-form-urlencoded") {
        let pairs = web::pairs(&body);
        pairs.get("payload").and_then(Value::as_str).and_then(|payload| serde_json::from_str(payload).ok())
    } else {
        serde_json::from_slice(&body).ok()
    };
    let response = slack.change(|world| {
        let answered = allowed(world, &secret, now).and_then(|()| {
            let given = given.filter(Value::is_object).ok_or_else(|| (400, "invalid_payload".to_owned()))?;
            answer(world, &secret, &given, now).map_err(|refusal| (400, refusal.error))
        });
        match answered {
            Ok(()) => "ok".into_response(),
            Err((429, _)) => {
                (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "1")], "rate_limited").into_response()
            }
            Err((status, error)) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
                (status, axum::Json(json!({ "ok": false, "error": error }))).into_response()
            }
        }
    });
    web::after(fault.as_ref(), &cord, response).await
}

/// Counts the use of a URL, where it may be used.
fn allowed(world: &mut World, secret: &str, now: Duration) -> Result<(), (u16, String)> {
    let limits = world.habits.limits;
    let hook = world.hooks.get_mut(secret).ok_or_else(|| (404, "no_such_url".to_owned()))?;
    if now.saturating_sub(hook.at) > LIFE {
        return Err((404, "expired_url".to_owned()));
    }
    if hook.used >= USES {
        return Err((404, "used_url".to_owned()));
    }
    if limits && world.limits.take(&format!("hook {secret}"), 1, 1.0, now).is_err() {
        return Err((429, "rate_limited".to_owned()));
    }
    hook.used += 1;
    Ok(())
}

/// Does what an answer says: posts a message, or changes or removes the one on which something was done.
pub(crate) fn answer(world: &mut World, secret: &str, given: &Value, now: Duration) -> Result<(), Refusal> {
    let Some(hook) = world.hooks.get(secret).cloned() else { return Ok(()) };
    let list = |name: &str| given.get(name).and_then(Value::as_array).cloned();
    let (blocks, attachments) = (list("blocks"), list("attachments"));
    checked(blocks.as_deref().unwrap_or_default())?;
    if let (true, Some(ts)) = (given["delete_original"] == true, &hook.ts) {
        tell::deleted(world, &hook.channel, ts, now);
        return Ok(());
    }
    let text = given["text"].as_str().map(str::to_owned);
    let draft = Draft { text, blocks, attachments, metadata: given.get("metadata").cloned() };
    let is_empty = draft.text.as_ref().is_none_or(String::is_empty)
        && draft.blocks.as_ref().is_none_or(Vec::is_empty)
        && draft.attachments.as_ref().is_none_or(Vec::is_empty);
    if is_empty {
        return Err(Refusal { error: "no_text".to_owned(), more: serde_json::Map::new(), wait: None });
    }
    if let (true, Some(ts)) = (given["replace_original"] == true, &hook.ts) {
        // All of it is replaced: what is not given is gone.
        let draft = Draft {
            blocks: draft.blocks.or(Some(Vec::new())),
            attachments: draft.attachments.or(Some(Vec::new())),
            ..draft
        };
        tell::changed(world, &hook.channel, ts, draft, None, now);
        return Ok(());
    }
    let bot = world.bot(&hook.app, &hook.team).cloned();
    let author = bot.as_ref().and_then(|bot| {
        Some(Author { app: hook.app.clone(), bot_id: bot.bot_id.clone()?, name: bot.real_name.clone() })
    });
    let thread_ts = given["thread_ts"].as_str().map(str::to_owned);
    let message = Message {
        user: bot.map(|bot| bot.id),
        author,
        // Only those see it who are asked for.
        only: (given["response_type"] != "in_channel").then(|| hook.user.clone()),
        thread_ts: thread_ts.or_else(|| hook.thread_ts.clone()),
        ..Message::default()
    };
    tell::posted(world, &hook.channel, message, draft, now);
    Ok(())
}
