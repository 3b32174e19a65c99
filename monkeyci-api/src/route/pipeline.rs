use axum::extract::State as Shared;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use monkeyci_core::script;
use monkeyci_rest::{FieldError, Page, Pipeline, PipelineBody, Role};
use serde_json::Value;

use super::Routes;
use crate::audit::Change;
use crate::extract::{At, Body, OrgNamePath, OrgPath, Paging, Query, check_filters, check_name};
use crate::identity::Who;
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::revision::{already, remove, tagged};
use crate::state::{State, now};
use crate::table::{org, pipeline, repo};

/// Bytes of the longest script, which goes with every build that runs it.
const DOCUMENT: usize = 256 * 1024;

pub(super) fn routes(routes: Routes) -> Routes {
    let (all, one) = ("/v1/orgs/{org}/pipelines", "/v1/orgs/{org}/pipelines/{name}");
    routes
        .add(
            Operation::get(all, "Pipelines for repositories that have no script")
                .answers::<Page<Pipeline>>(StatusCode::OK),
            list_pipelines,
        )
        .add(Operation::get(one, "A pipeline").answers::<Pipeline>(StatusCode::OK), show_pipeline)
        .add(Operation::put(one, "Make or change a pipeline").keeps::<Pipeline>(), put_pipeline)
        .add(Operation::delete(one, "Remove a pipeline"), delete_pipeline)
}

async fn list_pipelines(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgPath>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<Pipeline>>> {
    who.must(&path.org, Role::Viewer)?;
    let (cursor, limit) = (paging.cursor.clone(), paging.limit() + 1);
    let found = state.tables.read(move |sql| pipeline::list(sql, &path.org, cursor.as_deref(), limit)).await?;
    Ok(Json(paging.page(found, |found| found.name.clone())))
}

async fn show_pipeline(Shared(state): Shared<State>, who: Who, At(path): At<OrgNamePath>) -> Answer<Response> {
    who.must(&path.org, Role::Viewer)?;
    let found = state.tables.read(move |sql| pipeline::find(sql, &path.org, &path.name)).await?;
    let found = found.ok_or_else(|| Refusal::not_found("pipeline"))?;
    Ok(tagged(StatusCode::OK, found.revision, found))
}

async fn put_pipeline(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgNamePath>,
    headers: HeaderMap,
    body: Body<PipelineBody>,
) -> Answer<Response> {
    let known = who.must(&path.org, Role::Maintainer)?;
    let body = body.read()?;
    check_name(&path.name)?;
    check(&body)?;
    let change = Change::by(known, path.org.as_str(), "pipeline/put", url(&path));
    let put = state.tables.write(move |sql| {
        if org::find(sql, &path.org)?.is_none() {
            return Ok(Err(Refusal::not_found("organisation")));
        }
        if let Some(id) = &body.repo
            && repo::find(sql, &path.org, id)?.is_none()
        {
            return Ok(Err(Refusal::field("/repo", format!("there is no repository `{id}` in `{}`", path.org))));
        }
        let there = pipeline::find(sql, &path.org, &path.name)?;
        match already(&headers, there, |found| found.revision, |found| found.body == body) {
            Ok(None) => {}
            Ok(Some(found)) => return Ok(Ok((false, found))),
            Err(refusal) => return Ok(Err(refusal)),
        }
        let is_new = pipeline::put(sql, &path.org, &path.name, &body, now())?;
        change.write(sql)?;
        let found = pipeline::find(sql, &path.org, &path.name)?;
        Ok(found.map(|found| (is_new, found)).ok_or_else(|| Refusal::not_found("pipeline")))
    });
    let (is_new, found) = put.await??;
    Ok(tagged(if is_new { StatusCode::CREATED } else { StatusCode::OK }, found.revision, found))
}

/// What is wrong with a pipeline before anything is looked up.
pub(super) fn check(body: &PipelineBody) -> Answer<()> {
    check_filters(&body.label_filters)?;
    if body.repo.is_some() && !body.label_filters.is_empty() {
        return Err(Refusal::field("/labelFilters", "it is for one repository, or for those with certain labels"));
    }
    check_script(&body.script, "/script")
}

/// Everything that is wrong with a script that stands at `place` of a body.
pub(super) fn check_script(script: &Value, place: &str) -> Answer<()> {
    let document = script.to_string();
    if document.len() > DOCUMENT {
        return Err(Refusal::field(place, format!("a pipeline has at most {DOCUMENT} bytes")));
    }
    let wrong = script::check(&document).into_iter().map(|mistake| FieldError {
        pointer: format!("{place}{}", mistake.pointer),
        detail: match mistake.help {
            Some(help) => format!("{}: {help}", mistake.message),
            None => mistake.message,
        },
    });
    Refusal::fields(wrong.collect())
}

async fn delete_pipeline(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgNamePath>,
    headers: HeaderMap,
) -> Answer<StatusCode> {
    let known = who.must(&path.org, Role::Maintainer)?;
    let change = Change::by(known, path.org.as_str(), "pipeline/delete", url(&path));
    let removed = state.tables.write(move |sql| {
        let found = pipeline::find(sql, &path.org, &path.name)?.map(|found| found.revision);
        remove(&headers, found, "pipeline", || {
            pipeline::remove(sql, &path.org, &path.name)?;
            change.write(sql)
        })
    });
    removed.await?
}

fn url(path: &OrgNamePath) -> String {
    format!("/v1/orgs/{}/pipelines/{}", path.org, path.name)
}
