//! The whole app, as a program runs it.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::app::App;
use crate::directory;
use crate::heir;
use crate::lead::{BEAT, Candidate};
use crate::receive::{http, socket};
use crate::slack::Secret;
use crate::tell::{Deliverer, Follower, Outbox, digest};
use crate::unfurl;

/// So long is waited after the stream of events broke off.
const AGAIN: Duration = Duration::from_secs(2);

/// So long is waited until another replica knows that this one ends.
const FAREWELL: Duration = Duration::from_secs(5);

/// How Slack and the app meet.
pub struct Meeting {
    /// Where Slack comes to, and the secret that it signs with.
    pub listener: Option<(TcpListener, Secret)>,
    /// The app's own token, by which it listens to Slack.
    pub socket: Option<Secret>,
}

/// Runs the app until `stop` is over.
///
/// # Errors
/// When nothing can be listened to.
pub async fn serve(
    app: Arc<App>,
    outbox: Outbox,
    meeting: Meeting,
    stop: impl Future<Output = ()>,
) -> std::io::Result<()> {
    let (quit, quitting) = watch::channel(false);
    let teller = tokio::spawn(tell(Arc::clone(&app), outbox, quitting));
    let listening = meeting.socket.map(|token| {
        let slack = app.house.slack.clone();
        tokio::spawn(socket::listen(Arc::clone(&app), slack, token))
    });
    let heir = tokio::spawn(heir::watch(Arc::clone(&app)));
    let (end, over) = tokio::sync::oneshot::channel::<()>();
    let served = async {
        match meeting.listener {
            Some((listener, secret)) => {
                let router = http::router(Arc::clone(&app), secret);
                axum::serve(listener, router).with_graceful_shutdown(async { drop(over.await) }).await
            }
            None => std::future::pending().await,
        }
    };
    let result = tokio::select! {
        result = served => result,
        () = stop => {
            drop(end);
            Ok(())
        }
    };
    // Nothing more is heard, or taken; what was heard is done.
    listening.inspect(JoinHandle::abort);
    heir.abort();
    // Another replica is told that it may go on at once.
    quit.send_replace(true);
    let (told, done) =
        tokio::join!(tokio::time::timeout(FAREWELL, teller), tokio::time::timeout(FAREWELL, app.inbox.empty()));
    if told.is_err() {
        tracing::warn!("another replica has to wait until it tells of builds");
    }
    if done.is_err() {
        tracing::warn!("another replica does what was asked and is not done");
    }
    result
}

/// Tells of builds while this replica leads.
async fn tell(app: Arc<App>, mut outbox: Outbox, mut quitting: watch::Receiver<bool>) {
    let mut candidate = Candidate::new(app.house.shelf.clone());
    loop {
        match candidate.leads().await {
            Ok(true) => {
                tracing::info!("this replica tells of builds");
                if let Err(error) = unfurl::go_on(&app.house).await {
                    tracing::warn!(%error, "links that were shown are not drawn anew");
                }
                // Whoever leads no more stops in the middle: what was noted, the next one finds.
                tokio::select! {
                    () = follow(&app) => {}
                    () = outbox.run(Arc::new(Deliverer::new(app.house.clone()))) => {}
                    () = digest::tell(&app.house) => {}
                    () = directory::tell(&app.house) => {}
                    () = beat(&mut candidate) => tracing::warn!("another replica tells of builds now"),
                    _ = quitting.wait_for(|quit| *quit) => {}
                }
            }
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "the server cannot be asked who tells of builds"),
        }
        let is_over = tokio::time::timeout(BEAT / 2, quitting.wait_for(|quit| *quit)).await.is_ok();
        if is_over {
            return candidate.resign().await;
        }
    }
}

/// Says that this one leads, until it does not.
async fn beat(candidate: &mut Candidate) {
    let mut misses = 0;
    loop {
        tokio::time::sleep(BEAT).await;
        match candidate.leads().await {
            Ok(true) => misses = 0,
            Ok(false) => return,
            Err(_) if misses < 1 => misses += 1,
            Err(_) => return,
        }
    }
}

/// Follows what happens in builds, and goes on where that breaks off.
async fn follow(app: &App) {
    let mut follower = Follower::new(app.house.clone());
    loop {
        if let Err(error) = follower.follow().await {
            tracing::warn!(%error, "events are not told just now");
        }
        tokio::time::sleep(AGAIN).await;
    }
}
