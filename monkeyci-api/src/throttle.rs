//! How often somebody may fail: at signing in, with tokens, with codes. Who fails too often is told when to come again.
//!
//! Each address and each account has a bucket of attempts, which fills by the minute (the generic cell rate algorithm, of
//! which one moment is kept). There are only so many buckets; where there is room for no more, the emptier half stays.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::address::Client;
use crate::config::RateLimits;
use crate::problem::{Answer, Refusal};

/// Buckets that are kept at the most; some megabytes.
const MOST: usize = 50_000;

/// Microseconds in which a bucket fills.
const MINUTE: u64 = 60_000_000;

/// What is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// To sign in.
    SignIn,
    /// A token, which was wrong.
    Token,
    /// A code that is good once.
    Code,
}

/// Who tries.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Whose {
    /// Somebody at an address.
    Address(IpAddr),
    /// Somebody who is known, or is to be.
    Account(String),
}

impl From<Client> for Whose {
    /// A network of IPv6 is one household: whoever has one address of it has them all.
    fn from(Client(address): Client) -> Self {
        match address {
            IpAddr::V4(_) => Self::Address(address),
            IpAddr::V6(address) => Self::Address(IpAddr::V6((address.to_bits() >> 64 << 64).into())),
        }
    }
}

/// How often somebody may fail.
pub struct Throttle {
    limits: RateLimits,
    since: Instant,
    /// When each bucket is full again, in microseconds.
    full: Mutex<HashMap<(Kind, Whose), u64>>,
}

/// Something that is tried, and counts unless it succeeds.
#[must_use = "what succeeds is to be given back"]
pub struct Attempt<'a> {
    throttle: &'a Throttle,
    kind: Kind,
    whose: Vec<Whose>,
}

impl Throttle {
    /// One with these limits.
    pub fn new(limits: RateLimits) -> Self {
        Self { limits, since: Instant::now(), full: Mutex::default() }
    }

    /// Begins to try something in the name of each of these.
    ///
    /// # Errors
    /// When one of them has tried too often; nothing is counted then.
    pub fn begin<const N: usize>(&self, kind: Kind, whose: [Whose; N]) -> Answer<Attempt<'_>> {
        let whose = Vec::from(whose);
        self.take(kind, &whose, self.now()).map_err(Refusal::too_often)?;
        Ok(Attempt { throttle: self, kind, whose })
    }

    /// Takes one attempt of each, or tells in how many seconds there is one.
    fn take(&self, kind: Kind, whose: &[Whose], now: u64) -> Result<(), u64> {
        let Some(share) = self.share(kind) else { return Ok(()) };
        let mut full = self.full();
        let after = |full: &HashMap<_, u64>, whose: &Whose| {
            full.get(&(kind, whose.clone())).copied().unwrap_or_default().max(now) + share
        };
        let late = whose.iter().map(|whose| after(&full, whose)).max().unwrap_or_default();
        if late > now + MINUTE {
            return Err((late - now - MINUTE).div_ceil(1_000_000));
        }
        if full.len() + whose.len() > MOST {
            make_room(&mut full, now);
        }
        for whose in whose {
            let moment = after(&full, whose);
            full.insert((kind, whose.clone()), moment);
        }
        Ok(())
    }

    /// Microseconds in which one attempt comes back; nothing where there is no limit.
    fn share(&self, kind: Kind) -> Option<u64> {
        let RateLimits { sign_ins, tokens, codes } = self.limits;
        let limit = match kind {
            Kind::SignIn => sign_ins,
            Kind::Token => tokens,
            Kind::Code => codes,
        };
        MINUTE.checked_div(limit.into())
    }

    fn now(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX / 2)
    }

    fn full(&self) -> MutexGuard<'_, HashMap<(Kind, Whose), u64>> {
        self.full.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt<'_> {
    /// It went well, and does not count.
    pub fn succeeded(self) {
        let Some(share) = self.throttle.share(self.kind) else { return };
        let mut full = self.throttle.full();
        for whose in self.whose {
            full.entry((self.kind, whose)).and_modify(|moment| *moment = moment.saturating_sub(share));
        }
    }
}

/// Forgets buckets that are full again; where that is not enough, the fuller half.
fn make_room(full: &mut HashMap<(Kind, Whose), u64>, now: u64) {
    full.retain(|_, moment| *moment > now);
    if full.len() > MOST / 2 {
        let mut moments: Vec<u64> = full.values().copied().collect();
        let middle = moments.len() / 2;
        let (_, middle, _) = moments.select_nth_unstable(middle);
        let middle = *middle;
        full.retain(|_, moment| *moment > middle);
    }
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use super::*;

    const SECOND: u64 = 1_000_000;

    fn throttle() -> Throttle {
        Throttle::new(RateLimits { sign_ins: 3, tokens: 0, codes: 3 })
    }

    fn at(address: &str) -> Whose {
        Client(address.parse().expect("an address")).into()
    }

    #[test]
    fn who_fails_too_often_waits_and_others_do_not() {
        let (throttle, ann) = (throttle(), at("192.0.2.1"));
        for _ in 0..3 {
            assert_eq!(throttle.take(Kind::Code, from_ref(&ann), 0), Ok(()));
        }
        assert_eq!(throttle.take(Kind::Code, from_ref(&ann), SECOND), Err(19));
        assert_eq!(
            throttle.take(Kind::Code, &[at("192.0.2.2"), ann.clone()], SECOND),
            Err(19),
            "one of them is enough"
        );
        assert_eq!(throttle.take(Kind::Code, &[at("192.0.2.2")], SECOND), Ok(()));
        assert_eq!(throttle.take(Kind::SignIn, from_ref(&ann), SECOND), Ok(()), "another matter");
        assert_eq!(throttle.take(Kind::Code, from_ref(&ann), 20 * SECOND), Ok(()));
        assert_eq!(throttle.take(Kind::Code, &[ann], 20 * SECOND), Err(20));
        for _ in 0..1000 {
            assert_eq!(throttle.take(Kind::Token, &[at("192.0.2.1")], 0), Ok(()), "0 is no limit");
        }
    }

    #[test]
    fn what_succeeds_does_not_count() {
        let throttle = throttle();
        for _ in 0..100 {
            throttle.begin(Kind::SignIn, [at("192.0.2.1"), Whose::Account("ann".into())]).expect("a try").succeeded();
        }
    }

    #[test]
    fn a_network_of_ipv6_is_one_and_others_are_others() {
        assert_eq!(at("2001:db8:1:2::1"), at("2001:db8:1:2:ffff::9"));
        assert_ne!(at("2001:db8:1:2::1"), at("2001:db8:1:3::1"));
    }

    #[test]
    fn memory_is_bounded_and_who_failed_most_is_remembered() {
        let (throttle, eve) = (throttle(), at("192.0.2.66"));
        for _ in 0..3 {
            throttle.take(Kind::Code, from_ref(&eve), 0).expect("a try");
        }
        for number in 0..3 * MOST as u32 {
            throttle.take(Kind::Code, &[Whose::Address(IpAddr::V4(number.into()))], 0).expect("a try");
            assert!(throttle.full().len() <= MOST);
        }
        assert!(throttle.take(Kind::Code, &[eve], 0).is_err());
    }
}
