//! An object that is written piece by piece.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::FutureExt as _;
use object_store::path::Path;
use object_store::{MultipartUpload, PutPayload, PutResult, Result, UploadPart};
use tokio::sync::OnceCell;

use super::{failed, written};
use crate::error::Error;
use crate::object_storage::{Bucket, Only, Part, UploadId};

/// Bytes that each part has at least, but for the last.
const LEAST: usize = 10 * 1024 * 1024;

/// An object that is written piece by piece. What is small is written at once, at its end.
#[derive(Debug)]
pub(super) struct Upload {
    shared: Arc<Shared>,
    only: Wanted,
    /// Pieces that make no part yet.
    waiting: Vec<Bytes>,
    bytes: usize,
    /// The number of the last part.
    last: u32,
}

/// [`Only`] of an upload: it lives longer than whoever began it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Always,
    Absent,
}

/// What parts on their way share.
#[derive(Debug)]
struct Shared {
    bucket: Arc<Bucket>,
    location: Path,
    id: OnceCell<UploadId>,
    parts: Mutex<Vec<Part>>,
}

impl Upload {
    pub(super) fn new(bucket: Arc<Bucket>, location: Path, only: Only<'_>) -> Self {
        let only = if only == Only::Absent { Wanted::Absent } else { Wanted::Always };
        let shared = Arc::new(Shared { bucket, location, id: OnceCell::new(), parts: Mutex::default() });
        Self { shared, only, waiting: Vec::new(), bytes: 0, last: 0 }
    }

    /// What waits, as one.
    fn take(&mut self) -> Bytes {
        self.bytes = 0;
        let waiting = std::mem::take(&mut self.waiting);
        match <[Bytes; 1]>::try_from(waiting) {
            Ok([only]) => only,
            Err(pieces) => {
                let mut all = BytesMut::with_capacity(pieces.iter().map(Bytes::len).sum());
                pieces.iter().for_each(|piece| all.extend_from_slice(piece));
                all.freeze()
            }
        }
    }

    fn send(&mut self) -> UploadPart {
        self.last += 1;
        let (shared, number, bytes) = (Arc::clone(&self.shared), self.last, self.take());
        async move { shared.send(number, bytes).await }.boxed()
    }
}

impl Shared {
    async fn send(&self, number: u32, bytes: Bytes) -> Result<()> {
        let name = self.location.as_ref();
        let sent = async {
            let id = self.id.get_or_try_init(|| self.bucket.create_upload(name)).await?;
            self.bucket.upload_part(name, id, number, bytes).await
        };
        let part = sent.await.map_err(|error: Error| failed(Some(name), error))?;
        // Each change is one push, which leaves it whole.
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).push(part);
        Ok(())
    }
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.bytes += data.content_length();
        self.waiting.extend(data);
        if self.bytes < LEAST {
            return futures::future::ready(Ok(())).boxed();
        }
        self.send()
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let only = if self.only == Wanted::Absent { Only::Absent } else { Only::Always };
        if self.last == 0 {
            let bytes = self.take();
            let put = self.shared.bucket.put(self.shared.location.as_ref(), bytes, only).await;
            return written(&self.shared.location, only, put);
        }
        if self.bytes > 0 {
            self.send().await?;
        }
        let Shared { bucket, location, id, parts } = &*self.shared;
        let mut parts = parts.lock().unwrap_or_else(PoisonError::into_inner).clone();
        parts.sort_by_key(|part| part.part_num);
        let Some(id) = id.get().filter(|_| parts.len() == self.last as usize) else {
            let source = "a part of it was not sent".into();
            return Err(object_store::Error::Generic { store: super::NAME, source });
        };
        let put = bucket.commit_upload(location.as_ref(), id, &parts, only).await;
        written(location, only, put)
    }

    async fn abort(&mut self) -> Result<()> {
        self.waiting.clear();
        let Some(id) = self.shared.id.get() else { return Ok(()) };
        let name = self.shared.location.as_ref();
        self.shared.bucket.abort_upload(name, id).await.map_err(|error| failed(Some(name), error))
    }
}
