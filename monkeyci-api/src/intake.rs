//! Deliveries become builds.
//!
//! A delivery is safe before anybody looks at it. It is looked at once more when the process ends in between: that the
//! same builds are meant follows from their keys, so that none is begun twice.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use monkeyci_core::model::{BuildId, Millis};
use monkeyci_core::store::{Sql, StoreError};
use monkeyci_core::trigger::{self, Change, Forge, Heard, Kind};
use monkeyci_core::values;
use monkeyci_rest::{DeliveryState, Repo};
use tokio_util::sync::CancellationToken;

use crate::given;
use crate::problem::Refusal;
use crate::state::State;
use crate::table::delivery::DeliveryRow;
use crate::table::{build, delivery, hook, repo, script_approval, seen};

/// Deliveries that are looked at before others are asked for.
const BATCH: u64 = 64;

/// How long it is waited before deliveries are asked for that nobody told of.
const IDLE: Duration = Duration::from_secs(5);

/// Milliseconds within which what means the same is the same.
const SAME: Millis = 10 * 60 * 1000;

/// What became of a delivery.
struct Settled {
    state: DeliveryState,
    message: Option<String>,
    builds: Vec<BuildId>,
}

/// Looks at deliveries until it is stopped.
pub async fn run(state: State, stop: CancellationToken) {
    loop {
        let told = state.delivered.notified();
        let open = state.tables.read(|sql| delivery::open(sql, BATCH)).await;
        match open {
            Ok(open) if !open.is_empty() => {
                for row in open {
                    if stop.is_cancelled() {
                        return;
                    }
                    settle(&state, row).await;
                }
                continue;
            }
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "deliveries cannot be looked at"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = told => {}
            () = tokio::time::sleep(IDLE) => {}
        }
    }
}

async fn settle(state: &State, row: DeliveryRow) {
    let id = row.id.clone();
    let settled = match look(state, row).await {
        Ok(settled) => settled,
        Err(refusal) if refusal.status().is_server_error() => {
            // It is asked for again.
            tracing::warn!(delivery = id, "a delivery could not be looked at");
            return tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Err(refusal) => {
            Settled { state: DeliveryState::Failed, message: Some(refusal.to_string()), builds: Vec::new() }
        }
    };
    let Settled { state: became, message, builds } = settled;
    let noted = state.tables.write(move |sql| delivery::settle(sql, &id, became, message.as_deref(), &builds));
    match noted.await {
        Ok(()) => state.metrics.delivery(became),
        Err(error) => tracing::error!(%error, "what became of a delivery cannot be noted"),
    }
}

async fn look(state: &State, row: DeliveryRow) -> Result<Settled, Refusal> {
    let key = row.hook.clone();
    let found = state.tables.read(move |sql| {
        let Some(hook) = hook::by_key(sql, &key)? else { return Ok(None) };
        Ok(repo::find(sql, &hook.org, &hook.repo)?.map(|repo| (hook, repo)))
    });
    let ignored = |why: String| Settled { state: DeliveryState::Ignored, message: Some(why), builds: Vec::new() };
    let Some((hook, repo)) = found.await? else { return Ok(ignored("its repository is gone".into())) };
    let forge: Forge = hook.forge.parse().map_err(|error| Refusal::bad(format!("{error}")))?;
    let heard = trigger::read(forge, &headers(&row), &row.body).map_err(|error| Refusal::bad(error.to_string()))?;
    let changes = match heard {
        Heard::Ping => return Ok(ignored("the forge tried the webhook out: it works".into())),
        Heard::Nothing(why) => return Ok(ignored(why)),
        Heard::Changes(changes) => changes,
    };
    let (mut builds, mut notes) = (Vec::new(), Vec::new());
    for change in &changes {
        match take(state, &repo, &row, change).await? {
            Taken::Built(build) => builds.push(build),
            Taken::Nothing(why) => notes.push(why),
        }
    }
    let message = (!notes.is_empty()).then(|| notes.join("; "));
    let became = if builds.is_empty() { DeliveryState::Ignored } else { DeliveryState::Built };
    Ok(Settled { state: became, message, builds })
}

/// What became of a change.
enum Taken {
    Built(BuildId),
    Nothing(String),
}

async fn take(state: &State, repo: &Repo, row: &DeliveryRow, change: &Change) -> Result<Taken, Refusal> {
    if let Some(marker) = change.skip() {
        return Ok(Taken::Nothing(format!("the commit asks for no build: `{marker}`")));
    }
    let Some(mut trigger) = change.trigger() else {
        let ended = change.ended().unwrap_or_default();
        let stopped = stop_builds(state, repo, &ended, u64::MAX, "what it was of is gone").await?;
        return Ok(Taken::Nothing(format!("`{ended}` is gone; builds stopped: {stopped}")));
    };
    // What the repository is cloned from is said here, and by nobody who pushes; no forge is believed that names another
    // place. But the commits of a fork are nowhere else where a forge keeps no ref for them.
    if let Some(git) = &mut trigger.git
        && !(trigger.fork && change.forge == Forge::Bitbucket)
    {
        git.url = Some(repo.body.url.clone());
    }
    let reference = trigger.git.as_ref().and_then(|git| git.reference.clone()).unwrap_or_default();
    let (meaning, id, received) = (change.meaning(), row.id.clone(), row.received);
    let (org, repo_id) = (repo.org.clone(), repo.id.clone());
    let pushed = match &change.kind {
        Kind::Push { branch, after, .. } => Some((format!("refs/heads/{branch}"), after.clone())),
        _ => None,
    };
    let prepared = state.tables.write(move |sql| {
        let key = key_of(sql, &format!("{org}/{repo_id}/{meaning}"), &id, received)?;
        if let Some((reference, commit)) = pushed {
            // Who polls need not find it once more.
            seen::put(sql, &org, &repo_id, &reference, &commit)?;
        }
        script_approval::decide(sql, &org, &repo_id, &mut trigger)?;
        Ok((key, given::of(sql, &org, &repo_id)?, trigger))
    });
    let (key, given, trigger) = prepared.await?;
    let request = state.launcher.request(repo, trigger, given).map_err(Refusal::bad)?;
    let build = state.engine.build(request.key(format!("delivery/{key}"))).await?.id().clone();
    if repo.body.cancel_superseded && !matches!(change.kind, Kind::Tag { .. }) {
        let reason = format!("build {} is newer", build.number);
        stop_builds(state, repo, &reference, build.number, &reason).await?;
    }
    Ok(Taken::Built(build))
}

/// The key of what is meant: that of a delivery before, if one meant the same a short while ago.
///
/// # Errors
/// When it cannot be written.
pub fn key_of(sql: &mut dyn Sql, meaning: &str, delivery: &str, received: Millis) -> Result<String, StoreError> {
    sql.execute("DELETE FROM meant WHERE time < $1", values![received - 2 * SAME])?;
    // Of one size, however long a ref may be.
    let meaning = &crate::random::hash(meaning);
    let select = "SELECT key FROM meant WHERE meaning = $1 AND time >= $2 ORDER BY time LIMIT 1";
    if let Some(row) = sql.query(select, values![meaning, received - SAME])?.first() {
        return row.text(0).map(str::to_owned);
    }
    let key = format!("{delivery}/{meaning}");
    let insert = "INSERT INTO meant (meaning, key, time) VALUES ($1, $2, $3)";
    sql.execute(insert, values![meaning, &key, received])?;
    Ok(key)
}

/// Stops the builds of a ref before a number that have not ended; returns how many those were.
async fn stop_builds(state: &State, repo: &Repo, reference: &str, before: u64, reason: &str) -> Result<usize, Refusal> {
    let (org, id, of) = (repo.org.clone(), repo.id.clone(), reference.to_owned());
    let open = state.tables.read(move |sql| build::open_before(sql, &org, &id, &of, before)).await?;
    let mut stopped = 0;
    for number in open {
        let build = BuildId::new(repo.org.clone(), repo.id.clone(), number);
        // One that has just ended needs no stopping.
        if state.engine.handle(&build).await?.cancel_as(None, reason).await.is_ok() {
            stopped += 1;
        }
    }
    Ok(stopped)
}

fn headers(row: &DeliveryRow) -> HeaderMap {
    let pairs = row.headers.iter();
    pairs
        .filter_map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            Some((name, HeaderValue::from_str(value).ok()?))
        })
        .collect()
}
