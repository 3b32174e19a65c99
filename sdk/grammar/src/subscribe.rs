//! What a channel is told of, and how.

use std::collections::BTreeSet;

use monkeyci_rest::{Moment, Occasion};

use crate::filter::{Args, Filter, Said, list, unexpected, unknown};
use crate::word::Words;
use crate::{Clock, Mistake, RepoName, Weekday, event, moment, moments};

/// Values of the longest list.
const MANY: usize = 20;

/// Tell a channel of builds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subscribe {
    /// Of which repository.
    pub repo: Option<RepoName>,
    /// Or of those that have these labels.
    pub labels: Vec<(String, String)>,
    /// Of what; of what is worth telling when that is not said.
    pub on: BTreeSet<Moment>,
    /// Globs of branches, tags and pull requests, as the server's subscriptions have them.
    pub refs: Vec<String>,
    /// What caused the build.
    pub events: BTreeSet<Occasion>,
    /// Globs of jobs.
    pub jobs: Vec<String>,
    /// Globs of who caused the build; those to leave out begin with `!`.
    pub actors: Vec<String>,
    /// How the channel is told, where that is said with it.
    pub settings: Settings,
}

/// How a channel is told. What is not said stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// How a build is drawn.
    pub style: Option<Style>,
    /// What is in its thread.
    pub thread: Option<Thread>,
    /// Who is called.
    pub mention: Option<Mention>,
    /// When it is told nothing.
    pub quiet: Option<Quiet>,
    /// When it is told of a day in sum; never where that is nothing.
    pub digest: Option<Option<Clock>>,
    /// When it is told of a week; never where that is nothing.
    pub report: Option<Option<(Weekday, Clock)>>,
    /// Lines of a failed job's log in a thread.
    pub lines: Option<u32>,
    /// Whether whoever says it is told of what they broke, by themselves.
    pub direct: Option<bool>,
    /// By which clock.
    pub zone: Option<String>,
    /// The repository that is meant where none is named.
    pub repo: Option<RepoName>,
}

/// How a build is drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Style {
    /// In three lines.
    #[default]
    Compact,
    /// With a line for each job.
    Plan,
}

/// What is in the thread of a message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Thread {
    /// The end of the log of what failed.
    #[default]
    OnFailure,
    /// What each build came to.
    Always,
    /// Nothing.
    Off,
}

/// Who is called by name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mention {
    /// Nobody.
    #[default]
    Nobody,
    /// Whoever caused the build.
    Author,
}

/// When a channel is told nothing that can wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quiet {
    /// Never.
    Off,
    /// From the first of these to the second, each day.
    Hours(Clock, Clock),
}

const SETTINGS: &[&str] =
    &["style", "thread", "lines", "mention", "quiet", "digest", "report", "zone", "repo", "direct"];

/// Lines of a log that a thread shows at the most.
const LINES: u32 = 100;

const KEYS: &[&str] =
    &["on", "branch", "job", "event", "by", "-by", "label", "style", "thread", "mention", "quiet", "digest", "zone"];

impl Settings {
    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn read(words: Words) -> Result<Self, Mistake> {
        let mut settings = Self::default();
        let mut args = Args::new(words, SETTINGS);
        while let Some(said) = args.next()? {
            match said {
                Said::Filter(filter) => settings.take(&filter)?,
                Said::Flag(flag) => return Err(unknown(&flag, &[])),
                Said::Plain(word) => return Err(unexpected(&word)),
            }
        }
        Ok(settings)
    }

    fn take(&mut self, filter: &Filter) -> Result<(), Mistake> {
        let value = filter.value.to_lowercase();
        match (filter.key.as_str(), value.as_str()) {
            ("style", "compact") => self.style = Some(Style::Compact),
            ("style", "plan") => self.style = Some(Style::Plan),
            ("style", _) => return Err(filter.mistake("it is `compact` or `plan`")),
            ("thread", "on_failure" | "on-failure") => self.thread = Some(Thread::OnFailure),
            ("thread", "always") => self.thread = Some(Thread::Always),
            ("thread", "off" | "none") => self.thread = Some(Thread::Off),
            ("thread", _) => return Err(filter.mistake("it is `on_failure`, `always` or `off`")),
            ("mention", "author") => self.mention = Some(Mention::Author),
            ("mention", "none" | "off" | "nobody") => self.mention = Some(Mention::Nobody),
            ("mention", _) => return Err(filter.mistake("it is `author` or `none`")),
            ("quiet", "off" | "none" | "never") => self.quiet = Some(Quiet::Off),
            ("quiet", hours) => {
                let hours = quiet(hours).ok_or_else(|| filter.mistake("it is `off`, or hours as `22:00-07:00`"))?;
                self.quiet = Some(hours);
            }
            ("digest", "off" | "none" | "never") => self.digest = Some(None),
            ("digest", time) => {
                let time = Clock::of(time).ok_or_else(|| filter.mistake("it is `off`, or a time of day as `09:00`"))?;
                self.digest = Some(Some(time));
            }
            ("report", "off" | "none" | "never") => self.report = Some(None),
            ("report", when) => {
                let when =
                    report(when).ok_or_else(|| filter.mistake("it is `off`, or a day and a time as `mon-09:00`"))?;
                self.report = Some(Some(when));
            }
            ("lines", count) => {
                let lines =
                    count.parse().ok().filter(|lines| *lines <= LINES && count.bytes().all(|c| c.is_ascii_digit()));
                self.lines = Some(lines.ok_or_else(|| filter.mistake(&format!("a number from 0 to {LINES}")))?);
            }
            ("direct", "on" | "yes") => self.direct = Some(true),
            ("direct", "off" | "no") => self.direct = Some(false),
            ("direct", _) => return Err(filter.mistake("it is `on` or `off`")),
            ("zone", _) => {
                let is_zone = |c: char| c.is_ascii_alphanumeric() || "/_+-".contains(c);
                if filter.value.len() > 60 || !filter.value.chars().all(is_zone) {
                    return Err(filter.mistake("it is a place, as `Europe/Berlin`"));
                }
                self.zone = Some(filter.value.clone());
            }
            ("repo", _) => {
                let repo = RepoName::of(&filter.value);
                self.repo = Some(repo.ok_or_else(|| filter.mistake("it is a repository, as `acme/web`"))?);
            }
            (key, _) => unreachable!("`{key}` is none of the keys"),
        }
        Ok(())
    }
}

impl Subscribe {
    pub(crate) fn read(words: Words) -> Result<Self, Mistake> {
        let mut wanted = Self::default();
        let mut args = Args::new(words, KEYS);
        while let Some(said) = args.next()? {
            match said {
                Said::Filter(filter) => wanted.take(&filter)?,
                Said::Flag(flag) => return Err(unknown(&flag, &[])),
                Said::Plain(word) if wanted.repo.is_none() => wanted.repo = Some(RepoName::read(&word)?),
                Said::Plain(word) => return Err(unexpected(&word)),
            }
        }
        match (&wanted.repo, wanted.labels.is_empty()) {
            (None, true) => Err(Mistake::new(
                "of which repository? `subscribe acme/web`, or of those with a label: `subscribe label:team=shop`",
                args.end(),
                0,
            )),
            (Some(_), false) => Err(Mistake::new("a repository or a label is named, not both", 0, args.end())),
            _ => Ok(wanted),
        }
    }

    fn take(&mut self, filter: &Filter) -> Result<(), Mistake> {
        if filter.values().count() > MANY || filter.values().next().is_none() {
            return Err(filter.mistake(&format!("it lists 1 to {MANY}, with commas between them")));
        }
        let globs = || filter.values().map(str::to_owned);
        match filter.key.as_str() {
            "on" => {
                for word in filter.values() {
                    self.on.extend(moments(word).map_err(|_| known(filter, moment::known()))?);
                }
            }
            "branch" => self.refs.extend(globs()),
            "job" => self.jobs.extend(globs()),
            "event" => {
                for word in filter.values() {
                    self.events.insert(event(word).map_err(|_| known(filter, event::known()))?);
                }
            }
            "by" => self.actors.extend(globs()),
            "-by" => self.actors.extend(filter.values().map(|who| format!("!{who}"))),
            "label" => self.labels.extend(labels(filter)?),
            _ => self.settings.take(filter)?,
        }
        Ok(())
    }
}

fn known(filter: &Filter, words: impl Iterator<Item = &'static str>) -> Mistake {
    filter.mistake(&format!("known are {}", list(words.map(|word| format!("`{word}`")))))
}

/// The labels that a filter names.
pub(crate) fn labels(filter: &Filter) -> Result<Vec<(String, String)>, Mistake> {
    let label = |text: &str| {
        let (key, value) = text.split_once('=')?;
        (!key.is_empty()).then(|| (key.to_owned(), value.to_owned()))
    };
    filter.values().map(|text| label(text).ok_or_else(|| filter.mistake("a label is `team=shop`"))).collect()
}

/// A day of the week, in three letters or all of them, and a time.
fn report(when: &str) -> Option<(Weekday, Clock)> {
    let (day, time) = when.split_once('-')?;
    let day = Weekday::ALL.into_iter().find(|known| day == known.as_str() || day == &known.as_str()[..3])?;
    Some((day, Clock::of(time)?))
}

fn quiet(hours: &str) -> Option<Quiet> {
    let (from, to) = hours.split_once('-')?;
    let (from, to) = (Clock::of(from)?, Clock::of(to)?);
    (from != to).then_some(Quiet::Hours(from, to))
}
