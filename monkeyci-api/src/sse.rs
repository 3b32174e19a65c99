//! Streams of server-sent events: each has an id, and goes on after the one that a client saw last.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event as Sent, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::Stream;
use futures::stream::unfold;
use http::{HeaderMap, HeaderValue, header};
use monkeyci_core::engine::BuildHandle;
use monkeyci_core::log::Follow;
use monkeyci_core::model::{Event, OrgId};

use crate::problem::{Answer, Refusal};
use crate::state::State;
use crate::story::Story;

/// Bytes of a log in one event: large enough to be fast, small enough to be shown at once.
const PIECE: usize = 16 * 1024;

/// How often a stream says that it lives.
const LIVES: Duration = Duration::from_secs(15);

/// Events that are read at once.
const PAGE: usize = 256;

/// Whether a request asks for a stream of events.
pub fn is_wanted(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    accept.split(',').any(|kind| kind.trim().starts_with("text/event-stream"))
}

/// The id of the event that a client saw last.
///
/// # Errors
/// When it is none that was ever sent.
pub fn last_id(headers: &HeaderMap) -> Answer<Option<u64>> {
    let Some(last) = headers.get("last-event-id") else { return Ok(None) };
    let number = last.to_str().ok().and_then(|last| last.parse().ok());
    number.map(Some).ok_or_else(|| Refusal::bad("`Last-Event-ID` is none of this stream"))
}

/// The events of a build after `seen`, until it has ended. What is derived has no id: a stream that broke goes on after the
/// event before it, and tells it again.
pub fn build(handle: BuildHandle, seen: u64) -> Response {
    answer(unfold(Some(Story::after(handle, seen)), |story| async move {
        let mut story = story?;
        match story.next().await {
            Some(event) => Some((Ok(sent(&event, Some(event.seq).filter(|seq| *seq > 0))), Some(story))),
            None => Some((Ok(end()), None)),
        }
    }))
}

/// The events of all builds of an organisation after the position `seen`, for ever.
pub fn org(state: State, org: OrgId, seen: u64) -> Response {
    let begin = (state.newest.clone(), seen, Vec::new().into_iter());
    answer(unfold(begin, move |(mut newest, mut seen, mut page)| {
        let (state, org) = (state.clone(), org.clone());
        async move {
            loop {
                for event in page.by_ref() {
                    let event: std::sync::Arc<Event> = event;
                    seen = event.position;
                    if event.subject.org == org {
                        return Some((Ok(sent(&event, Some(seen))), (newest, seen, page)));
                    }
                }
                newest.wait_for(|newest| *newest > seen).await.ok()?;
                match state.store.feed(seen, PAGE).await {
                    Ok(events) => page = events.into_iter(),
                    Err(error) => {
                        tracing::error!(%error, "events cannot be told");
                        return None;
                    }
                }
            }
        }
    }))
}

/// A log from where `follow` stands, until its attempt has ended.
pub fn log(follow: Follow) -> Response {
    answer(unfold(Some((follow, Bytes::new())), |at| async move {
        let (mut follow, mut rest) = at?;
        if rest.is_empty() {
            rest = match follow.next().await {
                Ok(Some(bytes)) => bytes,
                Ok(None) => return Some((Ok(end()), None)),
                Err(error) => {
                    tracing::error!(%error, "a log cannot be told");
                    return None;
                }
            };
        }
        let piece = rest.split_to(rest.len().min(PIECE));
        let offset = follow.offset() - rest.len() as u64;
        let event = Sent::default().id(offset.to_string()).data(STANDARD.encode(&piece));
        Some((Ok(event), Some((follow, rest))))
    }))
}

fn sent(event: &Event, id: Option<u64>) -> Sent {
    let json = serde_json::to_string(event).expect("an event is JSON");
    let sent = id.map_or_else(Sent::default, |id| Sent::default().id(id.to_string()));
    sent.event(event.kind.name()).data(json)
}

/// Says that nothing follows: a client that saw it need not come back.
fn end() -> Sent {
    Sent::default().event("end").data("{}")
}

fn answer(stream: impl Stream<Item = Result<Sent, Infallible>> + Send + 'static) -> Response {
    let mut response = Sse::new(stream).keep_alive(KeepAlive::new().interval(LIVES)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies that gather answers would hold events back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
