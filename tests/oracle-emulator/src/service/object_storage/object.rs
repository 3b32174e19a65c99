//! Objects.

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use md5::{Digest as _, Md5};

use crate::call::Call;
use crate::refusal::Refusal;
use crate::reply::{Answer, Reply};
use crate::user;
use crate::world::World;

use super::{Place, bucket_of, condition};

/// Headers that are kept with an object and given out with it.
const KEPT: [&str; 5] =
    ["content-type", "content-language", "content-encoding", "content-disposition", "cache-control"];

/// Bytes of names and values of metadata together.
const MOST_METADATA: usize = 4000;

/// An object.
#[derive(Clone)]
pub(crate) struct Object {
    pub(super) bytes: Bytes,
    pub(super) etag: String,
    /// MD5 in base64, of the content or of the MD5s of its parts.
    pub(super) md5: String,
    pub(super) is_multipart: bool,
    /// What was said of it: type, metadata and more.
    pub(super) headers: Vec<(String, String)>,
    pub(super) created: SystemTime,
}

impl Object {
    pub(super) fn new(bytes: Bytes, headers: Vec<(String, String)>, now: SystemTime) -> Self {
        let md5 = md5(&bytes);
        Self { bytes, etag: user::id(), md5, is_multipart: false, headers, created: now }
    }
}

/// MD5 as Object Storage writes it.
pub(super) fn md5(bytes: &[u8]) -> String {
    STANDARD.encode(Md5::digest(bytes))
}

/// Whether an object may have this name.
pub(super) fn check_name(name: &str) -> Result<(), Refusal> {
    let is_name = (1..=1024).contains(&name.len()) && !name.contains(['\0', '\n', '\r', '\u{fffd}']);
    let wrong = || Refusal::new(400, "InvalidObjectName", format!("The object name '{name}' is invalid"));
    if is_name { Ok(()) } else { Err(wrong()) }
}

/// What a request says of an object.
pub(super) fn headers(call: &Call) -> Result<Vec<(String, String)>, Refusal> {
    let mut kept: Vec<_> =
        KEPT.iter().filter_map(|name| call.header(name).map(|value| ((*name).to_owned(), value.to_owned()))).collect();
    let metadata = call.headers.iter().filter(|(name, _)| name.as_str().starts_with("opc-meta-"));
    let metadata: Vec<_> = metadata
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    if metadata.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > MOST_METADATA {
        return Err(Refusal::new(400, "MetadataTooLarge", format!("Metadata has {MOST_METADATA} bytes at most.")));
    }
    kept.extend(metadata);
    Ok(kept)
}

/// Refuses a content that is not the one that was meant.
pub(super) fn check_md5(call: &Call) -> Result<(), Refusal> {
    match call.header("content-md5") {
        Some(said) if said != md5(&call.body) => Err(Refusal::new(
            400,
            "UnmatchedContentMD5",
            "The computed MD5 of the request body does not match Content-MD5.",
        )),
        _ => Ok(()),
    }
}

pub(super) fn put(world: &mut World, call: &Call, place: &Place) -> Answer {
    let now = world.clock.now();
    check_name(&place.name)?;
    check_md5(call)?;
    let bucket = bucket_of(world, place)?;
    condition::may_change(call, bucket.objects.get(&place.name))?;
    let object = Object::new(call.body.clone(), headers(call)?, now);
    let reply = Reply::empty(200)
        .header("etag", object.etag.clone())
        .header("opc-content-md5", object.md5.clone())
        .header("last-modified", httpdate::fmt_http_date(now));
    bucket.objects.insert(place.name.clone(), object);
    Ok(reply)
}

/// The object of a place.
fn find<'a>(world: &'a mut World, place: &Place) -> Result<&'a Object, Refusal> {
    let message = format!(
        "The object '{}' was not found in the bucket '{}' and namespace '{}'",
        place.name, place.bucket, place.namespace
    );
    let found = bucket_of(world, place)?.objects.get(&place.name);
    found.ok_or_else(|| Refusal::new(404, "ObjectNotFound", message))
}

pub(super) fn get(world: &mut World, call: &Call, place: &Place) -> Answer {
    let object = find(world, place)?;
    if !condition::may_read(call, object)? {
        return Ok(Reply::empty(304).header("etag", object.etag.clone()));
    }
    let length = object.bytes.len();
    let range = call.header("range").map(|range| read_range(range, length)).transpose()?.flatten();
    let mut reply = match range {
        None => Reply::bytes(object.bytes.clone()),
        Some((from, to)) => Reply::bytes(object.bytes.slice(from..=to))
            .status(206)
            .header("content-range", format!("bytes {from}-{to}/{length}")),
    };
    if call.method == "HEAD" {
        let length = reply.body.len();
        reply = reply.header("content-length", length.to_string());
    }
    for (name, value) in &object.headers {
        reply = reply.header(name, value.clone());
    }
    let md5 = if object.is_multipart { "opc-multipart-md5" } else { "content-md5" };
    Ok(reply
        .header("etag", object.etag.clone())
        .header(md5, object.md5.clone())
        .header("accept-ranges", "bytes")
        .header("storage-tier", "Standard")
        .header("last-modified", httpdate::fmt_http_date(object.created)))
}

pub(super) fn delete(world: &mut World, call: &Call, place: &Place) -> Answer {
    let object = find(world, place)?.clone();
    condition::may_change(call, Some(&object))?;
    bucket_of(world, place)?.objects.remove(&place.name);
    Ok(Reply::empty(204).header("last-modified", httpdate::fmt_http_date(object.created)))
}

/// The first and the last byte of a range; nothing where the whole is meant.
fn read_range(said: &str, length: usize) -> Result<Option<(usize, usize)>, Refusal> {
    let wrong = || Refusal::new(416, "InvalidRange", format!("The range '{said}' is not within {length} bytes."));
    // What is no range of bytes is as if it were not said.
    let Some((from, to)) = said.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else { return Ok(None) };
    let last = length.checked_sub(1).ok_or_else(wrong)?;
    let (from, to) = match (from.parse::<usize>(), to.parse::<usize>()) {
        (Ok(from), Ok(to)) if from <= to => (from, to.min(last)),
        (Ok(from), Err(_)) if to.is_empty() => (from, last),
        (Err(_), Ok(count)) if from.is_empty() && count > 0 => (length.saturating_sub(count), last),
        _ => return Ok(None),
    };
    if from > last { Err(wrong()) } else { Ok(Some((from, to))) }
}
