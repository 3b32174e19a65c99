//! Which worker elsewhere asks.

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{StatusCode, header};
use monkeyci_core::lease::{Lease, Offer};
use monkeyci_core::model::Millis;
use monkeyci_rest::Worker;
use monkeyci_rest::lease::HOME;

use crate::address::Client;
use crate::problem::{Answer, Refusal};
use crate::random::{self, WORKER_PREFIX};
use crate::state::{State, now};
use crate::table::worker::{self, WorkerRow};
use crate::throttle::Kind;

/// Milliseconds between two notes of when a worker was heard of.
const NOTED: Millis = 5_000;

/// Bytes of the longest name of a folder.
const LONGEST: usize = 100;

/// A worker elsewhere that asks, known by its token.
#[derive(Debug, Clone)]
pub struct Working {
    row: WorkerRow,
    home: String,
}

impl FromRequestParts<State> for Working {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let token = text(header::AUTHORIZATION.as_str()).and_then(|value| value.strip_prefix("Bearer "));
        let unknown = || {
            let detail = "this is no token of a worker, or the worker was removed: `monkeyci workers add` makes one";
            Refusal::new(StatusCode::UNAUTHORIZED, detail)
        };
        let token = token.filter(|token| token.starts_with(WORKER_PREFIX)).ok_or_else(unknown)?;
        let home = text(HOME).filter(|home| (1..=LONGEST).contains(&home.len())).unwrap_or_default().to_owned();
        let hash = random::hash(token);
        let row = state.tables.read(move |sql| worker::known_by(sql, &hash)).await?;
        let Some(row) = row else {
            let Ok(client) = Client::from_request_parts(parts, state).await;
            let _counts = state.throttle.begin(Kind::Token, [client.into()])?;
            return Err(unknown());
        };
        let working = Self { row, home };
        working.note(state);
        Ok(working)
    }
}

impl Working {
    /// The same as it is now: it may have been changed since it asked.
    ///
    /// # Errors
    /// When it was removed.
    pub async fn now(self, state: &State) -> Answer<Self> {
        let name = self.name().to_owned();
        let found = state.tables.read(move |sql| worker::find(sql, &name)).await?;
        let worker = found.ok_or_else(|| Refusal::new(StatusCode::UNAUTHORIZED, "the worker was removed"))?;
        Ok(Self { row: WorkerRow { worker, ..self.row }, home: self.home })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.row.worker.name
    }

    /// The folder that it works in now.
    pub fn home(&self) -> &str {
        &self.home
    }

    /// Refuses one that begins while another, in another folder, has been heard of just now.
    ///
    /// # Errors
    /// Then.
    pub fn may_begin(&self, silence: Millis) -> Answer<()> {
        if self.home.is_empty() {
            return Err(Refusal::bad(format!("the header `{HOME}` says in which folder the worker works")));
        }
        let is_alive = self.row.worker.seen.is_some_and(|seen| seen + silence > now());
        match &self.row.home {
            Some(home) if *home != self.home && is_alive => Err(self.taken()),
            _ => Ok(()),
        }
    }

    /// Refuses one in another folder than the one that began last.
    ///
    /// # Errors
    /// Then.
    pub fn must_be_home(&self) -> Answer<()> {
        if self.row.home.as_deref() == Some(&*self.home) { Ok(()) } else { Err(self.taken()) }
    }

    fn taken(&self) -> Refusal {
        let name = self.name();
        Refusal::conflict(format!(
            "worker `{name}` runs elsewhere, with the same token: give each worker one of its own, by `monkeyci workers add`"
        ))
    }

    /// What it can run.
    pub fn offer(&self) -> Offer {
        let Worker { org, facts, paused, .. } = &self.row.worker;
        let facts = facts.clone().unwrap_or_default();
        Offer {
            labels: Some(facts.labels),
            archs: Some(facts.archs),
            org: org.clone(),
            images: facts.images && !paused,
            processes: facts.processes && !paused,
        }
    }

    /// What it holds under this fence; nothing when it does not, or no more.
    ///
    /// # Errors
    /// When it works in another folder, or the server is going down.
    pub fn holds(&self, state: &State, fence: u64) -> Answer<Option<Lease>> {
        self.must_be_home()?;
        let held = state.engine.held(self.name(), fence);
        if held.is_none() && state.engine.is_ending() {
            return Err(going_down());
        }
        Ok(held)
    }

    /// What it holds under this fence.
    ///
    /// # Errors
    /// The same, and when it does not hold it.
    pub fn must_hold(&self, state: &State, fence: u64) -> Answer<Lease> {
        let gone = || Refusal::new(StatusCode::GONE, "this attempt is not yours, or no more");
        self.holds(state, fence)?.ok_or_else(gone)
    }

    fn note(&self, state: &State) {
        let now = now();
        let is_home = self.row.home.as_deref() == Some(&*self.home);
        if !is_home || self.row.worker.seen.is_some_and(|seen| seen + NOTED > now) {
            return;
        }
        // Nobody waits for that.
        let (state, name) = (state.clone(), self.name().to_owned());
        tokio::spawn(async move {
            if let Err(error) = state.tables.write(move |sql| worker::seen(sql, &name, now)).await {
                tracing::warn!(%error, "cannot note that a worker was heard of");
            }
        });
    }
}

/// The next server will know: what seems to be lost now is taken up.
pub fn going_down() -> Refusal {
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the server is going down; ask again soon")
}
