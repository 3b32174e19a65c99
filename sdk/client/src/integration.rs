//! An integration: what it asks people, and what it keeps.

use bytes::Bytes;
use monkeyci_rest::{LinkOffer, NewLink, StoreEntry};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, ETAG, HeaderMap};
use serde::Serialize;

use crate::call::{self, Call};
use crate::place::Place;
use crate::{ClientError, Pages};

/// An integration, for a client with a token of its service account.
#[derive(Debug, Clone)]
#[must_use = "nothing is asked before an answer is awaited"]
pub struct IntegrationRef {
    place: Place,
}

/// A key of what it keeps.
#[derive(Debug, Clone)]
#[must_use = "nothing is asked before an answer is awaited"]
pub struct StoreRef {
    place: Place,
}

/// A value as it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its bytes.
    pub bytes: Bytes,
    /// Whether it is JSON.
    pub json: bool,
    /// Its version, for the next change.
    pub version: u64,
}

impl IntegrationRef {
    pub(crate) fn new(place: Place) -> Self {
        Self { place }
    }

    /// Asks a user of the chat who they are. Tell the answer to them, and to nobody else.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn offer_link(&self, link: &NewLink) -> Result<LinkOffer, ClientError> {
        self.place.at("links").post(link).await
    }

    /// What it keeps under keys that begin with `prefix`, without the values.
    pub fn stored(&self, prefix: &str) -> Pages<StoreEntry> {
        Pages::new(self.place.at("store")).having("prefix", prefix)
    }

    /// What it keeps under a key, or may.
    pub fn store(&self, key: &str) -> StoreRef {
        StoreRef { place: self.place.at("store").at(key) }
    }
}

impl StoreRef {
    /// The value.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when there is none, or none any more.
    pub async fn get(&self) -> Result<Stored, ClientError> {
        let call = self.place.call(Method::GET);
        let (headers, bytes) = call.whole_with_head().await?;
        let json = headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
        let version = version(&headers).ok_or_else(|| call.protocol("it has no version"))?;
        Ok(Stored { bytes, json, version })
    }

    /// Keeps JSON: in place of the value of that version, or where none is when that is nothing. `ttl` says in how many
    /// seconds it is gone.
    ///
    /// # Errors
    /// [`ClientError::Conflict`] when somebody else was faster, or there are too many keys.
    pub async fn put_json(
        &self,
        value: &impl Serialize,
        version: Option<u64>,
        ttl: Option<u32>,
    ) -> Result<StoreEntry, ClientError> {
        self.put(version, ttl).body(value)?.json().await
    }

    /// The same with bytes.
    ///
    /// # Errors
    /// The same.
    pub async fn put_bytes(
        &self,
        value: impl Into<Bytes>,
        version: Option<u64>,
        ttl: Option<u32>,
    ) -> Result<StoreEntry, ClientError> {
        self.put(version, ttl).octets(value.into()).json().await
    }

    fn put(&self, version: Option<u64>, ttl: Option<u32>) -> Call {
        let call = match version {
            Some(_) => self.place.call(Method::PUT).if_match(version),
            None => self.place.call(Method::PUT).if_none_match(),
        };
        match ttl {
            Some(ttl) => call.query("ttl", ttl),
            None => call,
        }
    }

    /// Forgets the value where it is of that version.
    ///
    /// # Errors
    /// [`ClientError::Conflict`] when somebody else has changed it.
    pub async fn delete_if(&self, version: u64) -> Result<(), ClientError> {
        self.place.delete(Some(version)).await
    }

    /// Forgets the value, whatever it is.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when there is none.
    pub async fn delete(&self) -> Result<(), ClientError> {
        self.place.delete(None).await
    }
}

fn version(headers: &HeaderMap) -> Option<u64> {
    call::text(headers, &ETAG)?.trim_matches('"').parse().ok()
}
