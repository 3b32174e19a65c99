//! Events of builds are published, where the configuration says to.
//!
//! What is published is what streams of events tell, each event at least once, with its position as the id of its message. How
//! far that is, is noted after it is safe there: what was not noted before the end of a server is published again by the next.

use std::sync::Arc;
use std::time::Duration;

use monkeyci_core::transport::{Transport, feed};
use tokio_util::sync::CancellationToken;

use crate::state::State;
use crate::table::followed::{self, Reader};
use crate::transport::{Route, open};

/// The wait after the first failure; each further one doubles it.
const FIRST: Duration = Duration::from_secs(1);

/// No wait is longer.
const LONGEST: Duration = Duration::from_secs(60);

/// Publishes until it is stopped.
pub async fn run(state: State, stop: CancellationToken) {
    if state.events.to.is_none() {
        return;
    }
    let mut newest = state.newest.clone();
    let mut publishing = Publishing { transport: None, position: None };
    let mut wait = FIRST;
    loop {
        newest.borrow_and_update();
        let again = match stop.run_until_cancelled(publishing.step(&state)).await {
            None => return,
            Some(Ok(())) => {
                wait = FIRST;
                None
            }
            Some(Err(why)) => {
                tracing::warn!(why, "events are published again later");
                // Whatever has become of it is looked at anew.
                publishing.transport = None;
                let now = wait;
                wait = (wait * 2).min(LONGEST);
                Some(now)
            }
        };
        let changed = async {
            match again {
                // It is not told sooner for every event that comes meanwhile.
                Some(wait) => {
                    tokio::time::sleep(wait).await;
                    true
                }
                None => newest.changed().await.is_ok(),
            }
        };
        if stop.run_until_cancelled(changed).await != Some(true) {
            return;
        }
    }
}

/// What is published where, and how far that is.
struct Publishing {
    transport: Option<Arc<dyn Transport>>,
    position: Option<u64>,
}

impl Publishing {
    /// Publishes all that has happened since.
    async fn step(&mut self, state: &State) -> Result<(), String> {
        let mut position = match self.position {
            Some(position) => position,
            None => {
                let kept = state.tables.read(|sql| followed::position(sql, Reader::Publish)).await;
                kept.map_err(|error| error.to_string())?
            }
        };
        self.position = Some(position);
        let transport = match &self.transport {
            Some(transport) => Arc::clone(transport),
            None => {
                let events = &state.events;
                let to = events.to.as_deref().unwrap_or_default();
                let route = Route::to(to, events.endpoint.as_deref(), &events.oci);
                Arc::clone(self.transport.insert(open(&route, None).await?))
            }
        };
        loop {
            let reached = feed::publish(&*state.store, &*transport, &state.url, position).await;
            let reached = reached.map_err(|error| error.to_string())?;
            if reached == position {
                return Ok(());
            }
            let kept = state.tables.write(move |sql| followed::keep(sql, Reader::Publish, reached)).await;
            kept.map_err(|error| error.to_string())?;
            position = reached;
            self.position = Some(position);
        }
    }
}
