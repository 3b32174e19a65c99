//! Objects: written whole, read in part or whole, listed in order.

use std::time::Duration;

use bytes::Bytes;
use oci_signer::Covers;
use reqwest::{Body, Method};
use serde::Deserialize;

use super::Bucket;
use crate::call::Answer;
use crate::error::Error;
use crate::retry::jitter;

/// How long one object may take on its way.
pub(super) const TRANSFER: Duration = Duration::from_secs(15 * 60);

/// How often a write is tried again that met another one of the same object.
const MEETINGS: u32 = 8;

/// The longest first pause after that.
const MEETING: Duration = Duration::from_millis(100);

/// What an object is written in place of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Only<'a> {
    /// Whatever is there.
    #[default]
    Always,
    /// Nothing: only where there is no such object.
    Absent,
    /// The version with this entity tag.
    Matching(&'a str),
}

/// What came of writing an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// It is written, as the version with this entity tag.
    Written(Option<String>),
    /// It was not: something else is there than was expected. Where an earlier answer got lost, that may be this very
    /// object.
    Taken,
}

/// What is known of an object without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Bytes of all of it.
    pub size: u64,
    /// Its version.
    pub etag: Option<String>,
    /// When it was written, as HTTP writes times.
    pub last_modified: Option<String>,
}

/// An object that is being read.
#[derive(Debug)]
pub struct Download {
    /// What is known of it.
    pub head: Head,
    /// Which of its bytes come, the last not included.
    pub range: std::ops::Range<u64>,
    answer: Answer,
}

/// Which bytes of an object are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// From one to another, which is not included.
    Bounded(u64, u64),
    /// From one to the end.
    From(u64),
    /// So many at the end.
    Last(u64),
}

/// Which objects are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Listing<'a> {
    /// Those whose names begin so.
    pub prefix: Option<&'a str>,
    /// Those whose names are this or come after it.
    pub start: Option<&'a str>,
    /// With `/`: names that go on after one more of them are told by what they begin with.
    pub delimiter: Option<&'a str>,
    /// So many at most; 1,000 at most.
    pub limit: Option<u32>,
}

/// Objects in the order of their names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed {
    /// The objects.
    #[serde(default)]
    pub objects: Vec<Summary>,
    /// What others begin with, up to the delimiter.
    #[serde(default)]
    pub prefixes: Vec<String>,
    /// Where the next part begins.
    #[serde(default)]
    pub next_start_with: Option<String>,
}

/// An object in a list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Its name.
    pub name: String,
    /// Bytes.
    #[serde(default)]
    pub size: Option<u64>,
    /// Its version.
    #[serde(default)]
    pub etag: Option<String>,
    /// When it was written first.
    #[serde(default)]
    pub time_created: Option<String>,
    /// When it was written last.
    #[serde(default)]
    pub time_modified: Option<String>,
}

impl Bucket {
    /// Writes an object.
    ///
    /// # Errors
    /// When the service refuses, or no answer comes.
    pub async fn put(&self, object: &str, bytes: Bytes, only: Only<'_>) -> Result<Put, Error> {
        for meeting in 0.. {
            let mut call =
                self.call("PutObject", Method::PUT, "o", Some(object)).covering(Covers::Head).within(TRANSFER);
            call = match only {
                Only::Always => call,
                Only::Absent => call.header("if-none-match", Some("*")),
                Only::Matching(etag) => call.header("if-match", Some(etag)),
            };
            match call.bytes(Body::from(bytes.clone()), "application/octet-stream").send().await {
                Ok(answer) => return Ok(Put::Written(answer.etag())),
                Err(error) if error.status() == Some(412) => return Ok(Put::Taken),
                // Another write of the same object is under way; what comes of it decides.
                Err(error) if error.status() == Some(409) && meeting < MEETINGS => {
                    tokio::time::sleep(jitter(MEETING * 2_u32.pow(meeting))).await;
                }
                Err(error) => return Err(error),
            }
        }
        unreachable!("the last one returns")
    }

    /// Reads an object, or a part of it; nothing where there is none. With an entity tag: that version, or the refusal 412.
    ///
    /// # Errors
    /// When the service refuses, or no answer comes.
    pub async fn get(&self, object: &str, range: Option<Range>, etag: Option<&str>) -> Result<Option<Download>, Error> {
        let range = range.map(|range| match range {
            Range::Bounded(from, to) => format!("bytes={from}-{}", to.saturating_sub(1)),
            Range::From(from) => format!("bytes={from}-"),
            Range::Last(bytes) => format!("bytes=-{bytes}"),
        });
        let call = self.call("GetObject", Method::GET, "o", Some(object)).within(TRANSFER);
        let call = call.header("range", range).header("if-match", etag).header("accept", Some("*/*"));
        match call.send().await {
            Ok(answer) => Download::of(answer).map(Some),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Asks what is known of an object; nothing where there is none.
    ///
    /// # Errors
    /// When the service refuses, or no answer comes.
    pub async fn head(&self, object: &str) -> Result<Option<Head>, Error> {
        match self.call("HeadObject", Method::HEAD, "o", Some(object)).send().await {
            Ok(answer) => Head::of(&answer).map(Some),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes an object; tells whether there was one.
    ///
    /// # Errors
    /// When the service refuses, or no answer comes.
    pub async fn delete(&self, object: &str) -> Result<bool, Error> {
        match self.call("DeleteObject", Method::DELETE, "o", Some(object)).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A part of the list of objects.
    ///
    /// # Errors
    /// When the service refuses, or no answer comes.
    pub async fn list(&self, listing: Listing<'_>) -> Result<Listed, Error> {
        let Listing { prefix, start, delimiter, limit } = listing;
        let call = self.call("ListObjects", Method::GET, "o", None);
        let call = call.query("prefix", prefix).query("start", start).query("delimiter", delimiter);
        // Without this, names come alone.
        let fields = Some("name,size,etag,timeCreated,timeModified");
        call.query("limit", limit).query("fields", fields).value().await
    }
}

impl Head {
    fn of(answer: &Answer) -> Result<Self, Error> {
        let size = answer.header("content-length").and_then(|length| length.parse().ok());
        let size = size.ok_or_else(|| wrong("it does not say how many bytes the object has"))?;
        let last_modified = answer.header("last-modified").map(str::to_owned);
        Ok(Self { size, etag: answer.etag(), last_modified })
    }
}

impl Download {
    fn of(answer: Answer) -> Result<Self, Error> {
        let mut head = Head::of(&answer)?;
        let mut range = 0..head.size;
        if answer.status().as_u16() == 206 {
            let said = answer.header("content-range").and_then(content_range);
            let (from, to, size) = said.ok_or_else(|| wrong("it does not say which bytes of the object come"))?;
            (range, head.size) = (from..to, size);
        }
        Ok(Self { head, range, answer })
    }

    /// The next bytes, as they come; none at the end.
    ///
    /// # Errors
    /// When it breaks off.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        self.answer.chunk().await
    }

    /// All bytes, and no more than `most`.
    ///
    /// # Errors
    /// When there are more, or it breaks off.
    pub async fn bytes(self, most: usize) -> Result<Vec<u8>, Error> {
        self.answer.bytes(most).await
    }
}

/// `bytes 0-4/11` as 0, 5, 11.
fn content_range(text: &str) -> Option<(u64, u64, u64)> {
    let (range, size) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (from, last) = range.split_once('-')?;
    let (from, last, size) = (from.parse().ok()?, last.parse::<u64>().ok()?, size.parse().ok()?);
    (from <= last && last < size).then_some((from, last + 1, size))
}

fn wrong(why: &str) -> Error {
    Error::Answer { call: "GetObject", why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_understood_or_refused() {
        assert_eq!(content_range("bytes 0-4/11"), Some((0, 5, 11)));
        for wrong in ["bytes 5-4/11", "bytes 0-11/11", "0-4/11", "bytes */11", "bytes 0-4/*", ""] {
            assert_eq!(content_range(wrong), None, "{wrong}");
        }
    }
}
