//! A depot that is asked again when it does not answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;

use super::depot::{Depot, DepotError};
use super::pace::Pace;
use super::series::Pieces;

/// The first pause at most, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// A depot that is asked again, with longer and longer pauses, when it does not answer. To do twice what either half asks for
/// changes nothing.
#[derive(Clone)]
pub(super) struct Patient {
    depot: Arc<dyn Depot>,
    patience: Duration,
}

impl Patient {
    /// Gives up what was not answered for so long.
    pub(super) fn new(depot: Arc<dyn Depot>, patience: Duration) -> Self {
        Self { depot, patience }
    }

    async fn ask<T, Asking>(&self, ask: impl Fn() -> Asking) -> Result<T, DepotError>
    where
        Asking: Future<Output = Result<T, DepotError>>,
    {
        let began = Instant::now();
        let mut pace = Pace::between(PAUSES.0, PAUSES.1);
        loop {
            match ask().await {
                Err(DepotError::Away { name, why }) if began.elapsed() < self.patience => {
                    tracing::warn!(object = name, why, "the depot does not answer; trying again");
                    pace.wait_by_lot().await;
                }
                answered => return answered,
            }
        }
    }
}

#[async_trait]
impl Depot for Patient {
    async fn put(&self, name: &str, bytes: Bytes) -> Result<(), DepotError> {
        self.ask(|| self.depot.put(name, bytes.clone())).await
    }

    async fn create(&self, name: &str, bytes: Bytes) -> Result<bool, DepotError> {
        self.ask(|| self.depot.create(name, bytes.clone())).await
    }

    async fn get(&self, name: &str, most: usize) -> Result<Option<Bytes>, DepotError> {
        self.ask(|| self.depot.get(name, most)).await
    }

    async fn pour(&self, name: &str, most: usize, pieces: &Pieces) -> Result<Option<usize>, DepotError> {
        loop {
            let before = pieces.told();
            match self.ask(|| self.depot.pour(name, most, pieces)).await {
                // Whoever reads may be slow, and what goes on is not given up.
                Err(DepotError::Away { .. }) if pieces.told() > before => {}
                poured => return poured,
            }
        }
    }

    async fn clear(&self) -> Result<(), DepotError> {
        self.ask(|| self.depot.clear()).await
    }
}
