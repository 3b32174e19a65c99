//! Bytes under keys, whole and unchanged or not at all.

use std::fmt;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use monkeyci_model::Millis;
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, WriteMultipart};
use tokio::sync::mpsc;
use tokio::task::{JoinError, spawn_blocking};

use super::seal::{self, Sealing, Unsealing};

/// Bytes that go from one thread to the other at once.
const PIECE: usize = 256 * 1024;

/// Bytes of one part of an upload; S3 takes at most 10,000 parts, which makes 80 GB.
const PART: usize = 8 * 1024 * 1024;

/// Parts that are on their way at once: with the one being filled, 32 MB of memory at most.
const PARTS: usize = 3;

/// How old what an upload left must be before it counts as killed, and not as under way in another process.
const LEFT: Duration = Duration::from_secs(24 * 60 * 60);

/// A blob's key: names of any text, made fit for every store.
///
/// Two lists of names have the same key only if they are the same: lower-case letters, digits, `_`, `-` and `.` stand for
/// themselves, every other byte is `=` and two hex digits, so that neither letter case, nor Unicode forms, nor `/` and
/// `..` make one name into another on any file system. A name that becomes too long ends in its digest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(ObjectPath);

impl Key {
    /// The longest that one encoded name may be; file systems hold 255 bytes, and we add an ending.
    pub(super) const NAME: usize = 230;

    /// The key of these names, from the outermost.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self(ObjectPath::from_iter(names.into_iter().map(fit)))
    }

    /// A key as it is displayed; nothing when it is none that [`of`](Self::of) makes.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let is_fit = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.' | b'=');
        let is_name = |name: &str| !matches!(name, "" | "." | "..") && name.bytes().all(is_fit);
        text.split('/').all(is_name).then(|| Self(ObjectPath::from_iter(text.split('/'))))
    }

    /// The last name, as it is encoded.
    pub(super) fn last(&self) -> &str {
        self.0.as_ref().rsplit('/').next().unwrap_or_default()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The name as it stands in a key. What one name begins with, its encoding begins with.
pub(super) fn encode(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    for (index, byte) in name.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' => encoded.push(char::from(byte)),
            b'.' if index > 0 => encoded.push('.'),
            _ => encoded.push_str(&format!("={byte:02x}")),
        }
    }
    encoded
}

/// The name as it stands in a key, cut where it becomes too long.
pub(crate) fn fit(name: &str) -> String {
    let encoded = encode(name);
    match encoded.len() {
        0 => "==".into(),
        1..=Key::NAME => encoded,
        // No encoding has two `=` in a row, so that this is nobody else's.
        _ => format!("{}=={}", &encoded[..100], blake3::hash(name.as_bytes()).to_hex()),
    }
}

/// What was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Bytes.
    pub size: u64,
    /// BLAKE3 of them, in hex.
    pub digest: String,
}

/// A blob that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its key.
    pub key: Key,
    /// Bytes.
    pub size: u64,
    /// When it was stored.
    pub time: Millis,
}

/// A blob as an object of its store, with its seal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its key, as it is displayed.
    pub key: String,
    /// Bytes of the object.
    pub size: u64,
    /// When it was stored.
    pub time: Millis,
}

/// Why a blob could not be stored or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlobError {
    /// There is none.
    #[error("there is no blob `{key}`")]
    NotThere {
        /// The key.
        key: Key,
    },
    /// The folder of the store could not be made or opened.
    #[error("blobs in `{path}`: {source}")]
    Root {
        /// The folder.
        path: String,
        /// What went wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The store did not do it.
    #[error("blob `{key}`: {source}")]
    Store {
        /// The key.
        key: Key,
        /// What it said.
        source: object_store::Error,
    },
    /// What packs or unpacks it did not come to its end: it broke, or the program is ending.
    #[error("blob `{key}`: MonkeyCI itself broke or ended in the middle of it; its log says where")]
    Unfinished {
        /// The key.
        key: Key,
    },
    /// The blob cannot be read, or is not what was stored.
    #[error("blob `{key}` {source}")]
    Read {
        /// The key.
        key: Key,
        /// What went wrong.
        source: io::Error,
    },
}

/// Blobs in an object store.
#[derive(Debug, Clone)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
}

impl Blobs {
    /// Blobs in any object store.
    #[must_use]
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store }
    }

    /// Blobs in a folder of this machine, which is made where it is not there. What uploads left there that were killed
    /// more than a day ago is removed meanwhile, by a thread of its own: there may be many folders to look into.
    ///
    /// # Errors
    /// When the folder can neither be opened nor made.
    pub fn on_disk(root: impl AsRef<Path>) -> Result<Self, BlobError> {
        let root = root.as_ref();
        let error = |source| BlobError::Root { path: root.display().to_string(), source };
        std::fs::create_dir_all(root).map_err(|source| error(source.into()))?;
        let left = root.to_owned();
        let sweeps = std::thread::Builder::new().name("blob-sweep".into()).spawn(move || sweep(&left));
        if let Err(error) = sweeps {
            tracing::debug!(path = %root.display(), %error, "what uploads left is not looked for");
        }
        let disk = LocalFileSystem::new_with_prefix(root).map_err(|source| error(source.into()))?;
        Ok(Self::new(Arc::new(disk.with_fsync(true))))
    }

    /// Stores what `write` writes; it is seen under its key only once all of it is safe, in place of what was there.
    ///
    /// `write` runs on a thread where it may block.
    ///
    /// # Errors
    /// That of `write`, or that of the store; nothing is changed then.
    pub async fn put<T, E>(
        &self,
        key: &Key,
        write: impl FnOnce(&mut dyn Write) -> Result<T, E> + Send + 'static,
    ) -> Result<(T, Stored), E>
    where
        T: Send + 'static,
        E: From<BlobError> + Send + 'static,
    {
        let store_error = |source| BlobError::Store { key: key.clone(), source };
        let (pieces, mut arriving) = mpsc::channel(4);
        let of = key.clone();
        let writer = spawn_blocking(move || {
            let mut sealing = Sealing::new(Pieces { pieces, buffer: Vec::with_capacity(PIECE) });
            let made = write(&mut sealing)?;
            let (size, digest) = sealing.finish().map_err(|source| BlobError::Read { key: of, source })?;
            Ok((made, Stored { size, digest }))
        });
        let multipart = self.store.put_multipart(&key.0).await.map_err(store_error)?;
        let mut upload = WriteMultipart::new_with_chunk_size(multipart, PART);
        let mut failed = None;
        while let Some(piece) = arriving.recv().await {
            if let Err(error) = upload.wait_for_capacity(PARTS).await {
                failed = Some(error);
                break;
            }
            upload.put(piece);
        }
        // The writer now fails to write, if it still does.
        drop(arriving);
        let written = writer.await.unwrap_or_else(|error| Err(unfinished(key, &error).into()));
        match (failed, written) {
            (None, Ok(written)) => {
                upload.finish().await.map_err(store_error)?;
                Ok(written)
            }
            (failed, written) => {
                // The first error is the one to tell; what is left of the upload is never seen.
                if let Err(error) = upload.abort().await {
                    tracing::debug!(%key, %error, "what is left of an upload cannot be removed");
                }
                match (failed, written) {
                    (Some(error), _) => Err(store_error(error).into()),
                    (None, written) => written,
                }
            }
        }
    }

    /// Reads a blob. What `read` reads ends in an error when it is not what was stored; it must read to the end to know.
    ///
    /// `read` runs on a thread where it may block; it is given the blob's length too.
    ///
    /// # Errors
    /// That of `read`, or that of the store.
    pub async fn get<T, E>(
        &self,
        key: &Key,
        read: impl FnOnce(&mut dyn Read, u64) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<BlobError> + Send + 'static,
    {
        let object = self.store.get(&key.0).await.map_err(|source| gone(key, source))?;
        let size = object.meta.size;
        let (pieces, arriving) = mpsc::channel(4);
        let of = key.clone();
        let reader = spawn_blocking(move || {
            let arriving = Arriving { arriving, piece: Bytes::new() };
            let error = |source| BlobError::Read { key: of.clone(), source };
            let mut unsealing = Unsealing::new(arriving, size).map_err(error)?;
            read(&mut Named { reader: &mut unsealing, key: &of }, size - seal::LEN)
        });
        let mut stream = object.into_stream();
        while let Some(piece) = stream.next().await {
            let last = piece.is_err();
            // A store that cannot be reached is told from bytes that are not what they were.
            let piece = piece.map_err(|error| io::Error::new(io::ErrorKind::ConnectionAborted, error));
            if pieces.send(piece).await.is_err() || last {
                break;
            }
        }
        drop(pieces);
        reader.await.unwrap_or_else(|error| Err(unfinished(key, &error).into()))
    }

    /// The object of a blob.
    pub(super) async fn object(&self, key: &Key) -> Result<Object, BlobError> {
        self.store.head(&key.0).await.map(object).map_err(|source| gone(key, source))
    }

    /// The objects beneath a key.
    pub(super) async fn objects(&self, above: &Key) -> Result<Vec<Object>, BlobError> {
        let listed = self.store.list(Some(&above.0)).map_ok(object).try_collect().await;
        listed.map_err(|source| BlobError::Store { key: above.clone(), source })
    }

    /// The object of a blob, and its bytes with the seal, by which whoever reads them knows whether they are whole.
    pub(super) async fn stream(&self, key: &Key) -> Result<(Object, BoxStream<'static, io::Result<Bytes>>), BlobError> {
        let found = self.store.get(&key.0).await.map_err(|source| gone(key, source))?;
        let meta = object(found.meta.clone());
        Ok((meta, found.into_stream().map_err(io::Error::other).boxed()))
    }

    /// Stores an object of at most `most` bytes and a seal; it is seen once all of it is safe.
    pub(super) async fn store(
        &self,
        key: &Key,
        mut bytes: BoxStream<'static, io::Result<Bytes>>,
        most: u64,
    ) -> Result<(), BlobError> {
        let store_error = |source| BlobError::Store { key: key.clone(), source };
        let multipart = self.store.put_multipart(&key.0).await.map_err(store_error)?;
        let mut upload = WriteMultipart::new_with_chunk_size(multipart, PART);
        let mut size = 0;
        let failed = loop {
            let piece = match bytes.next().await {
                None => break None,
                Some(Ok(piece)) => piece,
                Some(Err(source)) => break Some(BlobError::Read { key: key.clone(), source }),
            };
            size += piece.len() as u64;
            if size > most.saturating_add(seal::LEN) {
                let source = io::Error::new(io::ErrorKind::FileTooLarge, format!("has more than {most} bytes"));
                break Some(BlobError::Read { key: key.clone(), source });
            }
            if let Err(source) = upload.wait_for_capacity(PARTS).await {
                break Some(store_error(source));
            }
            upload.put(piece);
        };
        match failed {
            None => upload.finish().await.map(drop).map_err(store_error),
            Some(failed) => {
                if let Err(error) = upload.abort().await {
                    tracing::debug!(%key, %error, "what is left of an upload cannot be removed");
                }
                Err(failed)
            }
        }
    }

    /// A blob, if it is there.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn find(&self, key: &Key) -> Result<Option<Found>, BlobError> {
        match self.store.head(&key.0).await {
            Ok(meta) => Ok(Some(found(meta))),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(source) => Err(BlobError::Store { key: key.clone(), source }),
        }
    }

    /// The blobs beneath a key, in no order.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn list(&self, above: &Key) -> Result<Vec<Found>, BlobError> {
        let listed = self.store.list(Some(&above.0)).map_ok(found).try_collect().await;
        listed.map_err(|source| BlobError::Store { key: above.clone(), source })
    }

    /// Has a blob under another key as well.
    ///
    /// # Errors
    /// [`BlobError::NotThere`] when there is none; others when the store cannot do it.
    pub async fn copy(&self, from: &Key, to: &Key) -> Result<(), BlobError> {
        self.store.copy(&from.0, &to.0).await.map_err(|source| gone(from, source))
    }

    /// Removes a blob; one that is not there is removed already.
    ///
    /// # Errors
    /// When the store cannot do it.
    pub async fn delete(&self, key: &Key) -> Result<(), BlobError> {
        match self.store.delete(&key.0).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(source) => Err(BlobError::Store { key: key.clone(), source }),
        }
    }
}

fn unfinished(key: &Key, error: &JoinError) -> BlobError {
    tracing::error!(%key, %error, "packing or unpacking did not come to its end");
    BlobError::Unfinished { key: key.clone() }
}

fn object(meta: ObjectMeta) -> Object {
    Object { key: meta.location.to_string(), size: meta.size, time: meta.last_modified.timestamp_millis() }
}

fn gone(key: &Key, source: object_store::Error) -> BlobError {
    match source {
        object_store::Error::NotFound { .. } => BlobError::NotThere { key: key.clone() },
        source => BlobError::Store { key: key.clone(), source },
    }
}

fn found(meta: ObjectMeta) -> Found {
    Found {
        key: Key(meta.location),
        size: meta.size.saturating_sub(seal::LEN),
        time: meta.last_modified.timestamp_millis(),
    }
}

/// Removes what killed uploads left beneath `folder`; best effort, as it only costs space.
fn sweep(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        // Links are not followed: `metadata` is the entry's own.
        let Ok(metadata) = entry.metadata() else { continue };
        let is_old = || metadata.modified().ok().and_then(|time| time.elapsed().ok()).is_some_and(|age| age > LEFT);
        if metadata.is_dir() {
            sweep(&path);
        } else if metadata.is_file()
            && is_upload(&path)
            && is_old()
            && let Err(error) = std::fs::remove_file(&path)
        {
            tracing::debug!(path = %path.display(), %error, "what an upload left cannot be removed");
        }
    }
}

/// Whether `object_store` made this file for an upload on its way: `NAME#NUMBER`. No key of ours has a `#`.
fn is_upload(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.rsplit_once('#').is_some_and(|(_, number)| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// Sends what is written to the uploading task.
struct Pieces {
    pieces: mpsc::Sender<Bytes>,
    buffer: Vec<u8>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.buffer, Vec::with_capacity(PIECE));
        self.pieces.blocking_send(piece.into()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// Reads what the downloading task sends.
struct Arriving {
    arriving: mpsc::Receiver<io::Result<Bytes>>,
    piece: Bytes,
}

impl Read for Arriving {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.arriving.blocking_recv() {
                Some(piece) => self.piece = piece?,
                None => return Ok(0),
            }
        }
        let read = self.piece.len().min(buffer.len());
        buffer[..read].copy_from_slice(&self.piece.split_to(read));
        Ok(read)
    }
}

/// Puts the blob's key into errors.
struct Named<'a, R> {
    reader: R,
    key: &'a Key,
}

impl<R: Read> Read for Named<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer).map_err(|source| {
            let kind = source.kind();
            io::Error::new(kind, BlobError::Read { key: self.key.clone(), source })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_disk() -> (tempfile::TempDir, Blobs) {
        let dir = tempfile::tempdir().expect("a folder");
        let blobs = Blobs::on_disk(dir.path()).expect("opens");
        (dir, blobs)
    }

    async fn put(blobs: &Blobs, key: &Key, bytes: Vec<u8>) -> Result<Stored, BlobError> {
        let of = key.clone();
        let write =
            move |out: &mut dyn Write| out.write_all(&bytes).map_err(|source| BlobError::Read { key: of, source });
        Ok(blobs.put(key, write).await?.1)
    }

    async fn get(blobs: &Blobs, key: &Key) -> Result<Vec<u8>, BlobError> {
        let of = key.clone();
        let read = move |blob: &mut dyn Read, size| {
            let mut bytes = Vec::new();
            blob.read_to_end(&mut bytes).map_err(|source| BlobError::Read { key: of, source })?;
            assert_eq!(bytes.len() as u64, size);
            Ok(bytes)
        };
        blobs.get(key, read).await
    }

    #[tokio::test]
    async fn what_was_put_comes_back_until_it_is_deleted() {
        let (_dir, blobs) = on_disk();
        let key = Key::of(["a", "b"]);
        assert!(matches!(get(&blobs, &key).await, Err(BlobError::NotThere { .. })));
        for bytes in [Vec::new(), b"small".to_vec(), vec![7; 20 * 1024 * 1024]] {
            let stored = put(&blobs, &key, bytes.clone()).await.expect("stores");
            assert_eq!(stored.digest, blake3::hash(&bytes).to_hex().to_string());
            assert_eq!(get(&blobs, &key).await.expect("reads"), bytes);
        }
        assert_eq!(blobs.list(&Key::of(["a"])).await.expect("lists").len(), 1);
        blobs.delete(&key).await.expect("deletes");
        blobs.delete(&key).await.expect("deletes again");
        assert_eq!(blobs.find(&key).await.expect("asks"), None);
    }

    #[tokio::test]
    async fn what_killed_uploads_left_is_removed_a_day_later() {
        let (dir, blobs) = on_disk();
        put(&blobs, &Key::of(["a", "b"]), b"whole".to_vec()).await.expect("stores");
        let day_old = std::time::SystemTime::now() - 2 * LEFT;
        for (name, modified) in [("b#1", Some(day_old)), ("c#12", None)] {
            let file = std::fs::File::create(dir.path().join("a").join(name)).expect("made");
            file.set_modified(modified.unwrap_or(std::time::SystemTime::now())).expect("set");
        }
        std::fs::File::open(dir.path().join("a/b")).and_then(|file| file.set_modified(day_old)).expect("set");
        sweep(dir.path());
        let mut names: Vec<_> =
            std::fs::read_dir(dir.path().join("a")).expect("reads").map(|e| e.expect("reads").file_name()).collect();
        names.sort();
        assert_eq!(names, ["b", "c#12"]);
    }

    #[tokio::test]
    async fn a_write_that_fails_changes_nothing() {
        let (dir, blobs) = on_disk();
        let key = Key::of(["a", "b"]);
        put(&blobs, &key, b"first".to_vec()).await.expect("stores");
        let failing = |out: &mut dyn Write| -> Result<(), BlobError> {
            out.write_all(&vec![1; 9 * 1024 * 1024]).expect("the store takes it");
            Err(BlobError::NotThere { key: Key::of(["x"]) })
        };
        blobs.put(&key, failing).await.expect_err("fails");
        assert_eq!(get(&blobs, &key).await.expect("reads"), b"first");
        let files = std::fs::read_dir(dir.path().join("a")).expect("reads").count();
        assert_eq!(files, 1, "the upload left something behind");
    }

    #[tokio::test]
    async fn a_panic_in_the_middle_is_an_error_and_changes_nothing() {
        let (_dir, blobs) = on_disk();
        let key = Key::of(["a", "b"]);
        put(&blobs, &key, b"first".to_vec()).await.expect("stores");
        let write = |_: &mut dyn Write| -> Result<(), BlobError> { panic!("hunter22") };
        let error = blobs.put(&key, write).await.expect_err("breaks");
        let shown = error.to_string();
        assert!(matches!(error, BlobError::Unfinished { .. }) && !shown.contains("hunter22"), "{shown}");
        let read = |_: &mut dyn Read, _: u64| -> Result<(), BlobError> { panic!("hunter22") };
        assert!(matches!(blobs.get(&key, read).await, Err(BlobError::Unfinished { .. })));
        assert_eq!(get(&blobs, &key).await.expect("reads"), b"first");
    }

    #[tokio::test]
    async fn a_flipped_bit_is_noticed_and_the_blob_named() {
        let (dir, blobs) = on_disk();
        let key = Key::of(["a", "b"]);
        put(&blobs, &key, vec![0; 100_000]).await.expect("stores");
        let file = dir.path().join("a/b");
        let mut bytes = std::fs::read(&file).expect("reads");
        bytes[77_777] ^= 4;
        std::fs::write(&file, bytes).expect("writes");
        let error = get(&blobs, &key).await.expect_err("a flipped bit").to_string();
        assert!(error.contains("`a/b`") && error.contains("digest differs"), "{error}");
    }

    #[test]
    fn no_two_lists_of_names_share_a_key() {
        let long = "x".repeat(1000);
        let longer = "x".repeat(1001);
        let names = [
            "", ".", "..", "/", "a/b", "a", "A", "=41", "é", "e\u{301}", ".a", "a.", "a\0", "a%2fb", "#1", "con", "==",
            &long, &longer,
        ];
        let keys: std::collections::BTreeSet<_> = names.iter().map(|name| Key::of(["r", name])).collect();
        assert_eq!(keys.len(), names.len());
        for key in keys {
            assert_eq!(key.0.parts().count(), 2, "{key}");
            assert!(key.last().len() <= Key::NAME && key.last() != ".." && key.last() != ".", "{key}");
        }
        assert_eq!(Key::of(["unit tests"]).to_string(), "unit=20tests");
    }
}
