//! Publishes what happens in builds to whoever listens elsewhere.
//!
//! At least once, and in order: how far a build was published stands in the store, and a mark stands there until its end was.
//! A controller that dies leaves both, and the next one publishes the rest.

use std::sync::Arc;
use std::time::Duration;

use monkeyci_core::model::{BuildId, Event};
use monkeyci_core::store::Store as _;
use monkeyci_core::store::object::Bucket;
use monkeyci_core::transport::feed::fitting;
use monkeyci_core::transport::{Message, Transport};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::error::{CliError, chain};
use crate::stored::{Stored, ours};

/// How often it is looked for news.
const RHYTHM: Duration = Duration::from_secs(1);

/// Events that are published at once.
const PAGE: usize = 100;

/// Bytes that the id of a message may add to it.
const ID: usize = 300;

/// How often the last of them are tried to be published.
const LAST: u32 = 5;

/// Where builds are marked whose events may not all be published.
const MARKS: &str = "unpublished";

/// Where events go.
#[derive(Clone)]
pub struct Publisher {
    stored: Stored,
    transport: Arc<dyn Transport>,
}

/// A build that is published while it runs.
pub struct Publishing {
    publisher: Publisher,
    build: BuildId,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Publisher {
    /// Publishes what is in a store.
    pub fn new(stored: Stored, transport: Arc<dyn Transport>) -> Self {
        Self { stored, transport }
    }

    /// Begins to publish a build. It is marked before anything of it can be missed.
    pub async fn begin(&self, build: &BuildId) -> Result<Publishing, CliError> {
        self.bucket().put_json(&mark(build), build).await.map_err(ours)?;
        let (stop, publisher, id) = (CancellationToken::new(), self.clone(), build.clone());
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            while stopped.run_until_cancelled(tokio::time::sleep(RHYTHM)).await.is_some() {
                if let Err(error) = publisher.publish(&id).await {
                    tracing::warn!(build = %id, %error, "events are published later");
                }
            }
        });
        Ok(Publishing { publisher: self.clone(), build: build.clone(), stop, task })
    }

    /// Publishes what others left.
    pub async fn rest(&self) -> Result<(), CliError> {
        for key in self.bucket().list(MARKS).await.map_err(ours)? {
            if let Some(build) = self.bucket().get_json::<BuildId>(&key).await.map_err(ours)? {
                self.finish(&build).await?;
            }
        }
        Ok(())
    }

    /// Publishes what is new, and takes the mark away of a build that has ended.
    async fn finish(&self, build: &BuildId) -> Result<(), CliError> {
        // Asked first: an end that comes after that is the next one's to publish.
        let row = self.stored.objects.build(build).await.map_err(ours)?;
        self.publish(build).await?;
        if row.is_some_and(|row| row.status.is_terminal()) {
            self.bucket().delete(&mark(build)).await.map_err(ours)?;
        }
        Ok(())
    }

    async fn publish(&self, build: &BuildId) -> Result<(), CliError> {
        let key = Bucket::beneath(build, "published");
        let source = self.stored.place.to_string();
        let mut seen: u64 = self.bucket().get_json(&key).await.map_err(ours)?.unwrap_or(0);
        loop {
            let events = self.stored.objects.events(build, seen, PAGE).await.map_err(ours)?;
            let Some(last) = events.last() else { return Ok(()) };
            let longest = self.transport.longest().saturating_sub(ID);
            // Positions count the events of a build: an event is known by that and them.
            let message = |event: &Arc<Event>| Message {
                id: format!("{build}/{}", event.seq),
                ..fitting(event, &source, longest)
            };
            let messages: Vec<_> = events.iter().map(message).collect();
            self.transport.publish(&messages).await.map_err(|error| CliError::ours(chain(&error)))?;
            seen = last.seq;
            self.bucket().put_json(&key, &seen).await.map_err(ours)?;
        }
    }

    fn bucket(&self) -> &Bucket {
        self.stored.objects.bucket()
    }
}

impl Publishing {
    /// Publishes the rest. What cannot be is left to the next controller.
    pub async fn end(self) {
        let Self { publisher, build, stop, task } = self;
        stop.cancel();
        let _ended = task.await;
        for _ in 0..LAST {
            match publisher.finish(&build).await {
                Ok(()) => return,
                Err(error) => tracing::warn!(%build, %error, "the last events cannot be published"),
            }
            tokio::time::sleep(RHYTHM).await;
        }
    }
}

fn mark(build: &BuildId) -> String {
    format!("{MARKS}/{}", Bucket::beneath(build, "events"))
}
