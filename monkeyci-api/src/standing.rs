//! Answers that last, and end when whoever asked may see them no more: a token that is revoked, a person who is disabled, a
//! membership that is over. Others are asked anew with each request.

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State as Shared};
use axum::middleware::Next;
use axum::response::Response;
use futures::StreamExt as _;
use http::{Method, StatusCode};
use monkeyci_core::model::OrgId;
use monkeyci_rest::Role;

use crate::extract::RepoPath;
use crate::identity::Who;
use crate::problem::Answer;
use crate::state::State;

/// Routes that change who may see what, with all beneath them.
const RIGHTS: [&str; 8] = [
    "/v1/session",
    "/v1/me/",
    "/v1/tokens",
    "/v1/people/",
    "/v1/orgs/{org}/members/",
    "/v1/orgs/{org}/role-bindings/",
    "/v1/orgs/{org}/service-accounts/",
    "/v1/orgs/{org}/chat-identities/",
];

/// Routes that do so, without what is beneath them.
const PLACES: [&str; 2] = ["/v1/orgs/{org}", "/v1/orgs/{org}/repos/{repo}"];

/// What somebody sees.
pub enum Seen {
    /// What happens in an organisation.
    Org(OrgId),
    /// What happens in a repository.
    Repo(RepoPath),
}

/// The same answer, for as long as they may see it.
pub fn while_seen(state: &State, who: &Who, seen: Seen, response: Response) -> Response {
    let gone = Box::pin(gone(state.clone(), who.clone(), seen));
    response.map(|body| Body::from_stream(body.into_data_stream().take_until(gone)))
}

async fn gone(state: State, who: Who, seen: Seen) {
    let mut rights = state.rights.subscribe();
    // They may have changed since they were looked at.
    rights.mark_changed();
    while rights.changed().await.is_ok() {
        match may_see(&state, &who, &seen).await {
            Err(refusal) if refusal.status() != StatusCode::SERVICE_UNAVAILABLE => return,
            _ => {}
        }
    }
}

async fn may_see(state: &State, who: &Who, seen: &Seen) -> Answer<()> {
    let who = who.again(state).await?;
    match seen {
        Seen::Org(org) => who.must(org, Role::Viewer).map(drop),
        Seen::Repo(path) => who.may_see(state, path).await.map(drop),
    }
}

/// Has lasting answers look again after a request that may have changed who may see them.
pub async fn look_again(Shared(state): Shared<State>, request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let route = request.extensions().get::<MatchedPath>().filter(|_| changes).cloned();
    let response = next.run(request).await;
    let is_about_rights = |route: MatchedPath| {
        let route = route.as_str();
        PLACES.contains(&route) || RIGHTS.iter().any(|rights| route.starts_with(rights))
    };
    if route.is_some_and(is_about_rights) && response.status().is_success() {
        state.rights.send_replace(());
    }
    response
}
