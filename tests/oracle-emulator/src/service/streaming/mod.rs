//! Streaming, API 20180418.

mod cursor;
mod group;
mod message;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::call::Call;
use crate::cloud::Cloud;
use crate::page;
use crate::refusal::Refusal;
use crate::reply::{Answer, Reply};
use crate::shape::{Field, Kind, may, need};
use crate::world::World;
use crate::{time, user};

use super::{Covers, Service};
use group::Group;
use message::Message;

const BASE: &str = "/20180418";

pub(crate) const SERVICE: Service = Service {
    name: "streaming",
    owns: |path| path.starts_with(BASE),
    // The body of `PutMessages` is not covered.
    covers: |call| {
        let is_put = call.method == "POST" && call.path().ends_with("/messages");
        if is_put { Covers::Head } else { Covers::Everything }
    },
    answer: |cloud, call| answer(cloud, call),
};

/// Its streams by OCID.
#[derive(Default)]
pub(crate) struct State {
    streams: BTreeMap<String, Stream>,
}

/// A stream.
struct Stream {
    said: Value,
    created: SystemTime,
    partitions: Vec<Partition>,
    groups: BTreeMap<String, Group>,
}

/// A part of a stream, in which order is kept.
#[derive(Default)]
struct Partition {
    /// The offset of the first message that is kept.
    first: u64,
    messages: Vec<Message>,
}

const CREATE: &[Field] = &[
    need("name", Kind::Text(255)),
    need("partitions", Kind::Whole(1, 50)),
    may("compartmentId", Kind::Text(255)),
    may("streamPoolId", Kind::Text(255)),
    may("retentionInHours", Kind::Whole(24, 168)),
    may("freeformTags", Kind::Texts),
    may("definedTags", Kind::Any),
];

impl Partition {
    fn next(&self) -> u64 {
        self.first + u64::try_from(self.messages.len()).unwrap_or(u64::MAX)
    }
}

impl Stream {
    fn new(said: Value, created: SystemTime) -> Self {
        let count = said["partitions"].as_u64().unwrap_or(1);
        let partitions = (0..count).map(|_| Partition::default()).collect();
        Self { said, created, partitions, groups: BTreeMap::new() }
    }

    fn json(&self, id: &str, endpoint: &str) -> Value {
        let said = &self.said;
        json!({
            "id": id, "name": said["name"], "partitions": self.partitions.len(),
            "retentionInHours": said["retentionInHours"].as_u64().unwrap_or(24),
            "compartmentId": said["compartmentId"], "streamPoolId": said["streamPoolId"],
            "lifecycleState": "ACTIVE", "lifecycleStateDetails": null, "timeCreated": time::text(self.created),
            "messagesEndpoint": endpoint, "freeformTags": {}, "definedTags": {},
        })
    }

    /// Drops what is too old.
    fn tidy(&mut self, now: SystemTime) {
        let kept = Duration::from_secs(self.said["retentionInHours"].as_u64().unwrap_or(24) * 3600);
        for partition in &mut self.partitions {
            let old = partition.messages.iter().take_while(|message| message.at + kept < now).count();
            partition.messages.drain(..old);
            partition.first += u64::try_from(old).unwrap_or_default();
        }
    }

    fn partition(&self, name: &str) -> Result<usize, Refusal> {
        let found = name.parse().ok().filter(|index| *index < self.partitions.len());
        found.ok_or_else(|| Refusal::invalid(format!("The stream has no partition '{name}'.")))
    }
}

fn answer(cloud: &Cloud, call: &Call) -> Answer {
    let mut world = cloud.world();
    let segments = call.segments(BASE);
    let segments: Vec<_> = segments.iter().map(String::as_str).collect();
    let endpoint = format!("http://{}", cloud.address);
    match (call.method.as_str(), segments.as_slice()) {
        ("POST", ["streams"]) => {
            let said = call.json(CREATE)?;
            if said["compartmentId"].is_string() == said["streamPoolId"].is_string() {
                return Err(Refusal::invalid("One of compartmentId and streamPoolId must be given, and not both."));
            }
            let id = format!("ocid1.stream.oc1.{}.{}", world.settings.region, user::id());
            let stream = Stream::new(said, world.clock.now());
            let reply = Reply::json(&stream.json(&id, &endpoint)).header("etag", "1");
            world.services.streaming.streams.insert(id, stream);
            Ok(reply)
        }
        ("GET", ["streams"]) => {
            let name = call.parameter("name").map(|name| json!(name));
            let streams = world.services.streaming.streams.iter();
            let found = streams.filter(|(_, stream)| name.as_ref().is_none_or(|name| &stream.said["name"] == name));
            let all = found.map(|(id, stream)| stream.json(id, &endpoint)).collect();
            page::array(call, &world.settings, all)
        }
        ("GET", ["streams", id]) => Ok(Reply::json(&find(&mut world, id)?.json(id, &endpoint)).header("etag", "1")),
        ("DELETE", ["streams", id]) => {
            find(&mut world, id)?;
            world.services.streaming.streams.remove(*id);
            Ok(Reply::empty(204))
        }
        ("POST", ["streams", id, "messages"]) => message::put(&mut world, call, id),
        ("GET", ["streams", id, "messages"]) => message::get(&mut world, call, id),
        ("POST", ["streams", id, "cursors"]) => cursor::create(&mut world, call, id),
        ("POST", ["streams", id, "groupCursors"]) => group::create(&mut world, call, id),
        ("POST", ["streams", id, "commit"]) => group::commit(&mut world, call, id),
        ("POST", ["streams", id, "heartbeat"]) => group::heartbeat(&mut world, call, id),
        ("GET", ["streams", id, "groups", name]) => group::get(&mut world, id, name),
        _ => Err(Refusal::missing()),
    }
}

fn find<'a>(world: &'a mut World, id: &str) -> Result<&'a mut Stream, Refusal> {
    let now = world.clock.now();
    let stream = world.services.streaming.streams.get_mut(id).ok_or_else(Refusal::missing)?;
    stream.tidy(now);
    Ok(stream)
}

impl World {
    /// Makes a stream of this OCID, where there is none.
    pub fn stream(&mut self, id: &str, partitions: u64) {
        let said = json!({ "name": id, "partitions": partitions, "compartmentId": user::TENANCY });
        let stream = Stream::new(said, self.clock.now());
        self.services.streaming.streams.entry(id.into()).or_insert(stream);
    }
}
