//! What was heard before: a request that somebody sends again, an event that Slack does.

use std::collections::{HashSet, VecDeque};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// So long something is remembered: twice as long as a signature is good.
const LONG: Duration = Duration::from_secs(660);

/// What is remembered, at most.
const MANY: usize = 200_000;

/// What was heard lately.
#[derive(Debug, Default)]
pub struct Heard {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    known: HashSet<[u8; 16]>,
    order: VecDeque<(Instant, [u8; 16])>,
}

impl Heard {
    /// Whether it is heard for the first time. From now on it is not.
    pub fn is_new(&self, what: &str) -> bool {
        let hash = blake3::hash(what.as_bytes());
        let name: [u8; 16] = hash.as_bytes()[..16].try_into().expect("it has 32");
        let mut inner = self.inner.lock().expect("no panic holds it");
        let now = Instant::now();
        while inner.order.front().is_some_and(|(since, _)| now.duration_since(*since) > LONG)
            || inner.order.len() >= MANY
        {
            let oldest = inner.order.pop_front();
            oldest.map(|(_, name)| inner.known.remove(&name));
        }
        let is_new = inner.known.insert(name);
        if is_new {
            inner.order.push_back((now, name));
        }
        is_new
    }
}
