//! Messages in a stream of Oracle Cloud, where they stay: each consumer reads all of them, and keeps where it stands.
//!
//! One process at a time is a consumer of a name. It receives what is behind its place in a partition, and its place moves on
//! once all before it were removed. What is not removed in time comes again, from the place on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use oci_services::streaming::{self, KEY_BYTES, PutMessage, REQUEST_BYTES, Start};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use super::cursor::{Cursors, Place};
use super::queue::batches;
use super::{Message, Parcel, Transport, TransportError, written};

/// Bytes around the messages of a request, and around each of them.
const AROUND: usize = 64;

/// Bytes that a message may have that is alone in its request, where it is in base64 with its key.
const WHOLE: usize = (REQUEST_BYTES - 2 * AROUND) / 4 * 3 - 2 * KEY_BYTES;

/// Bytes that a message of ours may have, so that there is room to say why one is parked.
const LONGEST: usize = WHOLE - 4 * 1024;

/// Messages of one request.
const BATCH: usize = 500;

/// How often what could not be put is put again.
const TRIES: u32 = 6;

/// The first pause in between; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(200);

/// The pause before a stream is looked at again: five looks a second are allowed for a partition, and others look too.
const LOOK: Duration = Duration::from_millis(500);

/// Partitions of a stream, at most: a description that says more is none.
const MOST_PARTITIONS: u32 = 1000;

/// A stream of Oracle Cloud, and one who reads it.
pub struct Stream {
    stream: streaming::Stream,
    consumer: String,
    cursors: Arc<dyn Cursors>,
    hold: Duration,
    partitions: Mutex<BTreeMap<String, Reading>>,
}

/// How a partition is read.
#[derive(Default)]
struct Reading {
    place: Option<Place>,
    /// What was received, and whether it was removed.
    under_way: BTreeMap<u64, bool>,
    /// When what was received and not removed comes again.
    until: Option<Instant>,
    /// What to read on with, while nothing is under way.
    next: Option<String>,
}

impl Stream {
    /// Messages of a stream that has so many partitions; what this consumer has received is held for so long. Where it stands
    /// is kept in `cursors`.
    #[must_use]
    pub fn new(
        stream: streaming::Stream,
        partitions: u32,
        consumer: &str,
        cursors: Arc<dyn Cursors>,
        hold: Duration,
    ) -> Self {
        let names = (0..partitions.clamp(1, MOST_PARTITIONS)).map(|number| (number.to_string(), Reading::default()));
        Self { stream, consumer: consumer.to_owned(), cursors, hold, partitions: Mutex::new(names.collect()) }
    }

    fn failed(&self, reason: impl std::fmt::Display) -> TransportError {
        TransportError::failed(format!("stream `{}`", self.stream.id()), reason)
    }

    /// Under which name this consumer's place is kept.
    fn name(&self) -> String {
        format!("{}/{}", self.stream.id(), self.consumer)
    }

    /// Puts messages, and again those that could not be put though the request went well.
    async fn put(&self, mut batch: Vec<PutMessage>) -> Result<(), TransportError> {
        let mut pause = PAUSE;
        for left in (0..TRIES).rev() {
            let failures = self.stream.put(&batch).await.map_err(|error| self.failed(error))?;
            let Some(first) = failures.first() else { return Ok(()) };
            if left == 0 {
                let why = format!("{} messages could not be put: {} {}", failures.len(), first.error, first.message);
                return Err(self.failed(why));
            }
            let mut index = 0;
            batch.retain(|_| {
                index += 1;
                failures.iter().any(|failure| failure.index == index - 1)
            });
            sleep(pause).await;
            pause *= 2;
        }
        Ok(())
    }

    /// What is behind the place in a partition, where nothing is under way.
    async fn read(&self, name: &str, reading: &mut Reading, most: usize) -> Result<Vec<Parcel>, TransportError> {
        if reading.under_way.values().any(|removed| !removed) {
            if reading.until.is_some_and(|until| Instant::now() < until) {
                return Ok(Vec::new());
            }
            // It was held long enough: all of it comes again, from the place on.
            *reading = Reading::default();
        }
        let mut place = match reading.place {
            Some(place) => place,
            None => self.cursors.place(&self.name(), name).await?,
        };
        let start = place.passed.map_or(Start::Oldest, Start::After);
        let (messages, next) = match self.page(name, start, reading.next.take(), most).await {
            Ok(page) => page,
            Err(error) => return Err(self.failed(error)),
        };
        reading.next = Some(next);
        reading.place = Some(place);
        reading.under_way.clear();
        if messages.is_empty() {
            return Ok(Vec::new());
        }
        // Counted before anybody sees it: what ends whoever works on it is known by this number.
        place.tries = place.tries.saturating_add(1);
        self.cursors.keep(&self.name(), name, place).await?;
        reading.place = Some(place);
        reading.until = Some(Instant::now() + self.hold);
        let parcels = messages.into_iter().map(|message| {
            reading.under_way.insert(message.offset, false);
            let receipt = format!("{name}/{}", message.offset);
            let text = String::from_utf8_lossy(&message.value).into_owned();
            Parcel { text, receipt, deliveries: place.tries }
        });
        Ok(parcels.collect())
    }

    /// A page at a cursor, or at a new one where there is none or it is too old.
    async fn page(
        &self,
        partition: &str,
        start: Start,
        cursor: Option<String>,
        most: usize,
    ) -> Result<(Vec<streaming::Message>, String), oci_services::Error> {
        if let Some(cursor) = cursor {
            match self.stream.read(&cursor, most).await {
                Err(error) if matches!(error.status(), Some(400 | 404)) => {}
                read => return read,
            }
        }
        let cursor = self.stream.cursor(partition, start).await?;
        self.stream.read(&cursor, most).await
    }
}

#[async_trait]
impl Transport for Stream {
    fn longest(&self) -> usize {
        LONGEST
    }

    fn hold(&self) -> Duration {
        self.hold
    }

    async fn publish(&self, messages: &[Message]) -> Result<(), TransportError> {
        let puts = messages.iter().zip(written(messages, WHOLE)?).map(|(message, text)| {
            // What is longer than a key may be is in one partition with what begins alike.
            let key = message.subject.bytes().take(KEY_BYTES).collect();
            PutMessage { key, value: text.into_bytes() }
        });
        let encoded = |bytes: &[u8]| bytes.len().div_ceil(3) * 4;
        let size = |put: &PutMessage| encoded(&put.key) + encoded(&put.value) + AROUND;
        for batch in batches(puts.collect(), BATCH, REQUEST_BYTES - AROUND, size) {
            self.put(batch).await?;
        }
        Ok(())
    }

    async fn receive(&self, most: usize, patience: Duration) -> Result<Vec<Parcel>, TransportError> {
        let end = Instant::now() + patience;
        loop {
            {
                let mut partitions = self.partitions.lock().await;
                let mut received = Vec::new();
                for (name, reading) in &mut *partitions {
                    let room = most.saturating_sub(received.len());
                    if room == 0 {
                        break;
                    }
                    match self.read(name, reading, room).await {
                        Ok(parcels) => received.extend(parcels),
                        // What another partition has given is not lost for it.
                        Err(error) if received.is_empty() => return Err(error),
                        Err(error) => tracing::warn!(%error, partition = name, "a partition cannot be read"),
                    }
                }
                if !received.is_empty() {
                    return Ok(received);
                }
            }
            if Instant::now() + LOOK >= end {
                return Ok(Vec::new());
            }
            sleep(LOOK).await;
        }
    }

    async fn extend(&self, parcels: &[Parcel]) -> Result<(), TransportError> {
        let mut partitions = self.partitions.lock().await;
        for parcel in parcels {
            let (name, offset) = receipt(parcel)?;
            let reading = partitions.get_mut(name).ok_or(TransportError::Lost)?;
            if !reading.under_way.contains_key(&offset) {
                return Err(TransportError::Lost);
            }
            reading.until = Some(Instant::now() + self.hold);
        }
        Ok(())
    }

    async fn waiting(&self) -> Result<Option<u64>, TransportError> {
        // A stream knows of no reader.
        Ok(None)
    }

    async fn remove(&self, parcels: &[Parcel]) -> Result<(), TransportError> {
        let mut partitions = self.partitions.lock().await;
        for parcel in parcels {
            let (name, offset) = receipt(parcel)?;
            let Some(reading) = partitions.get_mut(name) else { continue };
            if let Some(removed) = reading.under_way.get_mut(&offset) {
                *removed = true;
            }
        }
        for (name, reading) in &mut *partitions {
            let passed =
                reading.under_way.iter().take_while(|(_, removed)| **removed).map(|(offset, _)| *offset).last();
            let Some(passed) = passed else { continue };
            let place = Place { passed: Some(passed), tries: 0 };
            self.cursors.keep(&self.name(), name, place).await?;
            reading.place = Some(place);
            reading.under_way.retain(|offset, _| *offset > passed);
        }
        Ok(())
    }
}

/// What a receipt says: a partition and an offset in it.
fn receipt(parcel: &Parcel) -> Result<(&str, u64), TransportError> {
    let parts = parcel.receipt.split_once('/').and_then(|(name, offset)| Some((name, offset.parse().ok()?)));
    parts.ok_or_else(|| TransportError::failed("a receipt", "it is none of a stream"))
}
