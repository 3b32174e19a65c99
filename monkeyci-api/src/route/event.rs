use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use monkeyci_core::model::Event;
use monkeyci_rest::{Page, Role};

use super::Routes;
use crate::extract::{At, BuildPath, OrgPath, Paging, Query};
use crate::identity::Who;
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::Answer;
use crate::sse;
use crate::standing::{Seen, while_seen};
use crate::state::State;

pub(super) fn routes(routes: Routes) -> Routes {
    let of_build = "/v1/orgs/{org}/repos/{repo}/builds/{number}/events";
    routes
        .add(
            Operation::get(of_build, "What happened in a build: a list, or a stream of server-sent events")
                .answers::<Page<Event>>(StatusCode::OK),
            list_of_build,
        )
        .add(
            Operation::get("/v1/orgs/{org}/events", "What happens in all its builds: server-sent events")
                .sends("text/event-stream"),
            follow_org,
        )
}

async fn list_of_build(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<BuildPath>,
    Query(paging): Query<Paging>,
    headers: HeaderMap,
) -> Answer<Response> {
    who.may_see(&state, &path.repo()).await?;
    let handle = state.engine.handle(&path.id()).await?;
    if sse::is_wanted(&headers) {
        let stream = sse::build(handle, seen(&headers, &paging)?.unwrap_or_default());
        return Ok(while_seen(&state, &who, Seen::Repo(path.repo()), stream));
    }
    let (after, limit) = (paging.number()?.unwrap_or_default(), usize::try_from(paging.limit()).unwrap_or(usize::MAX));
    let found = state.store.events(&path.id(), after, limit + 1).await?;
    let events: Vec<Event> = found.iter().map(|event| (**event).clone()).collect();
    Ok(Json(paging.page(events, |event| event.seq.to_string())).into_response())
}

async fn follow_org(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgPath>,
    Query(paging): Query<Paging>,
    headers: HeaderMap,
) -> Answer<Response> {
    who.must(&path.org, Role::Viewer)?;
    let newest = *state.newest.borrow();
    let seen = seen(&headers, &paging)?.unwrap_or(newest);
    let stream = sse::org(state.clone(), path.org.clone(), seen);
    Ok(while_seen(&state, &who, Seen::Org(path.org), stream))
}

/// The event after which a stream begins: the one that a client saw last, else where it wants to begin.
fn seen(headers: &HeaderMap, paging: &Paging) -> Answer<Option<u64>> {
    Ok(sse::last_id(headers)?.or(paging.number()?))
}
