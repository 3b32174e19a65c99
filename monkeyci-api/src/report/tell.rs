//! Tells a forge what is due, until it knows it or it is given up.

use std::time::Duration;

use monkeyci_core::model::{Millis, OrgId, RepoId};
use monkeyci_core::store::{Sql, StoreError};
use monkeyci_core::trigger::Forge;
use monkeyci_rest::Build;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use super::pace::wait;
use super::place::Place;
use super::request::{Request, request};
use super::sender::{Outcome, Sender};
use super::status::Status;
use crate::params;
use crate::secrets;
use crate::state::{State, now};
use crate::table::report::{self, PATIENCE, ReportRow};
use crate::table::{build, param, repo};
use crate::vault::Vault;

/// Something to tell.
struct Telling {
    row: ReportRow,
    what: Result<Told, String>,
}

/// What is told, or why it cannot be.
struct Told {
    forge: Forge,
    request: Request,
    token: Zeroizing<String>,
}

/// Tells a repository's forge all that is due, one after the other, until it is stopped.
pub async fn all(state: &State, sender: &Sender, org: &OrgId, repo: &RepoId, stop: &CancellationToken) {
    loop {
        match one(state, sender, org.clone(), repo.clone(), stop).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                tracing::warn!(%error, "what a forge is to be told cannot be read or noted");
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(Duration::from_secs(1)) => {}
                }
                return;
            }
        }
    }
}

/// Tells what is due first; tells whether there was something. What is under way when it is stopped is due still.
async fn one(
    state: &State,
    sender: &Sender,
    org: OrgId,
    repo: RepoId,
    stop: &CancellationToken,
) -> Result<bool, StoreError> {
    let shared = state.clone();
    let Some(Telling { row, what }) = state.tables.read(move |sql| due(&shared, sql, &org, &repo)).await? else {
        return Ok(false);
    };
    let build = row.build.clone();
    let outcome = match what {
        Ok(told) => tokio::select! {
            outcome = sender.send(told.forge, &told.request, &told.token) => outcome,
            () = stop.cancelled() => return Ok(false),
        },
        Err(why) => Outcome::Refused(why),
    };
    let (stood, now) = (row.wanted, now());
    let note = match outcome {
        Outcome::Told => {
            state.tables.write(move |sql| report::told(sql, &build, stood, now)).await?;
            return Ok(true);
        }
        Outcome::Later { why, after } if now - row.since < PATIENCE => {
            let wait = wait(row.tries, after);
            tracing::info!(build = %row.build, why, ?wait, "a forge could not be told of a build, and is told later");
            let next = now + Millis::try_from(wait.as_millis()).unwrap_or(PATIENCE);
            state.tables.write(move |sql| report::later(sql, &build, next, &why)).await?;
            return Ok(true);
        }
        Outcome::Later { why, .. } => format!("given up after a day: {why}"),
        Outcome::Refused(why) => why,
    };
    tracing::warn!(build = %row.build, status = stood.as_str(), why = note, "a forge is not told of a build");
    state.tables.write(move |sql| report::give_up(sql, &build, stood, &note, now)).await?;
    Ok(true)
}

fn due(state: &State, sql: &mut dyn Sql, org: &OrgId, repo: &RepoId) -> Result<Option<Telling>, StoreError> {
    let Some(row) = report::due_of(sql, org, repo, now())? else { return Ok(None) };
    let what = told(state, sql, &row)?;
    Ok(Some(Telling { row, what }))
}

fn told(state: &State, sql: &mut dyn Sql, row: &ReportRow) -> Result<Result<Told, String>, StoreError> {
    let (org, id) = (&row.build.org, &row.build.repo);
    let report = repo::find(sql, org, id)?.and_then(|repo| repo.body.report);
    let Some(report) = report else { return Ok(Err("its repository says no more which forge is told".into())) };
    let place = match Place::of(&report, state.launcher.sources()) {
        Ok(place) => place,
        Err(wrong) => return Ok(Err(format!("`report.{}` of the repository: {}", wrong.field, wrong.why))),
    };
    let token = match token(&state.vault, sql, org, id, &report.token)? {
        Ok(token) => token,
        Err(why) => return Ok(Err(why)),
    };
    let build = build::find(sql, org, id, row.build.number)?;
    // As the row has it: what the build has come to since is noted, and told after this.
    let page = format!("{}/o/{org}/r/{id}/b/{}", state.url, row.build.number);
    let status = build.and_then(|build| Status::of(&Build { status: row.wanted, ..build }, Some(page)));
    let Some(status) = status else { return Ok(Err("the build or its commit is gone".into())) };
    let request = request(place.forge, &place.api, &report.project, &status);
    Ok(Ok(Told { forge: place.forge, request, token }))
}

/// The forge's token: the secret param of that name that builds of the repository get.
fn token(
    vault: &Vault,
    sql: &mut dyn Sql,
    org: &OrgId,
    repo: &RepoId,
    name: &str,
) -> Result<Result<Zeroizing<String>, String>, StoreError> {
    for owner in params::owners(sql, org, repo)? {
        let Some(row) = param::find(sql, &owner, name)? else { continue };
        if !row.param.secret {
            return Ok(Err(format!("param `{name}` holds the forge's token and is not secret: make it so")));
        }
        return secrets::value(vault, sql, &owner, row);
    }
    Ok(Err(format!("there is no param `{name}`, which is to hold the forge's token: add it as a secret one")))
}
