//! Builds by the clock.
//!
//! What a schedule does at one moment is one build with one key, so that a process that ends half way neither builds twice
//! nor not at all. Of the moments that nobody was there for only the last is built.

use std::time::Duration;

use monkeyci_core::model::trigger::{Git, Source};
use monkeyci_core::model::{Millis, OrgId, RepoId, Text, Trigger};
use monkeyci_core::trigger;
use monkeyci_rest::Schedule;
use tokio_util::sync::CancellationToken;

use crate::given;
use crate::problem::Answer;
use crate::state::{State, now};
use crate::table::{repo, schedule};

/// How long nobody looks at the clock, at the most: it may be set.
const LOOK: Millis = 30_000;

/// Fires schedules until it is stopped.
pub async fn run(state: State, stop: CancellationToken) {
    loop {
        let told = state.scheduled.notified();
        if let Err(refusal) = fire(&state).await {
            tracing::warn!(%refusal, "schedules cannot be looked at");
        }
        let next = state.tables.read(schedule::next).await.ok().flatten();
        let wait = next.map_or(LOOK, |next| next - now()).clamp(100, LOOK);
        tokio::select! {
            () = stop.cancelled() => return,
            () = told => {}
            () = tokio::time::sleep(Duration::from_millis(wait.unsigned_abs())) => {}
        }
    }
}

async fn fire(state: &State) -> Answer<()> {
    let due = state.tables.read(|sql| schedule::due(sql, now())).await?;
    for (org, repo, schedule) in due {
        let name = schedule.name.clone();
        if let Err(refusal) = fire_one(state, org, repo, schedule).await {
            // It keeps no other from firing, and is tried again.
            tracing::warn!(schedule = name, %refusal, "a schedule cannot fire");
        }
    }
    Ok(())
}

async fn fire_one(state: &State, org: OrgId, id: RepoId, schedule: Schedule) -> Answer<()> {
    let Some(at) = schedule.next else { return Ok(()) };
    let (of, wanted) = ((org.clone(), id.clone()), id.clone());
    let found = state.tables.read(move |sql| Ok((repo::find(sql, &of.0, &wanted)?, given::of(sql, &of.0, &wanted)?)));
    let (found, given) = found.await?;
    // It goes with its repository.
    let Some(found) = found else { return Ok(()) };
    let name = schedule.name.clone();
    let reference = schedule.body.branch.as_ref().map(|branch| format!("refs/heads/{branch}"));
    let trigger = Trigger {
        source: Source::Schedule,
        actor: Some(name.clone()),
        git: Some(Git { reference, ..Git::default() }),
        params: schedule.body.params.into_iter().map(|(name, value)| (name, Text::from(value))).collect(),
        ..Trigger::default()
    };
    match state.launcher.request(&found, trigger, given) {
        Ok(request) => {
            let key = format!("schedule/{org}/{id}/{name}/{at}");
            let build = state.engine.build(request.key(key)).await?;
            tracing::info!(build = %build.id(), schedule = name, "a schedule fired");
        }
        // It would be the same the next time: it waits for the next moment.
        Err(why) => tracing::warn!(schedule = name, repo = %id, why, "a schedule can build nothing"),
    }
    // What was written was checked; a database of a newer version may know more.
    let next = trigger::Schedule::new(&schedule.body.cron, &schedule.body.timezone);
    let next = next.ok().and_then(|due| due.next_after(now().max(at)));
    state.tables.write(move |sql| schedule::fired(sql, &org, &id, &name, at, next)).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use monkeyci_rest::ScheduleBody;

    use super::*;
    use crate::table::{build, org};
    use crate::{Config, Server};

    #[tokio::test]
    async fn a_moment_fires_once_and_of_those_that_were_missed_only_the_last() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut config = Config { state: dir.path().join("state"), ..Config::default() };
        config.listen.set_port(0);
        config.sources.file = true;
        config.sources.private = true;
        let server = Server::open(&config).await.expect("opens");
        let state = server.state();
        let (org, id): (OrgId, RepoId) = ("acme".parse().expect("an id"), "web".parse().expect("an id"));
        let body: ScheduleBody = serde_json::from_str(r#"{"cron": "0 0 29 2 *"}"#).expect("a schedule");
        let repo: monkeyci_rest::RepoBody = serde_json::from_str(r#"{"url": "file:///nowhere"}"#).expect("a repo");
        let missed = now() - 7 * 24 * 60 * 60 * 1000;
        let (of, with) = ((org.clone(), id.clone()), body.clone());
        let put = state.tables.write(move |sql| {
            org::add(sql, &of.0, "Acme", 0)?;
            repo::put(sql, &of.0, &of.1, &repo, 0)?;
            schedule::put(sql, &of.0, &of.1, "often", &with, Some(missed))
        });
        put.await.expect("writes");
        let due = state.tables.read(|sql| schedule::due(sql, now())).await.expect("reads");
        let Some((.., schedule)) = due.into_iter().next() else { panic!("it is due") };
        // As a process does that ended before it noted that it had fired.
        fire_one(state, org.clone(), id.clone(), schedule.clone()).await.expect("fires");
        fire_one(state, org.clone(), id.clone(), schedule).await.expect("fires");
        fire(state).await.expect("looks");
        let of = org.clone();
        let builds =
            state.tables.read(move |sql| build::list(sql, &of, &Default::default(), None, 9)).await.expect("reads");
        assert_eq!(builds.len(), 1);
        let found = state.tables.read(move |sql| schedule::find(sql, &org, &id, "often")).await.expect("reads");
        let found = found.expect("it is there");
        assert_eq!(found.last, Some(missed));
        assert!(found.next.is_some_and(|next| next > now()), "{found:?}");
        server.close().await;
    }
}
