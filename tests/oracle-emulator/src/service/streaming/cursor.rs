//! Cursors: where somebody reads, for five minutes.

use std::collections::BTreeMap;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::call::Call;
use crate::refusal::Refusal;
use crate::reply::{Answer, Reply};
use crate::shape::{Field, Kind, may, need};
use crate::time;
use crate::world::World;

use super::{Partition, find};

/// Seconds for which a cursor is good.
const LASTS: u64 = 5 * 60;

/// Where somebody reads.
pub(super) struct Cursor {
    /// The next offset of each partition.
    pub(super) positions: BTreeMap<String, u64>,
    /// The group and the instance that read, where it is one of a group.
    pub(super) group: Option<(String, String)>,
}

const TYPES: &[&str] = &["AFTER_OFFSET", "AT_OFFSET", "AT_TIME", "LATEST", "TRIM_HORIZON"];
const CREATE: &[Field] = &[
    need("partition", Kind::Text(10)),
    need("type", Kind::OneOf(TYPES)),
    may("offset", Kind::Whole(0, i64::MAX)),
    may("time", Kind::Time),
];

impl Cursor {
    pub(super) fn write(&self, stream: &str, now: SystemTime) -> String {
        let said = json!({
            "s": stream, "p": self.positions, "g": self.group.as_ref().map(|(group, instance)| [group, instance]),
            "t": time::seconds(now),
        });
        STANDARD.encode(said.to_string())
    }

    pub(super) fn read(text: &str, stream: &str, now: SystemTime) -> Result<Self, Refusal> {
        let wrong = || Refusal::invalid("The cursor is invalid.");
        let said: Value =
            STANDARD.decode(text).ok().and_then(|text| serde_json::from_slice(&text).ok()).ok_or_else(wrong)?;
        let made = said["t"].as_u64().ok_or_else(wrong)?;
        if said["s"] != stream {
            return Err(wrong());
        }
        if made + LASTS < time::seconds(now) {
            return Err(Refusal::invalid("The cursor has expired."));
        }
        let positions = said["p"].as_object().into_iter().flatten();
        let positions = positions.filter_map(|(name, at)| Some((name.clone(), at.as_u64()?))).collect();
        let group = said["g"].as_array().map(|both| {
            let text = |index: usize| both.get(index).and_then(Value::as_str).unwrap_or_default().to_owned();
            (text(0), text(1))
        });
        Ok(Self { positions, group })
    }
}

/// Where reading begins by what is said.
pub(super) fn begin(partition: &Partition, said: &Value) -> Result<u64, Refusal> {
    let offset = || said["offset"].as_u64().ok_or_else(|| Refusal::invalid("offset must be given for this type."));
    Ok(match said["type"].as_str().unwrap_or_default() {
        "AFTER_OFFSET" => offset()? + 1,
        "AT_OFFSET" => offset()?,
        "LATEST" => partition.next(),
        "AT_TIME" => {
            let at = said["time"].as_str().and_then(time::read);
            let at = at.ok_or_else(|| Refusal::invalid("time must be given for this type."))?;
            let before = partition.messages.iter().take_while(|message| message.at < at).count();
            partition.first + u64::try_from(before).unwrap_or_default()
        }
        _ => partition.first,
    })
}

pub(super) fn create(world: &mut World, call: &Call, id: &str) -> Answer {
    let now = world.clock.now();
    let stream = find(world, id)?;
    let said = call.json(CREATE)?;
    let name = said["partition"].as_str().unwrap_or_default().to_owned();
    let position = begin(&stream.partitions[stream.partition(&name)?], &said)?;
    let cursor = Cursor { positions: BTreeMap::from([(name, position)]), group: None };
    Ok(Reply::json(&json!({ "value": cursor.write(id, now) })))
}
