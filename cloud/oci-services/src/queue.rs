//! Queue (version 20210201): messages that are received at least once, by one receiver at a time.

use std::collections::BTreeMap;
use std::time::Duration;

use oci_signer::Client;
use reqwest::Method;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::service::{Service, in_region};

/// The version of the service, which begins all paths.
const VERSION: &str = "20210201";

/// Messages that are put, received, held or deleted at once, at most.
pub const BATCH: usize = 20;
/// Bytes that a message may have.
pub const MESSAGE_BYTES: usize = 256 * 1024;
/// Bytes that all messages of one request may have.
pub const REQUEST_BYTES: usize = 512 * 1024;
/// How long a receiver may wait for a message.
pub const LONGEST_POLL: Duration = Duration::from_secs(30);

/// How much longer than it waits for a message a request may take.
const SLACK: Duration = Duration::from_secs(15);

/// Queues of a region, as they are administered.
#[derive(Debug, Clone)]
pub struct Queues {
    service: Service,
}

/// A queue, as it is described.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Description {
    /// Its id.
    pub id: String,
    /// Its name.
    #[serde(default)]
    pub display_name: Option<String>,
    /// Whether it can be used: `ACTIVE`.
    #[serde(default)]
    pub lifecycle_state: String,
    /// Where its messages are put and received.
    pub messages_endpoint: String,
    /// Seconds that a message is its receiver's, where a receiver says nothing else.
    #[serde(default)]
    pub visibility_in_seconds: Option<u32>,
    /// Seconds that a message is kept.
    #[serde(default)]
    pub retention_in_seconds: Option<u32>,
    /// How often a message is received before it goes to the dead letters; 0 where it never does.
    #[serde(default)]
    pub dead_letter_queue_delivery_count: Option<u32>,
}

in_region!(Queues, "messaging", VERSION);

impl Queues {
    /// A queue.
    ///
    /// # Errors
    /// When there is none of this id, or none that we may see.
    pub async fn get(&self, id: &str) -> Result<Description, Error> {
        self.service.call("GetQueue", Method::GET, &["queues", id]).value().await
    }
}

/// The messages of one queue.
#[derive(Debug, Clone)]
pub struct Queue {
    service: Service,
    id: String,
}

/// A message to be put.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PutMessage {
    /// What it says.
    pub content: String,
    /// What is said of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
}

/// What is said of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// The channel that it is in, by which receivers choose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_id: Option<String>,
    /// Anything else.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub custom_properties: BTreeMap<String, String>,
}

/// A message that was put.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Put {
    /// Its number in the queue.
    pub id: i64,
    /// When it is forgotten, as RFC 3339 writes it.
    #[serde(default)]
    pub expire_after: Option<String>,
}

/// A message that was received.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Received {
    /// Its number in the queue.
    pub id: i64,
    /// What it says.
    pub content: String,
    /// By this it is held and deleted, until it is received the next time.
    pub receipt: String,
    /// How often it was received by now.
    #[serde(default)]
    pub delivery_count: u32,
    /// When others may receive it, as RFC 3339 writes it.
    #[serde(default)]
    pub visible_after: Option<String>,
    /// What is said of it.
    #[serde(default)]
    pub metadata: Option<Metadata>,
}

/// How messages are received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receive<'a> {
    /// How many at most: 1 to 20.
    pub limit: usize,
    /// How long it is waited for the first, up to 30 seconds; the service may answer with none before.
    pub wait: Duration,
    /// How long they are this receiver's; as the queue says when none.
    pub visibility: Option<Duration>,
    /// The channel.
    pub channel: Option<&'a str>,
    /// The consumer group, where the queue has some.
    pub group: Option<&'a str>,
}

/// What did not come about of a batch: the request as a whole went well all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The place in the batch, from 0.
    pub index: usize,
    /// The status that it would have had alone: 404 where its receipt is not good any more.
    pub code: u16,
    /// What the service says of it.
    pub message: String,
}

impl Failure {
    /// Whether the receipt is not good any more: the message is gone, or somebody else's.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        matches!(self.code, 400 | 404 | 409)
    }
}

/// How many messages there are, about, a second ago.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Stats {
    /// Those that may be received.
    pub visible_messages: u64,
    /// Those that somebody has received.
    pub in_flight_messages: u64,
    /// Their bytes.
    pub size_in_bytes: u64,
}

#[derive(Serialize)]
struct Puts<'a> {
    messages: &'a [PutMessage],
}

#[derive(Deserialize)]
struct Messages<T> {
    messages: Vec<T>,
}

#[derive(Serialize)]
struct Entries {
    entries: Vec<Entry>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    receipt: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    visibility_in_seconds: Option<u64>,
}

#[derive(Deserialize)]
struct Results {
    entries: Vec<Outcome>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    #[serde(default)]
    error_code: Option<u16>,
    #[serde(default)]
    error_message: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct AllStats {
    queue: Stats,
    dlq: Stats,
}

impl Queue {
    /// The messages of a queue, at its own address: [`Description::messages_endpoint`].
    ///
    /// # Errors
    /// When that is no address.
    pub fn at(client: Client, messages_endpoint: &str, id: &str) -> Result<Self, Error> {
        Ok(Self { service: Service::at(client, messages_endpoint, VERSION)?, id: id.to_owned() })
    }

    /// The same, with another way of trying again or of waiting.
    #[must_use]
    pub fn with(self, change: impl FnOnce(Service) -> Service) -> Self {
        Self { service: change(self.service), ..self }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Puts up to [`BATCH`] messages: all of them, or none. Where the answer is lost they are put once more, so that they
    /// may be there twice.
    ///
    /// # Errors
    /// When the service refuses.
    pub async fn put(&self, messages: &[PutMessage]) -> Result<Vec<Put>, Error> {
        let call = self.service.call("PutMessages", Method::POST, &["queues", &self.id, "messages"]);
        let answer: Messages<Put> = call.harmless_twice(true).json(&Puts { messages }).value().await?;
        Ok(answer.messages)
    }

    /// Receives messages; none where none came in time, or somewhat earlier.
    ///
    /// # Errors
    /// When the service refuses.
    pub async fn receive(&self, how: Receive<'_>) -> Result<Vec<Received>, Error> {
        let wait = how.wait.min(LONGEST_POLL);
        let call = self.service.call("GetMessages", Method::GET, &["queues", &self.id, "messages"]);
        let call = call
            .query("visibilityInSeconds", how.visibility.map(|visibility| visibility.as_secs()))
            .query("timeoutInSeconds", Some(wait.as_secs()))
            .query("limit", Some(how.limit.clamp(1, BATCH)))
            .query("channelFilter", how.channel)
            .query("consumerGroupId", how.group)
            // Its answer may be lost: what was received then comes again once it is visible.
            .harmless_twice(false)
            .within(wait + SLACK);
        Ok(call.value::<Messages<Received>>().await?.messages)
    }

    /// Holds up to [`BATCH`] messages for so long from now; tells which could not be held.
    ///
    /// # Errors
    /// When the service refuses all of them.
    pub async fn extend(&self, receipts: &[&str], visibility: Duration) -> Result<Vec<Failure>, Error> {
        self.batch("UpdateMessages", "updateMessages", receipts, Some(visibility.as_secs())).await
    }

    /// Deletes up to [`BATCH`] messages; tells which were not.
    ///
    /// # Errors
    /// When the service refuses all of them.
    pub async fn delete(&self, receipts: &[&str]) -> Result<Vec<Failure>, Error> {
        self.batch("DeleteMessages", "deleteMessages", receipts, None).await
    }

    /// How many messages there are, and how many among the dead letters.
    ///
    /// # Errors
    /// When the service refuses.
    pub async fn stats(&self) -> Result<(Stats, Stats), Error> {
        let call = self.service.call("GetStats", Method::GET, &["queues", &self.id, "stats"]);
        let AllStats { queue, dlq } = call.value().await?;
        Ok((queue, dlq))
    }

    async fn batch(
        &self,
        name: &'static str,
        action: &str,
        receipts: &[&str],
        visibility_in_seconds: Option<u64>,
    ) -> Result<Vec<Failure>, Error> {
        let entry = |receipt: &&str| Entry { receipt: (*receipt).to_owned(), visibility_in_seconds };
        let entries = receipts.iter().map(entry).collect();
        let call = self.service.call(name, Method::POST, &["queues", &self.id, "messages", "actions", action]);
        let results: Results = call.harmless_twice(true).json(&Entries { entries }).value().await?;
        if results.entries.len() != receipts.len() {
            let why = format!("{} results came for {} messages", results.entries.len(), receipts.len());
            return Err(Error::Answer { call: name, why });
        }
        let failed = results.entries.into_iter().enumerate().filter_map(|(index, outcome)| {
            let message = outcome.error_message.unwrap_or_default();
            outcome.error_code.map(|code| Failure { index, code, message })
        });
        Ok(failed.collect())
    }
}
