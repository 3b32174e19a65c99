//! How a channel wants to be told, and what it does not want to hear for now. Pure.

use globset::GlobBuilder;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use monkeyci_client::model::Millis;
use monkeyci_client::rest::SlackStyle;
use monkeyci_client::rest::slack::{SlackMessage, SlackThread};
use monkeyci_grammar::{Clock, Mention, Muted, Quiet, Settings, Style, Thread, Until};
use serde::{Deserialize, Serialize};

use crate::message::LINES;

/// Mutes of one channel.
const MUTES: usize = 50;

/// What is kept of a channel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Channel {
    /// Whether each job has a line of its own.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub plan: bool,
    /// What is in threads: always something, or never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread: Option<bool>,
    /// Whether whoever caused a build is called.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub mention: bool,
    /// From when to when it is quiet, in minutes after midnight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quiet: Option<(u16, u16)>,
    /// When it is told of the day in sum, in minutes after midnight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<u16>,
    /// When it is told of the week: days after Monday, and minutes after midnight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<(u8, u16)>,
    /// Lines of a failed job's log in its thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<u32>,
    /// By which clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// The repository that is meant where none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repo: Option<String>,
    /// What it does not want to hear of for now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mutes: Vec<Silence>,
    /// Why nothing can be said there, where that is so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
}

/// What a channel does not want to hear of for now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Silence {
    /// Until when.
    pub until: Millis,
    /// Whether of everything, a `repo`, a `branch` or what somebody caused (`by`).
    pub of: String,
    /// Which, or a glob of them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub which: String,
    /// Who wanted it so.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
}

/// What a build is, to those who want to hear less.
#[derive(Debug, Clone, Copy)]
pub struct Of<'a> {
    /// Its repository.
    pub repo: &'a str,
    /// Its branch, tag or pull request.
    pub place: &'a str,
    /// Who caused it.
    pub actor: &'a str,
}

impl Channel {
    /// How a build is drawn.
    #[must_use]
    pub fn style(&self) -> Style {
        if self.plan { Style::Plan } else { Style::Compact }
    }

    /// What is in threads.
    #[must_use]
    pub fn threads(&self) -> Thread {
        match self.thread {
            None => Thread::OnFailure,
            Some(true) => Thread::Always,
            Some(false) => Thread::Off,
        }
    }

    /// Lines of a failed job's log in its thread.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.lines.map_or(LINES, |lines| lines as usize)
    }

    /// The same where a subscription says how it is to be told.
    #[must_use]
    pub fn with(mut self, style: Option<&SlackStyle>) -> Self {
        let Some(style) = style else { return self };
        self.plan = style.message == SlackMessage::Plan;
        self.thread = match style.thread {
            SlackThread::OnFailure => None,
            SlackThread::Always => Some(true),
            SlackThread::Off => Some(false),
        };
        self.mention = style.mention == "author";
        self.lines = Some(style.log_lines);
        if let Some(hours) = &style.quiet_hours
            && let (Some(from), Some(to)) = (Clock::of(&hours.from), Clock::of(&hours.to))
        {
            self.quiet = Some((from.minutes, to.minutes));
            self.zone.clone_from(&hours.timezone);
        }
        self
    }

    /// Takes in what somebody wants to be otherwise.
    ///
    /// # Errors
    /// When there is no such clock.
    pub fn set(&mut self, settings: &Settings) -> Result<(), String> {
        if let Some(zone) = &settings.zone {
            TimeZone::get(zone).map_err(|_| format!("`{zone}` is no time zone; one is called `Europe/Berlin`"))?;
            self.zone = Some(zone.clone());
        }
        if let Some(style) = settings.style {
            self.plan = style == Style::Plan;
        }
        if let Some(thread) = settings.thread {
            self.thread = match thread {
                Thread::OnFailure => None,
                Thread::Always => Some(true),
                Thread::Off => Some(false),
            };
        }
        if let Some(mention) = settings.mention {
            self.mention = mention == Mention::Author;
        }
        if let Some(quiet) = settings.quiet {
            self.quiet = match quiet {
                Quiet::Off => None,
                Quiet::Hours(from, to) => Some((from.minutes, to.minutes)),
            };
        }
        if let Some(digest) = settings.digest {
            self.digest = digest.map(|time| time.minutes);
        }
        if let Some(report) = settings.report {
            self.report = report.map(|(day, time)| (day as u8, time.minutes));
        }
        if let Some(lines) = settings.lines {
            self.lines = Some(lines);
        }
        if let Some(repo) = &settings.repo {
            self.repo = Some(repo.to_string());
        }
        Ok(())
    }

    /// Why it does not want to hear of a build now, where it does not.
    #[must_use]
    pub fn silence(&self, of: Of<'_>, now: Millis) -> Option<&Silence> {
        self.mutes.iter().filter(|mute| mute.until > now).find(|mute| match mute.of.as_str() {
            "repo" => mute.which.rsplit('/').next() == Some(of.repo),
            "branch" => is_match(&mute.which, of.place),
            "by" => is_match(&mute.which, of.actor),
            _ => true,
        })
    }

    /// Does not want to hear of something for a while. Returns until when.
    pub fn mute(&mut self, of: &Muted, until: Until, by: &str, now: Millis) -> Millis {
        let until = match until {
            Until::Span(span) => {
                now.saturating_add(i64::try_from(span.seconds).unwrap_or(i64::MAX / 2000).saturating_mul(1000))
            }
            Until::Clock(clock) => self.next(clock.minutes, now),
        };
        self.unmute(of, now);
        let (of, which) = words(of);
        self.mutes.push(Silence { until, of: of.into(), which, by: by.into() });
        let over = self.mutes.len().saturating_sub(MUTES);
        self.mutes.drain(..over);
        until
    }

    /// Wants to hear of it again; of all when nothing else is said. Returns how many mutes are over.
    pub fn unmute(&mut self, of: &Muted, now: Millis) -> usize {
        self.mutes.retain(|mute| mute.until > now);
        let before = self.mutes.len();
        let (kind, which) = words(of);
        self.mutes.retain(|mute| *of != Muted::All && (mute.of != kind || mute.which != which));
        before - self.mutes.len()
    }

    /// Until when it is quiet, where it is.
    #[must_use]
    pub fn quiet_until(&self, now: Millis) -> Option<Millis> {
        let (from, to) = self.quiet?;
        let at = self.at(now)?.time();
        let minute = u16::try_from(i32::from(at.hour()) * 60 + i32::from(at.minute())).ok()?;
        let is_quiet = if from < to { (from..to).contains(&minute) } else { minute >= from || minute < to };
        is_quiet.then(|| self.next(to, now))
    }

    /// When it is so late the next time.
    #[must_use]
    pub fn next(&self, minutes: u16, now: Millis) -> Millis {
        let day = 24 * 60 * 60 * 1000;
        let Some(here) = self.at(now) else { return now + day };
        let Ok(time) = Time::new((minutes / 60 % 24) as i8, (minutes % 60) as i8, 0, 0) else { return now + day };
        let zone = here.time_zone().clone();
        let dates = [here.date(), here.date().saturating_add(1.day())];
        let found = dates.into_iter().filter_map(|date| date.to_datetime(time).to_zoned(zone.clone()).ok());
        found.map(|at| at.timestamp().as_millisecond()).find(|at| *at > now).unwrap_or(now + day)
    }

    /// When it is that day of the week, days after Monday, and so late the next time.
    #[must_use]
    pub fn next_week(&self, day: u8, minutes: u16, now: Millis) -> Millis {
        let mut at = self.next(minutes, now);
        for _ in 0..7 {
            let is_it = self.at(at).is_none_or(|at| at.weekday().to_monday_zero_offset() == day as i8);
            if is_it {
                break;
            }
            at = self.next(minutes, at);
        }
        at
    }

    fn at(&self, now: Millis) -> Option<jiff::Zoned> {
        let zone = self.zone.as_deref().and_then(|zone| TimeZone::get(zone).ok()).unwrap_or(TimeZone::UTC);
        Some(Timestamp::from_millisecond(now).ok()?.to_zoned(zone))
    }
}

fn words(of: &Muted) -> (&'static str, String) {
    match of {
        Muted::All => ("all", String::new()),
        Muted::Repo(repo) => ("repo", repo.to_string()),
        Muted::Branch(glob) => ("branch", glob.clone()),
        Muted::By(glob) => ("by", glob.clone()),
    }
}

/// Whether a glob matches, as those of the server's subscriptions do.
fn is_match(glob: &str, text: &str) -> bool {
    GlobBuilder::new(glob).literal_separator(false).build().is_ok_and(|glob| glob.compile_matcher().is_match(text))
}

#[cfg(test)]
mod tests {
    use monkeyci_grammar::Span;

    use super::*;

    fn at(text: &str) -> Millis {
        text.parse::<Timestamp>().expect("a time").as_millisecond()
    }

    #[test]
    fn quiet_hours_end_in_the_morning_of_the_channel() {
        let quiet =
            |from, to, zone: &str| Channel { quiet: Some((from, to)), zone: Some(zone.into()), ..Channel::default() };
        let night = quiet(22 * 60, 7 * 60, "Europe/Berlin");
        for (now, until) in [
            ("2026-07-01T19:59:00Z", None),
            ("2026-07-01T20:00:00Z", Some("2026-07-02T05:00:00Z")),
            ("2026-07-02T04:59:00Z", Some("2026-07-02T05:00:00Z")),
            ("2026-07-02T05:00:00Z", None),
            ("2026-12-01T22:30:00Z", Some("2026-12-02T06:00:00Z")),
            // The night in which clocks go on.
            ("2026-03-29T00:30:00Z", Some("2026-03-29T05:00:00Z")),
        ] {
            assert_eq!(night.quiet_until(at(now)), until.map(at), "{now}");
        }
        let noon = quiet(12 * 60, 13 * 60, "UTC");
        assert_eq!(noon.quiet_until(at("2026-07-01T12:30:00Z")), Some(at("2026-07-01T13:00:00Z")));
        assert_eq!(noon.quiet_until(at("2026-07-01T13:00:00Z")), None);
    }

    #[test]
    fn a_week_begins_where_the_channel_says() {
        let berlin = Channel { zone: Some("Europe/Berlin".into()), ..Channel::default() };
        for (day, now, next) in [
            (0, "2026-07-01T07:00:00Z", "2026-07-06T07:00:00Z"),
            (2, "2026-07-01T06:59:00Z", "2026-07-01T07:00:00Z"),
            (2, "2026-07-01T07:00:00Z", "2026-07-08T07:00:00Z"),
            // Clocks go back in between.
            (0, "2026-10-23T07:00:00Z", "2026-10-26T08:00:00Z"),
        ] {
            assert_eq!(berlin.next_week(day, 9 * 60, at(now)), at(next), "{day} {now}");
        }
    }

    #[test]
    fn silence_is_of_what_was_named_and_ends() {
        let mut channel = Channel::default();
        let two = Until::Span(Span { seconds: 7200 });
        assert_eq!(channel.mute(&Muted::Branch("dependabot/*".into()), two, "U1", 0), 7_200_000);
        let of = |place: &'static str| Of { repo: "web", place, actor: "ann" };
        assert!(channel.silence(of("dependabot/npm/x"), 1).is_some());
        assert!(channel.silence(of("main"), 1).is_none());
        assert!(channel.silence(of("dependabot/npm/x"), 7_200_000).is_none(), "it is over");
        let five = Until::Clock(Clock { minutes: 17 * 60 });
        let until = channel.mute(&Muted::By("an?".into()), five, "U1", at("2026-07-01T18:00:00Z"));
        assert_eq!(until, at("2026-07-02T17:00:00Z"));
        assert_eq!(channel.mutes.len(), 1, "what is over is forgotten");
        assert!(channel.silence(of("main"), at("2026-07-01T19:00:00Z")).is_some());
        assert_eq!(channel.unmute(&Muted::All, at("2026-07-01T19:00:00Z")), 1);
    }

    #[test]
    fn a_clock_that_is_none_is_refused() {
        let wrong = Settings { zone: Some("Mars/Olympus".into()), ..Settings::default() };
        assert!(Channel::default().set(&wrong).expect_err("none").contains("Europe/Berlin"));
    }
}
