//! Parts of what is long: `Range` (RFC 9110 §14), of bytes and one part at a time.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures::Stream;
use futures::future::BoxFuture;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use monkeyci_core::log::{Follow, LogError};

use crate::problem::{Answer, Refusal};

/// A part of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Its first byte.
    pub first: u64,
    /// The byte after its last.
    pub end: u64,
    partial: bool,
}

impl Part {
    /// How many bytes it has.
    pub fn length(self) -> u64 {
        self.end - self.first
    }

    /// The status of its answer.
    pub fn status(self) -> StatusCode {
        if self.partial { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK }
    }

    /// The headers that say which part of `whole` bytes it is.
    pub fn headers(self, whole: u64) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let number = |text: String| HeaderValue::from_str(&text).expect("digits");
        headers.insert(header::CONTENT_LENGTH, number(self.length().to_string()));
        if self.partial {
            let last = self.end.saturating_sub(1);
            headers.insert(header::CONTENT_RANGE, number(format!("bytes {}-{last}/{whole}", self.first)));
        }
        headers
    }
}

/// The part of `whole` bytes that a request asks for; from `offset` on where it has no `Range`. What is no range of one
/// part of bytes is passed over, as the standard wants it.
///
/// # Errors
/// When it begins behind the end.
pub fn of(headers: &HeaderMap, offset: u64, whole: u64) -> Answer<Part> {
    let all = Part { first: offset.min(whole), end: whole, partial: false };
    let Some(range) = headers.get(header::RANGE).and_then(|range| range.to_str().ok()) else { return Ok(all) };
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Ok(all);
    };
    let number = |text: &str| text.trim().parse::<u64>();
    let (first, end) = match (number(first), number(last)) {
        (Ok(first), Ok(last)) if first <= last => (first, last.saturating_add(1).min(whole)),
        (Ok(first), Err(_)) if last.trim().is_empty() => (first, whole),
        (Err(_), Ok(length)) if first.trim().is_empty() && length > 0 => (whole.saturating_sub(length), whole),
        _ => return Ok(all),
    };
    if first >= whole {
        let detail = format!("the range begins at byte {first}, and there are {whole}");
        return Err(Refusal::new(StatusCode::RANGE_NOT_SATISFIABLE, detail));
    }
    Ok(Part { first, end, partial: true })
}

type Next = BoxFuture<'static, (Follow, Result<Option<bytes::Bytes>, LogError>)>;

/// The bytes of a log as a stream: nothing is read before it is asked for, and nothing is kept.
pub struct Bytes {
    next: Option<Next>,
    left: u64,
}

impl Bytes {
    /// All bytes from where `follow` stands.
    pub fn new(follow: Follow) -> Self {
        Self { next: Some(step(follow)), left: u64::MAX }
    }

    /// No more than so many.
    #[must_use]
    pub fn take_bytes(self, most: u64) -> Self {
        Self { left: most, ..self }
    }
}

fn step(mut follow: Follow) -> Next {
    Box::pin(async move {
        let read = follow.next().await;
        (follow, read)
    })
}

impl Stream for Bytes {
    type Item = Result<bytes::Bytes, LogError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let Some(next) = &mut self.next else { return Poll::Ready(None) };
        let (follow, read) = std::task::ready!(next.as_mut().poll(context));
        self.next = None;
        match read {
            Ok(Some(mut bytes)) => {
                let most = usize::try_from(self.left).unwrap_or(usize::MAX);
                bytes.truncate(most);
                self.left -= bytes.len() as u64;
                self.next = Some(step(follow));
                Poll::Ready(Some(Ok(bytes)))
            }
            Ok(None) => Poll::Ready(None),
            Err(error) => Poll::Ready(Some(Err(error))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_part_of_bytes_is_answered_and_anything_else_is_the_whole() {
        let part = |range: &str| {
            let headers = HeaderMap::from_iter([(header::RANGE, range.parse().expect("a value"))]);
            of(&headers, 0, 10).map(|part| (part.first, part.end, part.status().as_u16())).map_err(|it| it.status())
        };
        assert_eq!(part("bytes=2-4"), Ok((2, 5, 206)));
        assert_eq!(part("bytes=2-"), Ok((2, 10, 206)));
        assert_eq!(part("bytes=-3"), Ok((7, 10, 206)));
        assert_eq!(part("bytes=0-999"), Ok((0, 10, 206)));
        assert_eq!(part("bytes=10-"), Err(StatusCode::RANGE_NOT_SATISFIABLE));
        for whole in ["bytes=4-2", "bytes=0-1,3-4", "lines=1-2", "bytes=", "bytes=--1", "nonsense"] {
            assert_eq!(part(whole), Ok((0, 10, 200)), "{whole}");
        }
        assert_eq!(of(&HeaderMap::new(), 3, 10).map(Part::length).map_err(|it| it.status()), Ok(7));
        assert_eq!(of(&HeaderMap::new(), 30, 10).map(Part::length).map_err(|it| it.status()), Ok(0));
    }
}
