//! A stream of messages that goes on where it broke off.

use std::collections::VecDeque;
use std::time::Duration;

use reqwest::header::HeaderName;
use reqwest::{Method, Response};

use crate::ClientError;
use crate::call::{Call, MOST, chain};
use crate::place::Place;
use crate::sse::{Message, Parser};

/// Tries without a message between them, after which a stream is given up: some five minutes, in which a server may be
/// started anew.
const TRIES: u32 = 16;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The kind of the message after which nothing comes.
const END: &str = "end";

/// Messages of one stream.
///
/// Nothing is read before it is asked for: a slow reader holds up the server and costs no memory.
pub(crate) struct Feed {
    call: Call,
    /// Where to go on: the id of the last message.
    last: Option<String>,
    /// The same, where the server is to be told in the query.
    offset: bool,
    open: Option<(Response, Parser)>,
    whole: VecDeque<Message>,
    failures: u32,
    /// Whether it was ever open: what is not there at all is told at once.
    was_open: bool,
}

impl Feed {
    /// What comes after the message `last`.
    pub(crate) fn new(place: Place, last: Option<u64>) -> Self {
        let call = place.call(Method::GET).accept("text/event-stream");
        let last = last.map(|last| last.to_string());
        Self { call, last, offset: false, open: None, whole: VecDeque::new(), failures: 0, was_open: false }
    }

    /// The same for a stream whose ids are offsets of a log.
    pub(crate) fn by_offset(place: Place, offset: u64) -> Self {
        Self { offset: true, ..Self::new(place, Some(offset)) }
    }

    /// The next message; nothing after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Message>, ClientError> {
        loop {
            if let Some(message) = self.whole.pop_front() {
                if message.event == END {
                    return Ok(None);
                }
                self.failures = 0;
                // One without an id is behind one that has.
                if message.id.is_some() {
                    self.last.clone_from(&message.id);
                }
                return Ok(Some(message));
            }
            let Some((response, parser)) = &mut self.open else {
                self.connect().await?;
                continue;
            };
            match response.chunk().await {
                Ok(Some(piece)) => {
                    let fed = parser.feed(&piece, &mut self.whole);
                    fed.map_err(|_| self.call.protocol("a message of it is longer than any may be"))?;
                }
                // Without the last message it was cut off, however politely.
                Ok(None) => self.cut("it ends its answer again and again".into()).await?,
                Err(error) => self.cut(chain(&error.without_url())).await?,
            }
        }
    }

    /// What went wrong with a message.
    pub(crate) fn protocol(&self, why: &str) -> ClientError {
        self.call.protocol(why)
    }

    async fn connect(&mut self) -> Result<(), ClientError> {
        let mut call = self.call.clone();
        if let Some(last) = &self.last {
            call = call.header(LAST_EVENT_ID, last)?;
            if self.offset {
                call = call.query("offset", last).query("follow", "true");
            }
        }
        let response = if self.was_open {
            match call.begin().await {
                Ok(response) => response,
                Err(failed) if failed.again || failed.error.status().is_none() => {
                    return self.again(failed.error, failed.asked).await;
                }
                Err(failed) => return Err(failed.error),
            }
        } else {
            call.response().await?
        };
        self.was_open = true;
        self.open = Some((response, Parser::new(MOST)));
        Ok(())
    }

    async fn cut(&mut self, why: String) -> Result<(), ClientError> {
        self.again(self.call.unreachable(why), None).await
    }

    /// Waits for the next try, unless there were too many.
    async fn again(&mut self, error: ClientError, asked: Option<Duration>) -> Result<(), ClientError> {
        self.open = None;
        self.failures += 1;
        let waits = self.call.waits();
        if self.failures >= TRIES || !waits.pause(waits.patience.wait(self.failures, asked)).await {
            return Err(error);
        }
        Ok(())
    }
}
