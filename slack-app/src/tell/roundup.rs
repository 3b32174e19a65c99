//! Builds that are told in one message together: what a subscription wants in sum, and what comes in a burst. Pure.

use monkeyci_client::model::Millis;
use serde::{Deserialize, Serialize};

use super::line::{Post, Stand};
use crate::message::roundup::Entry;
use crate::message::text::clip;
use crate::place::Place;

/// Entries of all messages of one place; those beyond are counted. Their value in the store stays below what it may be.
const ENTRIES: usize = 100;

/// Characters of a ref that are kept.
const REF: usize = 60;

/// Messages that are kept of one place.
const KEPT: usize = 5;

/// A burst is over when nothing came for so long, in milliseconds.
pub const QUIET: Millis = 5 * 60 * 1000;

/// What is told together in a place.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Roundup {
    /// The messages, in the order in which they began.
    pub sheets: Vec<Sheet>,
}

/// One message of these.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sheet {
    /// When it began. No two of a place have the same.
    pub begun: Millis,
    /// When it is to be told.
    pub due: Millis,
    /// When something last came.
    pub last: Millis,
    /// The builds.
    pub entries: Vec<Entry>,
    /// How many there are beside them.
    #[serde(default)]
    pub more: u64,
    /// Whether it stands there.
    pub stand: Stand,
    /// What tells what stands there from another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<String>,
}

/// Why builds are told together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// They come in a burst: told at once, and changed as more come.
    Burst,
    /// A subscription wants it so: told at its time.
    Digest,
}

/// What a key under which such messages are kept says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Where they are told.
    pub place: Place,
    /// The subscription that wants them so; nothing of a burst.
    pub subscription: Option<String>,
}

impl Key {
    /// What a key says, if it is one of these.
    #[must_use]
    pub fn of(key: &str) -> Option<Self> {
        let mut parts = key.strip_prefix("roundup/")?.splitn(3, '/');
        let place = Place::of(&format!("{}/{}", parts.next()?, parts.next()?))?;
        let subscription = match parts.next()? {
            "" => None,
            name => Some(name.to_owned()),
        };
        Some(Self { place, subscription })
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "roundup/{}/{}", self.place, self.subscription.as_deref().unwrap_or_default())
    }
}

impl Entry {
    /// What is told of a message that is told together with others.
    #[must_use]
    pub fn of(repo: &str, place: &str, post: &Post, now: Millis) -> Self {
        Self {
            repo: repo.to_owned(),
            place: clip(place, REF),
            on: post.on,
            begun: post.begun,
            build: post.build,
            builds: post.red.as_ref().map_or(1, |red| red.builds),
            time: now,
            mended: post.red.as_ref().and_then(|red| Some(red.mended?.0)),
        }
    }

    fn is_of(&self, other: &Self) -> bool {
        self.repo == other.repo && self.begun == other.begun && self.place == other.place
    }

    /// Whether it only says what another says already: that it was mended.
    fn is_said_by(&self, other: &Self) -> bool {
        let is_mended = other.mended == Some(self.begun) && !other.is_of(self);
        is_mended && self.repo == other.repo && self.place == other.place
    }
}

impl Roundup {
    /// Takes in how a build stands. `is_news` where it is to be told, even if nothing is there of it yet; a message that
    /// begins with it is told at `due`. The same twice is as good as once.
    pub fn take(&mut self, entry: Entry, is_news: bool, due: Millis, kind: Kind) {
        let (now, mut is_there) = (entry.time, false);
        for sheet in &mut self.sheets {
            if sheet.entries.iter().any(|there| entry.is_said_by(there)) {
                return;
            }
            let is_open = sheet.takes(now, kind);
            let Some(there) = sheet.entries.iter_mut().find(|there| there.is_of(&entry)) else { continue };
            // In the sum of a day it is said again that something is broken still.
            if kind == Kind::Digest && !is_open && is_news && there.build != entry.build {
                continue;
            }
            *there = Entry { time: there.time, ..entry.clone() };
            is_there = true;
        }
        if is_there || !is_news {
            return;
        }
        let is_open = self.sheets.last().is_some_and(|sheet| sheet.takes(now, kind));
        let has_room = self.make_room(is_open);
        match self.sheets.last_mut().filter(|_| is_open) {
            Some(sheet) => {
                sheet.last = now;
                if has_room {
                    sheet.entries.push(entry);
                } else {
                    sheet.more += 1;
                }
            }
            None => {
                let newest = self.sheets.last().map_or(0, |sheet| sheet.begun + 1);
                self.sheets.push(Sheet {
                    begun: newest.max(now),
                    due,
                    last: now,
                    entries: has_room.then_some(entry).into_iter().collect(),
                    more: u64::from(!has_room),
                    stand: Stand::Wanted,
                    shown: None,
                });
                let over = self.sheets.len().saturating_sub(KEPT);
                self.sheets.drain(..over);
            }
        }
    }

    /// Forgets what was told longest ago where there are too many entries, but for the last where that goes on; says whether
    /// there is room for one more.
    fn make_room(&mut self, is_open: bool) -> bool {
        loop {
            if self.sheets.iter().map(|sheet| sheet.entries.len()).sum::<usize>() < ENTRIES {
                return true;
            }
            let older = self.sheets.len() - usize::from(is_open);
            let is_over = |sheet: &Sheet| matches!(sheet.stand, Stand::At { .. } | Stand::Silent { .. });
            let Some(oldest) = self.sheets[..older].iter().position(is_over) else { return false };
            self.sheets.remove(oldest);
        }
    }

    /// The message that began then.
    pub fn begun(&mut self, begun: Millis) -> Option<&mut Sheet> {
        self.sheets.iter_mut().find(|sheet| sheet.begun == begun)
    }

    /// Whether it tells of a build, and when that message is told.
    #[must_use]
    pub fn tells(&self, repo: &str, build: u64) -> Option<&Sheet> {
        let is_it = |entry: &Entry| entry.repo == repo && (entry.begun..=entry.build).contains(&build);
        self.sheets.iter().rfind(|sheet| sheet.entries.iter().any(is_it))
    }
}

impl Sheet {
    /// Whether it takes in more at that time.
    fn takes(&self, now: Millis, kind: Kind) -> bool {
        match kind {
            Kind::Burst => now - self.last < QUIET,
            Kind::Digest => self.stand == Stand::Wanted && now < self.due,
        }
    }
}

#[cfg(test)]
mod tests {
    use monkeyci_client::rest::Moment;

    use super::*;

    fn entry(repo: &str, begun: u64, time: Millis) -> Entry {
        let (repo, place) = (repo.to_owned(), "main".to_owned());
        Entry { repo, place, on: Moment::Failed, begun, build: begun, builds: 1, time, mended: None }
    }

    fn brief(roundup: &Roundup) -> Vec<Vec<(u64, u64, Option<u64>)>> {
        let sheet = |sheet: &Sheet| sheet.entries.iter().map(|one| (one.begun, one.build, one.mended)).collect();
        roundup.sheets.iter().map(sheet).collect()
    }

    #[test]
    fn what_comes_in_a_burst_is_one_message_until_it_is_quiet() {
        let mut told = Roundup::default();
        let mut take = |entry: Entry, is_news: bool| {
            let now = entry.time;
            told.take(entry, is_news, now, Kind::Burst);
        };
        take(entry("a", 1, 0), true);
        take(entry("b", 1, 1000), true);
        take(entry("b", 1, 1000), true);
        // It goes on, is mended, and that is not told beside it.
        take(Entry { build: 3, builds: 3, ..entry("b", 1, 2000) }, true);
        take(Entry { build: 3, builds: 3, mended: Some(4), ..entry("b", 1, 3000) }, false);
        take(Entry { on: Moment::Recovered, mended: Some(4), ..entry("b", 4, 3000) }, true);
        take(Entry { mended: Some(9), ..entry("c", 8, 3000) }, false);
        take(entry("d", 1, 1000 + QUIET), true);
        assert_eq!(brief(&told), [vec![(1, 1, None), (1, 3, Some(4))], vec![(1, 1, None)]]);
        assert_eq!(told.tells("b", 2).map(|sheet| sheet.begun), Some(0));
        assert!(told.tells("b", 4).is_none());
    }

    #[test]
    fn what_is_told_at_its_time_takes_in_what_comes_before_that() {
        let mut told = Roundup::default();
        for (begun, time, due) in [(1, 0, 1000), (2, 999, 1000), (3, 1000, 2000)] {
            told.take(entry("a", begun, time), true, due, Kind::Digest);
        }
        assert_eq!(brief(&told), [vec![(1, 1, None), (2, 2, None)], vec![(3, 3, None)]]);
        assert_eq!(told.sheets[1].due, 2000);
        // What was told is not told again, unless it is broken still.
        told.sheets.iter_mut().for_each(|sheet| sheet.stand = Stand::At { ts: "1.0".into() });
        told.take(entry("a", 3, 2500), true, 3000, Kind::Digest);
        assert_eq!(told.sheets.len(), 2);
        told.take(Entry { build: 5, builds: 2, ..entry("a", 3, 2600) }, true, 3000, Kind::Digest);
        told.take(Entry { build: 5, builds: 2, mended: Some(6), ..entry("a", 3, 2700) }, false, 3000, Kind::Digest);
        assert_eq!(brief(&told)[1..], [vec![(3, 5, Some(6))], vec![(3, 5, Some(6))]]);
    }

    #[test]
    fn a_key_says_where_and_by_what() {
        for (place, subscription) in [("T1/C1", None), ("T1/C1", Some("shop/all"))] {
            let key = Key { place: Place::of(place).expect("a place"), subscription: subscription.map(str::to_owned) };
            assert_eq!(Key::of(&key.to_string()), Some(key));
        }
        for wrong in ["roundup/T1/C1", "line/T1/C1/", "roundup/x/C1/"] {
            assert_eq!(Key::of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn whatever_comes_it_stays_small() {
        let mut told = Roundup::default();
        for at in 0..2000 {
            told.take(entry(&"x".repeat(100), at, 0), true, 0, Kind::Burst);
        }
        assert_eq!((told.sheets[0].entries.len(), told.sheets[0].more), (ENTRIES, 1900));
        assert!(serde_json::to_vec(&told).expect("JSON").len() < 50_000);
        // What was told gives way, and what was not stays.
        told.sheets[0].stand = Stand::At { ts: "1.0".into() };
        for at in 0..3 {
            told.take(entry("y", at, QUIET * (at as Millis + 1)), true, 0, Kind::Burst);
        }
        assert_eq!(told.sheets.len(), 3);
        for at in 0..300 {
            told.take(entry("z", at, QUIET * 4), true, 0, Kind::Burst);
        }
        let entries: usize = told.sheets.iter().map(|sheet| sheet.entries.len()).sum();
        assert_eq!((told.sheets.len(), entries), (4, ENTRIES));
    }
}
