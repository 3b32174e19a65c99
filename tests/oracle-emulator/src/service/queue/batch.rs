//! Many messages at once, of which some may fail.

use serde_json::{Value, json};

use crate::call::Call;
use crate::refusal::Refusal;
use crate::reply::{Answer, Reply};
use crate::shape::{Field, Kind, need};
use crate::world::World;

use super::{find, message};

const ENTRY: &[Field] = &[need("receipt", Kind::Text(1024))];
const DELETE: &[Field] = &[need("entries", Kind::List(&Kind::Object(ENTRY), 1, 20))];
const LONGER: &[Field] = &[need("receipt", Kind::Text(1024)), need("visibilityInSeconds", Kind::Whole(0, 43_200))];
const UPDATE: &[Field] = &[need("entries", Kind::List(&Kind::Object(LONGER), 1, 20))];

pub(super) fn delete(world: &mut World, call: &Call, id: &str) -> Answer {
    let said = call.json(DELETE)?;
    each(world, id, &said, |world, entry| {
        let (messages, index) = message::by_receipt(world, id, entry["receipt"].as_str().unwrap_or_default())?;
        messages.remove(index);
        Ok(json!({}))
    })
}

pub(super) fn update(world: &mut World, call: &Call, id: &str) -> Answer {
    let said = call.json(UPDATE)?;
    each(world, id, &said, |world, entry| {
        let seconds = entry["visibilityInSeconds"].as_u64().unwrap_or(0);
        message::extend(world, id, entry["receipt"].as_str().unwrap_or_default(), seconds)
    })
}

fn each(
    world: &mut World,
    id: &str,
    said: &Value,
    mut change: impl FnMut(&mut World, &Value) -> Result<Value, Refusal>,
) -> Answer {
    let now = world.clock.now();
    find(world, id, now)?;
    let every = world.settings.fail_every;
    let (mut ours, mut theirs, mut shown) = (0, 0, Vec::new());
    for entry in said["entries"].as_array().into_iter().flatten() {
        let result = if world.is_unlucky(every) {
            Err(Refusal::new(500, "InternalServerError", "told to"))
        } else {
            change(world, entry)
        };
        shown.push(result.unwrap_or_else(|refusal| {
            if refusal.status >= 500 {
                ours += 1;
            } else {
                theirs += 1;
            }
            json!({ "errorCode": refusal.status, "errorMessage": refusal.message })
        }));
    }
    Ok(Reply::json(&json!({ "serverFailures": ours, "clientFailures": theirs, "entries": shown })))
}
