//! Queue, API 20210201: queues as they are managed, and their messages.

mod batch;
mod message;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::call::Call;
use crate::cloud::Cloud;
use crate::page;
use crate::refusal::Refusal;
use crate::reply::{Answer, Reply};
use crate::shape::{Field, Kind, may, need};
use crate::world::World;
use crate::{time, user};

use super::{Service, everything};
use message::Message;

const BASE: &str = "/20210201";

pub(crate) const SERVICE: Service = Service {
    name: "queue",
    owns: |path| path.starts_with(BASE),
    covers: everything,
    answer: |cloud, call| answer(cloud, call),
};

/// Its queues by OCID.
#[derive(Default)]
pub(crate) struct State {
    queues: BTreeMap<String, Queue>,
}

/// A queue.
struct Queue {
    said: Value,
    created: SystemTime,
    next: i64,
    messages: Vec<Message>,
    /// What was delivered too often.
    dead: Vec<Message>,
}

const CREATE: &[Field] = &[
    need("displayName", Kind::Text(255)),
    need("compartmentId", Kind::Text(255)),
    may("retentionInSeconds", Kind::Whole(10, 604_800)),
    may("visibilityInSeconds", Kind::Whole(0, 43_200)),
    may("timeoutInSeconds", Kind::Whole(0, 30)),
    may("channelConsumptionLimit", Kind::Whole(1, 100)),
    may("deadLetterQueueDeliveryCount", Kind::Whole(0, 20)),
    may("customEncryptionKeyId", Kind::Text(255)),
    may("capabilities", Kind::Any),
    may("freeformTags", Kind::Texts),
    may("definedTags", Kind::Any),
];

impl Queue {
    fn new(said: Value, created: SystemTime) -> Self {
        Self { said, created, next: 1, messages: Vec::new(), dead: Vec::new() }
    }

    fn number(&self, name: &str, default: u64) -> u64 {
        self.said[name].as_u64().unwrap_or(default)
    }

    /// Seconds for which a message that was delivered is not seen.
    fn visibility(&self) -> u64 {
        self.number("visibilityInSeconds", 30)
    }

    fn json(&self, id: &str, endpoint: &str) -> Value {
        json!({
            "id": id, "displayName": self.said["displayName"], "compartmentId": self.said["compartmentId"],
            "timeCreated": time::text(self.created), "timeUpdated": time::text(self.created),
            "lifecycleState": "ACTIVE", "lifecycleDetails": null, "messagesEndpoint": endpoint,
            "retentionInSeconds": self.number("retentionInSeconds", 86_400),
            "visibilityInSeconds": self.visibility(), "timeoutInSeconds": self.number("timeoutInSeconds", 30),
            "deadLetterQueueDeliveryCount": self.number("deadLetterQueueDeliveryCount", 0),
            "freeformTags": {}, "definedTags": {}, "systemTags": {}, "customEncryptionKeyId": null,
            "channelConsumptionLimit": self.number("channelConsumptionLimit", 100),
        })
    }

    /// Drops what is too old, and puts aside what was delivered too often.
    fn tidy(&mut self, now: SystemTime) {
        self.messages.retain(|message| message.expires > now);
        let most = self.number("deadLetterQueueDeliveryCount", 0);
        if most > 0 {
            let is_dead = |message: &mut Message| message.deliveries >= most && message.visible <= now;
            self.dead.extend(self.messages.extract_if(.., is_dead));
        }
    }
}

fn answer(cloud: &Cloud, call: &Call) -> Answer {
    let mut world = cloud.world();
    let now = world.clock.now();
    let segments = call.segments(BASE);
    let segments: Vec<_> = segments.iter().map(String::as_str).collect();
    let endpoint = format!("http://{}", cloud.address);
    let reply = match (call.method.as_str(), segments.as_slice()) {
        ("POST", ["queues"]) => create(&mut world, call),
        ("GET", ["queues"]) => {
            call.only(&[
                "compartmentId",
                "displayName",
                "lifecycleState",
                "id",
                "limit",
                "page",
                "sortOrder",
                "sortBy",
            ])?;
            let name = call.parameter("displayName").map(|name| json!(name));
            let queues = world.services.queue.queues.iter();
            let found = queues.filter(|(_, queue)| name.as_ref().is_none_or(|name| &queue.said["displayName"] == name));
            let all = found.map(|(id, queue)| queue.json(id, &endpoint)).collect();
            page::items(call, &world.settings, all)
        }
        ("GET", ["queues", id]) => Ok(Reply::json(&find(&mut world, id, now)?.json(id, &endpoint)).header("etag", "1")),
        ("DELETE", ["queues", id]) => {
            find(&mut world, id, now)?;
            world.services.queue.queues.remove(*id);
            Ok(Reply::empty(204).header("opc-work-request-id", work()))
        }
        ("POST", ["queues", id, "messages"]) => message::put(&mut world, call, id),
        ("GET", ["queues", id, "messages"]) => message::get(&mut world, call, id),
        ("POST", ["queues", id, "messages", "actions", "deleteMessages"]) => batch::delete(&mut world, call, id),
        ("POST", ["queues", id, "messages", "actions", "updateMessages"]) => batch::update(&mut world, call, id),
        ("GET", ["queues", id, "stats"]) => stats(&mut world, call, id),
        ("GET", ["queues", id, "channels"]) => {
            let queue = find(&mut world, id, now)?;
            let mut channels: Vec<_> = queue.messages.iter().filter_map(|message| message.channel.clone()).collect();
            channels.sort();
            channels.dedup();
            page::items(call, &world.settings, channels.into_iter().map(Value::from).collect())
        }
        // Receipts may have slashes in them.
        ("PUT", ["queues", id, "messages", _, ..]) => message::update(&mut world, call, id, &receipt(call)),
        ("DELETE", ["queues", id, "messages", _, ..]) => message::delete(&mut world, id, &receipt(call)),
        _ => Err(Refusal::missing()),
    };
    drop(world);
    // Whoever waits for messages must not be woken by others who do.
    if call.method != "GET" {
        cloud.changed.notify_waiters();
    }
    reply
}

fn receipt(call: &Call) -> String {
    let raw = call.path().split_once("/messages/").map_or("", |(_, rest)| rest);
    percent_decode_str(raw).decode_utf8_lossy().into_owned()
}

fn work() -> String {
    format!("ocid1.queueworkrequest.oc1.eu-frankfurt-1.{}", user::id())
}

fn create(world: &mut World, call: &Call) -> Answer {
    let said = call.json(CREATE)?;
    let id = format!("ocid1.queue.oc1.{}.{}", world.settings.region, user::id());
    let queue = Queue::new(said, world.clock.now());
    world.services.queue.queues.insert(id, queue);
    Ok(Reply::empty(202).header("opc-work-request-id", work()))
}

fn find<'a>(world: &'a mut World, id: &str, now: SystemTime) -> Result<&'a mut Queue, Refusal> {
    let queue = world.services.queue.queues.get_mut(id).ok_or_else(Refusal::missing)?;
    queue.tidy(now);
    Ok(queue)
}

fn stats(world: &mut World, call: &Call, id: &str) -> Answer {
    call.only(&["channelId", "consumerGroupId"])?;
    let (now, channel) = (world.clock.now(), call.parameter("channelId"));
    let queue = find(world, id, now)?;
    let count = |messages: &[Message]| {
        let mine = || messages.iter().filter(|message| channel.is_none() || message.channel == channel);
        json!({
            "visibleMessages": mine().filter(|message| message.visible <= now).count(),
            "inFlightMessages": mine().filter(|message| message.visible > now).count(),
            "sizeInBytes": mine().map(|message| message.content.len()).sum::<usize>(),
        })
    };
    Ok(Reply::json(&json!({ "queue": count(&queue.messages), "dlq": count(&queue.dead), "channelId": channel })))
}

impl World {
    /// Makes a queue of this OCID, where there is none: messages are seen again after `visibility` seconds, and put aside
    /// after `deliveries` (0 is never).
    pub fn queue(&mut self, id: &str, visibility: u64, deliveries: u64) {
        let said = json!({
            "displayName": id, "compartmentId": user::TENANCY, "visibilityInSeconds": visibility,
            "deadLetterQueueDeliveryCount": deliveries,
        });
        let queue = Queue::new(said, self.clock.now());
        self.services.queue.queues.entry(id.into()).or_insert(queue);
    }

    /// The contents of the messages of a queue, and those that were put aside.
    #[must_use]
    pub fn queued(&self, id: &str) -> (Vec<String>, Vec<String>) {
        let texts = |messages: &[Message]| messages.iter().map(|message| message.content.clone()).collect();
        let queue = self.services.queue.queues.get(id);
        queue.map_or_else(Default::default, |queue| (texts(&queue.messages), texts(&queue.dead)))
    }
}

/// Seconds later.
fn later(time: SystemTime, seconds: u64) -> SystemTime {
    time + Duration::from_secs(seconds)
}
