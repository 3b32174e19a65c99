//! Builds whose traces wait to be sent.

use std::collections::VecDeque;

use monkeyci_core::model::{BuildId, Event, Millis};

/// Builds that wait, at most.
pub(super) const MOST: usize = 1000;

/// A build that has ended.
#[derive(Debug, Clone)]
pub(super) struct Ended {
    pub(super) build: BuildId,
    position: u64,
    time: Millis,
}

/// Those that wait, in the order in which they are tried.
#[derive(Debug, Default)]
pub(super) struct Waiting(VecDeque<Ended>);

impl Waiting {
    /// Adds a build by its end; returns how many had to be let go for it.
    pub(super) fn push(&mut self, end: &Event) -> u64 {
        let mut dropped = 0;
        while self.0.len() >= MOST {
            // Who was tried in vain has changed places.
            let oldest = self.0.iter().enumerate().min_by_key(|(_, ended)| ended.position).map(|(place, _)| place);
            oldest.and_then(|place| self.0.remove(place));
            dropped += 1;
        }
        self.0.push_back(Ended { build: end.subject.clone(), position: end.position, time: end.time });
        dropped
    }

    /// Lets go of those that ended before; returns how many.
    pub(super) fn drop_before(&mut self, time: Millis) -> u64 {
        let before = self.0.len();
        self.0.retain(|ended| ended.time >= time);
        (before - self.0.len()) as u64
    }

    /// The one that is tried next.
    pub(super) fn first(&self) -> Option<Ended> {
        self.0.front().cloned()
    }

    /// That one is dealt with.
    pub(super) fn remove_first(&mut self) {
        self.0.pop_front();
    }

    /// That one is tried again after all others.
    pub(super) fn turn(&mut self) {
        self.0.rotate_left(usize::from(!self.0.is_empty()));
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The position of the end that is the longest ago.
    pub(super) fn oldest(&self) -> Option<u64> {
        self.0.iter().map(|ended| ended.position).min()
    }
}

#[cfg(test)]
mod tests {
    use monkeyci_core::model::{BuildStatus, EventKind};

    use super::*;

    fn end(position: u64) -> Event {
        let subject = format!("acme/web/build-{position}").parse().expect("a build");
        let kind = EventKind::BuildEnd { status: BuildStatus::Success, message: None };
        Event { position, subject, seq: 9, time: position.try_into().expect("a time"), kind }
    }

    #[test]
    fn the_oldest_are_let_go_whatever_was_tried_in_vain() {
        let mut waiting = Waiting::default();
        assert_eq!((1..=MOST as u64).map(|position| waiting.push(&end(position))).sum::<u64>(), 0);
        // The first is tried, and then stands at the end.
        waiting.turn();
        assert_eq!((waiting.len(), waiting.oldest()), (MOST, Some(1)));
        assert_eq!(waiting.push(&end(5000)), 1);
        assert_eq!((waiting.len(), waiting.oldest()), (MOST, Some(2)));
        assert_eq!(waiting.first().map(|ended| ended.position), Some(2));
        waiting.remove_first();
        assert_eq!(waiting.drop_before(10), 7);
        assert_eq!(waiting.oldest(), Some(10));
    }
}
