//! Groups, whose instances share the partitions of a stream.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::call::Call;
use crate::refusal::Refusal;
use crate::reply::{Answer, Reply};
use crate::shape::{Field, Kind, may, need};
use crate::time;
use crate::world::World;

use super::cursor::{Cursor, begin};
use super::{Stream, find};

/// A group.
pub(super) struct Group {
    /// What was said when it was made.
    said: Value,
    /// The next offset of each partition, as it was committed.
    committed: BTreeMap<String, u64>,
    /// Who reads a partition, until when.
    reserved: BTreeMap<String, (String, SystemTime)>,
}

const CREATE: &[Field] = &[
    need("type", Kind::OneOf(&["AT_TIME", "LATEST", "TRIM_HORIZON"])),
    need("groupName", Kind::Text(255)),
    may("time", Kind::Time),
    may("instanceName", Kind::Text(255)),
    may("timeoutInMs", Kind::Whole(1000, 120_000)),
    may("commitOnGet", Kind::Flag),
];

impl Group {
    fn timeout(&self) -> Duration {
        Duration::from_millis(self.said["timeoutInMs"].as_u64().unwrap_or(30_000))
    }

    /// Gives an instance its share of the partitions, and renews what it has.
    fn reserve(&mut self, instance: &str, partitions: usize, now: SystemTime) -> Vec<String> {
        self.reserved.retain(|_, (_, until)| *until > now);
        let mut readers: Vec<_> = self.reserved.values().map(|(reader, _)| reader.clone()).collect();
        readers.push(instance.to_owned());
        readers.sort();
        readers.dedup();
        let share = partitions.div_ceil(readers.len());
        let until = now + self.timeout();
        let mut mine = Vec::new();
        for name in (0..partitions).map(|index| index.to_string()) {
            let is_mine = self.reserved.get(&name).is_none_or(|(reader, _)| reader == instance);
            if is_mine && mine.len() < share {
                self.reserved.insert(name.clone(), (instance.to_owned(), until));
                mine.push(name);
            } else if is_mine {
                // Others wait for their share.
                self.reserved.remove(&name);
            }
        }
        mine
    }
}

pub(super) fn create(world: &mut World, call: &Call, id: &str) -> Answer {
    let now = world.clock.now();
    let stream = find(world, id)?;
    let said = call.json(CREATE)?;
    let name = said["groupName"].as_str().unwrap_or_default().to_owned();
    let instance = said["instanceName"].as_str().map_or_else(crate::user::id, str::to_owned);
    if !stream.groups.contains_key(&name) {
        let mut committed = BTreeMap::new();
        for (index, partition) in stream.partitions.iter().enumerate() {
            committed.insert(index.to_string(), begin(partition, &said)?);
        }
        stream.groups.insert(name.clone(), Group { said: said.clone(), committed, reserved: BTreeMap::new() });
    }
    let cursor = Cursor { positions: BTreeMap::new(), group: Some((name, instance)) };
    Ok(Reply::json(&json!({ "value": cursor.write(id, now) })))
}

fn group_of<'a>(stream: &'a mut Stream, cursor: &Cursor) -> Result<(&'a mut Group, String, usize), Refusal> {
    let (name, instance) = cursor.group.clone().ok_or_else(|| Refusal::invalid("The cursor is of no group."))?;
    let count = stream.partitions.len();
    let group = stream.groups.get_mut(&name).ok_or_else(|| Refusal::invalid("The cursor is of no group."))?;
    Ok((group, instance, count))
}

/// Commits what was read, where the group wants that, and gives the cursor the partitions that are its own now.
pub(super) fn before_get(stream: &mut Stream, cursor: &mut Cursor, now: SystemTime) -> Result<(), Refusal> {
    let (group, instance, count) = group_of(stream, cursor)?;
    if group.said["commitOnGet"].as_bool().unwrap_or(true) {
        keep(group, cursor, &instance, now);
    }
    let mine = group.reserve(&instance, count, now);
    let before = std::mem::take(&mut cursor.positions);
    for name in mine {
        let position = before.get(&name).or_else(|| group.committed.get(&name)).copied().unwrap_or(0);
        cursor.positions.insert(name, position);
    }
    Ok(())
}

/// Keeps the positions of partitions that the instance still has.
fn keep(group: &mut Group, cursor: &Cursor, instance: &str, now: SystemTime) {
    for (name, position) in &cursor.positions {
        let is_mine = group.reserved.get(name).is_some_and(|(reader, until)| reader == instance && *until > now);
        if is_mine {
            group.committed.insert(name.clone(), *position);
        }
    }
}

pub(super) fn commit(world: &mut World, call: &Call, id: &str) -> Answer {
    renewed(world, call, id, true)
}

pub(super) fn heartbeat(world: &mut World, call: &Call, id: &str) -> Answer {
    renewed(world, call, id, false)
}

fn renewed(world: &mut World, call: &Call, id: &str, commits: bool) -> Answer {
    let now = world.clock.now();
    let cursor = Cursor::read(&call.required("cursor")?, id, now)?;
    let (group, instance, count) = group_of(find(world, id)?, &cursor)?;
    if commits {
        keep(group, &cursor, &instance, now);
    }
    group.reserve(&instance, count, now);
    Ok(Reply::json(&json!({ "value": cursor.write(id, now) })))
}

pub(super) fn get(world: &mut World, id: &str, name: &str) -> Answer {
    let group = find(world, id)?.groups.get(name).ok_or_else(Refusal::missing)?;
    let reservations = group.committed.iter().map(|(partition, next)| {
        let reserved = group.reserved.get(partition);
        json!({
            "partition": partition, "committedOffset": next.checked_sub(1),
            "reservedInstance": reserved.map(|(reader, _)| reader),
            "timeReservedUntil": reserved.map(|(_, until)| time::text(*until)),
        })
    });
    let reservations: Vec<_> = reservations.collect();
    Ok(Reply::json(&json!({ "streamId": id, "groupName": name, "reservations": reservations })))
}
