//! Files: asked for, sent, shared.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};

use super::answer::{Answer, refused};
use super::ask::Ask;
use crate::slack::Slack;
use crate::tell;
use crate::world::{Draft, File, Message};

pub(super) fn begin(ask: &mut Ask) -> Answer {
    let length = ask.args.number("length").filter(|length| *length > 0);
    let length = length.ok_or_else(|| super::Refusal::argument("must be a valid integer [json-pointer:/length]"))?;
    if length > 1024 * 1024 * 1024 {
        return Err(refused("file_upload_size_restricted"));
    }
    let (id, secret, name) = (ask.world.ids.next("F"), crate::id::secret(), ask.text("filename"));
    let file = File {
        id: id.clone(),
        team: ask.grant.team.clone(),
        user: ask.grant.user.clone(),
        title: name.clone(),
        name,
        length,
        secret: secret.clone(),
        content: None,
        is_complete: false,
    };
    ask.world.files.insert(id.clone(), file);
    Ok(json!({ "upload_url": format!("{}/upload/v1/{secret}", ask.world.url), "file_id": id }))
}

pub(super) fn complete(ask: &mut Ask) -> Answer {
    let Ok(Some(Value::Array(wanted))) = ask.args.json("files") else {
        return Err(super::Refusal::argument("must provide an array [json-pointer:/files]"));
    };
    let url = ask.world.url.clone();
    let mut files = Vec::new();
    for one in &wanted {
        let id = one["id"].as_str().unwrap_or_default();
        let file = ask.world.files.get_mut(id).filter(|file| file.user == ask.grant.user && !file.is_complete);
        let file = file.filter(|file| file.content.as_ref().is_some_and(|content| content.len() == file.length));
        let file = file.ok_or_else(|| refused("file_not_found"))?;
        if let Some(title) = one["title"].as_str() {
            file.title = title.to_owned();
        }
        files.push((file.id.clone(), file.json(&url)));
    }
    let channels = ask.args.text("channel_id").or_else(|| ask.args.text("channels"));
    let channels: Vec<_> = channels.iter().flat_map(|all| all.split(',')).map(str::to_owned).collect();
    for id in &channels {
        let channel = ask.world.channels.get(id).filter(|channel| channel.team == ask.grant.team);
        let channel = channel.ok_or_else(|| refused("channel_not_found"))?;
        if !channel.members.contains(&ask.grant.user) {
            return Err(refused("not_in_channel"));
        }
    }
    for (id, _) in &files {
        if let Some(file) = ask.world.files.get_mut(id) {
            file.is_complete = true;
        }
    }
    let shown: Vec<_> = files.into_iter().map(|(_, json)| json).collect();
    let (author, text, thread_ts) = (ask.author(), ask.args.text("initial_comment"), ask.args.text("thread_ts"));
    for channel in channels {
        let message = Message {
            user: Some(ask.grant.user.clone()),
            author: author.clone(),
            thread_ts: thread_ts.clone(),
            files: shown.clone(),
            ..Message::default()
        };
        let draft = Draft { text: text.clone(), ..Draft::default() };
        tell::posted(ask.world, &channel, message, draft, ask.now);
    }
    Ok(json!({ "files": shown }))
}

/// Takes the bytes of a file.
pub(crate) async fn upload(
    State(slack): State<Slack>,
    Path(secret): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let content = match kind.split_once("boundary=").filter(|_| kind.starts_with("multipart/form-data")) {
        Some((_, boundary)) => first_part(&body, boundary.trim_matches('"')),
        None => Some(body),
    };
    slack.change(|world| {
        let file = world.files.values_mut().find(|file| file.secret == secret && file.content.is_none());
        match (file, content) {
            (Some(file), Some(content)) if content.len() == file.length => {
                let told = format!("OK - {}", content.len());
                file.content = Some(content);
                told.into_response()
            }
            (Some(_), _) => (StatusCode::BAD_REQUEST, "the file is not as long as was said").into_response(),
            (None, _) => StatusCode::NOT_FOUND.into_response(),
        }
    })
}

/// The first part of a form.
fn first_part(body: &Bytes, boundary: &str) -> Option<Bytes> {
    let find = |from: usize, what: &[u8]| {
        body.get(from..)?.windows(what.len()).position(|window| window == what).map(|at| from + at)
    };
    let start = find(0, b"\r\n\r\n")? + 4;
    let end = find(start, format!("\r\n--{boundary}").as_bytes())?;
    Some(body.slice(start..end))
}
