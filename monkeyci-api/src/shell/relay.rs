//! Passing frames on between a WebSocket and a shell.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use futures::{SinkExt as _, StreamExt as _};
use monkeyci_core::model::shell::{Frame, Word};
use monkeyci_core::visit::Line;
use tokio::time::{Instant, MissedTickBehavior};

/// How often the other side is asked whether it is still there, which also keeps proxies from cutting what is idle.
const PING: Duration = Duration::from_secs(20);

/// How long it may say nothing at all. Who takes nothing in answers nothing either.
const SILENCE: Duration = Duration::from_secs(120);

/// How long the last word may take to go out.
const LAST_WORD: Duration = Duration::from_secs(2);

/// Who is at the other side of the WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// A person, at their end of the line.
    Person,
    /// A worker, with the shell.
    Worker,
}

/// When something passed.
#[derive(Debug)]
pub struct Passed {
    begun: Instant,
    /// Milliseconds from then.
    last: AtomicU64,
}

/// Nothing yet.
impl Default for Passed {
    fn default() -> Self {
        Self { begun: Instant::now(), last: AtomicU64::new(0) }
    }
}

impl Passed {
    /// How long ago something passed.
    pub fn idle(&self) -> Duration {
        self.begun.elapsed().saturating_sub(Duration::from_millis(self.last.load(Relaxed)))
    }

    fn note(&self) {
        self.last.store(u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX), Relaxed);
    }
}

/// Passes frames on until the shell is closed, a side is gone or `until` says why it ends. Returns the last word.
pub async fn relay(
    mut socket: WebSocket,
    line: Line,
    side: Side,
    passed: &Passed,
    until: impl Future<Output = String>,
) -> Word {
    let Line { to, mut from } = line;
    let heard = Passed::default();
    // What waits for a shell that does not read is no silence.
    let waits = AtomicBool::new(false);
    let (why, is_told) = {
        let (mut sink, mut stream) = (&mut socket).split();
        let comes = async {
            while let Some(message) = stream.next().await {
                heard.note();
                match message {
                    Ok(Message::Binary(bytes)) => match Frame::decode(&bytes) {
                        Ok(frame) if side.may_say(&frame) => {
                            passed.note();
                            waits.store(true, Relaxed);
                            let gone = to.send(frame).await.is_err();
                            waits.store(false, Relaxed);
                            if gone {
                                // How it ended comes the other way.
                                return std::future::pending().await;
                            }
                        }
                        Ok(_) => return "what was sent is not for this side to say".to_owned(),
                        Err(error) => return error.to_string(),
                    },
                    Ok(Message::Text(_)) => return "frames of shells are binary".into(),
                    Ok(Message::Close(_)) | Err(_) => break,
                    Ok(Message::Ping(_) | Message::Pong(_)) => {}
                }
            }
            side.left().to_owned()
        };
        let goes = async {
            let mut ping = tokio::time::interval(PING);
            ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                let message = tokio::select! {
                    biased;
                    frame = from.recv() => match frame {
                        Some(frame) => {
                            passed.note();
                            let message = Message::Binary(frame.encode().into());
                            if let Frame::Word(word @ Word::Closed { .. }) = frame {
                                let _gone = tokio::time::timeout(LAST_WORD, sink.send(message)).await;
                                return Ok(word);
                            }
                            message
                        }
                        None => return Err(side.cut().to_owned()),
                    },
                    _ = ping.tick() => Message::Ping(bytes::Bytes::new()),
                };
                if sink.send(message).await.is_err() {
                    return Err(side.left().to_owned());
                }
            }
        };
        let silent = async {
            loop {
                tokio::time::sleep(Duration::from_secs(5)).await;
                if !waits.load(Relaxed) && heard.idle() > SILENCE {
                    return side.left().to_owned();
                }
            }
        };
        tokio::select! {
            biased;
            gone = goes => match gone {
                Ok(word) => (word, true),
                Err(why) => (closed(why), false),
            },
            why = comes => (closed(why), false),
            why = until => (closed(why), false),
            why = silent => (closed(why), false),
        }
    };
    let farewell = async {
        if !is_told {
            socket.send(Message::Binary(Frame::Word(why.clone()).encode().into())).await?;
        }
        socket.send(Message::Close(Some(CloseFrame { code: close_code::NORMAL, reason: "".into() }))).await
    };
    let _gone = tokio::time::timeout(LAST_WORD, farewell).await;
    why
}

/// A shell that did not end by itself.
pub fn closed(why: impl Into<String>) -> Word {
    Word::Closed { exit: None, why: Some(why.into()) }
}

impl Side {
    /// Whether it is at this side that such things are said.
    fn may_say(self, frame: &Frame) -> bool {
        let is_persons = matches!(frame, Frame::Input(_) | Frame::Word(Word::Size(_) | Word::EndOfInput {}));
        let is_shells =
            matches!(frame, Frame::Output(_) | Frame::Errors(_) | Frame::Word(Word::Opened(_) | Word::Closed { .. }));
        match self {
            Self::Person => is_persons,
            Self::Worker => is_shells,
        }
    }

    /// It is gone.
    fn left(self) -> &'static str {
        match self {
            Self::Person => "whoever had it open is gone",
            Self::Worker => "the connection to its worker broke off",
        }
    }

    /// The other one is gone, without a word.
    fn cut(self) -> &'static str {
        match self {
            Self::Person => "its worker let go of it",
            Self::Worker => "whoever had it open is gone",
        }
    }
}
