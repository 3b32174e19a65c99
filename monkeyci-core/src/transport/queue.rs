//! Messages in a queue of Oracle Cloud: of several receivers each message is one's.

use std::time::Duration;

use async_trait::async_trait;
use oci_services::queue::{self, BATCH, Failure, LONGEST_POLL, Metadata, PutMessage, REQUEST_BYTES, Receive};
use tokio::time::{Instant, sleep};

use super::{Message, Parcel, Transport, TransportError, written};

/// Bytes that a message of ours may have: the service takes some more, so that there is room to say why one is parked.
const LONGEST: usize = queue::MESSAGE_BYTES - 4 * 1024;

/// How often what could not be removed is removed again.
const TRIES: u32 = 6;

/// The first pause in between; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(100);

/// Bytes of names and properties around a message.
const AROUND: usize = 512;

/// A queue of Oracle Cloud.
#[derive(Debug, Clone)]
pub struct Queue {
    queue: queue::Queue,
    hold: Duration,
}

impl Queue {
    /// Messages of this queue, which are held for so long: whole seconds, up to twelve hours.
    #[must_use]
    pub fn new(queue: queue::Queue, hold: Duration) -> Self {
        Self { queue, hold: hold.clamp(Duration::from_secs(1), Duration::from_secs(12 * 60 * 60)) }
    }

    fn failed(&self, error: &oci_services::Error) -> TransportError {
        TransportError::failed(format!("queue `{}`", self.queue.id()), error)
    }

    /// What a batch came to. A message that is gone or somebody else's was lost; anything else is tried again by the caller.
    fn judge(&self, failures: &[Failure]) -> Result<(), TransportError> {
        match failures.iter().find(|failure| !failure.is_stale()) {
            Some(Failure { code, message, .. }) => {
                let reason = format!("{} messages were refused: {code} {message}", failures.len());
                Err(TransportError::failed(format!("queue `{}`", self.queue.id()), reason))
            }
            None if failures.is_empty() => Ok(()),
            None => Err(TransportError::Lost),
        }
    }
}

#[async_trait]
impl Transport for Queue {
    fn longest(&self) -> usize {
        LONGEST
    }

    fn hold(&self) -> Duration {
        self.hold
    }

    async fn publish(&self, messages: &[Message]) -> Result<(), TransportError> {
        let texts = written(messages, queue::MESSAGE_BYTES)?;
        let puts = messages.iter().zip(texts).map(|(message, content)| {
            let property = |name: &str, value: &str| (name.to_owned(), value.chars().take(100).collect());
            let properties = [property("id", &message.id), property("type", &message.kind)];
            let metadata = Metadata { channel_id: None, custom_properties: properties.into() };
            PutMessage { content, metadata: Some(metadata) }
        });
        for batch in batches(puts.collect(), BATCH, REQUEST_BYTES, |put| put.content.len() + AROUND) {
            self.queue.put(&batch).await.map_err(|error| self.failed(&error))?;
        }
        Ok(())
    }

    async fn receive(&self, most: usize, patience: Duration) -> Result<Vec<Parcel>, TransportError> {
        let end = Instant::now() + patience;
        loop {
            let wait = end.saturating_duration_since(Instant::now()).min(LONGEST_POLL);
            let how = Receive { limit: most, wait, visibility: Some(self.hold), channel: None, group: None };
            let received = self.queue.receive(how).await.map_err(|error| self.failed(&error))?;
            // The service may answer with none before the time is over; whole seconds are waited alone.
            if !received.is_empty() || end.saturating_duration_since(Instant::now()) < Duration::from_secs(1) {
                let parcel = |one: queue::Received| Parcel {
                    text: one.content,
                    receipt: one.receipt,
                    deliveries: one.delivery_count.max(1),
                };
                return Ok(received.into_iter().map(parcel).collect());
            }
        }
    }

    async fn extend(&self, parcels: &[Parcel]) -> Result<(), TransportError> {
        for batch in parcels.chunks(BATCH) {
            let receipts: Vec<&str> = batch.iter().map(|parcel| parcel.receipt.as_str()).collect();
            let failures = self.queue.extend(&receipts, self.hold).await.map_err(|error| self.failed(&error))?;
            self.judge(&failures)?;
        }
        Ok(())
    }

    async fn waiting(&self) -> Result<Option<u64>, TransportError> {
        let (stats, _) = self.queue.stats().await.map_err(|error| self.failed(&error))?;
        Ok(Some(stats.visible_messages))
    }

    async fn remove(&self, parcels: &[Parcel]) -> Result<(), TransportError> {
        for batch in parcels.chunks(BATCH) {
            let mut receipts: Vec<&str> = batch.iter().map(|parcel| parcel.receipt.as_str()).collect();
            let mut pause = PAUSE;
            // A part of a batch may fail; that is asked for again, alone.
            for left in (0..TRIES).rev() {
                let failures = self.queue.delete(&receipts).await.map_err(|error| self.failed(&error))?;
                let failed: Vec<Failure> = failures.into_iter().filter(|failure| !failure.is_stale()).collect();
                receipts = failed.iter().filter_map(|failure| receipts.get(failure.index).copied()).collect();
                if receipts.is_empty() {
                    break;
                }
                if left == 0 {
                    self.judge(&failed)?;
                }
                sleep(pause).await;
                pause *= 2;
            }
        }
        Ok(())
    }
}

/// Cuts a list into requests of at most so many messages and bytes, in order. One that is too long alone is a request alone.
pub(super) fn batches<T>(all: Vec<T>, most: usize, bytes: usize, size: impl Fn(&T) -> usize) -> Vec<Vec<T>> {
    let (mut batches, mut filled) = (Vec::<Vec<T>>::new(), 0);
    for one in all {
        let size = size(&one);
        match batches.last_mut() {
            Some(batch) if batch.len() < most && filled + size <= bytes => {
                filled += size;
                batch.push(one);
            }
            _ => {
                filled = size;
                batches.push(vec![one]);
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::batches;

    #[test]
    fn requests_hold_as_much_as_they_may() {
        let of = |all: &[usize], most, bytes| batches(all.to_vec(), most, bytes, |size| *size);
        assert_eq!(of(&[], 2, 10), Vec::<Vec<usize>>::new());
        assert_eq!(of(&[1, 2, 3, 4, 5], 2, 10), [vec![1, 2], vec![3, 4], vec![5]]);
        assert_eq!(of(&[5, 5, 1, 12, 1], 9, 10), [vec![5, 5], vec![1], vec![12], vec![1]]);
    }
}
