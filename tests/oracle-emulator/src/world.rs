//! What the double knows.

use std::collections::{BTreeMap, VecDeque};

use crate::call::Call;
use crate::clock::Clock;
use crate::fault::Fault;
use crate::refusal::Refusal;
use crate::service;
use crate::settings::Settings;
use crate::{time, user};

/// Calls that are remembered.
const MOST_SEEN: usize = 100_000;

/// All that is known and may be changed by tests.
#[derive(Default)]
pub struct World {
    /// Public keys, in DER, by what they are known by.
    pub keys: BTreeMap<String, Vec<u8>>,
    /// Secrets by id: the content of each version, in base64.
    pub secrets: BTreeMap<String, Vec<String>>,
    /// The ids of secrets by vault and name.
    pub secret_names: BTreeMap<(String, String), String>,
    /// What goes wrong; the first that is about a call happens to it.
    pub faults: VecDeque<Fault>,
    /// The metadata of an instance by path.
    pub metadata: BTreeMap<&'static str, String>,
    /// Method and target of everything that was asked, with the status that it got.
    pub seen: Vec<(String, u16)>,
    /// Hosts that it is called by, beside its address.
    pub hosts: Vec<String>,
    /// What may be set.
    pub settings: Settings,
    pub(crate) clock: Clock,
    /// What its containers have as a label.
    pub(crate) id: String,
    /// Tokens that were given.
    pub(crate) tokens: u64,
    /// Entries of batches so far.
    entries: u64,
    pub(crate) services: service::State,
    /// The second that is, and the calls of each service in it.
    second: (u64, BTreeMap<&'static str, u32>),
}

impl World {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, id: user::id(), ..Self::default() }
    }

    /// What its containers have as a label.
    pub(crate) fn label(&self) -> String {
        format!("oracle-emulator={}", self.id)
    }

    /// What goes wrong with a call, if something does.
    pub(crate) fn fault(&mut self, call: &Call) -> Option<Fault> {
        let index = self.faults.iter().position(|fault| fault.is_about(&call.method, &call.target))?;
        let fault = &mut self.faults[index];
        if fault.after > 0 {
            fault.after -= 1;
            return None;
        }
        let found = fault.clone();
        match fault.times {
            0 => {}
            1 => drop(self.faults.remove(index)),
            _ => fault.times -= 1,
        }
        Some(found)
    }

    /// Refuses what is more than a service takes in a second.
    pub(crate) fn throttle(&mut self, service: &'static str) -> Result<(), Refusal> {
        if self.settings.calls_per_second == 0 {
            return Ok(());
        }
        let now = time::seconds(self.clock.now());
        if self.second.0 != now {
            self.second = (now, BTreeMap::new());
        }
        let calls = self.second.1.entry(service).or_default();
        *calls += 1;
        if *calls > self.settings.calls_per_second {
            return Err(Refusal::new(429, "TooManyRequests", "Too many requests for the user."));
        }
        Ok(())
    }

    /// Whether something goes wrong with an entry of a batch: once in so many.
    pub(crate) fn is_unlucky(&mut self, every: u64) -> bool {
        self.entries += 1;
        every > 0 && self.entries.is_multiple_of(every)
    }

    pub(crate) fn saw(&mut self, call: &Call, status: u16) {
        if self.seen.len() >= MOST_SEEN {
            self.seen.drain(..MOST_SEEN / 2);
        }
        self.seen.push((format!("{} {}", call.method, call.target), status));
    }
}
