//! What was asked and is not done yet: it is kept on the server before Slack is told that it was heard. Who dies before they did
//! it leaves it to whoever lives, or to themselves as they come back: see [`heir`](crate::heir).
//!
//! What comes while something is being kept is kept together, by one write: however much comes, the server is asked no more
//! often than it answers.

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use monkeyci_client::model::Millis;
use monkeyci_client::{Client, ClientError, Patience};
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, RwLock, Semaphore, mpsc, oneshot};

use crate::house::{now, word};
use crate::lead::BEAT;
use crate::place::Place;
use crate::receive::payload::Incoming;
use crate::seal::Seal;
use crate::shelf::Shelf;

/// What all of its keys begin with.
pub const INBOX: &str = "inbox/";

/// What the keys of those begin with who are to say first who they are.
pub const LINKING: &str = "inbox/link/";

/// So long Slack is kept waiting: it gives up after three seconds, and the answer has to reach it.
const PATIENCE: Duration = Duration::from_millis(1500);

/// So long the server may take for one write.
const ANSWER: Duration = Duration::from_secs(5);

/// So long is waited until something is forgotten again that the server could not forget.
const AGAIN: Duration = Duration::from_secs(1);

/// Letters that are kept together, and their bytes; a value may have 64 KiB.
const TOGETHER: usize = 64;
const MOST: usize = 40 * 1024;

/// Writes that are on their way at the same time.
const AT_ONCE: usize = 2;

/// Letters that wait to be kept, at most.
const WAIT: usize = 2000;

/// Seconds that they are kept: who comes back the next day is still told that something was not done.
const KEPT: u32 = 24 * 60 * 60;

/// Seconds that somebody has to say who they are, as the server has it.
const LINKED: u32 = 10 * 60;

/// Something that somebody asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Letter {
    /// What tells it from all others: what is done by it is done once.
    pub id: String,
    /// When it came.
    pub at: Millis,
    /// What it is.
    pub incoming: Incoming,
}

/// Keeps letters for as long as it, or a clone of it, lives.
#[derive(Debug, Clone)]
pub struct Hold(#[expect(dead_code, reason = "that it lives is what it says")] mpsc::Sender<Infallible>);

/// What was asked and is not done yet.
pub struct Inbox {
    post: mpsc::Sender<Posted>,
    desk: Desk,
    /// Keys under which there is something that cannot be read, of which the operator was told.
    unread: Mutex<HashSet<String>>,
}

/// Letters that are to be kept, as JSON with commas between them, and who waits for that.
struct Posted {
    json: Vec<u8>,
    kept: oneshot::Sender<Hold>,
}

/// What all writes share.
#[derive(Clone)]
struct Desk {
    shelf: Shelf,
    seal: Arc<Seal>,
    me: String,
    /// Held for reading by each that is kept.
    open: Arc<RwLock<()>>,
}

impl Inbox {
    /// An empty one of an integration, whose letters are sealed. It needs a runtime.
    #[must_use]
    pub fn new(api: &Client, org: &str, name: &str, seal: Seal) -> Self {
        let api = api.clone().with_patience(Patience { retries: 0, answer: ANSWER, ..Patience::default() });
        let shelf = Shelf::new(api.org(org).integration(name));
        let desk = Desk { shelf, seal: Arc::new(seal), me: word(), open: Arc::default() };
        let (post, posted) = mpsc::channel(WAIT);
        tokio::spawn(keep_all(desk.clone(), posted));
        Self { post, desk, unread: Mutex::default() }
    }

    /// Keeps something that was asked: by an id that Slack gave it, where it may say it twice. Nothing where the server did not
    /// take it in time: then it is not done.
    pub async fn keep(&self, incoming: Incoming, id: Option<String>) -> Option<(Letter, Hold)> {
        let letter = Letter { id: id.unwrap_or_else(word), at: now(), incoming };
        let hold = self.post(std::slice::from_ref(&letter)).await?;
        Some((letter, hold))
    }

    async fn post(&self, letters: &[Letter]) -> Option<Hold> {
        let json = serde_json::to_vec(letters).expect("JSON");
        let (kept, told) = oneshot::channel();
        self.post.try_send(Posted { json: json[1..json.len() - 1].to_vec(), kept }).ok()?;
        tokio::time::timeout(PATIENCE, told).await.ok()?.ok()
    }

    /// Whether letters are kept under this key by this process itself.
    #[must_use]
    pub fn is_own(&self, key: &str) -> bool {
        key.strip_prefix(INBOX).is_some_and(|name| name.starts_with(&format!("{}-", self.desk.me)))
    }

    /// The letters under a key, for this process alone: whoever had them has them no more. Nothing where another was faster.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn take(&self, key: &str, version: u64) -> Result<Option<(Vec<Letter>, Hold)>, ClientError> {
        let shelf = &self.desk.shelf;
        let Some((sealed, _)) = shelf.bytes(key).await?.filter(|(_, there)| *there == version) else { return Ok(None) };
        let opened = self.desk.seal.open(&sealed, key);
        let Some(letters) = opened.and_then(|json| serde_json::from_slice::<Vec<Letter>>(&json).ok()) else {
            if self.unread.lock().expect("no panic holds it").insert(key.to_owned()) {
                tracing::warn!(
                    key,
                    "what was asked cannot be read: another version kept it, or the secret was another"
                );
            }
            return Ok(None);
        };
        // First it is kept anew: who dies in between leaves it twice, and what is done twice by one letter is done once.
        let Some(hold) = self.post(&letters).await else { return Ok(None) };
        Ok(shelf.take(key, version).await?.then_some((letters, hold)))
    }

    /// Puts a letter aside until whoever wrote it has said who they are. One of each waits: the newest.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn put_aside(&self, letter: &Letter, place: &Place, user: &str) -> Result<(), ClientError> {
        let key = format!("{LINKING}{}-{user}", place.team);
        let json = serde_json::to_vec(&[letter]).expect("JSON");
        let sealed = Bytes::from(self.desk.seal.close(&json, &key));
        loop {
            let there = self.desk.shelf.bytes(&key).await?.map(|(_, version)| version);
            match self.desk.shelf.write_bytes(&key, sealed.clone(), there, LINKED).await {
                Err(ClientError::Conflict(problem)) if problem.code.as_deref() != Some("quota") => {}
                written => return written.map(drop),
            }
        }
    }

    /// Waits until all that is kept is done.
    pub async fn empty(&self) {
        drop(self.desk.open.write().await);
    }
}

/// Keeps what comes, and together what comes at the same time.
async fn keep_all(desk: Desk, mut posted: mpsc::Receiver<Posted>) {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    for count in 0_u64.. {
        let Ok(room) = Arc::clone(&room).acquire_owned().await else { return };
        let Some(first) = posted.recv().await else { return };
        let (mut size, mut together) = (first.json.len(), vec![first]);
        while together.len() < TOGETHER
            && size < MOST
            && let Ok(next) = posted.try_recv()
        {
            size += next.json.len();
            together.push(next);
        }
        // Who waits no more was told that it is not done.
        together.retain(|one| !one.kept.is_closed());
        if !together.is_empty() {
            let key = format!("{INBOX}{}-{count}", desk.me);
            tokio::spawn(keep_together(desk.clone(), key, together, room));
        }
    }
}

/// Keeps letters under a key for as long as somebody holds them.
async fn keep_together(desk: Desk, key: String, together: Vec<Posted>, room: OwnedSemaphorePermit) {
    let _open = desk.open.read().await;
    let (jsons, waiting): (Vec<_>, Vec<_>) = together.into_iter().map(|one| (one.json, one.kept)).unzip();
    let json = [b"[".as_slice(), &jsons.join(&b','), b"]"].concat();
    let sealed = Bytes::from(desk.seal.close(&json, &key));
    match desk.shelf.write_bytes(&key, sealed.clone(), None, KEPT).await {
        Ok(version) => {
            drop(room);
            let (hold, over) = mpsc::channel(1);
            for one in waiting {
                // Who waits no more holds nothing.
                let _ = one.send(Hold(hold.clone()));
            }
            drop(hold);
            mind(&desk.shelf, &key, version, &sealed, over).await;
        }
        Err(error) => {
            tracing::warn!(%error, "what was asked cannot be kept");
            drop(waiting);
            // It may have been, though: and they were told that it is not done. Nothing else is kept meanwhile.
            forget(&desk.shelf, &key).await;
            drop(room);
        }
    }
}

/// Says that somebody lives who does it, until it is done; then forgets it.
async fn mind(shelf: &Shelf, key: &str, mut version: u64, sealed: &Bytes, mut over: mpsc::Receiver<Infallible>) {
    while tokio::time::timeout(BEAT, over.recv()).await.is_err() {
        match shelf.write_bytes(key, sealed.clone(), Some(version), KEPT).await {
            Ok(next) => version = next,
            // Another took it for left behind. What is done twice by one letter is done once.
            Err(ClientError::Conflict(_)) => return,
            Err(error) => tracing::debug!(%error, "the server does not hear that something is being done"),
        }
    }
    forget(shelf, key).await;
}

async fn forget(shelf: &Shelf, key: &str) {
    while let Err(error) = shelf.forget(key).await {
        tracing::debug!(%error, "what was done cannot be forgotten yet");
        tokio::time::sleep(AGAIN).await;
    }
}
