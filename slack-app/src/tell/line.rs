//! The builds of one ref, and the messages that tell of them. Pure: what is looked at comes in.
//!
//! A build has at most one message in a channel, and builds of one ref that fail one after the other have one together.
//! What is kept here is all that must not be lost: which messages there are to be, and which of them stand where.

use std::collections::BTreeMap;

use monkeyci_client::model::Millis;
use monkeyci_client::rest::{Moment, SlackStyle};
use serde::{Deserialize, Serialize};

use crate::message::Red;
use crate::place::Place;

/// Messages that are kept of one ref. Those that are older change no more.
const KEPT: usize = 40;

/// Notes that are kept of one message.
const NOTES: usize = 10;

/// What is kept of a ref of a repository.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Line {
    /// The ref, in full.
    pub name: String,
    /// The messages, in the order in which they came to be wanted.
    pub posts: Vec<Post>,
}

/// A message that is to be in a channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Post {
    /// Where.
    pub place: Place,
    /// For what it is told first.
    pub on: Moment,
    /// The subscription that wanted it.
    pub subscription: String,
    /// Why that did.
    pub why: String,
    /// The build with which it began. No two of a place have the same.
    pub begun: u64,
    /// The build that it tells of now.
    pub build: u64,
    /// When it came to be wanted.
    pub since: Millis,
    /// When it may be told, where that is later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Millis>,
    /// Whether it stands there.
    pub stand: Stand,
    /// What stands there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Shown>,
    /// How long its ref has been broken, where it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub red: Option<Broken>,
    /// Who is at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed: Option<String>,
    /// What people did by it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// How the subscription says that it is to be told, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub style: Option<SlackStyle>,
    /// What stands in its thread, by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub replies: BTreeMap<String, Said>,
}

/// Whether a message stands in its channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Stand {
    /// Not yet.
    Wanted,
    /// Slack was asked, and what came of it is not known. The word is in the message.
    Asked {
        /// The word.
        word: String,
        /// When.
        since: Millis,
    },
    /// There.
    At {
        /// Its name in Slack.
        ts: String,
    },
    /// In a message of many builds together.
    Together {
        /// The key under which that is kept.
        key: String,
    },
    /// It shall not, or no more.
    Silent {
        /// Why.
        why: String,
    },
}

/// What stands in a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    /// What tells it from another.
    pub digest: String,
    /// The build that it told of.
    pub build: u64,
    /// The `seq` of that build's last event.
    pub seq: u64,
}

/// Something in a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Said {
    /// Whether it stands there.
    pub stand: Stand,
    /// What tells it from another.
    pub digest: String,
}

/// How long a ref has been broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Broken {
    /// The build that broke it.
    pub first: u64,
    /// The newest that failed.
    pub last: u64,
    /// How many did.
    pub builds: u64,
    /// When the first did.
    pub since: Millis,
    /// The build that mended it, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mended: Option<(u64, Millis)>,
}

/// What happened to a build, as far as it is to be told.
#[derive(Debug, Clone)]
pub struct News {
    /// The build.
    pub build: u64,
    /// When.
    pub time: Millis,
    /// Whether it failed, or will; or came to good.
    pub came: Option<Came>,
    /// Who wants to hear of it.
    pub wanted: Vec<Wanted>,
}

/// How a build ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// It failed, or will.
    Bad,
    /// It succeeded.
    Good,
}

/// Somebody who wants to hear of it.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Where.
    pub place: Place,
    /// For what.
    pub on: Moment,
    /// By which subscription.
    pub subscription: String,
    /// Why.
    pub why: String,
    /// When it may be told, where that is later.
    pub not_before: Option<Millis>,
    /// How the subscription says that it is to be told, where it says so.
    pub style: Option<SlackStyle>,
    /// The key of the message in which it is told together with others, where it is.
    pub together: Option<String>,
}

impl Line {
    /// Notes what happened, and says where a message begins by it. The same twice is as good as once.
    pub fn tell(&mut self, news: &News) -> Vec<Place> {
        match news.came {
            Some(Came::Bad) => self.break_on(news),
            Some(Came::Good) => self.mend(news),
            None => {}
        }
        let begun = news.wanted.iter().filter(|wanted| self.want(news, wanted)).map(|wanted| wanted.place.clone());
        let begun = begun.collect();
        let over = self.posts.len().saturating_sub(KEPT);
        self.posts.drain(..over);
        begun
    }

    /// The message that tells of a build in a place, the newest where there are several.
    #[must_use]
    pub fn post(&self, place: &Place, build: u64) -> Option<&Post> {
        let of = |post: &&Post| post.place == *place && post.is_of(build);
        self.posts.iter().rfind(of)
    }

    /// The message that began with a build in a place.
    pub fn begun(&mut self, place: &Place, begun: u64) -> Option<&mut Post> {
        self.posts.iter_mut().find(|post| post.place == *place && post.begun == begun)
    }

    /// The message with that name.
    pub fn post_at(&mut self, place: &Place, ts: &str) -> Option<&mut Post> {
        self.posts.iter_mut().find(|post| post.place == *place && post.ts() == Some(ts))
    }

    /// The message that told, or was to tell, that the ref is broken, which a build mends or has mended.
    fn mended_by(&self, place: &Place, build: u64) -> Option<&Post> {
        let mends = |red: &Broken| red.last < build && red.mended.is_none_or(|(by, _)| by == build);
        let is_it =
            |post: &&Post| post.place == *place && post.on != Moment::Recovered && post.red.as_ref().is_some_and(mends);
        self.posts.iter().rfind(is_it)
    }

    fn break_on(&mut self, news: &News) {
        for post in &mut self.posts {
            let Some(red) = post.red.as_mut().filter(|red| red.mended.is_none() && news.build > red.last) else {
                continue;
            };
            red.last = news.build;
            red.builds += 1;
            post.build = news.build;
        }
    }

    fn mend(&mut self, news: &News) {
        for post in &mut self.posts {
            let Some(red) = post.red.as_mut().filter(|red| red.mended.is_none() && news.build > red.last) else {
                continue;
            };
            red.mended = Some((news.build, news.time));
            if post.stand == Stand::Wanted {
                post.stand = Stand::Silent { why: "it was mended before it was to be told".into() };
            }
        }
    }

    fn want(&mut self, news: &News, wanted: &Wanted) -> bool {
        let is_bad = matches!(wanted.on, Moment::Failed | Moment::StillFailing);
        if let Some(post) = self.posts.iter_mut().rfind(|post| post.place == wanted.place && post.build == news.build) {
            // It tells of this build already, and of this as well.
            if is_bad && post.red.is_none() {
                post.red = Some(Broken::since(news));
            }
            return false;
        }
        // Of an older build than the one that is told of, nobody needs to hear that it failed too.
        let is_open = |red: &Broken| red.mended.is_none() && red.last >= news.build;
        let is_late =
            self.posts.iter().any(|post| post.place == wanted.place && post.red.as_ref().is_some_and(is_open));
        if is_bad && is_late {
            return false;
        }
        let before = self.mended_by(&wanted.place, news.build).filter(|_| wanted.on == Moment::Recovered);
        // What was never told of as broken need not be told of as mended.
        if before.is_some_and(|post| !post.was_told()) {
            return false;
        }
        let mended = before.and_then(|post| post.red.clone());
        let mended = mended.map(|red| Broken { mended: Some((news.build, news.time)), ..red });
        let red = mended.or_else(|| is_bad.then(|| Broken::since(news)));
        self.posts.push(Post {
            place: wanted.place.clone(),
            on: wanted.on,
            subscription: wanted.subscription.clone(),
            why: wanted.why.clone(),
            begun: news.build,
            build: news.build,
            since: news.time,
            not_before: wanted.not_before,
            stand: wanted.together.clone().map_or(Stand::Wanted, |key| Stand::Together { key }),
            shown: None,
            red,
            claimed: None,
            notes: Vec::new(),
            style: wanted.style.clone(),
            replies: BTreeMap::new(),
        });
        true
    }
}

impl Broken {
    fn since(news: &News) -> Self {
        Self { first: news.build, last: news.build, builds: 1, since: news.time, mended: None }
    }
}

impl Post {
    /// Its name in Slack, where it stands there.
    #[must_use]
    pub fn ts(&self) -> Option<&str> {
        match &self.stand {
            Stand::At { ts } => Some(ts),
            _ => None,
        }
    }

    /// Whether it stood in its channel.
    fn was_told(&self) -> bool {
        match self.stand {
            Stand::Wanted => false,
            Stand::Silent { .. } => self.shown.is_some(),
            Stand::Asked { .. } | Stand::At { .. } | Stand::Together { .. } => true,
        }
    }

    /// Whether it tells of a build, or told of it.
    #[must_use]
    pub fn is_of(&self, build: u64) -> bool {
        let within = self.red.as_ref().is_some_and(|red| (red.first..=red.last).contains(&build));
        self.build == build || (within && self.on != Moment::Recovered)
    }

    /// Notes what somebody did by it.
    pub fn note(&mut self, words: String) {
        self.notes.push(words);
        let over = self.notes.len().saturating_sub(NOTES);
        self.notes.drain(..over);
    }

    /// How long its ref has been broken, as it is told.
    #[must_use]
    pub fn red(&self) -> Option<Red> {
        let red = self.red.as_ref()?;
        // The message of the recovery says that itself.
        let mended = red.mended.filter(|_| self.on != Moment::Recovered);
        Some(Red { first: red.first, builds: red.builds, since: red.since, mended })
    }

    /// Whether a message of that build and `seq` is older than what stands there.
    #[must_use]
    pub fn is_stale(&self, build: u64, seq: u64) -> bool {
        self.shown.as_ref().is_some_and(|shown| (shown.build, shown.seq) > (build, seq))
    }

    /// Whether what happened to a build changes what is told here.
    #[must_use]
    pub fn is_changed_by(&self, build: u64) -> bool {
        let mends = |red: &Broken| red.mended.is_some_and(|(by, _)| by == build);
        self.build == build || self.red.as_ref().is_some_and(mends)
    }

    /// How much it matters that it is told soon: less comes first.
    #[must_use]
    pub fn rank(&self) -> u8 {
        match self.on {
            Moment::Waiting => 0,
            Moment::Failed | Moment::StillFailing => 1,
            Moment::Recovered => 2,
            _ => 3,
        }
    }
}

#[cfg(test)]
mod tests;
