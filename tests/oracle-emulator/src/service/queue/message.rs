//! Messages: put, got, extended and deleted.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::call::Call;
use crate::refusal::Refusal;
use crate::reply::{Answer, Reply};
use crate::shape::{Field, Kind, may, need};
use crate::time;
use crate::world::World;

use super::{find, later};

/// Bytes of a message, and of a request.
const MOST: (usize, usize) = (256 * 1024, 512 * 1024);

/// A message.
pub(super) struct Message {
    pub(super) id: i64,
    pub(super) content: String,
    pub(super) channel: Option<String>,
    pub(super) properties: Value,
    pub(super) created: SystemTime,
    pub(super) expires: SystemTime,
    /// Since when it is seen, or will be.
    pub(super) visible: SystemTime,
    /// By what the last who got it may delete it.
    pub(super) receipt: Option<String>,
    pub(super) deliveries: u64,
}

const METADATA: &[Field] = &[may("channelId", Kind::Text(256)), may("customProperties", Kind::Texts)];
const MESSAGE: &[Field] = &[need("content", Kind::Text(MOST.0)), may("metadata", Kind::Object(METADATA))];
const PUT: &[Field] = &[need("messages", Kind::List(&Kind::Object(MESSAGE), 1, 20))];
const UPDATE: &[Field] = &[need("visibilityInSeconds", Kind::Whole(0, 43_200))];

pub(super) fn put(world: &mut World, call: &Call, id: &str) -> Answer {
    let now = world.clock.now();
    if call.body.len() > MOST.1 {
        return Err(Refusal::new(413, "RequestEntityTooLarge", format!("A request has {} bytes at most.", MOST.1)));
    }
    let queue = find(world, id, now)?;
    let said = call.json(PUT)?;
    let retention = queue.number("retentionInSeconds", 86_400);
    let mut shown = Vec::new();
    for message in said["messages"].as_array().into_iter().flatten() {
        let content = message["content"].as_str().unwrap_or_default().to_owned();
        if content.is_empty() || content.len() > MOST.0 {
            return Err(Refusal::invalid(format!("A message has 1 to {} bytes.", MOST.0)));
        }
        let metadata = &message["metadata"];
        let message = Message {
            id: queue.next,
            content,
            channel: metadata["channelId"].as_str().map(str::to_owned),
            properties: metadata["customProperties"].clone(),
            created: now,
            expires: later(now, retention),
            visible: now,
            receipt: None,
            deliveries: 0,
        };
        queue.next += 1;
        shown.push(json!({ "id": message.id, "expireAfter": time::text(message.expires) }));
        queue.messages.push(message);
    }
    Ok(Reply::json(&json!({ "messages": shown })))
}

pub(super) fn get(world: &mut World, call: &Call, id: &str) -> Answer {
    call.only(&["visibilityInSeconds", "timeoutInSeconds", "limit", "channelFilter", "consumerGroupId"])?;
    let now = world.clock.now();
    let channel = call.parameter("channelFilter");
    let (hidden, wait) = (call.number("visibilityInSeconds", 0, 43_200)?, call.number("timeoutInSeconds", 0, 30)?);
    let limit = call.number("limit", 1, 20)?.unwrap_or(1);
    let again = world.settings.redeliver_every;
    let queue = find(world, id, now)?;
    let (hidden, wait) = (hidden.unwrap_or(queue.visibility()), wait.unwrap_or(queue.number("timeoutInSeconds", 30)));
    let is_mine = |message: &Message| channel.is_none() || message.channel == channel;
    // Without a filter the messages are of one channel, any.
    let first = queue.messages.iter().find(|message| message.visible <= now && is_mine(message));
    let of = first.map(|message| message.channel.clone());
    let next = queue.messages.iter().filter(|message| is_mine(message)).map(|message| message.visible).min();
    let found: Vec<_> = queue
        .messages
        .iter()
        .filter(|message| message.visible <= now && Some(&message.channel) == of.as_ref())
        .map(|message| message.id)
        .take(usize::try_from(limit).unwrap_or(20))
        .collect();
    if found.is_empty() {
        let mut reply = Reply::json(&json!({ "messages": [] }));
        let until = call.arrived + Duration::from_secs(wait);
        reply.again_until = (until > now).then(|| next.map_or(until, |next| next.min(until)));
        return Ok(reply);
    }
    let twice: Vec<_> = found.iter().map(|_| world.is_unlucky(again)).collect();
    let queue = find(world, id, now)?;
    let mut shown = Vec::new();
    for message in &mut queue.messages {
        let Some(index) = found.iter().position(|id| *id == message.id) else { continue };
        message.deliveries += 1;
        message.receipt = Some(receipt());
        message.visible = if twice[index] { now } else { later(now, hidden) };
        shown.push(json!({
            "id": message.id, "content": message.content, "receipt": message.receipt,
            "deliveryCount": message.deliveries, "visibleAfter": time::text(message.visible),
            "expireAfter": time::text(message.expires), "createdAt": time::text(message.created),
            "metadata": { "channelId": message.channel, "customProperties": message.properties },
        }));
    }
    Ok(Reply::json(&json!({ "messages": shown })))
}

/// Any text, with the signs that paths must encode.
fn receipt() -> String {
    let mut bytes = [0_u8; 30];
    getrandom::fill(&mut bytes).expect("the machine has chance enough");
    // At the end of a text in base64 there are equals signs, and in it a slash and a plus.
    STANDARD.encode([&[0xfb, 0xff], &bytes[..]].concat()) + "="
}

/// A message that somebody has a receipt of which is good.
pub(super) fn by_receipt<'a>(
    world: &'a mut World,
    id: &str,
    receipt: &str,
) -> Result<(&'a mut Vec<Message>, usize), Refusal> {
    let now = world.clock.now();
    let queue = find(world, id, now)?;
    let index = queue.messages.iter().position(|message| message.receipt.as_deref() == Some(receipt));
    let index = index.ok_or_else(|| Refusal::new(404, "NotAuthorizedOrNotFound", "The receipt is of no message."))?;
    Ok((&mut queue.messages, index))
}

pub(super) fn delete(world: &mut World, id: &str, receipt: &str) -> Answer {
    let (messages, index) = by_receipt(world, id, receipt)?;
    messages.remove(index);
    Ok(Reply::empty(204))
}

pub(super) fn update(world: &mut World, call: &Call, id: &str, receipt: &str) -> Answer {
    let said = call.json(UPDATE)?;
    let seconds = said["visibilityInSeconds"].as_u64().unwrap_or(0);
    extend(world, id, receipt, seconds).map(|shown| Reply::json(&shown))
}

/// A message is seen again so many seconds from now, and not when it would have been.
pub(super) fn extend(world: &mut World, id: &str, receipt: &str, seconds: u64) -> Result<Value, Refusal> {
    let now = world.clock.now();
    let (messages, index) = by_receipt(world, id, receipt)?;
    let message = &mut messages[index];
    if message.visible <= now {
        return Err(Refusal::new(409, "IncorrectState", "The message is not in flight any more."));
    }
    message.visible = later(now, seconds);
    Ok(json!({ "id": message.id, "visibleAfter": time::text(message.visible) }))
}
