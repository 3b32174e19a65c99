//! Sends logs to the store while a build runs.

use std::time::Duration;

use monkeyci_core::controller::log::Sender;
use monkeyci_core::model::Event;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// How often what jobs wrote is sent. Each time costs a request for each job that wrote something.
const RHYTHM: Duration = Duration::from_secs(1);

/// How often the last of it is tried to be sent.
const LAST: u32 = 5;

/// Logs on their way.
pub struct Shipping {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Shipping {
    /// Begins to send what the events tell of.
    pub fn begin(sender: Sender, events: UnboundedReceiver<Event>) -> Self {
        let stop = CancellationToken::new();
        Self { stop: stop.clone(), task: tokio::spawn(ship(sender, events, stop)) }
    }

    /// Sends the rest, once nothing is written any more.
    pub async fn end(self) {
        self.stop.cancel();
        if let Err(error) = self.task.await {
            tracing::error!(%error, "logs were not sent to their end");
        }
    }
}

async fn ship(mut sender: Sender, mut events: UnboundedReceiver<Event>, stop: CancellationToken) {
    let mut tick = tokio::time::interval(RHYTHM);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(event) = events.recv() => sender.hear(&event),
            _ = tick.tick() => {
                if let Err(error) = sender.send().await {
                    tracing::warn!(%error, "logs are sent later");
                }
            }
        }
    }
    while let Ok(event) = events.try_recv() {
        sender.hear(&event);
    }
    for _ in 0..LAST {
        match sender.send().await {
            Ok(()) => return,
            Err(error) => tracing::warn!(%error, "the last of the logs cannot be sent"),
        }
        tokio::time::sleep(RHYTHM).await;
    }
}
