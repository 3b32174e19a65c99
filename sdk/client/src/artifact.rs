//! What jobs have saved.

use reqwest::header::{CONTENT_RANGE, RANGE};
use reqwest::{Method, StatusCode};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::ClientError;
use crate::call::{Call, chain};
use crate::place::Place;

/// The archive of an artifact or cache: tar, packed with zstd.
#[derive(Debug, Clone)]
#[must_use = "nothing is asked before it is downloaded"]
pub struct ArtifactRef {
    call: Call,
}

impl ArtifactRef {
    pub(crate) fn new(place: Place) -> Self {
        Self::of(place.call(Method::GET))
    }

    /// What a call is answered with.
    pub(crate) fn of(call: Call) -> Self {
        Self { call }
    }

    /// Writes it to `to`, and says how many bytes it has. A download that breaks off goes on where it did.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when there is none; [`ClientError::Write`] when it cannot be written.
    pub async fn download(&self, to: &mut (impl AsyncWrite + Unpin)) -> Result<u64, ClientError> {
        let mut written = 0;
        let mut failures = 0;
        let waits = self.call.waits();
        loop {
            let before = written;
            match self.piece(to, &mut written).await? {
                None => break,
                Some(error) => {
                    failures = if written > before { 1 } else { failures + 1 };
                    let is_last = failures > waits.patience.retries;
                    if is_last || !waits.pause(waits.patience.wait(failures, None)).await {
                        return Err(error);
                    }
                }
            }
        }
        to.flush().await.map_err(|error| ClientError::Write(error.to_string()))?;
        Ok(written)
    }

    /// Goes on until its end, or until it breaks off: then with the reason.
    async fn piece(
        &self,
        to: &mut (impl AsyncWrite + Unpin),
        written: &mut u64,
    ) -> Result<Option<ClientError>, ClientError> {
        let mut call = self.call.clone();
        if *written > 0 {
            call = call.header(RANGE, &format!("bytes={written}-"))?;
        }
        let mut response = call.response().await?;
        // A server that knows nothing of ranges begins anew: what is there already is passed over.
        let mut known = *written;
        if response.status() == StatusCode::PARTIAL_CONTENT {
            let range = response.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok()).unwrap_or_default();
            if !range.starts_with(&format!("bytes {written}-")) {
                return Err(call.protocol("it is another part of an artifact than was asked for"));
            }
            known = 0;
        }
        loop {
            let piece = match response.chunk().await {
                Ok(Some(piece)) => piece,
                Ok(None) if known == 0 => return Ok(None),
                Ok(None) => return Err(call.protocol("an artifact has become shorter")),
                Err(error) => return Ok(Some(call.unreachable(chain(&error.without_url())))),
            };
            let skipped = usize::try_from(known).unwrap_or(usize::MAX).min(piece.len());
            known -= skipped as u64;
            to.write_all(&piece[skipped..]).await.map_err(|error| ClientError::Write(error.to_string()))?;
            *written += (piece.len() - skipped) as u64;
        }
    }
}
