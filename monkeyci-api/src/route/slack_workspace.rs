use axum::extract::State as Shared;
use http::StatusCode;
use monkeyci_core::model::OrgId;
use monkeyci_rest::{Page, Role, SlackWorkspace, SlackWorkspaceBody};
use serde::Deserialize;

use super::{Routes, integration};
use crate::extract::{At, Body, OrgNamePath, OrgPath, Paging, Query};
use crate::identity::Who;
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::slack;
use crate::state::{State, now};
use crate::table::slack_workspace;

/// Channels of one.
const CHANNELS: usize = 2000;

/// Bytes of a name.
const NAME: usize = 200;

/// Workspaces of an organisation.
const MOST: u64 = 1000;

/// A workspace of Slack.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct WorkspacePath {
    /// The organisation.
    org: OrgId,
    /// Its id.
    workspace: String,
}

pub(super) fn routes(routes: Routes) -> Routes {
    let (all, one) = ("/v1/orgs/{org}/slack-workspaces", "/v1/orgs/{org}/slack-workspaces/{workspace}");
    let list = Operation::get(all, "Workspaces of Slack that integrations are in, with the channels they can tell");
    let show = Operation::get(one, "A workspace of Slack");
    let put = Operation::put(one, "An integration says of a workspace what it saw");
    routes
        .add(list.answers::<Page<SlackWorkspace>>(StatusCode::OK), list_workspaces)
        .add(show.answers::<SlackWorkspace>(StatusCode::OK), show_workspace)
        .add(put.keeps::<SlackWorkspace>(), put_workspace)
        .add(Operation::delete(one, "An integration is in a workspace no more"), delete_workspace)
}

/// The integration that asks, which is told for itself only.
///
/// # Errors
/// When somebody else asks.
async fn asking(state: &State, who: &Who, org: &OrgId) -> Answer<String> {
    let known = who.must(org, Role::Viewer)?;
    let own = known.name.split_once('/').map(|(_, name)| name.to_owned());
    let none = || Refusal::new(StatusCode::FORBIDDEN, "only an integration says what it sees of Slack");
    let name = own.ok_or_else(none)?;
    integration::must_be_itself(state, who, &OrgNamePath { org: org.clone(), name: name.clone() }).await?;
    Ok(name)
}

async fn list_workspaces(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgPath>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<SlackWorkspace>>> {
    who.must(&path.org, Role::Maintainer)?;
    let (cursor, limit) = (paging.cursor.clone(), paging.limit() + 1);
    let found = state.tables.read(move |sql| slack_workspace::list(sql, &path.org, cursor.as_deref(), limit)).await?;
    Ok(Json(paging.page(found, |found| found.id.clone())))
}

async fn show_workspace(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<WorkspacePath>,
) -> Answer<Json<SlackWorkspace>> {
    who.must(&path.org, Role::Maintainer)?;
    let found = state.tables.read(move |sql| slack_workspace::find(sql, &path.org, &path.workspace)).await?;
    found.map(Json).ok_or_else(missing)
}

async fn put_workspace(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<WorkspacePath>,
    body: Body<SlackWorkspaceBody>,
) -> Answer<(StatusCode, Json<SlackWorkspace>)> {
    let integration = asking(&state, &who, &path.org).await?;
    let mut body = body.read()?;
    check(&path.workspace, &body)?;
    // In whatever order Slack told of them.
    body.channels.sort();
    let put = state.tables.write(move |sql| {
        let WorkspacePath { org, workspace: id } = &path;
        let is_there = slack_workspace::find(sql, org, id)?.is_some();
        if !is_there && slack_workspace::list(sql, org, None, MOST)?.len() as u64 == MOST {
            return Ok(Err(Refusal::conflict(format!("an organisation has at most {MOST} workspaces of Slack"))));
        }
        let is_new = slack_workspace::put(sql, org, id, &integration, &body, now())?;
        let found = slack_workspace::find(sql, org, id)?;
        Ok(found.map(|found| (is_new, found)).ok_or_else(missing))
    });
    let (is_new, found) = put.await??;
    Ok((if is_new { StatusCode::CREATED } else { StatusCode::OK }, Json(found)))
}

/// What is wrong with what is said of a workspace.
fn check(id: &str, body: &SlackWorkspaceBody) -> Answer<()> {
    if !slack::is_id(id, "TE") {
        return Err(Refusal::bad("the path: a workspace has an id, as `T0123ABCD`"));
    }
    let is_name = |name: &str| !name.is_empty() && name.len() <= NAME && !name.chars().any(char::is_control);
    if !is_name(&body.name) {
        return Err(Refusal::field("/name", format!("1 to {NAME} bytes, and none that is not shown")));
    }
    if !slack::is_id(&body.bot, "UW") {
        return Err(Refusal::field("/bot", "a user of Slack has an id, as `U0123ABCD`"));
    }
    if body.channels.len() > CHANNELS {
        return Err(Refusal::field("/channels", format!("at most {CHANNELS} channels")));
    }
    let wrong = body.channels.iter().position(|channel| !slack::is_id(&channel.id, "CG") || !is_name(&channel.name));
    wrong.map_or(Ok(()), |index| {
        Err(Refusal::field(&format!("/channels/{index}"), "a channel has a name and an id, as `C0123ABCD`"))
    })
}

async fn delete_workspace(Shared(state): Shared<State>, who: Who, At(path): At<WorkspacePath>) -> Answer<StatusCode> {
    asking(&state, &who, &path.org).await?;
    let removed = state.tables.write(move |sql| slack_workspace::remove(sql, &path.org, &path.workspace)).await?;
    removed.then_some(StatusCode::NO_CONTENT).ok_or_else(missing)
}

fn missing() -> Refusal {
    Refusal::not_found("workspace of Slack")
}
