//! Objects that come in parts.

use std::collections::BTreeMap;
use std::time::SystemTime;

use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};

use crate::call::Call;
use crate::page;
use crate::refusal::Refusal;
use crate::reply::{Answer, Reply};
use crate::shape::{Field, Kind, may, need};
use crate::world::World;
use crate::{time, user};

use super::object::{Object, check_md5, check_name, headers, md5};
use super::{Place, bucket_of, condition};

/// An upload that is not committed.
pub(crate) struct Upload {
    object: String,
    headers: Vec<(String, String)>,
    created: SystemTime,
    parts: BTreeMap<i64, (String, Bytes)>,
}

const CREATE: &[Field] = &[
    need("object", Kind::Text(1024)),
    may("contentType", Kind::Text(255)),
    may("contentLanguage", Kind::Text(255)),
    may("contentEncoding", Kind::Text(255)),
    may("contentDisposition", Kind::Text(255)),
    may("cacheControl", Kind::Text(255)),
    may("storageTier", Kind::OneOf(&["Standard", "InfrequentAccess", "Archive"])),
    may("metadata", Kind::Texts),
];

const PART: &[Field] = &[need("partNum", Kind::Whole(1, 10_000)), need("etag", Kind::Text(255))];
const COMMIT: &[Field] = &[
    need("partsToCommit", Kind::List(&Kind::Object(PART), 1, 10_000)),
    may("partsToExclude", Kind::List(&Kind::Whole(1, 10_000), 0, 10_000)),
];

/// Begins one.
pub(super) fn create(world: &mut World, call: &Call, place: &Place) -> Answer {
    let said = call.json(CREATE)?;
    let text = |name: &str| said[name].as_str().map(str::to_owned);
    let object = text("object").unwrap_or_default();
    let mut kept = Vec::new();
    for (name, header) in [
        ("contentType", "content-type"),
        ("contentLanguage", "content-language"),
        ("contentEncoding", "content-encoding"),
        ("contentDisposition", "content-disposition"),
        ("cacheControl", "cache-control"),
    ] {
        kept.extend(text(name).map(|value| (header.to_owned(), value)));
    }
    for (name, value) in said["metadata"].as_object().into_iter().flatten() {
        let name = name.to_lowercase();
        if !name.starts_with("opc-meta-") {
            return Err(Refusal::invalid(format!("The metadata key '{name}' must begin with 'opc-meta-'.")));
        }
        kept.push((name, value.as_str().unwrap_or_default().to_owned()));
    }
    begin(world, call, place, object, kept).map(|(_, said)| Reply::json(&said))
}

/// Begins one; its id, and what is said of it.
pub(super) fn begin(
    world: &mut World,
    call: &Call,
    place: &Place,
    object: String,
    kept: Vec<(String, String)>,
) -> Result<(String, Value), Refusal> {
    check_name(&object)?;
    let now = world.clock.now();
    let bucket = bucket_of(world, place)?;
    condition::may_change(call, bucket.objects.get(&object))?;
    let id = user::id();
    let upload = Upload { object, headers: kept, created: now, parts: BTreeMap::new() };
    let said = upload.json(place, &id);
    bucket.uploads.insert(id.clone(), upload);
    Ok((id, said))
}

impl Upload {
    fn json(&self, place: &Place, id: &str) -> Value {
        json!({
            "namespace": place.namespace, "bucket": place.bucket, "object": self.object, "uploadId": id,
            "timeCreated": time::text(self.created), "storageTier": "Standard",
        })
    }
}

/// Those of a bucket.
pub(super) fn uploads(world: &mut World, call: &Call, place: &Place) -> Answer {
    let bucket = bucket_of(world, place)?;
    let all = bucket.uploads.iter().map(|(id, upload)| upload.json(place, id)).collect();
    page::array(call, &world.settings, all)
}

/// A part comes, or all are made one, or none of it was meant.
pub(super) fn one(world: &mut World, call: &Call, place: &Place, id: &str) -> Answer {
    let missing = || Refusal::new(404, "NoSuchUpload", format!("The upload '{id}' was not found."));
    let bucket = bucket_of(world, place)?;
    let upload = bucket.uploads.get_mut(id).filter(|upload| upload.object == place.name).ok_or_else(missing)?;
    match call.method.as_str() {
        "PUT" => {
            let number = call.number("uploadPartNum", 1, 10_000)?;
            let number = number.ok_or_else(|| call.required("uploadPartNum").err().unwrap_or_else(missing))?;
            part(upload, call, i64::try_from(number).unwrap_or_default())
        }
        "POST" => {
            let said = call.json(COMMIT)?;
            let parts = said["partsToCommit"].as_array().into_iter().flatten();
            let parts = parts.map(|part| (part["partNum"].as_i64().unwrap_or_default(), part["etag"].as_str()));
            let parts: Vec<_> = parts.map(|(number, etag)| (number, etag.map(str::to_owned))).collect();
            commit(world, call, place, id, &parts)
        }
        "DELETE" => {
            bucket.uploads.remove(id);
            Ok(Reply::empty(204))
        }
        "GET" => {
            let parts = upload.parts.iter().map(|(number, (etag, bytes))| {
                json!({ "partNumber": number, "etag": etag, "md5": md5(bytes), "size": bytes.len() })
            });
            let parts = parts.collect();
            page::array(call, &world.settings, parts)
        }
        _ => Err(Refusal::missing()),
    }
}

/// Keeps a part; one that was sent before under its number is replaced.
fn part(upload: &mut Upload, call: &Call, number: i64) -> Answer {
    check_md5(call)?;
    let etag = user::id();
    let reply = Reply::empty(200).header("etag", etag.clone()).header("opc-content-md5", md5(&call.body));
    upload.parts.insert(number, (etag, call.body.clone()));
    Ok(reply)
}

/// All parts of an upload, in order, for one that has no list of its own.
pub(super) fn every_part(world: &mut World, place: &Place, id: &str) -> Result<Vec<(i64, Option<String>)>, Refusal> {
    let upload = bucket_of(world, place)?.uploads.get(id).ok_or_else(Refusal::missing)?;
    Ok(upload.parts.iter().map(|(number, (etag, _))| (*number, Some(etag.clone()))).collect())
}

/// A part of an upload through a pre-authenticated request.
pub(super) fn put_part(world: &mut World, call: &Call, place: &Place, id: &str, number: i64) -> Answer {
    let upload = bucket_of(world, place)?.uploads.get_mut(id).ok_or_else(Refusal::missing)?;
    part(upload, call, number)
}

/// Makes an object of parts.
pub(super) fn commit(
    world: &mut World,
    call: &Call,
    place: &Place,
    id: &str,
    parts: &[(i64, Option<String>)],
) -> Answer {
    let (now, least) = (world.clock.now(), world.settings.least_part);
    let bucket = bucket_of(world, place)?;
    let upload = bucket.uploads.get(id).ok_or_else(Refusal::missing)?;
    condition::may_change(call, bucket.objects.get(&upload.object))?;
    if !parts.is_sorted_by(|(one, _), (other, _)| one < other) {
        let message = "The parts to commit must be in ascending order.";
        return Err(Refusal::new(400, "InvalidUploadPartOrder", message));
    }
    let (mut content, mut sums) = (BytesMut::new(), Vec::new());
    for (index, (number, etag)) in parts.iter().enumerate() {
        let found = upload.parts.get(number).filter(|(known, _)| Some(known) == etag.as_ref());
        let message = format!("The part {number} could not be found, or has another entity tag.");
        let (_, bytes) = found.ok_or_else(|| Refusal::new(400, "InvalidUploadPart", message))?;
        if bytes.len() < least && index + 1 < parts.len() {
            let message =
                format!("The part {number} has {} bytes: all but the last have {least} at least.", bytes.len());
            return Err(Refusal::new(400, "InvalidUploadPart", message));
        }
        content.extend_from_slice(bytes);
        sums.extend_from_slice(md5(bytes).as_bytes());
    }
    let name = upload.object.clone();
    let mut object = Object::new(content.freeze(), upload.headers.clone(), now);
    (object.is_multipart, object.md5) = (true, format!("{}-{}", md5(&sums), parts.len()));
    let reply = Reply::empty(200)
        .header("etag", object.etag.clone())
        .header("opc-multipart-md5", object.md5.clone())
        .header("last-modified", httpdate::fmt_http_date(now));
    bucket.uploads.remove(id);
    bucket.objects.insert(name, object);
    Ok(reply)
}

/// Begins one through a pre-authenticated request, with what the request says of the object.
pub(super) fn begin_by_headers(world: &mut World, call: &Call, place: &Place) -> Result<String, Refusal> {
    begin(world, call, place, place.name.clone(), headers(call)?).map(|(id, _)| id)
}
