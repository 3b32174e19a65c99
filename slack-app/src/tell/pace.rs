//! How fast Slack takes messages. Pure: times are milliseconds of any clock that only goes forward.
//!
//! A channel takes a message each second, a message is changed every other second at the most, and where Slack says wait,
//! that method of that workspace waits.

use std::collections::HashMap;

use crate::place::Place;

/// Milliseconds between two messages of one channel.
pub const CHANNEL: u64 = 1000;

/// Milliseconds between two changes of one message.
pub const MESSAGE: u64 = 2000;

/// What is remembered, at most, before what is over is forgotten.
const MANY: usize = 4096;

/// When what may be said next.
#[derive(Debug, Default)]
pub struct Pace {
    channels: HashMap<Place, u64>,
    messages: HashMap<(Place, String), u64>,
    methods: HashMap<(String, &'static str), u64>,
}

impl Pace {
    /// Has a call made now, or says when it may be. `ts` is the message that it changes.
    ///
    /// # Errors
    /// When it may be made.
    pub fn take(&mut self, place: &Place, method: &'static str, ts: Option<&str>, now: u64) -> Result<(), u64> {
        let message = ts.map(|ts| (place.clone(), ts.to_owned()));
        let waits = [
            self.methods.get(&(place.team.clone(), method)),
            if ts.is_none() { self.channels.get(place) } else { None },
            message.as_ref().and_then(|message| self.messages.get(message)),
        ];
        if let Some(until) = waits.into_iter().flatten().copied().max().filter(|until| *until > now) {
            return Err(until);
        }
        self.forget(now);
        match message {
            Some(message) => self.messages.insert(message, now + MESSAGE),
            None => self.channels.insert(place.clone(), now + CHANNEL),
        };
        Ok(())
    }

    /// Slack said that a method is to wait so many seconds.
    pub fn wait(&mut self, team: &str, method: &'static str, seconds: u64, now: u64) {
        let until = self.methods.entry((team.to_owned(), method)).or_default();
        *until = (*until).max(now + seconds.clamp(1, 600) * 1000);
    }

    fn forget(&mut self, now: u64) {
        if self.channels.len() + self.messages.len() > MANY {
            self.channels.retain(|_, until| *until > now);
            self.messages.retain(|_, until| *until > now);
            self.methods.retain(|_, until| *until > now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POST: &str = "chat.postMessage";
    const UPDATE: &str = "chat.update";

    #[test]
    fn a_channel_takes_one_message_a_second_and_others_need_not_wait() {
        let (mut pace, one, two) = (Pace::default(), Place::new("T1", "C1"), Place::new("T1", "C2"));
        assert_eq!(pace.take(&one, POST, None, 0), Ok(()));
        assert_eq!(pace.take(&one, POST, None, 999), Err(1000));
        assert_eq!(pace.take(&two, POST, None, 999), Ok(()));
        assert_eq!(pace.take(&one, UPDATE, Some("1.0"), 999), Ok(()), "a change is no message");
        assert_eq!(pace.take(&one, UPDATE, Some("1.0"), 1000), Err(2999));
        assert_eq!(pace.take(&one, UPDATE, Some("2.0"), 1000), Ok(()));
        assert_eq!(pace.take(&one, POST, None, 1000), Ok(()));
    }

    #[test]
    fn where_slack_says_wait_that_method_of_that_workspace_waits() {
        let (mut pace, one, other) = (Pace::default(), Place::new("T1", "C1"), Place::new("T2", "C1"));
        pace.wait("T1", UPDATE, 30, 500);
        pace.wait("T1", UPDATE, 1, 600);
        assert_eq!(pace.take(&one, UPDATE, Some("1.0"), 1000), Err(30_500), "the longer one holds");
        assert_eq!(pace.take(&one, POST, None, 1000), Ok(()));
        assert_eq!(pace.take(&other, UPDATE, Some("1.0"), 1000), Ok(()));
        assert_eq!(pace.take(&one, UPDATE, Some("1.0"), 30_500), Ok(()));
    }

    #[test]
    fn what_is_over_is_forgotten() {
        let mut pace = Pace::default();
        for at in 0..20_000_u64 {
            let place = Place::new("T1", format!("C{at}"));
            assert_eq!(pace.take(&place, POST, None, at * 10), Ok(()));
        }
        assert!(pace.channels.len() < MANY + 2);
    }
}
