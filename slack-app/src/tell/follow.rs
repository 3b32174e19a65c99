//! Reads what happens in builds, and notes what is to be told.
//!
//! How far it has read is kept after what follows from it was noted; what it reads twice it notes once.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use monkeyci_client::ClientError;
use monkeyci_client::model::{BuildId, BuildStatus, Event, EventKind, JobStatus};
use monkeyci_client::rest::{Match, Moment};

use super::channel::Of;
use super::deliver::KEPT;
use super::line::{Came, Line, News, Wanted};
use super::line_key;
use crate::house::{House, now};
use crate::message::Story;

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
    kept: Option<(Instant, u64)>,
}

impl Follower {
    /// One for this house.
    #[must_use]
    pub fn new(house: House) -> Self {
        Self { house, watched: HashMap::new(), kept: None }
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
            EventKind::JobEnd { status, .. } => matches!(status, JobStatus::Failure | JobStatus::Error),
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
        if wanted.is_empty() && came.is_none() {
            return Ok(false);
        }
        let key = line_key(id.repo.as_str(), &story.line());
        let news = News { build: id.number, time: event.time, came, wanted };
        let (line, ()) = self
            .house
            .shelf
            .change(&key, KEPT, |line: &mut Line| {
                line.tell(&news);
                if !line.posts.is_empty() {
                    line.name = story.line();
                }
            })
            .await?;
        if !line.posts.is_empty() {
            self.watch(&key, &line);
            self.house.wake.wake(key);
        }
        Ok(true)
    }

    /// What a channel wants to be told, unless it does not want to hear of it now.
    async fn wanted(&self, story: &Story, found: Match) -> Result<Option<Wanted>, ClientError> {
        let (Some(on), Some(to)) = (found.on, found.to) else { return Ok(None) };
        let Some((place, style)) = self.house.place_of(&to).await? else { return Ok(None) };
        let channel = self.house.channel(&place).await?.with(style.as_ref());
        let (repo, at) = (story.id.repo.as_str(), story.place());
        let actor = story.trigger.actor.as_deref().unwrap_or_default();
        if channel.silence(Of { repo, place: &at, actor }, now()).is_some() {
            return Ok(None);
        }
        // Who is waited for is told at once.
        let not_before = if on == Moment::Waiting { None } else { channel.quiet_until(now()) };
        Ok(Some(Wanted { place, on, subscription: found.subscription, why: found.why, not_before, style }))
    }
}
