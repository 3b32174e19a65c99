//! Streaming (version 20180418): messages that stay where they are, read from any offset on.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oci_signer::{Client, Covers};
use reqwest::Method;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::service::{Service, in_region};

/// The version of the service, which begins all paths.
const VERSION: &str = "20180418";

/// Bytes that a request may have: its messages are in base64 there.
pub const REQUEST_BYTES: usize = 1024 * 1024;
/// Bytes that a key may have.
pub const KEY_BYTES: usize = 256;
/// Messages that are read at once, at most.
pub const PAGE: usize = 10_000;

/// Streams of a region, as they are administered.
#[derive(Debug, Clone)]
pub struct Streams {
    service: Service,
}

/// A stream, as it is described.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Description {
    /// Its id.
    pub id: String,
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// Whether it can be used: `ACTIVE`.
    #[serde(default)]
    pub lifecycle_state: String,
    /// How many partitions it has, which are called `0`, `1` …
    pub partitions: u32,
    /// Where its messages are put and read.
    pub messages_endpoint: String,
    /// Hours that messages are kept.
    #[serde(default)]
    pub retention_in_hours: Option<u32>,
}

in_region!(Streams, "streaming", VERSION);

impl Streams {
    /// A stream.
    ///
    /// # Errors
    /// When there is none of this id, or none that we may see.
    pub async fn get(&self, id: &str) -> Result<Description, Error> {
        self.service.call("GetStream", Method::GET, &["streams", id]).value().await
    }
}

/// The messages of one stream.
#[derive(Debug, Clone)]
pub struct Stream {
    service: Service,
    id: String,
}

/// A message to be put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutMessage {
    /// What decides on its partition: messages of one key stay in order.
    pub key: Vec<u8>,
    /// What it says.
    pub value: Vec<u8>,
}

/// A message that could not be put, though others of its request were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The place in the request, from 0.
    pub index: usize,
    /// Oracle's code, as `InternalServerError`.
    pub error: String,
    /// What the service says of it.
    pub message: String,
}

/// A message of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its partition.
    pub partition: String,
    /// Its place in the partition.
    pub offset: u64,
    /// Its key.
    pub key: Vec<u8>,
    /// What it says.
    pub value: Vec<u8>,
}

/// Where reading begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With the oldest message that is kept.
    Oldest,
    /// With the message at this offset.
    At(u64),
    /// With the message after this offset.
    After(u64),
    /// With what is put from now on.
    Newest,
}

#[derive(Serialize)]
struct Puts {
    messages: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    key: String,
    value: String,
}

#[derive(Deserialize)]
struct Results {
    entries: Vec<Outcome>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    error_message: Option<String>,
}

#[derive(Serialize)]
struct CreateCursor<'a> {
    partition: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
}

#[derive(Deserialize)]
struct Cursor {
    value: String,
}

#[derive(Deserialize)]
struct Read {
    partition: String,
    offset: u64,
    #[serde(default)]
    key: Option<String>,
    value: String,
}

impl Stream {
    /// The messages of a stream, at its own address: [`Description::messages_endpoint`].
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

    /// Puts messages; tells which of them could not be put, though the request went well. Where the answer is lost they are
    /// put once more, so that they may be there twice.
    ///
    /// # Errors
    /// When the service refuses all of them.
    pub async fn put(&self, messages: &[PutMessage]) -> Result<Vec<Failure>, Error> {
        let entry =
            |message: &PutMessage| Entry { key: STANDARD.encode(&message.key), value: STANDARD.encode(&message.value) };
        let puts = Puts { messages: messages.iter().map(entry).collect() };
        let call = self.service.call("PutMessages", Method::POST, &["streams", &self.id, "messages"]);
        // The service wants no body in the signature here.
        let call = call.covering(Covers::Head).harmless_twice(true).json(&puts);
        let results: Results = call.value().await?;
        if results.entries.len() != messages.len() {
            let why = format!("{} results came for {} messages", results.entries.len(), messages.len());
            return Err(Error::Answer { call: "PutMessages", why });
        }
        let failed = results.entries.into_iter().enumerate().filter_map(|(index, outcome)| {
            let message = outcome.error_message.unwrap_or_default();
            outcome.error.map(|error| Failure { index, error, message })
        });
        Ok(failed.collect())
    }

    /// A cursor in a partition, which is good for five minutes.
    ///
    /// # Errors
    /// When the service refuses.
    pub async fn cursor(&self, partition: &str, start: Start) -> Result<String, Error> {
        let (kind, offset) = match start {
            Start::Oldest => ("TRIM_HORIZON", None),
            Start::At(offset) => ("AT_OFFSET", Some(offset)),
            Start::After(offset) => ("AFTER_OFFSET", Some(offset)),
            Start::Newest => ("LATEST", None),
        };
        let call = self.service.call("CreateCursor", Method::POST, &["streams", &self.id, "cursors"]);
        let call = call.harmless_twice(true).json(&CreateCursor { partition, kind, offset });
        Ok(call.value::<Cursor>().await?.value)
    }

    /// Reads up to `limit` messages at a cursor, and returns the one behind them; there may be none yet.
    ///
    /// # Errors
    /// When the service refuses, as a cursor that is too old: its status is 400 then.
    pub async fn read(&self, cursor: &str, limit: usize) -> Result<(Vec<Message>, String), Error> {
        let name = "GetMessages";
        let call = self.service.call(name, Method::GET, &["streams", &self.id, "messages"]);
        let call = call.query("cursor", Some(cursor)).query("limit", Some(limit.clamp(1, PAGE)));
        let answer = call.send().await?;
        let none = || Error::Answer { call: name, why: "it has no `opc-next-cursor`".into() };
        let next = answer.header("opc-next-cursor").ok_or_else(none)?.to_owned();
        let messages = answer.value::<Vec<Read>>().await?.into_iter().map(|read| {
            let decoded = |text: &str| {
                STANDARD.decode(text).map_err(|_| Error::Answer {
                    call: name,
                    why: format!("the message at offset {} is no base64", read.offset),
                })
            };
            let (key, value) = (decoded(read.key.as_deref().unwrap_or_default())?, decoded(&read.value)?);
            Ok(Message { partition: read.partition.clone(), offset: read.offset, key, value })
        });
        Ok((messages.collect::<Result<_, Error>>()?, next))
    }
}
