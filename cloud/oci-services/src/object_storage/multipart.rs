//! Objects that are written in parts.

use bytes::Bytes;
use oci_signer::Covers;
use reqwest::{Body, Method};
use serde::{Deserialize, Serialize};

use super::object::TRANSFER;
use super::{Bucket, Only, Put};
use crate::error::Error;

/// By this an upload is known. It is of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadId(String);

/// A part that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    /// Its number, from 1 to 10,000. They need not follow on each other.
    pub part_num: u32,
    /// Its version.
    pub etag: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Create<'a> {
    object: &'a str,
    content_type: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    upload_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Commit<'a> {
    parts_to_commit: &'a [Part],
}

impl Bucket {
    /// Begins an upload. It costs room until it is committed or aborted.
    ///
    /// # Errors
    /// When the service refuses, or no answer comes.
    pub async fn create_upload(&self, object: &str) -> Result<UploadId, Error> {
        let call = self.call("CreateMultipartUpload", Method::POST, "u", None);
        // One that is begun twice leaves one that is never committed; a rule of the bucket removes it.
        let call = call.json(&Create { object, content_type: "application/octet-stream" }).harmless_twice(true);
        let created: Created = call.value().await?;
        Ok(UploadId(created.upload_id))
    }

    /// Sends a part, of at least 10 MiB unless it is the last.
    ///
    /// # Errors
    /// When the service refuses, or no answer comes.
    pub async fn upload_part(&self, object: &str, upload: &UploadId, number: u32, bytes: Bytes) -> Result<Part, Error> {
        let call = self.call("UploadPart", Method::PUT, "u", Some(object)).covering(Covers::Head).within(TRANSFER);
        let call = call.query("uploadId", Some(&upload.0)).query("uploadPartNum", Some(number));
        let answer = call.bytes(Body::from(bytes), "application/octet-stream").send().await?;
        let etag = answer.etag().ok_or_else(|| Error::Answer {
            call: "UploadPart",
            why: "it does not say by what the part is known".into(),
        })?;
        Ok(Part { part_num: number, etag })
    }

    /// Makes the object of its parts.
    ///
    /// # Errors
    /// When the service refuses, or no answer comes.
    pub async fn commit_upload(
        &self,
        object: &str,
        upload: &UploadId,
        parts: &[Part],
        only: Only<'_>,
    ) -> Result<Put, Error> {
        let call = self.call("CommitMultipartUpload", Method::POST, "u", Some(object)).within(TRANSFER);
        let call = call.query("uploadId", Some(&upload.0)).json(&Commit { parts_to_commit: parts });
        let call = match only {
            Only::Always => call,
            Only::Absent => call.header("if-none-match", Some("*")),
            Only::Matching(etag) => call.header("if-match", Some(etag)),
        };
        match call.send().await {
            Ok(answer) => Ok(Put::Written(answer.etag())),
            Err(error) if error.status() == Some(412) => Ok(Put::Taken),
            Err(error) => Err(error),
        }
    }

    /// Gives an upload up, and its parts with it. One that is not there is given up already.
    ///
    /// # Errors
    /// When the service refuses, or no answer comes.
    pub async fn abort_upload(&self, object: &str, upload: &UploadId) -> Result<(), Error> {
        let call = self.call("AbortMultipartUpload", Method::DELETE, "u", Some(object));
        match call.query("uploadId", Some(&upload.0)).send().await {
            Ok(_) => Ok(()),
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error),
        }
    }
}
