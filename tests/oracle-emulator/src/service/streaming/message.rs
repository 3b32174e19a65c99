//! Messages of streams.

use std::time::SystemTime;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::call::Call;
use crate::refusal::Refusal;
use crate::reply::{Answer, Reply};
use crate::shape::{Field, Kind, may, need};
use crate::time;
use crate::world::World;

use super::cursor::Cursor;
use super::{find, group};

/// Bytes of a request, and of a key.
const MOST: (usize, usize) = (1024 * 1024, 256);

/// A message.
pub(super) struct Message {
    key: Value,
    value: String,
    pub(super) at: SystemTime,
}

const MESSAGE: &[Field] = &[may("key", Kind::Base64), need("value", Kind::Base64)];
const PUT: &[Field] = &[need("messages", Kind::List(&Kind::Object(MESSAGE), 1, 10_000))];

pub(super) fn put(world: &mut World, call: &Call, id: &str) -> Answer {
    let (now, every) = (world.clock.now(), world.settings.fail_every);
    find(world, id)?;
    if call.body.len() > MOST.0 {
        return Err(Refusal::new(413, "RequestEntityTooLarge", format!("A request has {} bytes at most.", MOST.0)));
    }
    let said = call.json(PUT)?;
    let (mut failures, mut entries) = (0, Vec::new());
    for message in said["messages"].as_array().into_iter().flatten() {
        let key = STANDARD.decode(message["key"].as_str().unwrap_or_default()).unwrap_or_default();
        if key.len() > MOST.1 {
            return Err(Refusal::invalid(format!("A key has {} bytes at most.", MOST.1)));
        }
        if world.is_unlucky(every) {
            failures += 1;
            entries.push(json!({ "error": "InternalServerError", "errorMessage": "told to" }));
            continue;
        }
        let stream = find(world, id)?;
        // What has the same key is in the same partition.
        let seed = if key.is_empty() { entries.len().to_string().into_bytes() } else { key };
        let chosen = usize::from(digest(&SHA256, &seed).as_ref()[0]) % stream.partitions.len();
        let partition = &mut stream.partitions[chosen];
        let offset = partition.next();
        let value = message["value"].as_str().unwrap_or_default().to_owned();
        partition.messages.push(Message { key: message["key"].clone(), value, at: now });
        entries.push(json!({ "partition": chosen.to_string(), "offset": offset, "timestamp": time::text(now) }));
    }
    Ok(Reply::json(&json!({ "failures": failures, "entries": entries })))
}

pub(super) fn get(world: &mut World, call: &Call, id: &str) -> Answer {
    call.only(&["cursor", "limit"])?;
    let (now, limit) = (world.clock.now(), call.number("limit", 1, 10_000)?.unwrap_or(1000));
    let mut cursor = Cursor::read(&call.required("cursor")?, id, now)?;
    let stream = find(world, id)?;
    if cursor.group.is_some() {
        group::before_get(stream, &mut cursor, now)?;
    }
    let mut shown = Vec::new();
    for (name, position) in &mut cursor.positions {
        let partition = &stream.partitions[stream.partition(name)?];
        let from = (*position).max(partition.first);
        let left = usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(shown.len());
        let skipped = usize::try_from(from - partition.first).unwrap_or(usize::MAX);
        let taken: Vec<_> = partition.messages.iter().skip(skipped).take(left).collect();
        for (offset, message) in (from..).zip(&taken) {
            shown.push(json!({
                "stream": id, "partition": name, "key": message.key, "value": message.value, "offset": offset,
                "timestamp": time::text(message.at),
            }));
        }
        *position = from + u64::try_from(taken.len()).unwrap_or_default();
    }
    Ok(Reply::json(&Value::Array(shown)).header("opc-next-cursor", cursor.write(id, now)))
}
