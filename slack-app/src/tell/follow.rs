//! Reads what happens in builds, and notes what is to be told.
//!
//! How far it has read is kept after what follows from it was noted; what it reads twice it notes once.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use monkeyci_client::ClientError;
use monkeyci_client::model::{BuildId, BuildStatus, Event, EventKind, JobId, JobStatus};
use monkeyci_client::rest::{Match, Moment};

use super::burst::Bursts;
use super::channel::{Channel, Of};
use super::deliver::KEPT;
use super::line::{Came, Line, News, Post, Stand, Wanted};
use super::roundup::{self, Kind, Roundup};
use super::{cron, line_key};
use crate::house::{House, now};
use crate::message::Story;
use crate::message::roundup::Entry;

/// The key under which it is kept how far was read.
const CURSOR: &str = "cursor";

/// How far was read is kept at least so often, where something was.
const OFTEN: Duration = Duration::from_secs(5);

/// What was not changed for so long is not looked at at the start.
const OLD: i64 = 7 * 24 * 60 * 60 * 1000;

/// Builds whose messages are watched, at most.
const MANY: usize = 5000;

/// Reads what happens in builds.
pub struct Follower {
    house: House,
    watched: HashMap<BuildId, String>,
    bursts: Bursts,
    kept: Option<(Instant, u64)>,
}

impl Follower {
    /// One for this house.
    #[must_use]
    pub fn new(house: House) -> Self {
        Self { house, watched: HashMap::new(), bursts: Bursts::default(), kept: None }
    }

    /// Reads and notes until the stream ends or something goes wrong; then it is to be called again.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn follow(&mut self) -> Result<(), ClientError> {
        self.load().await?;
        let cursor = self.house.shelf.read::<u64>(CURSOR).await?.map(|(position, _)| position);
        let mut events = self.house.own().events(cursor);
        while let Some(event) = events.next().await {
            let event = event?;
            self.house.stories.apply(&event).await;
            let is_noted = self.take(&event).await?;
            let is_time = self.kept.is_none_or(|(since, _)| since.elapsed() > OFTEN);
            if event.position > 0 && (is_noted || is_time) {
                let position = event.position;
                self.house
                    .shelf
                    .change(CURSOR, 366 * 24 * 60 * 60, |there: &mut u64| *there = (*there).max(position))
                    .await?;
                self.kept = Some((Instant::now(), position));
            }
        }
        Ok(())
    }

    /// Has all messages looked at that may not stand as they should.
    async fn load(&mut self) -> Result<(), ClientError> {
        let young = now() - OLD;
        for (key, _) in self.house.shelf.keys("line/").await?.into_iter().filter(|(_, updated)| *updated > young) {
            if let Some((line, _)) = self.house.shelf.read::<Line>(&key).await? {
                self.watch(&key, &line);
            }
            self.house.wake.wake(key);
        }
        for (key, _) in self.house.shelf.keys("roundup/").await? {
            self.house.wake.wake(key);
        }
        Ok(())
    }

    fn watch(&mut self, key: &str, line: &Line) {
        let repo = super::deliver::repo_of(key).unwrap_or_default();
        let (Ok(org), Ok(repo)) = (self.house.org.parse::<monkeyci_client::model::OrgId>(), repo.parse()) else {
            return;
        };
        if self.watched.len() > MANY {
            self.watched.clear();
        }
        for post in &line.posts {
            self.watched.insert(
                BuildId::new(org.clone(), monkeyci_client::model::RepoId::clone(&repo), post.build),
                key.to_owned(),
            );
        }
    }

    /// Notes what follows from an event. Says whether something may have been noted.
    async fn take(&mut self, event: &Event) -> Result<bool, ClientError> {
        let is_asked = match &event.kind {
            EventKind::ScriptStart { .. } | EventKind::JobBlocked { .. } | EventKind::BuildEnd { .. } => true,
            EventKind::JobEnd { job_id, status, .. } => match status {
                JobStatus::Failure | JobStatus::Error => true,
                // It may have deployed something.
                JobStatus::Success => self.deploys(&event.subject, job_id).await?,
                _ => false,
            },
            _ => false,
        };
        let mut is_noted = false;
        if is_asked {
            is_noted = self.note(event).await?;
        }
        if let Some(key) = self.watched.get(&event.subject) {
            self.house.wake.wake(key.clone());
        }
        Ok(is_noted)
    }

    /// Whether a job works on an environment.
    async fn deploys(&self, id: &BuildId, job: &JobId) -> Result<bool, ClientError> {
        match self.house.stories.get(id).await {
            Ok(known) => Ok(known.story.job(job.as_str()).is_some_and(|job| job.environment.is_some())),
            Err(ClientError::NotFound(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn note(&mut self, event: &Event) -> Result<bool, ClientError> {
        let id = &event.subject;
        let build = self.house.own().repo(&id.repo).build(id.number);
        let (story, matches) = match (self.house.stories.get(id).await, build.subscriptions(Some(event.seq)).await) {
            (Ok(known), Ok(matches)) => (known.story, matches),
            // It was removed meanwhile.
            (Err(ClientError::NotFound(_)), _) | (_, Err(ClientError::NotFound(_))) => return Ok(false),
            (Err(error), _) | (_, Err(error)) => return Err(error),
        };
        let mut came = None;
        match &event.kind {
            EventKind::BuildEnd { status: BuildStatus::Failure | BuildStatus::Error, .. } => came = Some(Came::Bad),
            EventKind::BuildEnd { status: BuildStatus::Success, .. } => came = Some(Came::Good),
            EventKind::JobEnd { status: JobStatus::Success, .. } => {}
            EventKind::JobEnd { job_id, .. } => {
                let counts = story.job(job_id.as_str()).is_some_and(|job| !job.allowed);
                if !counts || story.stopped.is_some() {
                    return Ok(false);
                }
                came = Some(Came::Bad);
            }
            _ => {}
        }
        let mut wanted = Vec::new();
        for found in matches {
            wanted.extend(self.wanted(&story, found).await?);
        }
        if came == Some(Came::Bad) {
            wanted.extend(self.directly(&story).await?);
        }
        if wanted.is_empty() && came.is_none() {
            return Ok(false);
        }
        let key = line_key(id.repo.as_str(), &story.line());
        let news = News { build: id.number, time: event.time, came, wanted };
        let (line, begun) = self
            .house
            .shelf
            .change(&key, KEPT, |line: &mut Line| {
                let begun = line.tell(&news);
                if !line.posts.is_empty() {
                    line.name = story.line();
                }
                begun
            })
            .await?;
        begun.iter().for_each(|place| self.bursts.note(place, now()));
        if !line.posts.is_empty() {
            self.watch(&key, &line);
            self.house.wake.wake(key);
        }
        for post in line.posts.iter().filter(|post| post.is_changed_by(id.number)) {
            self.together(&story, post).await?;
        }
        Ok(true)
    }

    /// Notes how a message stands that is told together with others, where it is.
    async fn together(&self, story: &Story, post: &Post) -> Result<(), ClientError> {
        let Stand::Together { key } = &post.stand else { return Ok(()) };
        let Some(at) = roundup::Key::of(key) else { return Ok(()) };
        let now = now();
        let entry = Entry::of(story.id.repo.as_str(), &story.place(), post, now);
        // What mends it is no news of its own.
        let is_news = post.build == story.id.number;
        let due = match at.subscription {
            Some(_) => post.style.as_ref().and_then(|style| cron::next(style.digest.as_ref()?, now)),
            None => post.not_before,
        };
        let due = due.unwrap_or(now);
        let kind = if at.subscription.is_some() { Kind::Digest } else { Kind::Burst };
        let change = |there: &mut Roundup| there.take(entry.clone(), is_news, due, kind);
        self.house.shelf.change(key, KEPT, change).await?;
        self.house.wake.wake(key.clone());
        Ok(())
    }

    /// What whoever broke it is told, unless they do not want to hear of it now.
    async fn directly(&self, story: &Story) -> Result<Option<Wanted>, ClientError> {
        let Some(wanted) = self.house.directly(story).await? else { return Ok(None) };
        let channel = self.house.channel(&wanted.place).await?;
        if is_silent(&channel, story) {
            return Ok(None);
        }
        let not_before = channel.quiet_until(now());
        Ok(Some(Wanted { not_before, ..wanted }))
    }

    /// What a channel wants to be told, unless it does not want to hear of it now.
    async fn wanted(&self, story: &Story, found: Match) -> Result<Option<Wanted>, ClientError> {
        let (Some(on), Some(to)) = (found.on, found.to) else { return Ok(None) };
        let Some((place, style)) = self.house.place_of(&to).await? else { return Ok(None) };
        let channel = self.house.channel(&place).await?.with(style.as_ref());
        if is_silent(&channel, story) {
            return Ok(None);
        }
        // Who is waited for is told at once.
        let is_urgent = on == Moment::Waiting;
        let not_before = if is_urgent { None } else { channel.quiet_until(now()) };
        let is_digest = style.as_ref().is_some_and(|style| style.digest.is_some());
        let key = |subscription| roundup::Key { place: place.clone(), subscription }.to_string();
        let together = match (is_urgent, is_digest) {
            (true, _) => None,
            (false, true) => Some(key(Some(found.subscription.clone()))),
            (false, false) => self.bursts.is_one(&place, now()).then(|| key(None)),
        };
        Ok(Some(Wanted { on, subscription: found.subscription, why: found.why, not_before, style, together, place }))
    }
}

/// Whether a channel does not want to hear of a build now.
fn is_silent(channel: &Channel, story: &Story) -> bool {
    let (repo, place) = (story.id.repo.as_str(), story.place());
    let actor = story.trigger.actor.as_deref().unwrap_or_default();
    channel.silence(Of { repo, place: &place, actor }, now()).is_some()
}
