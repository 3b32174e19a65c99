//! From what was noted of a ref to what stands in Slack.
//!
//! Before Slack is asked for a message, it is noted that it will be, with a word that the message holds; afterwards, where
//! it stands. Killed in between, the word is looked for, and the message is not told twice.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use monkeyci_client::ClientError;
use monkeyci_client::model::{BuildId, Millis};
use serde_json::{Value, json};

use super::channel::Channel;
use super::find::KIND;
use super::line::{Line, Post, Said, Shown, Stand};
use super::pace::Pace;
use super::stories::Known;
use crate::house::{House, now, word};
use crate::message::{Message, Reply, View, block, text};
use crate::place::Place;
use crate::slack::SlackError;
use crate::workspace::Workspace;

const POST: &str = "chat.postMessage";
const UPDATE: &str = "chat.update";

/// Milliseconds after which nobody waits for an answer of Slack any more.
const LOST: Millis = 15_000;

/// Seconds that what is kept of a ref lives after its last change: 30 days.
pub const KEPT: u32 = 30 * 24 * 60 * 60;

/// Has Slack show what was noted.
pub struct Deliverer {
    pub(super) house: House,
    pace: Mutex<Pace>,
    begun: Instant,
    /// Words that this process has sent, and waits for no more.
    mine: Mutex<BTreeSet<String>>,
}

/// What became of something that was to be said.
enum Told {
    /// It stands there.
    At(String),
    /// Not yet: in so many milliseconds.
    Later(u64),
    /// It may have been said.
    Lost,
    /// It never can be.
    Never(String),
}

impl Deliverer {
    /// One for this house.
    #[must_use]
    pub fn new(house: House) -> Self {
        Self { house, pace: Mutex::default(), begun: Instant::now(), mine: Mutex::default() }
    }

    /// Has Slack show the messages that are kept under a key. Says when to look again.
    ///
    /// # Errors
    /// When the server cannot be asked; the same is then done again.
    pub async fn deliver(&self, key: &str) -> Result<Option<Duration>, ClientError> {
        let Some((line, _)) = self.house.shelf.read::<Line>(key).await? else { return Ok(None) };
        let Some(repo) = repo_of(key) else { return Ok(None) };
        let mut posts: Vec<&Post> = line.posts.iter().collect();
        posts.sort_by_key(|post| post.rank());
        let mut again: Option<u64> = None;
        for post in posts.into_iter().filter(|post| !matches!(post.stand, Stand::Silent { .. })) {
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
        let view = self.view(post, &known, &channel, author.as_deref());
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
        }
    }

    /// Who caused the build, as Slack names them, where the channel wants them called and it is bad.
    async fn author(&self, post: &Post, known: &Known, channel: &Channel) -> Option<String> {
        if !channel.mention || !known.story.is_bad() {
            return None;
        }
        let mail = known.story.trigger.git.as_ref()?.author_email.clone()?;
        let workspace = self.workspace(&post.place).await?;
        let found = self.house.slack.ask(&workspace.token, "users.lookupByEmail", &[("email", &mail)]).await.ok()?;
        let user = found["user"]["id"].as_str().filter(|user| crate::place::is_id(user))?;
        Some(format!("<@{user}>"))
    }

    /// Has a message stand in its channel, and notes it.
    async fn place(&self, key: &str, post: &Post, message: &Message, shown: &Shown) -> Result<Told, ClientError> {
        let told = match &post.stand {
            Stand::Wanted => self.first(key, post, message).await?,
            Stand::Asked { word, since } => self.look_for(&post.place, None, word, *since).await,
            Stand::At { ts } => self.update(&post.place, ts, message, self.metadata(key, post, None, shown)).await,
            Stand::Silent { why } => return Ok(Told::Never(why.clone())),
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

    /// What stands in the thread of a message.
    async fn replies(&self, key: &str, post: &Post, ts: &str, replies: &[Reply]) -> Result<Option<u64>, ClientError> {
        let mut again = None;
        for reply in replies {
            let digest = reply.message.digest();
            let there = post.replies.get(&reply.key);
            let shown = Shown { digest: digest.clone(), build: post.build, seq: 0 };
            let (told, word) = match there.map(|said| (&said.stand, &said.digest)) {
                Some((Stand::Silent { .. }, _)) => continue,
                Some((Stand::At { .. }, same)) if *same == digest => continue,
                Some((Stand::At { ts }, _)) => {
                    (self.update(&post.place, ts, &reply.message, self.metadata(key, post, None, &shown)).await, None)
                }
                Some((Stand::Asked { word, since }, _)) => {
                    (self.look_for(&post.place, Some(ts), word, *since).await, None)
                }
                Some((Stand::Wanted, _)) | None => {
                    if let Err(wait) = self.may(&post.place, POST, None) {
                        again = Some(wait);
                        continue;
                    }
                    let word = word();
                    let asked =
                        Said { stand: Stand::Asked { word: word.clone(), since: now() }, digest: String::new() };
                    self.note(key, post, |there| drop(there.replies.insert(reply.key.clone(), asked.clone()))).await?;
                    let metadata = self.metadata(key, post, Some(&word), &shown);
                    (self.post(&post.place, Some(ts), &reply.message, metadata).await, Some(word))
                }
            };
            let stand = match told {
                Told::At(ts) => Stand::At { ts },
                Told::Never(why) => Stand::Silent { why },
                Told::Later(wait) => {
                    again = Some(wait.max(1));
                    if there.is_some_and(|said| matches!(said.stand, Stand::At { .. })) {
                        continue;
                    }
                    if wait > 0 && word.is_none() {
                        continue;
                    }
                    Stand::Wanted
                }
                Told::Lost => {
                    again = Some(3000);
                    self.mine.lock().expect("no panic holds it").extend(word);
                    continue;
                }
            };
            let said = Said { stand, digest };
            self.note(key, post, |there| drop(there.replies.insert(reply.key.clone(), said.clone()))).await?;
        }
        Ok(again)
    }

    async fn post(&self, place: &Place, thread: Option<&str>, message: &Message, metadata: Value) -> Told {
        let mut body = body(place, message, metadata);
        if let Some(thread) = thread {
            body["thread_ts"] = thread.into();
        }
        self.ask(place, POST, body, message).await
    }

    async fn update(&self, place: &Place, ts: &str, message: &Message, metadata: Value) -> Told {
        if let Err(wait) = self.may(place, UPDATE, Some(ts)) {
            return Told::Later(wait);
        }
        let mut body = body(place, message, metadata);
        body["ts"] = ts.into();
        match self.ask(place, UPDATE, body, message).await {
            // To change it twice does no harm.
            Told::Lost => Told::Later(3000),
            told => told,
        }
    }

    async fn ask(&self, place: &Place, method: &'static str, mut body: Value, message: &Message) -> Told {
        let Some(workspace) = self.workspace(place).await else {
            return Told::Never("the app is not installed in that workspace".into());
        };
        let mut answer = self.house.slack.call(&workspace.token, method, &body).await;
        if let Err(error) = &answer
            && error.is_malformed()
        {
            // Better one line than nothing.
            tracing::error!(%place, %error, "a message is none that Slack takes");
            body["blocks"] = json!([block::section(&text::escape(&message.text))]);
            answer = self.house.slack.call(&workspace.token, method, &body).await;
        }
        match answer {
            Ok(answer) if body["thread_ts"].is_string() && answer["message"]["thread_ts"].is_null() => {
                // Slack says nothing of a thread that is gone, and puts the reply into the channel for all to see.
                let gone = json!({ "channel": answer["channel"], "ts": answer["ts"] });
                if let Err(error) = self.house.slack.call(&workspace.token, "chat.delete", &gone).await {
                    tracing::warn!(%place, %error, "a reply to what was deleted cannot be taken back");
                }
                Told::Never("what it answers was deleted in Slack".into())
            }
            Ok(answer) => answer["ts"].as_str().map_or(Told::Lost, |ts| Told::At(ts.to_owned())),
            Err(SlackError::Later { seconds, .. }) => {
                self.pace.lock().expect("no panic holds it").wait(&place.team, method, seconds, self.millis());
                Told::Later(seconds.max(1) * 1000)
            }
            Err(SlackError::Unreachable { .. }) => Told::Later(3000),
            Err(SlackError::Lost { .. }) => Told::Lost,
            Err(error) if error.is_gone() => Told::Never("it was deleted in Slack".into()),
            Err(error) => {
                tracing::warn!(%place, %error, "nothing can be said there");
                if error.is_closed() {
                    let why = error.code().unwrap_or_default().to_owned();
                    let noted = self.house.change_channel(place, |channel| channel.broken = Some(why.clone())).await;
                    if let Err(error) = noted {
                        tracing::warn!(%error, "cannot note that a channel is closed");
                    }
                }
                Told::Never(error.code().unwrap_or("refused").to_owned())
            }
        }
    }

    /// Looks for a message whose answer was lost. `Later(0)` says that there is none.
    async fn look_for(&self, place: &Place, thread: Option<&str>, word: &str, since: Millis) -> Told {
        let is_mine = self.mine.lock().expect("no panic holds it").contains(word);
        let wait = since + LOST - now();
        if !is_mine && wait > 0 {
            return Told::Later(u64::try_from(wait).unwrap_or(1));
        }
        match self.find(place, thread, word, since).await {
            Ok(Some(ts)) => Told::At(ts),
            Ok(None) => Told::Later(0),
            Err(SlackError::Refused { code, .. }) => {
                tracing::warn!(%place, code, "a message whose answer was lost cannot be looked for; it is told again");
                Told::Later(0)
            }
            Err(SlackError::Later { seconds, .. }) => Told::Later(seconds.max(1) * 1000),
            Err(_) => Told::Later(3000),
        }
    }

    /// What stands beside a message, unseen.
    fn metadata(&self, key: &str, post: &Post, word: Option<&str>, shown: &Shown) -> Value {
        let repo = repo_of(key).unwrap_or_default();
        let mut payload = json!({ "org": self.house.org, "repo": repo, "build": post.build, "rev": shown.seq });
        if let Some(word) = word {
            payload["word"] = word.into();
        }
        json!({ "event_type": KIND, "event_payload": payload })
    }

    /// Changes what is kept of a message.
    async fn note(&self, key: &str, post: &Post, mut change: impl FnMut(&mut Post)) -> Result<(), ClientError> {
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

    /// Whether something may be said now; else in how many milliseconds.
    fn may(&self, place: &Place, method: &'static str, ts: Option<&str>) -> Result<(), u64> {
        let now = self.millis();
        let taken = self.pace.lock().expect("no panic holds it").take(place, method, ts, now);
        taken.map_err(|until| until.saturating_sub(now).max(1))
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(super) async fn workspace(&self, place: &Place) -> Option<Workspace> {
        self.house.workspaces.get(&place.team).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "workspaces cannot be read");
            None
        })
    }
}

fn body(place: &Place, message: &Message, metadata: Value) -> Value {
    json!({ "channel": place.channel, "text": message.text, "blocks": message.blocks, "metadata": metadata,
            "unfurl_links": false, "unfurl_media": false })
}

/// The repository of a key under which a ref is kept.
pub(super) fn repo_of(key: &str) -> Option<&str> {
    key.strip_prefix("line/")?.split('/').next()
}
