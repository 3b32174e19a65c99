//! Subscribers are told of what happens in builds.
//!
//! - `matching`: which subscriptions want to hear of something, and why; `follow`: what happens becomes rows of what is
//!   to be told.
//! - `sign` and `sender`: how it is sent to a webhook.
//! - `addressee`: who gets a mail; `wording`: what that says, with an `excerpt` of what went wrong.
//!
//! Each row is sent until its receiver has it, or it is given up after a day. One subscription sends one request at a
//! time, beside the others, so that a slow receiver holds up nobody else.

mod addressee;
mod excerpt;
pub mod follow;
pub mod matching;
mod sender;
pub mod sign;
pub mod trial;
mod wording;

use std::sync::Arc;
use std::time::Duration;

use monkeyci_core::model::Millis;
use monkeyci_core::store::{Sql, StoreError};
use monkeyci_rest::{NoticeState, Recipient};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use crate::mail::{self, Envelope, Letter};
use crate::random;
use crate::state::{State, now};
use crate::table::correspondent;
use crate::table::notice::{self, Due, PATIENCE};
use crate::table::subscription::{self, SubscriptionRow, place};
use crate::telling::Telling;
use follow::Follower;
use sender::{Outcome, Sender};

/// Subscriptions that are told at once.
const MOST: usize = 64;

/// How long nobody looks at the clock, at the most: it may be set.
const LOOK: Millis = 30_000;

/// The wait after the first failure; each further one doubles it.
const FIRST: Duration = Duration::from_secs(1);

/// No wait is longer, unless the receiver asks for that.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// Tells subscribers until it is stopped. What is then under way is sent again by the next.
pub async fn run(state: State, stop: CancellationToken) {
    let sender = match Sender::new(state.launcher.sources()) {
        Ok(sender) => Arc::new(sender),
        Err(error) => return tracing::error!(%error, "no webhook can be told of builds"),
    };
    let mut newest = state.newest.clone();
    let (mut follower, mut telling) = (None, Telling::new(MOST));
    loop {
        let wanted = state.noticed.notified();
        newest.borrow_and_update();
        let wait = match round(&state, &sender, &mut follower, &mut telling, &stop).await {
            Ok(wait) => wait,
            Err(error) => {
                tracing::warn!(%error, "what subscribers are to be told cannot be looked at");
                LOOK
            }
        };
        tokio::select! {
            () = stop.cancelled() => break,
            () = wanted => {}
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
    telling: &mut Telling<String>,
    stop: &CancellationToken,
) -> Result<Millis, StoreError> {
    let follower = match follower {
        Some(follower) => follower,
        None => follower.insert(Follower::begin(state).await?),
    };
    follower.follow(state).await?;
    let now = now();
    let (due, next) = state.tables.read(move |sql| Ok((notice::due(sql, now)?, notice::next(sql, now)?))).await?;
    for subscription in due {
        if telling.may_begin(&subscription) {
            let (state, sender, stop, of) = (state.clone(), Arc::clone(sender), stop.clone(), subscription.clone());
            telling.begin(subscription, async move { all(&state, &sender, &of, &stop).await });
        }
    }
    Ok(next.map_or(LOOK, |next| next - now).clamp(50, LOOK))
}

/// Tells a subscriber all that is due, one after the other, until it is stopped.
async fn all(state: &State, sender: &Sender, subscription: &str, stop: &CancellationToken) {
    loop {
        match one(state, sender, subscription.to_owned(), stop).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                tracing::warn!(%error, "what a subscriber is to be told cannot be read or noted");
                let _stopped = stop.run_until_cancelled(tokio::time::sleep(Duration::from_secs(1))).await;
                return;
            }
        }
    }
}

/// Tells what is due first; tells whether there was something. What is under way when it is stopped is due still.
async fn one(state: &State, sender: &Sender, of: String, stop: &CancellationToken) -> Result<bool, StoreError> {
    let shared = state.clone();
    let found = state.tables.read(move |sql| {
        let Some(due) = notice::due_of(sql, &of, now())? else { return Ok(None) };
        let Some(row) = subscription::by_id(sql, &of)? else { return Ok(None) };
        let way = way(&shared, sql, &row, &due)?;
        Ok(Some((due, row, way)))
    });
    let Some((Due { id, body, created, since, tries }, row, way)) = found.await? else { return Ok(false) };
    let sent = async {
        match &way {
            Way::Webhook { url, secrets } => sender.send(url, &id, &body, secrets, now() / 1000).await,
            Way::Mail { letter, code } => {
                let unsubscribe = format!("{}/v1/unsubscribe/{code}", state.url);
                let envelope = Envelope { id: &id, written: created, unsubscribe: &unsubscribe };
                match &state.mailer {
                    None => Outcome::Later { why: "the server has no mail server; see `[mail]`".into(), after: None },
                    Some(mailer) => mailer.send(letter, &envelope).await.into(),
                }
            }
            Way::None(why) => Outcome::Refused(why.clone()),
        }
    };
    let outcome = tokio::select! {
        outcome = sent => outcome,
        () = stop.cancelled() => return Ok(false),
    };
    let now = now();
    let (notice_state, next, note) = match outcome {
        Outcome::Taken => (NoticeState::Delivered, None, None),
        Outcome::Later { why, after } if now - since < PATIENCE => {
            let wait = Millis::try_from(wait(tries, after).as_millis()).unwrap_or(PATIENCE);
            (NoticeState::Queued, Some(now + wait), Some(why))
        }
        Outcome::Later { why, .. } => (NoticeState::Failed, None, Some(format!("given up after a day: {why}"))),
        Outcome::Refused(why) => (NoticeState::Failed, None, Some(why)),
    };
    if notice_state == NoticeState::Failed {
        tracing::warn!(org = %row.org, subscription = row.name, notice = id, why = note, "a subscriber is not told");
    }
    state.tables.write(move |sql| notice::settle(sql, &id, since, notice_state, next, note.as_deref())).await?;
    Ok(true)
}

/// How a notice is sent.
enum Way {
    /// To this address, signed with these, the newest first.
    Webhook { url: String, secrets: Vec<Zeroizing<String>> },
    /// By mail, which whoever gets it ends by a link with this code.
    Mail { letter: Box<Letter>, code: String },
    /// Not at all, for this reason.
    None(String),
}

fn way(state: &State, sql: &mut dyn Sql, row: &SubscriptionRow, due: &Due) -> Result<Way, StoreError> {
    match &row.body.to {
        Recipient::Webhook { url } => Ok(Way::Webhook { url: url.clone(), secrets: secrets(state, sql, row) }),
        Recipient::Chat { .. } | Recipient::Slack { .. } => Ok(Way::None("it is a place in a chat now".into())),
        Recipient::Mail { to, .. } => {
            let Ok(letter) = serde_json::from_str::<Box<Letter>>(&due.body) else {
                return Ok(Way::None("it goes by mail now, and was no mail".into()));
            };
            let is_named = to.iter().any(|named| mail::address(named).is_ok_and(|named| named == letter.to));
            // What was allowed when it was set up may not be any more.
            if is_named && state.mailer.as_ref().is_some_and(|mailer| !mailer.may_name(&letter.to)) {
                return Ok(Way::None("its domain is none that the server lets subscriptions name".into()));
            }
            Ok(match correspondent::find(sql, &row.id, &letter.to)? {
                Some(found) if !found.ended => Way::Mail { letter, code: found.code },
                _ => Way::None("whoever has this address wants no more of this subscription".into()),
            })
        }
    }
}

/// The secrets that a webhook is signed with, the newest first.
fn secrets(state: &State, sql: &mut dyn Sql, row: &SubscriptionRow) -> Vec<Zeroizing<String>> {
    let sealed: Vec<&[u8]> = row.secret.as_deref().into_iter().chain(row.former(now())).collect();
    let mut opened = Vec::new();
    for sealed in sealed {
        match state.vault.open(sql, &row.org, &place(&row.id), sealed) {
            Ok(secret) => opened.push(Zeroizing::new(String::from_utf8_lossy(&secret).into_owned())),
            Err(error) => tracing::error!(%error, "the secret of a subscription does not open"),
        }
    }
    opened
}

/// How long to wait after so many failures before: between half of the doubling wait and all of it, so that what failed
/// together does not come back together. What the receiver asked for is waited for at least.
fn wait(failures: u64, asked: Option<Duration>) -> Duration {
    let doublings = u32::try_from(failures.min(16)).unwrap_or(16);
    let half = FIRST.saturating_mul(1 << doublings).min(LONGEST) / 2;
    let share = f64::from(random::bytes::<1>()[0]) / f64::from(u8::MAX);
    (half + half.mul_f64(share)).max(asked.unwrap_or_default())
}
