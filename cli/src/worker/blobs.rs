//! Artifacts and caches of one attempt, which are on the server, as a store.
//!
//! What is read and written lies in a file in between, so that a connection that breaks off is tried again.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use futures::stream::{BoxStream, StreamExt as _};
use monkeyci_client::rest::lease::Blob;
use monkeyci_client::{ClientError, HeldRef};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};

use super::checkouts::{Checkout, unwritten};
use super::patience::patiently;

/// The blobs of one attempt.
pub(super) struct FarBlobs {
    pub(super) held: HeldRef,
    /// A folder for the files in between.
    pub(super) spool: PathBuf,
    /// What the attempt's job is a copy of stays as long as it may need blobs.
    pub(super) _checkout: Arc<Checkout>,
}

impl FarBlobs {
    async fn find(&self, location: &Path) -> Result<ObjectMeta> {
        let found =
            patiently(|| self.held.find_blob(location.as_ref())).await.map_err(|error| told(location, error))?;
        found.ok_or_else(|| missing(location)).map(meta)
    }
}

#[async_trait]
impl ObjectStore for FarBlobs {
    async fn put_opts(&self, location: &Path, payload: PutPayload, _: PutOptions) -> Result<PutResult> {
        let mut upload = Upload::new(self, location)?;
        upload.put_part(payload).await?;
        upload.complete().await
    }

    async fn put_multipart_opts(&self, location: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        Ok(Box::new(Upload::new(self, location)?))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let meta = self.find(location).await?;
        let (file, size) = if options.head {
            (tempfile::tempfile_in(&self.spool).map_err(|error| broken(error.into()))?, meta.size)
        } else {
            let had = patiently(|| async {
                let file = tempfile::tempfile_in(&self.spool).map_err(|error| unwritten(&error))?;
                let mut written = tokio::fs::File::from_std(file.try_clone().map_err(|error| unwritten(&error))?);
                let size = self.held.read_blob(location.as_ref(), &mut written).await?;
                Ok((file, size))
            });
            had.await.map_err(|error| told(location, error))?
        };
        Ok(GetResult {
            payload: GetResultPayload::File(file, self.spool.clone()),
            meta: ObjectMeta { size, ..meta },
            range: 0..size,
            attributes: Default::default(),
            extensions: Default::default(),
        })
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let held = self.held.clone();
        let delete = move |location: Result<Path>| {
            let held = held.clone();
            async move {
                let location = location?;
                let deleted = patiently(|| held.delete_blob(location.as_ref())).await;
                deleted.map_err(|error| told(&location, error)).map(|()| location)
            }
        };
        locations.then(delete).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let (held, above) = (self.held.clone(), prefix.cloned().unwrap_or_default());
        let listed = async move {
            match patiently(|| held.list_blobs(above.as_ref())).await {
                Ok(blobs) => blobs.into_iter().map(|blob| Ok(meta(blob))).collect(),
                Err(error) => vec![Err(told(&above, error))],
            }
        };
        futures::stream::once(listed).flat_map(futures::stream::iter).boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        Err(unknown("list_with_delimiter"))
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(unknown("copy_opts"))
    }
}

/// A blob that is being written.
struct Upload {
    held: HeldRef,
    location: Path,
    file: Arc<File>,
    size: u64,
}

impl Upload {
    fn new(blobs: &FarBlobs, location: &Path) -> Result<Self> {
        let file = Arc::new(tempfile::tempfile_in(&blobs.spool).map_err(|error| broken(error.into()))?);
        Ok(Self { held: blobs.held.clone(), location: location.clone(), file, size: 0 })
    }
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let (file, mut at) = (Arc::clone(&self.file), self.size);
        self.size += data.content_length() as u64;
        let write = move || {
            for piece in data.iter() {
                file.write_all_at(piece, at)?;
                at += piece.len() as u64;
            }
            Ok::<_, io::Error>(())
        };
        Box::pin(async move {
            let written = tokio::task::spawn_blocking(write).await.unwrap_or_else(|error| Err(error.into()));
            written.map_err(|error| broken(error.into()))
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let kept = patiently(|| async {
            use std::io::Seek as _;
            let mut file = self.file.try_clone().map_err(|error| unwritten(&error))?;
            file.rewind().map_err(|error| unwritten(&error))?;
            self.held.keep_blob(self.location.as_ref(), tokio::fs::File::from_std(file)).await
        });
        kept.await.map_err(|error| told(&self.location, error))?;
        Ok(PutResult { e_tag: None, version: None, extensions: Default::default() })
    }

    async fn abort(&mut self) -> Result<()> {
        // The file goes with this.
        Ok(())
    }
}

fn meta(blob: Blob) -> ObjectMeta {
    let time = UNIX_EPOCH + Duration::from_millis(u64::try_from(blob.time).unwrap_or(0));
    ObjectMeta {
        location: Path::from(blob.key),
        last_modified: time.into(),
        size: blob.size,
        e_tag: None,
        version: None,
    }
}

fn told(location: &Path, error: ClientError) -> Error {
    match error {
        ClientError::NotFound(_) => missing(location),
        error => broken(Box::new(error)),
    }
}

fn missing(location: &Path) -> Error {
    Error::NotFound { path: location.to_string(), source: "it is not on the server".into() }
}

fn broken(source: Box<dyn std::error::Error + Send + Sync>) -> Error {
    Error::Generic { store: "server", source }
}

fn unknown(operation: &str) -> Error {
    Error::NotImplemented { operation: operation.into(), implementer: "the server's blobs".into() }
}

impl fmt::Display for FarBlobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the server's blobs")
    }
}

impl fmt::Debug for FarBlobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FarBlobs").field("held", &self.held).finish_non_exhaustive()
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").field("location", &self.location).finish_non_exhaustive()
    }
}
