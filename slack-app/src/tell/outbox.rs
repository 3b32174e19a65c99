//! Has Slack show what was noted: each ref by itself, none waits for another.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::deliver::Deliverer;

/// Refs that are looked at at the same time.
const AT_ONCE: usize = 8;

/// So long is waited after something went wrong, at first and at most.
const AGAIN: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(60);

/// Has the messages of a ref looked at, by the key under which they are kept.
#[derive(Debug, Clone)]
pub struct Wake {
    keys: UnboundedSender<String>,
}

/// The messages that are to be looked at.
pub struct Outbox {
    keys: UnboundedReceiver<String>,
    due: BTreeMap<String, Instant>,
    failures: HashMap<String, u32>,
}

impl Wake {
    /// Has them looked at now.
    pub fn wake(&self, key: String) {
        // Where nobody looks, nobody needs to.
        let _ = self.keys.send(key);
    }
}

impl Outbox {
    /// An empty one, and who fills it.
    #[must_use]
    pub fn new() -> (Self, Wake) {
        let (send, keys) = unbounded_channel();
        (Self { keys, due: BTreeMap::new(), failures: HashMap::new() }, Wake { keys: send })
    }

    /// Has Slack show what was noted, for ever.
    pub async fn run(&mut self, deliverer: Arc<Deliverer>) {
        let mut running: JoinSet<(String, Option<Duration>, bool)> = JoinSet::new();
        let mut busy: HashMap<String, bool> = HashMap::new();
        loop {
            let now = Instant::now();
            while running.len() < AT_ONCE {
                let ready = self.due.iter().find(|(key, at)| **at <= now && !busy.contains_key(*key));
                let Some(key) = ready.map(|(key, _)| key.clone()) else { break };
                self.due.remove(&key);
                busy.insert(key.clone(), false);
                let deliverer = Arc::clone(&deliverer);
                running.spawn(async move {
                    match deliverer.deliver(&key).await {
                        Ok(again) => (key, again, true),
                        Err(error) => {
                            tracing::warn!(key, %error, "messages cannot be told yet");
                            (key, None, false)
                        }
                    }
                });
            }
            let next = self.due.iter().filter(|(key, _)| !busy.contains_key(*key)).map(|(_, at)| *at).min();
            let far = Instant::now() + LONGEST;
            tokio::select! {
                key = self.keys.recv() => {
                    let Some(key) = key else { return };
                    // What comes while they are looked at is looked at afterwards.
                    if let Some(more) = busy.get_mut(&key) {
                        *more = true;
                    } else {
                        self.due.insert(key, Instant::now());
                    }
                }
                Some(done) = running.join_next(), if !running.is_empty() => {
                    let Ok((key, again, fine)) = done else { continue };
                    let more = busy.remove(&key).unwrap_or_default();
                    let wait = if fine {
                        self.failures.remove(&key);
                        again
                    } else {
                        let failures = self.failures.entry(key.clone()).or_default();
                        *failures += 1;
                        Some((AGAIN * 2_u32.pow((*failures).min(5) - 1)).min(LONGEST))
                    };
                    if more {
                        self.due.insert(key, Instant::now());
                    } else if let Some(wait) = wait {
                        self.due.insert(key, Instant::now() + wait);
                    }
                }
                () = tokio::time::sleep_until(next.unwrap_or(far)), if running.len() < AT_ONCE => {}
            }
        }
    }
}
