//! Forges are told how builds of their commits stand.
//!
//! - `follow`: what happens in builds becomes rows of what is to be told, one for each build.
//! - `status`: what is told of a build; `place`: where; `request`: in each forge's words, one file for each forge.
//! - `sender`: sends it; `pace`: when again; `tell`: until the forge knows it, or it is given up.
//!
//! A commit has one status, which follows its newest build. Of what a build came through only the newest is told, and
//! one repository sends one request at a time, so that nothing overtakes.
//!
//! Who runs builds without a server tells forges by the same words: all but `follow` and `tell`, which are over tables.

mod bitbucket;
mod bitbucket_server;
mod follow;
mod gitea;
mod github;
mod gitlab;
mod pace;
mod place;
mod request;
mod sender;
mod status;
mod tell;

use std::sync::Arc;
use std::time::Duration;

use monkeyci_core::model::{Millis, OrgId, RepoId};
use monkeyci_core::store::StoreError;
use tokio_util::sync::CancellationToken;

use crate::state::{State, now};
use crate::table::report;
use crate::telling::Telling;
use follow::Follower;
pub use pace::wait;
pub use place::{Place, Wrong};
pub use request::{Request, request};
pub use sender::{Outcome, Sender};
pub use status::{Status, commit, told};

/// Repositories whose forges are told at once.
const MOST: usize = 16;

/// How long nobody looks at the clock, at the most: it may be set.
const LOOK: Millis = 30_000;

/// Tells forges until it is stopped. What is then under way is told again by the next.
pub async fn run(state: State, stop: CancellationToken) {
    let sender = match Sender::new(state.launcher.sources().private) {
        Ok(sender) => Arc::new(sender),
        Err(error) => return tracing::error!(%error, "no forge can be told of builds"),
    };
    let mut newest = state.newest.clone();
    let (mut follower, mut telling) = (None, Telling::new(MOST));
    loop {
        let mended = state.mended.notified();
        newest.borrow_and_update();
        let wait = match round(&state, &sender, &mut follower, &mut telling, &stop).await {
            Ok(wait) => wait,
            Err(error) => {
                tracing::warn!(%error, "what forges are to be told cannot be looked at");
                LOOK
            }
        };
        tokio::select! {
            () = stop.cancelled() => break,
            () = mended => {}
            changed = newest.changed() => if changed.is_err() { break },
            () = telling.ended() => {}
            () = tokio::time::sleep(Duration::from_millis(wait.unsigned_abs())) => {}
        }
    }
    // They hold the database, which the next server wants, and end when they are told to stop.
    telling.end().await;
}

/// Notes what is to be told, and begins to tell what is due. Returns for how many milliseconds nothing else is.
async fn round(
    state: &State,
    sender: &Arc<Sender>,
    follower: &mut Option<Follower>,
    telling: &mut Telling<(OrgId, RepoId)>,
    stop: &CancellationToken,
) -> Result<Millis, StoreError> {
    let follower = match follower {
        Some(follower) => follower,
        None => follower.insert(Follower::begin(state).await?),
    };
    follower.follow(state).await?;
    let now = now();
    let (due, next) = state.tables.read(move |sql| Ok((report::due(sql, now)?, report::next(sql, now)?))).await?;
    for (org, repo) in due {
        let receiver = (org.clone(), repo.clone());
        if telling.may_begin(&receiver) {
            let (state, sender, stop) = (state.clone(), Arc::clone(sender), stop.clone());
            telling.begin(receiver, async move { tell::all(&state, &sender, &org, &repo, &stop).await });
        }
    }
    Ok(next.map_or(LOOK, |next| next - now).clamp(50, LOOK))
}
