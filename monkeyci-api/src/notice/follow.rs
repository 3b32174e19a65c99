//! What happens in builds becomes what subscribers are told.
//!
//! How far the events were looked at moves on in the transaction that notes what follows from them, and only from where
//! it stood: each event is noted once, whatever is killed in between, and however many servers look.

use std::sync::Arc;

use monkeyci_core::model::{BuildId, BuildStatus, Event, EventKind, JobStatus, OrgId, Trigger};
use monkeyci_core::store::{Sql, StoreError};
use monkeyci_rest::notice::Told;
use monkeyci_rest::{Build, Moment, Recipient};

use super::addressee::addressees;
use super::excerpt::excerpts;
use super::matching::{Happening, foretold, judge, may_deploy, moments};
use super::wording::letter;
use crate::state::{State, now};
use crate::table::followed::{self, Reader};
use crate::table::notice::{self, News};
use crate::table::subscription::{self, SubscriptionRow};
use crate::table::{build, correspondent, deployment, repo};

/// Events that are read at once.
const PAGE: usize = 256;

/// Events of which nothing is told that may be looked at again after a restart: to note them costs more.
const AGAIN: u64 = 1000;

/// Subscriptions of the most that one organisation has.
pub const MOST: u64 = 500;

/// How far the events were looked at.
pub struct Follower {
    seen: u64,
    kept: u64,
}

impl Follower {
    /// One that goes on where the one before it ended.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn begin(state: &State) -> Result<Self, StoreError> {
        let kept = state.tables.read(|sql| followed::position(sql, Reader::Notice)).await?;
        Ok(Self { seen: kept, kept })
    }

    /// Looks at all that happened since it last did.
    ///
    /// # Errors
    /// When it cannot be read or noted; the same is then looked at the next time.
    pub async fn follow(&mut self, state: &State) -> Result<(), StoreError> {
        loop {
            let events = state.store.feed(self.seen, PAGE).await?;
            let Some(last) = events.last().map(|event| event.position) else { return Ok(()) };
            let shared = state.clone();
            let news = state.tables.read(move |sql| news(sql, &events, &shared)).await?;
            if !news.is_empty() || last - self.kept >= AGAIN {
                let from = self.kept;
                let noted = state.tables.write(move |sql| {
                    if !followed::move_on(sql, Reader::Notice, from, last)? {
                        return Ok(false);
                    }
                    for one in &news {
                        // It may have been removed since.
                        if subscription::by_id(sql, &one.subscription)?.is_some() {
                            note(sql, one)?;
                        }
                    }
                    Ok(true)
                });
                if !noted.await? {
                    *self = Self::begin(state).await?;
                    continue;
                }
                self.kept = last;
            }
            self.seen = last;
        }
    }
}

/// Notes that somebody is to be told something, unless it was noted of that event. Returns the id of the notice.
///
/// # Errors
/// When it cannot be written.
pub fn note(sql: &mut dyn Sql, news: &News) -> Result<String, StoreError> {
    if !news.address.is_empty() {
        correspondent::add(sql, &news.subscription, &news.address)?;
    }
    notice::add(sql, news, now())
}

fn news(sql: &mut dyn Sql, events: &[Arc<Event>], state: &State) -> Result<Vec<News>, StoreError> {
    let mut all = Vec::new();
    for event in events {
        // Most events are nothing to anybody, whatever was before them.
        if moments(&event.kind, None).is_empty() && deployed(sql, event)?.is_none() {
            continue;
        }
        let subscriptions: Vec<SubscriptionRow> = told_here(sql, &event.subject.org)?;
        if subscriptions.is_empty() {
            continue;
        }
        let Some((build, happening)) = happening(sql, event)? else { continue };
        for row in subscriptions {
            // Nobody is told of what was before they asked.
            if row.created > event.time {
                continue;
            }
            let Ok((on, _)) = judge(&row.body, &happening) else { continue };
            let told = Told {
                on,
                subscription: row.name.clone(),
                time: event.time,
                url: format!("{}/o/{}/r/{}/b/{}", state.url, build.org, build.repo, build.number),
                build: without_params(&build),
                jobs: happening.jobs.clone(),
                test: false,
            };
            let position = i64::try_from(event.position).unwrap_or(i64::MAX);
            all.extend(of(sql, state, &row, &happening.trigger, position, &told)?);
        }
    }
    Ok(all)
}

/// What a subscription is to be told: a mail for each address, or one request.
///
/// # Errors
/// When it cannot be read.
pub fn of(
    sql: &mut dyn Sql,
    state: &State,
    row: &SubscriptionRow,
    trigger: &Trigger,
    event: i64,
    told: &Told,
) -> Result<Vec<News>, StoreError> {
    let Build { org, repo, number, .. } = &told.build;
    let news = |address: String, body: String| {
        let build = format!("{org}/{repo}#{number}");
        News { subscription: row.id.clone(), event, address, on: told.on, build, body }
    };
    if !matches!(row.body.to, Recipient::Mail { .. }) {
        return Ok(vec![news(String::new(), serde_json::to_string(told).expect("a notice is JSON"))]);
    }
    let to = addressees(sql, &state.providers, org, (&row.id, &row.name), &row.body.to, trigger)?;
    if to.is_empty() {
        return Ok(Vec::new());
    }
    let is_bad = matches!(told.on, Moment::Failed | Moment::StillFailing) && !told.test;
    let id = BuildId::new(org.clone(), repo.clone(), *number);
    let excerpts = if is_bad { excerpts(sql, &state.logs, &id, &told.jobs)? } else { Vec::new() };
    let written = to.into_iter().map(|(address, because)| {
        let letter = letter(told, &excerpts, &address, &because);
        news(address, serde_json::to_string(&letter).expect("a letter is JSON"))
    });
    Ok(written.collect())
}

/// The subscriptions of an organisation that are told from here; chats look after themselves.
fn told_here(sql: &mut dyn Sql, org: &OrgId) -> Result<Vec<SubscriptionRow>, StoreError> {
    let mut rows = subscription::list(sql, org, None, MOST)?;
    rows.retain(|row| !row.body.to.is_elsewhere());
    Ok(rows)
}

fn without_params(build: &Build) -> Build {
    let trigger = Trigger { params: Default::default(), changes: None, ..(*build.trigger).clone() };
    Build { trigger: Box::new(trigger), ..build.clone() }
}

/// The environment that an event says something was deployed to.
fn deployed(sql: &mut dyn Sql, event: &Event) -> Result<Option<String>, StoreError> {
    match event.kind.job_id() {
        Some(job) if may_deploy(&event.kind) => deployment::environment(sql, &event.subject, job),
        _ => Ok(None),
    }
}

/// What an event of a build is to subscribers; nothing when the build or its repository is gone.
///
/// # Errors
/// When it cannot be read.
pub fn happening(sql: &mut dyn Sql, event: &Event) -> Result<Option<(Build, Happening)>, StoreError> {
    let id = &event.subject;
    let Some(repo) = repo::find(sql, &id.org, &id.repo)? else { return Ok(None) };
    let Some(mut build) = build::find(sql, &id.org, &id.repo, id.number)? else { return Ok(None) };
    let before = build::before(sql, &build)?.map(|before| before.status);
    let jobs = match &event.kind {
        EventKind::ScriptStart { jobs, .. } => jobs.iter().map(|job| job.id.to_string()).collect(),
        EventKind::JobBlocked { job_id } | EventKind::JobEnd { job_id, .. } => vec![job_id.to_string()],
        EventKind::BuildEnd { status, message } => {
            build.status = *status;
            build.message.clone_from(message);
            let jobs = build::job_statuses(sql, &id.org, &id.repo, id.number)?;
            let is_bad = matches!(status, BuildStatus::Failure | BuildStatus::Error);
            let counts = |job: JobStatus| !is_bad || matches!(job, JobStatus::Failure | JobStatus::Error);
            jobs.into_iter().filter(|(_, job)| counts(*job)).map(|(job, _)| job).collect()
        }
        _ => Vec::new(),
    };
    let happening = Happening {
        repo: repo.id,
        labels: repo.body.labels,
        trigger: (*build.trigger).clone(),
        moments: match deployed(sql, event)? {
            Some(_) => vec![Moment::Deployed],
            None => foretold(&event.kind, before),
        },
        jobs,
    };
    Ok(Some((build, happening)))
}
