//! A week in sum, for channels that want it: how it went beside the week before, and whether the channel is told too much.

use std::collections::BTreeMap;

use monkeyci_client::ClientError;
use monkeyci_client::model::Millis;
use monkeyci_client::rest::Statistics;
use monkeyci_client::rest::statistics::Day;

use super::channel::Channel;
use super::line::{Line, Post, Stand};
use crate::house::House;
use crate::message::Message;
use crate::message::block::{context, fields, header, section};
use crate::message::text::{clip, code, line, link, took};
use crate::place::Place;

/// Milliseconds of a week.
const WEEK: Millis = 7 * 24 * 60 * 60 * 1000;

/// Jobs and tests that are named.
const NAMED: usize = 3;

/// Refs whose messages are counted: those that changed last.
const REFS: usize = 500;

/// So many messages of one kind, on which nobody did anything, are noise.
const NOISE: usize = 5;

/// What a channel was told in a week.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Noise {
    /// Messages in the channel itself.
    pub messages: usize,
    /// Those by which somebody did something.
    pub acted: usize,
    /// Messages by the first part of their ref, where nobody did anything by any.
    pub idle: BTreeMap<String, usize>,
}

impl Noise {
    /// Counts a message of a ref.
    fn add(&mut self, place: &str, post: &Post) {
        self.messages += 1;
        let is_used = post.claimed.is_some() || !post.notes.is_empty();
        self.acted += usize::from(is_used);
        // `dependabot/npm/x` is one of many; `main` is itself.
        let kind = place.split_once('/').map_or_else(|| place.to_owned(), |(first, _)| format!("{first}/*"));
        let idle = self.idle.entry(kind).or_default();
        *idle = if is_used || *idle == usize::MAX { usize::MAX } else { *idle + 1 };
    }

    /// What nobody needs to hear of, it seems.
    fn suggestion(&self, command: &str) -> Option<String> {
        let idle = self.idle.iter().filter(|(_, count)| (NOISE..usize::MAX).contains(*count));
        let (kind, count) = idle.max_by_key(|(_, count)| **count)?;
        Some(format!(
            "Nobody did anything by the {count} messages of {}: `{command} mute 4w branch:{}`?",
            code(kind, 60),
            clip(kind, 60).replace('`', "'")
        ))
    }
}

/// What a channel was told in the week before `now`.
///
/// # Errors
/// When the server cannot be asked.
pub async fn noise(house: &House, place: &Place, now: Millis) -> Result<Noise, ClientError> {
    let mut found = Noise::default();
    let mut keys = house.shelf.keys("line/").await?;
    keys.retain(|(_, updated)| *updated > now - WEEK);
    keys.sort_by_key(|(_, updated)| -updated);
    for (key, _) in keys.into_iter().take(REFS) {
        let Some((line, _)) = house.shelf.read::<Line>(&key).await? else { continue };
        let name = line.name.strip_prefix("refs/heads/").or_else(|| line.name.strip_prefix("refs/tags/"));
        let is_told =
            |post: &&Post| post.place == *place && post.since > now - WEEK && matches!(post.stand, Stand::At { .. });
        for post in line.posts.iter().filter(is_told) {
            found.add(name.unwrap_or(&line.name), post);
        }
    }
    Ok(found)
}

/// The time at which the newest one was to be told, where that was lately.
pub(super) fn due(channel: &Channel, now: Millis) -> Option<Millis> {
    let (day, minutes) = channel.report?;
    let due = channel.next_week(day, minutes, now - super::digest::LATE);
    (due <= now).then_some(due)
}

/// The message: `found` is of two weeks.
#[must_use]
pub fn message(found: &Statistics, noise: &Noise, of: &str, page: &str, command: &str) -> Message {
    let middle = found.days.len().saturating_sub(7);
    let (before, now) = found.days.split_at(middle);
    let (old, new) = (Week::of(before), Week::of(now));
    let pieces = [
        format!("*Builds*\n{} {}", new.all, beside(&format!("{} the week before", old.all))),
        format!("*Of these went well*\n{} {}", new.rate(), beside(&old.rate())),
        format!("*Half take no longer than*\n{}", found.duration.map_or("—".into(), |spread| took(spread.p50))),
        format!("*A broken branch is mended within*\n{}", found.recovery.map_or("—".into(), |spread| took(spread.p50))),
    ];
    let mut blocks = vec![header("CI report · the last 7 days"), fields(&pieces)];
    let jobs = found.jobs.iter().take(NAMED).map(|job| {
        let runs = job.success + job.failure;
        let failed = if job.failure > 0 { format!(", {} of {runs} failed", job.failure) } else { String::new() };
        format!("• {} of {} · {} in sum{failed}", code(&job.job, 40), line(job.repo.as_str(), 40), took(job.total))
    });
    let tests = found.flaky_tests.iter().take(NAMED).map(|test| {
        let name = if test.class.is_empty() { test.test.clone() } else { format!("{}::{}", test.class, test.test) };
        format!("• {} of {} · {} times", code(&name, 100), line(test.repo.as_str(), 40), test.count)
    });
    for (title, lines) in
        [("What ran longest", jobs.collect::<Vec<_>>()), ("Tests that cannot be relied on", tests.collect())]
    {
        if !lines.is_empty() {
            blocks.push(section(&format!("*{title}*\n{}", lines.join("\n"))));
        }
    }
    let told = match noise.messages {
        0 => "This channel was told nothing.".to_owned(),
        many if noise.acted == 0 => format!("This channel was told {many} times, and nobody did anything by it."),
        many => format!("This channel was told {many} times; somebody did something by {} of these.", noise.acted),
    };
    let told = noise.suggestion(command).map_or(told.clone(), |more| format!("{told} {more}"));
    blocks.push(context(&[told, format!("{} · {}", code(of, 80), link(page, "details"))]));
    let text = format!("CI of {of} in the last week: {} builds, {} went well", new.all, new.rate());
    Message { text, blocks }
}

fn beside(words: &str) -> String {
    format!("_({words})_")
}

/// The builds of a week.
struct Week {
    all: u64,
    good: u64,
    bad: u64,
}

impl Week {
    fn of(days: &[Day]) -> Self {
        let sum = |count: fn(&Day) -> u64| days.iter().map(count).sum::<u64>();
        let (good, bad) = (sum(|day| day.success), sum(|day| day.failure + day.error));
        Self { good, bad, all: good + bad + sum(|day| day.canceled + day.open) }
    }

    fn rate(&self) -> String {
        match self.good + self.bad {
            0 => "—".into(),
            all => format!("{} %", self.good * 100 / all),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::message::ladder;

    #[test]
    fn a_week_stands_beside_the_one_before_and_noise_is_named() {
        let day = |success: u64, failure: u64| json!({ "time": 0, "success": success, "failure": failure, "error": 0, "canceled": 0, "open": 0 });
        let days: Vec<_> = (0..14).map(|at| if at < 7 { day(1, 1) } else { day(9, 1) }).collect();
        let found: Statistics = serde_json::from_value(json!({
            "from": 0, "until": 1, "days": days, "sample": 84, "broken": 1, "duration": { "count": 9, "p50": 65_000, "p95": 90_000 },
            "jobs": [{ "repo": "web", "job": "unit", "success": 60, "failure": 7, "retried": 1, "total": 3_600_000 }],
            "flakyTests": [{ "repo": "web", "job": "unit", "class": "cart", "test": "<!here>", "count": 3, "build": 7 }],
        }))
        .expect("statistics");
        let idle = [("dependabot/*".to_owned(), 12), ("main".to_owned(), usize::MAX)].into();
        let noise = Noise { messages: 20, acted: 2, idle };
        let told = message(&found, &noise, "acme", "https://ci.example.com/o/acme/statistics", "/build");
        assert_eq!(told.text, "CI of acme in the last week: 70 builds, 90 % went well");
        assert!(ladder::fits(&told), "{told:?}");
        let words = serde_json::to_string(&told.blocks).expect("JSON");
        for part in [
            "70 _(14 the week before)_",
            "90 % _(50 %)_",
            "7 of 67 failed",
            "mute 4w branch:dependabot/*",
            "told 20 times",
        ] {
            assert!(words.contains(part), "{part}: {words}");
        }
        assert!(!words.contains("<!here>"));
    }

    #[test]
    fn it_is_due_once_a_week() {
        let at = |text: &str| text.parse::<jiff::Timestamp>().expect("a time").as_millisecond();
        let monday = Channel { report: Some((0, 9 * 60)), ..Channel::default() };
        for (now, wanted) in [
            ("2026-07-06T08:59:00Z", None),
            ("2026-07-06T09:00:00Z", Some("2026-07-06T09:00:00Z")),
            ("2026-07-06T11:01:00Z", None),
            ("2026-07-07T09:00:00Z", None),
        ] {
            assert_eq!(due(&monday, at(now)), wanted.map(at), "{now}");
        }
    }
}
