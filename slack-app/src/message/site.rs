//! Where jobs deploy to: what stands there, and who lets them.

use monkeyci_client::model::Millis;
use monkeyci_client::rest::Role;
use serde_json::Value;

use super::block::section;
use super::text::{code, escape, line, link, took};
use super::{JobStory, View};

/// Characters of a name and of what is said of an environment.
const NAME: usize = 40;
const SAID: usize = 100;

/// People who are named as approvers.
const PEOPLE: usize = 6;

/// Less than so long, in milliseconds, is not worth telling.
const MINUTE: Millis = 60_000;

/// Jobs that are told of.
const JOBS: usize = 3;

/// An environment, as it is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Site {
    /// What it is.
    pub description: Option<String>,
    /// People who may approve its jobs.
    pub approvers: Vec<String>,
    /// Who has this role may approve them as well.
    pub role: Option<Role>,
    /// What stands there, or stood there before this build.
    pub before: Option<Before>,
}

/// What was deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Before {
    /// By which build.
    pub build: u64,
    /// Of which ref, as it is called.
    pub place: Option<String>,
    /// When.
    pub ended: Millis,
}

impl Site {
    /// Who may approve, in words.
    fn who(&self) -> Option<String> {
        let named = self.approvers.iter().take(PEOPLE).map(|name| line(name, NAME));
        let role = self.role.map(|role| format!("who has the role `{}`", role.as_str()));
        let mut all: Vec<String> = named.chain(role).collect();
        if self.approvers.len() > PEOPLE {
            all.push(format!("{} more", self.approvers.len() - PEOPLE));
        }
        let last = all.pop()?;
        Some(if all.is_empty() { last } else { format!("{} or {last}", all.join(", ")) })
    }
}

impl View<'_> {
    /// What waits for a person, and where it would go.
    pub(super) fn waiting(&self) -> Vec<Value> {
        let waits = self.story.waiting().take(JOBS).map(|job| {
            let mut words = format!("*Approval needed* — {}", code(job.id.as_str(), NAME));
            if let Some(environment) = &job.environment {
                words += &format!(" on *{}*", line(environment, NAME));
            }
            let Some(site) = self.site(job) else { return section(&words) };
            words += &site.description.as_deref().map(|said| format!(" ({})", line(said, SAID))).unwrap_or_default();
            let mut more = Vec::new();
            if let Some(who) = site.who() {
                more.push(format!("One of these lets it go on: {who}."));
            }
            if let Some(before) = &site.before {
                more.push(format!("There now: {}.", self.stood(before)));
            }
            if !more.is_empty() {
                words += &format!("\n{}", more.join(" "));
            }
            section(&words)
        });
        waits.collect()
    }

    /// What this build has deployed.
    pub(super) fn deployed(&self) -> Option<Value> {
        let done = self.story.deployed().take(JOBS).filter_map(|job| {
            let environment = job.environment.as_deref()?;
            let mut words = format!(":rocket: *{}*", line(environment, NAME));
            let commit = self.story.commit().filter(|id| id.len() >= 7 && id.is_ascii()).map(|id| &id[..7]);
            words += &match commit {
                Some(commit) => format!(" runs {} now", code(commit, NAME)),
                None => format!(" runs #{} now", self.story.id.number),
            };
            if let Some(before) = self.site(job).and_then(|site| site.before.as_ref()) {
                words += &format!(" · before: {}", self.stood(before));
            }
            Some(words)
        });
        let words: Vec<String> = done.collect();
        (!words.is_empty()).then(|| section(&words.join("\n")))
    }

    fn site(&self, job: &JobStory) -> Option<&Site> {
        self.sites.get(job.environment.as_deref()?)
    }

    fn stood(&self, before: &Before) -> String {
        let number = link(&self.page(before.build), &format!("#{}", before.build));
        let place = before.place.as_deref().map(|place| format!(" of {}", code(place, NAME))).unwrap_or_default();
        // What is told does not change as time goes by: how long it had stood as this build was asked for.
        let stood = self.story.created - before.ended;
        let since = if stood >= MINUTE { format!(", for {}", escape(&took(stood))) } else { String::new() };
        format!("{number}{place}{since}")
    }
}
