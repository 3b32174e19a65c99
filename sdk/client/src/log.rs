//! What an attempt of a job wrote.

use std::pin::Pin;
use std::task::{Context, Poll};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt};
use reqwest::Method;
use reqwest::header::RANGE;

use crate::ClientError;
use crate::feed::Feed;
use crate::place::Place;

/// Bytes that are read at once, at most.
pub const PIECE: u64 = 1024 * 1024;

/// A log.
#[derive(Debug, Clone)]
#[must_use = "nothing is asked before bytes are awaited"]
pub struct LogRef {
    place: Place,
}

/// The bytes of a log as they are written, each once and in order. Where the connection is lost they go on as soon as
/// there is one again. They end with the attempt. An error is the last thing that comes.
#[must_use = "nothing is asked before bytes are awaited"]
pub struct LogBytes {
    bytes: BoxStream<'static, Result<Bytes, ClientError>>,
}

impl Stream for LogBytes {
    type Item = Result<Bytes, ClientError>;
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.bytes.poll_next_unpin(cx)
    }
}

impl LogRef {
    pub(crate) fn new(place: Place) -> Self {
        Self { place }
    }

    /// What stands there now from byte `offset` on, at most `most` bytes; nothing at its end.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when there is no such log.
    pub async fn read(&self, offset: u64, most: u64) -> Result<Bytes, ClientError> {
        if most == 0 {
            return Ok(Bytes::new());
        }
        let last = offset.saturating_add(most - 1);
        let call = self.place.call(Method::GET).header(RANGE, &format!("bytes={offset}-{last}"))?;
        match call.whole().await {
            Err(error) if error.status() == Some(416) => Ok(Bytes::new()),
            Err(error) => Err(error),
            Ok(bytes) if bytes.len() as u64 > most => {
                Err(self.place.call(Method::GET).protocol("it is more of a log than was asked for"))
            }
            Ok(bytes) => Ok(bytes),
        }
    }

    /// What stands there now from byte `offset` on, piece by piece.
    pub fn bytes(&self, offset: u64) -> LogBytes {
        let log = self.clone();
        let bytes = stream::try_unfold((log, offset), |(log, offset)| async move {
            let piece = log.read(offset, PIECE).await?;
            let next = offset + piece.len() as u64;
            Ok((!piece.is_empty()).then_some((piece, (log, next))))
        });
        LogBytes { bytes: bytes.boxed() }
    }

    /// What stands there from byte `offset` on, and what is written until the attempt ends.
    pub fn follow(&self, offset: u64) -> LogBytes {
        let feed = Feed::by_offset(self.place.clone(), offset);
        let bytes = stream::try_unfold((feed, offset), |(mut feed, offset)| async move {
            while let Some(message) = feed.next().await? {
                let piece = STANDARD.decode(message.data).map_err(|error| feed.protocol(&error.to_string()))?;
                let end = message.id.and_then(|id| id.parse::<u64>().ok());
                let begin = end.and_then(|end| end.checked_sub(piece.len() as u64));
                let (Some(begin), Some(end)) = (begin, end) else {
                    return Err(feed.protocol("a piece of a log does not say where it belongs"));
                };
                if begin > offset {
                    return Err(feed.protocol(&format!("bytes {offset} to {begin} of a log are missing")));
                }
                if end > offset {
                    // The beginning may have come before.
                    let known = usize::try_from(offset - begin).expect("less than the piece");
                    return Ok(Some((Bytes::from(piece).slice(known..), (feed, end))));
                }
            }
            Ok(None)
        });
        LogBytes { bytes: bytes.boxed() }
    }
}
