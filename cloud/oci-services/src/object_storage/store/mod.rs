//! A bucket as whatever stands on the crate `object_store` knows one.

mod upload;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use object_store::path::Path;
use object_store::{
    CopyMode, CopyOptions, GetOptions, GetRange, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use super::{Bucket, Download, Head, Listed, Listing, Only, Put, Range, Summary};
use crate::error::Error;
use upload::Upload;

/// What its errors call it.
const NAME: &str = "OCI Object Storage";

/// Objects that are removed at once.
const REMOVED_AT_ONCE: usize = 10;

/// A bucket as an [`ObjectStore`].
///
/// What is written where nothing is ([`PutMode::Create`]) may have been written although that is denied: an answer got
/// lost, and it was sent again. Tags and attributes are not kept.
#[derive(Debug, Clone)]
pub struct BucketStore(Arc<Bucket>);

impl BucketStore {
    /// All of a bucket. [`PrefixStore`](object_store::prefix::PrefixStore) makes it one folder of it.
    #[must_use]
    pub fn new(bucket: Bucket) -> Self {
        Self(Arc::new(bucket))
    }

    /// Everything that is listed, part by part.
    fn parts(
        &self,
        prefix: Option<&Path>,
        start: Option<String>,
        by_folder: bool,
    ) -> BoxStream<'static, Result<Listed>> {
        let bucket = Arc::clone(&self.0);
        let prefix = prefix.filter(|prefix| !prefix.as_ref().is_empty()).map(|prefix| format!("{prefix}/"));
        let begin = Some(start);
        stream::try_unfold(begin, move |next| {
            let (bucket, prefix) = (Arc::clone(&bucket), prefix.clone());
            async move {
                let Some(start) = next else { return Ok(None) };
                let listing = Listing {
                    prefix: prefix.as_deref(),
                    start: start.as_deref(),
                    delimiter: by_folder.then_some("/"),
                    limit: Some(1000),
                };
                let listed = bucket.list(listing).await.map_err(|error| failed(prefix.as_deref(), error))?;
                let next = listed.next_start_with.clone().map(Some);
                Ok(Some((listed, next)))
            }
        })
        .boxed()
    }
}

impl fmt::Display for BucketStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "oci://{}/{}", self.0.namespace(), self.0.name())
    }
}

#[async_trait]
impl ObjectStore for BucketStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let version = match &options.mode {
            PutMode::Update(version) => Some(version.e_tag.clone().unwrap_or_default()),
            _ => None,
        };
        let only = match (&options.mode, &version) {
            (PutMode::Create, _) => Only::Absent,
            (_, Some(etag)) => Only::Matching(etag),
            _ => Only::Always,
        };
        let put = self.0.put(location.as_ref(), Bytes::from(payload), only).await;
        written(location, only, put)
    }

    async fn put_multipart_opts(&self, location: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        Ok(Box::new(Upload::new(Arc::clone(&self.0), location.clone(), Only::Always)))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        if options.head {
            let head = self.0.head(location.as_ref()).await.map_err(|error| failed(Some(location.as_ref()), error))?;
            let meta = meta(location, &head.ok_or_else(|| not_found(location))?);
            options.check_preconditions(&meta)?;
            let payload = GetResultPayload::Stream(stream::empty().boxed());
            let range = 0..0;
            return Ok(GetResult {
                payload,
                meta,
                range,
                attributes: Default::default(),
                extensions: Default::default(),
            });
        }
        let range = options.range.as_ref().map(|range| match range {
            GetRange::Bounded(range) => Range::Bounded(range.start, range.end),
            GetRange::Offset(from) => Range::From(*from),
            GetRange::Suffix(bytes) => Range::Last(*bytes),
        });
        let found = self.0.get(location.as_ref(), range, None).await;
        let found = found.map_err(|error| failed(Some(location.as_ref()), error))?;
        let found = found.ok_or_else(|| not_found(location))?;
        let (meta, range) = (meta(location, &found.head), found.range.clone());
        options.check_preconditions(&meta)?;
        let place = location.to_string();
        let bytes = stream::try_unfold(found, move |mut found: Download| {
            let place = place.clone();
            async move {
                let chunk = found.chunk().await.map_err(|error| failed(Some(&place), error))?;
                Ok(chunk.map(|chunk| (chunk, found)))
            }
        });
        let payload = GetResultPayload::Stream(bytes.boxed());
        Ok(GetResult { payload, meta, range, attributes: Default::default(), extensions: Default::default() })
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let bucket = Arc::clone(&self.0);
        let delete = move |location: Result<Path>| {
            let bucket = Arc::clone(&bucket);
            async move {
                let location = location?;
                // What is not there is removed.
                bucket.delete(location.as_ref()).await.map_err(|error| failed(Some(location.as_ref()), error))?;
                Ok(location)
            }
        };
        locations.map(delete).buffered(REMOVED_AT_ONCE).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let metas = |listed: Listed| stream::iter(listed.objects.into_iter().map(listed_meta));
        self.parts(prefix, None, false).map_ok(metas).try_flatten().boxed()
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        let after = offset.clone();
        let metas = move |listed: Listed| stream::iter(listed.objects.into_iter().map(listed_meta));
        // The service begins with the offset itself.
        let listed = self.parts(prefix, Some(offset.to_string()), false).map_ok(metas).try_flatten();
        listed.try_filter(move |meta| futures::future::ready(meta.location > after)).boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let (mut objects, mut common_prefixes) = (Vec::new(), Vec::new());
        let mut parts = self.parts(prefix, None, true);
        while let Some(listed) = parts.try_next().await? {
            for object in listed.objects {
                objects.push(listed_meta(object)?);
            }
            for folder in listed.prefixes {
                common_prefixes.push(Path::parse(folder.trim_end_matches('/'))?);
            }
        }
        Ok(ListResult { objects, common_prefixes, extensions: Default::default() })
    }

    /// Reads it and writes it again: the service's own way to copy ends at some time later.
    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let only = if options.mode == CopyMode::Create { Only::Absent } else { Only::Always };
        let mut bytes = self.get_opts(from, GetOptions::default()).await?.into_stream();
        let mut upload = Upload::new(Arc::clone(&self.0), to.clone(), only);
        let copied = async {
            while let Some(chunk) = bytes.try_next().await? {
                upload.put_part(chunk.into()).await?;
            }
            upload.complete().await
        };
        let copied = copied.boxed().await;
        if copied.is_err() {
            upload.abort().await?;
        }
        copied.map(drop)
    }
}

/// What was asked for with `only`, and what came of it.
fn written(location: &Path, only: Only<'_>, put: std::result::Result<Put, Error>) -> Result<PutResult> {
    let (path, source) = (location.to_string(), "something else is there".into());
    match put.map_err(|error| failed(Some(location.as_ref()), error))? {
        Put::Written(e_tag) => Ok(PutResult { e_tag, version: None, extensions: Default::default() }),
        Put::Taken if only == Only::Absent => Err(object_store::Error::AlreadyExists { path, source }),
        Put::Taken => Err(object_store::Error::Precondition { path, source }),
    }
}

fn meta(location: &Path, head: &Head) -> ObjectMeta {
    let time = head.last_modified.as_deref().and_then(|text| httpdate::parse_http_date(text).ok());
    let last_modified = time.unwrap_or(SystemTime::UNIX_EPOCH).into();
    ObjectMeta { location: location.clone(), last_modified, size: head.size, e_tag: head.etag.clone(), version: None }
}

fn listed_meta(object: Summary) -> Result<ObjectMeta> {
    let time = object.time_modified.or(object.time_created);
    let time = time.and_then(|text| text.parse::<Timestamp>().ok()).map(SystemTime::from);
    Ok(ObjectMeta {
        location: Path::parse(&object.name)?,
        last_modified: time.unwrap_or(SystemTime::UNIX_EPOCH).into(),
        size: object.size.unwrap_or(0),
        e_tag: object.etag,
        version: None,
    })
}

fn not_found(location: &Path) -> object_store::Error {
    object_store::Error::NotFound { path: location.to_string(), source: "there is no such object".into() }
}

/// What an error is to whoever uses a store.
fn failed(location: Option<&str>, error: Error) -> object_store::Error {
    let path = location.unwrap_or_default().to_owned();
    match error.status() {
        Some(401) => object_store::Error::Unauthenticated { path, source: error.into() },
        Some(403) => object_store::Error::PermissionDenied { path, source: error.into() },
        Some(404) => object_store::Error::NotFound { path, source: error.into() },
        Some(412) => object_store::Error::Precondition { path, source: error.into() },
        _ => object_store::Error::Generic { store: NAME, source: error.into() },
    }
}
