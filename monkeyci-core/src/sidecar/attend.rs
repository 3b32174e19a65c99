//! A sidecar's work, from its order to the end of the job.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::beat::{self, Stage};
use super::collect;
use super::depot::{Depot, DepotError};
use super::end::{self, End};
use super::error::SidecarError;
use super::fill::fill;
use super::heed::Heed;
use super::order::Order;
use super::patient::Patient;
use super::place::Place;
use super::ship::{Shipping, Told};
use super::{CHUNK, report_name};

/// How long a sidecar that was forsaken may take to say so.
const PARTING: Duration = Duration::from_secs(30);

/// A sidecar. Killed at any moment and started again, it goes on.
pub struct Attendant {
    order: Order,
    depot: Arc<dyn Depot>,
    others: PathBuf,
}

impl Attendant {
    /// A sidecar that follows `order` over the order's depot. `others` is the folder of the supervisors for other processors.
    #[must_use]
    pub fn new(order: Order, depot: Arc<dyn Depot>, others: impl Into<PathBuf>) -> Self {
        Self { order, depot, others: others.into() }
    }

    /// Fills the job directory and does nothing else, for engines that run one container before another.
    ///
    /// # Errors
    /// When it cannot be filled. The host is told.
    pub async fn fill(&self) -> Result<(), SidecarError> {
        let depot = self.patient();
        let filled = fill(&self.order, &depot, &self.others).await;
        self.telling(&depot, 0, filled).await
    }

    /// Fills the job directory where that was not done, and stays with the job to its end. When `stop` is cancelled, the job
    /// is told to end.
    ///
    /// # Errors
    /// When the job directory cannot be filled or read, the depot cannot be reached any more, or nothing is heard of the host.
    pub async fn attend(&self, stop: &CancellationToken) -> Result<(), SidecarError> {
        let state = watch::Sender::new(beat::Sidecar::default());
        tokio::select! {
            biased;
            done = self.work(stop, &state) => done,
            () = self.beat(&state) => unreachable!("it beats for ever"),
        }
    }

    async fn work(&self, stop: &CancellationToken, state: &watch::Sender<beat::Sidecar>) -> Result<(), SidecarError> {
        let depot = self.patient();
        // Asked before the first beat of ours takes its place.
        let before: Option<beat::Sidecar> = beat::get(&depot, beat::SIDECAR).await?;
        let at = before.map_or(0, |before| before.shipped);
        state.send_modify(|state| (state.count, state.shipped) = (super::now(), at));
        let filled = fill(&self.order, &depot, &self.others).await;
        let opened = filled.and_then(|()| Place::open(&self.order));
        let (place, reader) = self.telling(&depot, at, opened).await?;
        state.send_modify(|state| state.stage = Stage::Waiting);

        let over = CancellationToken::new();
        let staying = self.stay(&depot, Shipping::new(&depot, &place, reader, state, at), &place, state, &over);
        let mut staying = std::pin::pin!(staying);
        let heed = Heed { depot: &*self.depot, order: &self.order, place: &place, over: &over, stop };
        let silent = tokio::select! {
            done = &mut staying => return done,
            silent = heed.run() => silent,
        };
        match tokio::time::timeout(PARTING, staying).await {
            // The depot has it, for a host that comes back.
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the end of the job cannot be told"),
            Err(_) => tracing::warn!("the end of the job cannot be told in time"),
        }
        Err(SidecarError::Forsaken { seconds: silent.as_secs() })
    }

    /// Ships the report to its end, and then what the job left.
    async fn stay(
        &self,
        depot: &dyn Depot,
        mut shipping: Shipping<'_>,
        place: &Place,
        state: &watch::Sender<beat::Sidecar>,
        over: &CancellationToken,
    ) -> Result<(), SidecarError> {
        let shipped = shipping.run(Duration::from_millis(self.order.begin_ms), over).await;
        let result = match self.telling(depot, shipping.at(), shipped).await? {
            Told::Everything => return Ok(()),
            Told::Ended(result) => result,
        };
        state.send_modify(|state| state.stage = Stage::Collecting);
        let answered = collect::answer(depot, shipping.reader()).await;
        let answered = self.telling(depot, shipping.at(), answered).await?;
        let collected = collect::paths(depot, place, &self.order.collect).await;
        close(depot, shipping.at(), &End { result, collected, answered, error: None }).await?;
        Ok(())
    }

    /// Tells the host what went wrong, if something did and the depot still takes it.
    async fn telling<T>(&self, depot: &dyn Depot, at: u64, done: Result<T, SidecarError>) -> Result<T, SidecarError> {
        if let Err(error) = &done
            && !matches!(error, SidecarError::Depot(_))
        {
            let end = End { error: Some(error.to_string()), ..End::default() };
            if let Err(error) = close(depot, at, &end).await {
                tracing::warn!(%error, "the host cannot be told");
            }
        }
        done
    }

    /// Says again and again that it lives.
    async fn beat(&self, state: &watch::Sender<beat::Sidecar>) {
        let mut changes = state.subscribe();
        let mut stage = None;
        loop {
            let said = changes.borrow_and_update().clone();
            // Before that it does not know how far one before it has come.
            if said.count > 0 {
                stage = Some(said.stage);
                if let Err(error) = beat::put(&*self.depot, beat::SIDECAR, &said).await {
                    tracing::warn!(%error, "the host does not hear that it lives");
                }
            }
            let news = changes.wait_for(|state| state.count > 0 && Some(state.stage) != stage);
            // Not kept: what it answers with holds the state, which is changed next.
            drop(tokio::time::timeout(beat::EVERY, news).await);
            if said.count > 0 {
                state.send_modify(|state| state.count += 1);
            }
        }
    }

    /// For as long as its job may live without the host, the depot may be away.
    fn patient(&self) -> Patient {
        Patient::new(self.depot.clone(), Duration::from_millis(self.order.lease_ms.saturating_add(self.order.grace_ms)))
    }
}

/// Puts the end behind the last chunk of the report. Where one is, that one counts.
async fn close(depot: &dyn Depot, mut at: u64, end: &End) -> Result<(), DepotError> {
    loop {
        let name = report_name(at);
        if depot.create(&name, end.encode().into()).await? {
            return Ok(());
        }
        let there = depot.get(&name, CHUNK.max(end::MOST)).await?.unwrap_or_default();
        if End::is_one(&there) || there.is_empty() {
            return Ok(());
        }
        at += there.len() as u64;
    }
}
