use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use monkeyci_core::model::OrgId;
use monkeyci_rest::{Page, StoreEntry};
use serde::Deserialize;

use super::{Routes, integration};
use crate::extract::{At, OrgNamePath, Paging, Query};
use crate::identity::Who;
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::revision::{matches, remove};
use crate::state::{State, now};
use crate::table::store_entry::{self, Owner, Value};

/// Bytes of the longest key.
const KEY: usize = 512;

/// Bytes of the longest value.
const VALUE: usize = 64 * 1024;

/// Keys of one integration.
const KEYS: u64 = 10_000;

/// Seconds of the longest time to live: a year.
const LONGEST: u32 = 366 * 24 * 60 * 60;

const JSON: &str = "application/json";
const BYTES: &str = "application/octet-stream";

/// A value of an integration.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct KeyPath {
    /// The organisation.
    org: OrgId,
    /// The integration.
    name: String,
    /// Its key.
    key: String,
}

/// Which values of a list are wanted.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Wanted {
    /// Those whose keys begin so.
    prefix: Option<String>,
}

/// How long a value lives.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Life {
    /// In so many seconds it is gone; never when that is not said.
    ttl: Option<u32>,
}

impl KeyPath {
    fn integration(&self) -> OrgNamePath {
        OrgNamePath { org: self.org.clone(), name: self.name.clone() }
    }

    /// Whose store it is, and the key.
    fn parts(self) -> Answer<(Owner, String)> {
        if self.key.is_empty() || self.key.len() > KEY || self.key.chars().any(char::is_control) {
            return Err(Refusal::bad(format!("the path: a key has 1 to {KEY} bytes, and none that is not shown")));
        }
        Ok((Owner { org: self.org, integration: self.name }, self.key))
    }
}

pub(super) fn routes(routes: Routes) -> Routes {
    let all = "/v1/orgs/{org}/integrations/{name}/store";
    let one = "/v1/orgs/{org}/integrations/{name}/store/{key}";
    let put = Operation::put(one, "Keep a value, where it is of the version that `If-Match` says, or new");
    routes
        .add(Operation::get(all, "What it keeps, by key").answers::<Page<StoreEntry>>(StatusCode::OK), list)
        .add(Operation::get(one, "A value, as it was given; its `ETag` is its version").sends(BYTES), show)
        .add(put.keeps::<StoreEntry>(), put_value)
        .add(Operation::delete(one, "Forget a value"), delete)
}

async fn list(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgNamePath>,
    Query(wanted): Query<Wanted>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<StoreEntry>>> {
    integration::must_be_itself_or_owner(&state, &who, &path).await?;
    let (cursor, limit) = (paging.cursor.clone(), paging.limit() + 1);
    let own = Owner { org: path.org, integration: path.name };
    let prefix = wanted.prefix.unwrap_or_default();
    let found =
        state.tables.read(move |sql| store_entry::list(sql, &own, &prefix, cursor.as_deref(), limit, now())).await?;
    Ok(Json(paging.page(found, |entry| entry.key.clone())))
}

async fn show(Shared(state): Shared<State>, who: Who, At(path): At<KeyPath>) -> Answer<Response> {
    integration::must_be_itself_or_owner(&state, &who, &path.integration()).await?;
    let (own, key) = path.parts()?;
    let found = state.tables.read(move |sql| store_entry::value(sql, &own, &key, now())).await?;
    let (entry, value) = found.ok_or_else(|| Refusal::not_found("key"))?;
    let kind = HeaderValue::from_static(if entry.json { JSON } else { BYTES });
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::ETAG, tag(entry.version)),
        // What an integration keeps is no page of ours, whatever it holds.
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, value).into_response())
}

async fn put_value(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<KeyPath>,
    Query(life): Query<Life>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer<Response> {
    integration::must_be_itself(&state, &who, &path.integration()).await?;
    let (own, key) = path.parts()?;
    let is_fresh = headers.get(header::IF_NONE_MATCH).is_some_and(|tag| tag == "*");
    if !is_fresh && !headers.contains_key(header::IF_MATCH) {
        let detail = "say what you take for granted: `If-Match` with the version that you read, or `If-None-Match: *`";
        return Err(Refusal::new(StatusCode::PRECONDITION_REQUIRED, detail));
    }
    let value = value(&life, &headers, &body)?;
    let put = state.tables.write(move |sql| {
        let now = now();
        let there = store_entry::find(sql, &own, &key, now)?;
        if let Err(refusal) = matches(&headers, there.as_ref().map(|entry| entry.version)) {
            return Ok(Err(refusal));
        }
        if there.is_none() && store_entry::count(sql, &own, now)? >= KEYS {
            let detail = format!("this integration keeps {KEYS} keys already: forget some, or let them expire");
            return Ok(Err(Refusal::conflict(detail).coded("quota")));
        }
        store_entry::put(sql, &own, &key, &value, now)?;
        let found = store_entry::find(sql, &own, &key, now)?;
        Ok(found.map(|entry| (there.is_none(), entry)).ok_or_else(|| Refusal::not_found("integration")))
    });
    let (is_new, entry) = put.await??;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, [(header::ETAG, tag(entry.version))], Json(entry)).into_response())
}

/// The value that a body is.
fn value(life: &Life, headers: &HeaderMap, body: &Bytes) -> Answer<Value> {
    if body.len() > VALUE {
        let detail = format!("a value has at most {VALUE} bytes, and this one {}", body.len());
        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or(BYTES);
    let json = match kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        JSON => true,
        BYTES => false,
        _ => {
            let detail = format!("the body: `Content-Type: {JSON}` or `{BYTES}` is expected");
            return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
    };
    if json {
        let read = serde_json::from_slice::<serde::de::IgnoredAny>(body);
        read.map_err(|error| Refusal::bad(format!("the body is no JSON: {error}")))?;
    }
    let expires = match life.ttl {
        Some(ttl) if !(1..=LONGEST).contains(&ttl) => {
            return Err(Refusal::bad(format!("the query: `ttl` is 1 to {LONGEST} seconds")));
        }
        ttl => ttl.map(|ttl| now() + i64::from(ttl) * 1000),
    };
    Ok(Value { bytes: body.to_vec(), json, expires })
}

async fn delete(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<KeyPath>,
    headers: HeaderMap,
) -> Answer<StatusCode> {
    integration::must_be_itself(&state, &who, &path.integration()).await?;
    let (own, key) = path.parts()?;
    let removed = state.tables.write(move |sql| {
        let found = store_entry::find(sql, &own, &key, now())?.map(|found| found.version);
        remove(&headers, found, "key", || store_entry::remove(sql, &own, &key))
    });
    removed.await?
}

fn tag(version: u64) -> HeaderValue {
    HeaderValue::try_from(format!("\"{version}\"")).expect("digits")
}
