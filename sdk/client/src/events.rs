//! Events, as they happen.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt};
use monkeyci_model::Event;

use crate::ClientError;
use crate::feed::Feed;
use crate::place::Place;

/// Events as they happen, each once and in order. Where the connection is lost they go on as soon as there is one again.
///
/// Those of a build end with it. An error is the last thing that comes.
#[must_use = "nothing is asked before an event is awaited"]
pub struct Events {
    events: BoxStream<'static, Result<Event, ClientError>>,
}

impl Stream for Events {
    type Item = Result<Event, ClientError>;
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.events.poll_next_unpin(cx)
    }
}

/// Events of one build, after that of number `after`.
pub(crate) fn by_seq(place: Place, after: u64) -> Events {
    // Without one that was seen, all of them come.
    follow(Feed::new(place, (after > 0).then_some(after)), after, |event| event.seq)
}

/// Events of many builds, after that at position `after`; without one, those that are still to come.
pub(crate) fn by_position(place: Place, after: Option<u64>) -> Events {
    follow(Feed::new(place, after), after.unwrap_or(0), |event| event.position)
}

fn follow(feed: Feed, after: u64, number: fn(&Event) -> u64) -> Events {
    let events = stream::try_unfold((feed, after), move |(mut feed, after)| async move {
        while let Some(message) = feed.next().await? {
            let event: Event = match serde_json::from_slice(message.data.as_bytes()) {
                Ok(event) => event,
                // A newer server tells more; what is known of a build stays true without it.
                Err(error) if error.to_string().starts_with("unknown variant") => continue,
                Err(error) => return Err(feed.protocol(&error.to_string())),
            };
            let number = number(&event);
            // Derived events have no number, and come only while they happen.
            if number > after || number == 0 {
                return Ok(Some((event, (feed, after.max(number)))));
            }
        }
        Ok(None)
    });
    Events { events: events.boxed() }
}
