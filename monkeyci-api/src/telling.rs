//! Telling many receivers at once, each of them one thing after the other.

use std::collections::HashMap;
use std::hash::Hash;

use tokio::task::{Id, JoinSet};

/// The receivers that are being told.
pub struct Telling<K> {
    most: usize,
    tasks: JoinSet<()>,
    receivers: HashMap<Id, K>,
}

impl<K: Eq + Hash> Telling<K> {
    /// Nobody yet, and at once no more than `most`.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { most, tasks: JoinSet::new(), receivers: HashMap::new() }
    }

    /// Whether a receiver may be told now: it is not being told, and there is room.
    #[must_use]
    pub fn may_begin(&self, receiver: &K) -> bool {
        self.tasks.len() < self.most && !self.receivers.values().any(|told| told == receiver)
    }

    /// Begins to tell a receiver.
    pub fn begin(&mut self, receiver: K, telling: impl Future<Output = ()> + Send + 'static) {
        let task = self.tasks.spawn(telling);
        self.receivers.insert(task.id(), receiver);
    }

    /// Waits until one of them was told; for ever where there is none.
    pub async fn ended(&mut self) {
        match self.tasks.join_next_with_id().await {
            Some(done) => {
                let id = done.map_or_else(|error| error.id(), |(id, ())| id);
                self.receivers.remove(&id);
            }
            None => std::future::pending().await,
        }
    }

    /// Waits until all of them were told, or have heard that they are to stop.
    pub async fn end(mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}
