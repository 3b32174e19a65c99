//! Logs in an object store: pieces that are named by where they begin.
//!
//! A piece is a line of JSON with the marks in it, and the bytes. One that was sent twice, also with another length, says
//! nothing new of what came before. `end` says that no more comes.

use std::collections::HashMap;

use bytes::{BufMut as _, Bytes, BytesMut};
use monkeyci_model::{Event, EventKind};
use serde::{Deserialize, Serialize};

use crate::blob::store::fit;
use crate::log::{Chunk, LogId, LogStore, Mark};
use crate::store::StoreError;
use crate::store::object::Bucket;

/// Bytes of one piece, at most.
const PIECE: usize = 4 * 1024 * 1024;

/// Marks that are read at once.
const MARKS: usize = 4096;

/// What stands before the bytes of a piece.
#[derive(Default, Serialize, Deserialize)]
struct Head {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    marks: Vec<Mark>,
}

/// Sends the logs of a build away as they grow.
pub struct Sender {
    bucket: Bucket,
    logs: LogStore,
    open: HashMap<LogId, Sent>,
}

/// How far a log was sent.
#[derive(Default)]
struct Sent {
    offset: u64,
    marks: u64,
    is_over: bool,
}

impl Sender {
    /// Sends those in `logs`.
    #[must_use]
    pub fn new(bucket: Bucket, logs: LogStore) -> Self {
        Self { bucket, logs, open: HashMap::new() }
    }

    /// Takes in which logs there are, and which are over.
    pub fn hear(&mut self, event: &Event) {
        let of =
            |job: &monkeyci_model::JobId, attempt| LogId { build: event.subject.clone(), job: job.clone(), attempt };
        match &event.kind {
            EventKind::ScriptInitializing { .. } => self.begin(LogId::script(&event.subject)),
            EventKind::ScriptStart { .. } | EventKind::ScriptEnd { .. } => self.end(LogId::script(&event.subject)),
            EventKind::JobInitializing { job_id, attempt, .. } => self.begin(of(job_id, *attempt)),
            EventKind::JobExecuted { job_id, attempt, .. } => self.end(of(job_id, *attempt)),
            EventKind::JobEnd { job_id, .. } => {
                self.open.iter_mut().filter(|(id, _)| id.job == *job_id).for_each(|(_, sent)| sent.is_over = true);
            }
            EventKind::BuildEnd { .. } => self.open.values_mut().for_each(|sent| sent.is_over = true),
            _ => {}
        }
    }

    /// Sends one that is written already, as that of a job which is taken up.
    pub fn begin(&mut self, id: LogId) {
        self.open.entry(id).or_default();
    }

    /// Also of one that another began to send: nobody waits for more of it then.
    fn end(&mut self, id: LogId) {
        self.open.entry(id).or_default().is_over = true;
    }

    /// Sends what is new of every log.
    ///
    /// # Errors
    /// When that cannot be done; the next call goes on from there.
    pub async fn send(&mut self) -> Result<(), StoreError> {
        let ids: Vec<_> = self.open.keys().cloned().collect();
        for id in ids {
            let Some(mut sent) = self.open.remove(&id) else { continue };
            let done = self.send_one(&id, &mut sent).await;
            if done.is_err() || !sent.is_over {
                self.open.insert(id, sent);
            }
            done?;
        }
        Ok(())
    }

    async fn send_one(&self, id: &LogId, sent: &mut Sent) -> Result<(), StoreError> {
        let is_over = sent.is_over;
        loop {
            let (logs, of, (offset, marks)) = (self.logs.clone(), id.clone(), (sent.offset, sent.marks));
            let read = tokio::task::spawn_blocking(move || read(&logs, &of, offset, marks));
            let (bytes, marks) = read.await.unwrap_or_default();
            if bytes.is_empty() && marks.is_empty() {
                break;
            }
            let (grown, told) = (bytes.len() as u64, marks.len() as u64);
            // Named by both, since marks may come alone.
            let key = format!("{}/{:020}-{:020}", above(id), sent.offset, sent.marks);
            self.bucket.put(&key, piece(&Head { marks }, &bytes)).await?;
            sent.offset += grown;
            sent.marks += told;
        }
        if is_over {
            self.bucket.put(&format!("{}/end", above(id)), Bytes::new()).await?;
        }
        Ok(())
    }
}

/// What is new of a log.
fn read(logs: &LogStore, id: &LogId, offset: u64, first: u64) -> (Bytes, Vec<Mark>) {
    let mut bytes = BytesMut::new();
    while bytes.len() < PIECE {
        // What cannot be read is missing, which is no reason to end a build.
        let more = logs.read(id, offset + bytes.len() as u64, PIECE).unwrap_or_default();
        if more.is_empty() {
            break;
        }
        bytes.extend_from_slice(&more);
    }
    let end = offset + bytes.len() as u64;
    let mut marks = logs.marks(id, first, MARKS).unwrap_or_default();
    marks.retain(|mark| mark.offset <= end);
    (bytes.freeze(), marks)
}

fn piece(head: &Head, bytes: &[u8]) -> Bytes {
    let mut piece = BytesMut::with_capacity(bytes.len() + 64);
    piece.put_slice(&serde_json::to_vec(head).unwrap_or_else(|_| b"{}".to_vec()));
    piece.put_u8(b'\n');
    piece.put_slice(bytes);
    piece.freeze()
}

/// Reads a log from its beginning, piece by piece.
pub struct Reader {
    bucket: Bucket,
    above: String,
    seen: String,
    end: u64,
    marks: u64,
}

impl Reader {
    /// Reads the log `id`.
    #[must_use]
    pub fn new(bucket: Bucket, id: &LogId) -> Self {
        Self { bucket, above: above(id), seen: String::new(), end: 0, marks: 0 }
    }

    /// What has come since the last call, and whether no more comes.
    ///
    /// # Errors
    /// When that cannot be read.
    pub async fn next(&mut self) -> Result<(Vec<Chunk>, bool), StoreError> {
        let mut chunks = Vec::new();
        for key in self.bucket.list_after(&self.above, &self.seen).await? {
            let name = key.rsplit('/').next().unwrap_or_default().to_owned();
            if name == "end" {
                return Ok((chunks, true));
            }
            let place = name.split_once('-').and_then(|(at, mark)| Some((at.parse().ok()?, mark.parse().ok()?)));
            let (Some((offset, first)), Some(piece)) = (place, self.bucket.get(&key).await?) else { continue };
            chunks.extend(self.chunk(offset, first, &piece));
            self.seen = name;
        }
        Ok((chunks, false))
    }

    /// What of a piece is new.
    fn chunk(&mut self, offset: u64, first: u64, piece: &Bytes) -> Option<Chunk> {
        let line = piece.iter().position(|byte| *byte == b'\n')?;
        let head: Head = serde_json::from_slice(&piece[..line]).ok()?;
        let bytes = piece.slice(line + 1..);
        let known = usize::try_from(self.end.saturating_sub(offset)).ok()?.min(bytes.len());
        let told = usize::try_from(self.marks.saturating_sub(first)).ok()?.min(head.marks.len());
        let chunk =
            Chunk { offset: offset.max(self.end), bytes: bytes.slice(known..), marks: head.marks[told..].to_vec() };
        self.end = self.end.max(offset + bytes.len() as u64);
        self.marks = self.marks.max(first + head.marks.len() as u64);
        (!chunk.bytes.is_empty() || !chunk.marks.is_empty()).then_some(chunk)
    }
}

fn above(id: &LogId) -> String {
    let LogId { build, job, attempt } = id;
    Bucket::beneath(build, &format!("logs/{}.{attempt}", fit(job.as_str())))
}
