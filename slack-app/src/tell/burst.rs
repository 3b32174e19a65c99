//! Whether too much is told in a channel at once. Pure: times come in.

use std::collections::{HashMap, VecDeque};

use monkeyci_client::model::Millis;

use crate::place::Place;

/// Messages that a channel takes within the time of a burst; those beyond are told together.
pub const MANY: usize = 8;

/// That time, in milliseconds.
const WITHIN: Millis = 5 * 60 * 1000;

/// Channels that are remembered.
const CHANNELS: usize = 4096;

/// When each channel was told something new.
#[derive(Debug, Default)]
pub struct Bursts {
    told: HashMap<Place, VecDeque<Millis>>,
}

impl Bursts {
    /// Whether a channel is told so much now that more of it is to be told together.
    #[must_use]
    pub fn is_one(&self, place: &Place, now: Millis) -> bool {
        let lately = |times: &VecDeque<Millis>| times.iter().filter(|at| now - **at < WITHIN).count();
        self.told.get(place).map_or(0, lately) >= MANY
    }

    /// It is told something new.
    pub fn note(&mut self, place: &Place, now: Millis) {
        if self.told.len() >= CHANNELS {
            self.told.retain(|_, times| times.back().is_some_and(|at| now - at < WITHIN));
        }
        let times = self.told.entry(place.clone()).or_default();
        times.push_back(now);
        if times.len() > MANY {
            times.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_that_was_told_much_lately_is_in_a_burst() {
        let (mut bursts, one, other) = (Bursts::default(), Place::new("T1", "C1"), Place::new("T1", "C2"));
        for at in 0..MANY as Millis {
            assert!(!bursts.is_one(&one, at));
            bursts.note(&one, at);
        }
        assert!(bursts.is_one(&one, 1000) && !bursts.is_one(&other, 1000));
        assert!(bursts.is_one(&one, WITHIN - 1));
        assert!(!bursts.is_one(&one, WITHIN), "the first one is long ago");
        bursts.note(&one, WITHIN);
        assert!(bursts.is_one(&one, WITHIN) && !bursts.is_one(&one, WITHIN + 1));
    }
}
