//! From what was noted of a ref to what stands in Slack.
//!
//! Before Slack is asked for a message, it is noted that it will be, with a word that the message holds; afterwards, where
//! it stands. Killed in between, the word is looked for, and the message is not told twice.

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use monkeyci_client::ClientError;
use monkeyci_client::model::BuildId;
use monkeyci_client::rest::Moment;
use serde_json::{Value, json};

use super::channel::Channel;
use super::find::KIND;
use super::line::{Line, Post, Shown, Stand};
use super::pace::Pace;
use super::roundup;
use super::say::{POST, Told};
use super::stories::Known;
use crate::house::{House, now, word};
use crate::message::{Message, View};
use crate::place::Place;
use crate::workspace::Workspace;

/// Seconds that what is kept of a ref lives after its last change: 30 days.
pub const KEPT: u32 = 30 * 24 * 60 * 60;

/// Addresses that are remembered.
const AUTHORS: usize = 1000;

/// Has Slack show what was noted.
pub struct Deliverer {
    pub(super) house: House,
    pub(super) pace: Mutex<Pace>,
    pub(super) begun: Instant,
    /// Words that this process has sent, and waits for no more.
    pub(super) mine: Mutex<BTreeSet<String>>,
    /// Who an address is, by workspace: asked for once, for Slack lets nobody ask often.
    authors: Mutex<HashMap<(String, String), Option<String>>>,
}

impl Deliverer {
    /// One for this house.
    #[must_use]
    pub fn new(house: House) -> Self {
        Self { house, pace: Mutex::default(), begun: Instant::now(), mine: Mutex::default(), authors: Mutex::default() }
    }

    /// Has Slack show the messages that are kept under a key. Says when to look again.
    ///
    /// # Errors
    /// When the server cannot be asked; the same is then done again.
    pub async fn deliver(&self, key: &str) -> Result<Option<Duration>, ClientError> {
        if let Some(at) = roundup::Key::of(key) {
            return self.deliver_together(key, &at).await;
        }
        let Some((line, _)) = self.house.shelf.read::<Line>(key).await? else { return Ok(None) };
        let Some(repo) = repo_of(key) else { return Ok(None) };
        let mut posts: Vec<&Post> = line.posts.iter().collect();
        posts.sort_by_key(|post| post.rank());
        let mut again: Option<u64> = None;
        let is_here = |post: &&Post| !matches!(post.stand, Stand::Silent { .. } | Stand::Together { .. });
        for post in posts.into_iter().filter(is_here) {
            let wait = self.show(key, repo, post).await?;
            again = again.into_iter().chain(wait).min();
        }
        Ok(again.map(Duration::from_millis))
    }

    /// Has one message stand as it should. Says in how many milliseconds to look again.
    async fn show(&self, key: &str, repo: &str, post: &Post) -> Result<Option<u64>, ClientError> {
        if let Some(wait) = post.not_before.map(|at| at - now()).filter(|wait| *wait > 0 && post.stand == Stand::Wanted)
        {
            return Ok(u64::try_from(wait).ok());
        }
        let (Ok(org), Ok(id)) = (self.house.org.parse(), repo.parse()) else { return Ok(None) };
        let known = match self.house.stories.get(&BuildId::new(org, id, post.build)).await {
            Ok(known) => known,
            // It was removed from the server; what stands of it may stand.
            Err(ClientError::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let channel = self.house.channel(&post.place).await?.with(post.style.as_ref());
        let author = self.author(post, &known, &channel).await;
        let flaky = self.flaky(post, &known).await?;
        let view = View { flaky: &flaky, ..self.view(post, &known, &channel, author.as_deref()) };
        let message = view.message();
        let seq = known.story.seq;
        if post.is_stale(post.build, seq) {
            return Ok(None);
        }
        let shown = Shown { digest: message.digest(), build: post.build, seq };
        if post.shown.as_ref().is_none_or(|there| there.digest != shown.digest) {
            let told = self.place(key, post, &message, &shown).await?;
            match told {
                Told::At(ts) => return self.replies(key, post, &ts, &view.replies()).await,
                Told::Later(wait) => return Ok(Some(wait)),
                Told::Lost => return Ok(Some(3000)),
                Told::Never(_) => return Ok(None),
            }
        }
        match post.ts() {
            Some(ts) => self.replies(key, post, ts, &view.replies()).await,
            None => Ok(None),
        }
    }

    fn view<'a>(&'a self, post: &'a Post, known: &'a Known, channel: &Channel, author: Option<&'a str>) -> View<'a> {
        View {
            story: &known.story,
            server: self.house.api.url(),
            on: post.on,
            style: channel.style(),
            thread: channel.threads(),
            excerpts: &known.excerpts,
            red: post.red(),
            claimed: post.claimed.as_deref(),
            notes: &post.notes,
            author,
            sites: &known.sites,
            flaky: &[],
            lines: channel.lines(),
        }
    }

    /// Tests that failed in the build which this one mends, where both are of one commit.
    async fn flaky(&self, post: &Post, known: &Known) -> Result<Vec<String>, ClientError> {
        let last = post.red.as_ref().filter(|_| post.on == Moment::Recovered).map(|red| red.last);
        let Some(last) = last.filter(|_| known.story.commit().is_some()) else { return Ok(Vec::new()) };
        let id = BuildId { number: last, ..known.story.id.clone() };
        let before = match self.house.stories.get(&id).await {
            Ok(before) if before.story.commit() == known.story.commit() => before.story,
            Ok(_) | Err(ClientError::NotFound(_)) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let failed = before.failed().filter_map(|job| job.failure.as_ref());
        Ok(failed.flat_map(|failure| failure.tests.iter().cloned()).collect())
    }

    /// Who caused the build, as Slack names them, where the channel wants them called and it is bad.
    async fn author(&self, post: &Post, known: &Known, channel: &Channel) -> Option<String> {
        if !channel.mention || !known.story.is_bad() {
            return None;
        }
        let mail = known.story.trigger.git.as_ref()?.author_email.clone()?;
        let key = (post.place.team.clone(), mail);
        if let Some(known) = self.authors.lock().expect("no panic holds it").get(&key) {
            return known.clone();
        }
        let workspace = self.workspace(&post.place).await?;
        let found = self.house.slack.ask(&workspace.token, "users.lookupByEmail", &[("email", &key.1)]).await;
        let user = match &found {
            Ok(found) => found["user"]["id"].as_str().filter(|user| crate::place::is_id(user)),
            Err(error) if error.code() == Some("users_not_found") => None,
            // Another time: what is not known now may be known then.
            Err(_) => return None,
        };
        let called = user.map(|user| format!("<@{user}>"));
        let mut authors = self.authors.lock().expect("no panic holds it");
        if authors.len() >= AUTHORS {
            authors.clear();
        }
        authors.insert(key, called.clone());
        called
    }

    /// Has a message stand in its channel, and notes it.
    async fn place(&self, key: &str, post: &Post, message: &Message, shown: &Shown) -> Result<Told, ClientError> {
        let told = match &post.stand {
            Stand::Wanted => self.first(key, post, message).await?,
            Stand::Asked { word, since } => self.look_for(&post.place, None, word, *since).await,
            Stand::At { ts } => self.update(&post.place, ts, message, self.metadata(key, post, None, shown)).await,
            Stand::Silent { why } => return Ok(Told::Never(why.clone())),
            Stand::Together { .. } => return Ok(Told::Never("it is told with others".into())),
        };
        let is_found = matches!(post.stand, Stand::Asked { .. });
        self.note(key, post, |there| match &told {
            Told::At(ts) => {
                there.stand = Stand::At { ts: ts.clone() };
                // What stands in one that was found is not known.
                there.shown = (!is_found).then(|| shown.clone());
            }
            Told::Never(why) => there.stand = Stand::Silent { why: why.clone() },
            Told::Later(_) if !is_found && there.ts().is_none() => there.stand = Stand::Wanted,
            Told::Later(_) | Told::Lost => {}
        })
        .await?;
        match told {
            Told::At(ts) => {
                if post.ts().is_none() {
                    self.point(key, post, &ts).await?;
                }
                Ok(if is_found { Told::Later(1) } else { Told::At(ts) })
            }
            // Nobody found it: it is told.
            Told::Later(0) => {
                self.note(key, post, |there| there.stand = Stand::Wanted).await?;
                Ok(Told::Later(1))
            }
            told => Ok(told),
        }
    }

    /// Tells a message that was not told yet.
    async fn first(&self, key: &str, post: &Post, message: &Message) -> Result<Told, ClientError> {
        if let Err(wait) = self.may(&post.place, POST, None) {
            return Ok(Told::Later(wait));
        }
        let (word, since) = (word(), now());
        let asked = Stand::Asked { word: word.clone(), since };
        let mut is_ours = false;
        self.note(key, post, |there| {
            is_ours = there.stand == Stand::Wanted;
            if is_ours {
                there.stand = asked.clone();
            }
        })
        .await?;
        if !is_ours {
            return Ok(Told::Later(500));
        }
        let shown = Shown { digest: String::new(), build: post.build, seq: 0 };
        let told = self.post(&post.place, None, message, self.metadata(key, post, Some(&word), &shown)).await;
        self.mine.lock().expect("no panic holds it").insert(word);
        Ok(told)
    }

    /// What stands beside a message, unseen.
    pub(super) fn metadata(&self, key: &str, post: &Post, word: Option<&str>, shown: &Shown) -> Value {
        let repo = repo_of(key).unwrap_or_default();
        let mut payload = json!({ "org": self.house.org, "repo": repo, "build": post.build, "rev": shown.seq });
        if let Some(word) = word {
            payload["word"] = word.into();
        }
        json!({ "event_type": KIND, "event_payload": payload })
    }

    /// Changes what is kept of a message.
    pub(super) async fn note(
        &self,
        key: &str,
        post: &Post,
        mut change: impl FnMut(&mut Post),
    ) -> Result<(), ClientError> {
        let change = |line: &mut Line| {
            if let Some(there) = line.begun(&post.place, post.begun) {
                change(there);
            }
        };
        self.house.shelf.change(key, KEPT, change).await?;
        Ok(())
    }

    /// Keeps which build a message tells of, for those who answer to it.
    async fn point(&self, key: &str, post: &Post, ts: &str) -> Result<(), ClientError> {
        let at = super::pointer(&post.place, ts);
        self.house.shelf.change(&at, KEPT, |there: &mut String| key.clone_into(there)).await?;
        Ok(())
    }

    pub(super) async fn workspace(&self, place: &Place) -> Option<Workspace> {
        self.house.workspaces.get(&place.team).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "workspaces cannot be read");
            None
        })
    }
}

/// The repository of a key under which a ref is kept.
pub(super) fn repo_of(key: &str) -> Option<&str> {
    key.strip_prefix("line/")?.split('/').next()
}
