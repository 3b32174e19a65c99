//! Messages within this process.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::{Message, Parcel, Transport, TransportError, written};

/// A channel within this process, which ends with it. Its clones are the same.
#[derive(Clone)]
pub struct Channel {
    inner: Arc<Inner>,
    hold: Duration,
}

struct Inner {
    waiting: Mutex<State>,
    /// Wakes who waits for a message.
    came: Notify,
}

#[derive(Default)]
struct State {
    entries: VecDeque<Entry>,
    /// Receipts that were given.
    receipts: u64,
}

struct Entry {
    text: String,
    deliveries: u32,
    /// Whose it is, until when.
    held: Option<(String, Instant)>,
}

impl Channel {
    /// Bytes that a message may have.
    const LONGEST: usize = 4 * 1024 * 1024;

    /// A channel whose messages are held for so long.
    #[must_use]
    pub fn new(hold: Duration) -> Self {
        let inner = Inner { waiting: Mutex::new(State::default()), came: Notify::new() };
        Self { inner: Arc::new(inner), hold }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing below panics half way through a change.
        self.inner.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What may be received now, or when something comes back at the latest.
    fn take(&self, most: usize) -> Result<Vec<Parcel>, Option<Instant>> {
        let now = Instant::now();
        let mut state = self.state();
        let State { entries, receipts } = &mut *state;
        let mut taken = Vec::new();
        let free = entries.iter_mut().filter(|entry| entry.held.as_ref().is_none_or(|(_, until)| *until <= now));
        for entry in free.take(most) {
            *receipts += 1;
            entry.deliveries += 1;
            let receipt = receipts.to_string();
            entry.held = Some((receipt.clone(), now + self.hold));
            taken.push(Parcel { text: entry.text.clone(), receipt, deliveries: entry.deliveries });
        }
        if taken.is_empty() {
            return Err(entries.iter().filter_map(|entry| entry.held.as_ref().map(|(_, until)| *until)).min());
        }
        Ok(taken)
    }
}

#[async_trait]
impl Transport for Channel {
    fn longest(&self) -> usize {
        Self::LONGEST
    }

    fn hold(&self) -> Duration {
        self.hold
    }

    async fn publish(&self, messages: &[Message]) -> Result<(), TransportError> {
        let entries = written(messages, Self::LONGEST)?.into_iter();
        self.state().entries.extend(entries.map(|text| Entry { text, deliveries: 0, held: None }));
        self.inner.came.notify_waiters();
        Ok(())
    }

    async fn receive(&self, most: usize, patience: Duration) -> Result<Vec<Parcel>, TransportError> {
        let end = Instant::now() + patience;
        loop {
            // Listened for before it is looked: what comes in between is not missed.
            let came = self.inner.came.notified();
            let back = match self.take(most) {
                Ok(taken) => return Ok(taken),
                Err(back) => back,
            };
            if Instant::now() >= end {
                return Ok(Vec::new());
            }
            let _either = timeout_at(back.map_or(end, |back| back.min(end)), came).await;
        }
    }

    async fn extend(&self, parcels: &[Parcel]) -> Result<(), TransportError> {
        let until = Instant::now() + self.hold;
        let mut state = self.state();
        for parcel in parcels {
            let held = state.entries.iter_mut().filter_map(|entry| entry.held.as_mut());
            let mut held = held.filter(|(receipt, _)| *receipt == parcel.receipt);
            held.next().ok_or(TransportError::Lost)?.1 = until;
        }
        Ok(())
    }

    async fn waiting(&self) -> Result<Option<u64>, TransportError> {
        let now = Instant::now();
        let is_free = |entry: &&Entry| entry.held.as_ref().is_none_or(|(_, until)| *until <= now);
        Ok(Some(self.state().entries.iter().filter(is_free).count() as u64))
    }

    async fn remove(&self, parcels: &[Parcel]) -> Result<(), TransportError> {
        let is_removed = |entry: &Entry| {
            let receipt = entry.held.as_ref().map(|(receipt, _)| receipt);
            receipt.is_some_and(|receipt| parcels.iter().any(|parcel| parcel.receipt == *receipt))
        };
        self.state().entries.retain(|entry| !is_removed(entry));
        Ok(())
    }
}
