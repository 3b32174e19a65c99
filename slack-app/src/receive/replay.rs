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
        let name = name(what);
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

    /// Hears it for the first time again: it was not followed.
    pub fn forget(&self, what: &str) {
        let name = name(what);
        let mut inner = self.inner.lock().expect("no panic holds it");
        if inner.known.remove(&name) {
            inner.order.retain(|(_, there)| *there != name);
        }
    }
}

fn name(what: &str) -> [u8; 16] {
    blake3::hash(what.as_bytes()).as_bytes()[..16].try_into().expect("it has 32")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_heard_is_not_heard_again_unless_it_was_not_followed() {
        let heard = Heard::default();
        assert!(heard.is_new("T1/E1") && !heard.is_new("T1/E1") && heard.is_new("T2/E1"));
        heard.forget("T1/E1");
        assert!(heard.is_new("T1/E1") && !heard.is_new("T1/E1"));
    }
}
