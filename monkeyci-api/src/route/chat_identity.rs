use axum::extract::State as Shared;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use monkeyci_core::model::OrgId;
use monkeyci_rest::{ChatIdentity, ChatIdentityBody, Page, Role};
use serde::Deserialize;

use super::{Routes, service_account as accounts};
use crate::audit::Change;
use crate::chat;
use crate::extract::{At, Body, OrgNamePath, OrgPath, Paging, Query};
use crate::identity::Who;
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::revision::{already, remove, tagged};
use crate::state::{State, now};
use crate::table::{chat_identity, member, org, service_account};

/// A user of a chat.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct UserPath {
    /// The organisation.
    org: OrgId,
    /// Which chat.
    provider: String,
    /// What they are there.
    subject: String,
}

pub(super) fn routes(routes: Routes) -> Routes {
    let all = "/v1/orgs/{org}/chat-identities";
    let one = "/v1/orgs/{org}/chat-identities/{provider}/{subject}";
    let own = "/v1/me/chat-identities/{org}/{provider}/{subject}";
    let mine = Operation::get("/v1/me/chat-identities", "Who you are in chats");
    routes
        .add(Operation::get(all, "Who users of chats are").answers::<Page<ChatIdentity>>(StatusCode::OK), list)
        .add(Operation::get(one, "Who a user of a chat is").answers::<ChatIdentity>(StatusCode::OK), show)
        .add(Operation::put(one, "Say who a user of a chat is").keeps::<ChatIdentity>(), put)
        .add(Operation::delete(one, "Let a user of a chat be nobody"), delete)
        .add(mine.answers::<Page<ChatIdentity>>(StatusCode::OK), list_own)
        .add(Operation::delete(own, "Let nobody act as you by that user of a chat"), delete_own)
}

/// Maintainers, and the integrations that act for these.
async fn must_see(state: &State, who: &Who, org: &OrgId) -> Answer<()> {
    let known = who.must(org, Role::Viewer)?;
    if known.via.is_none() && service_account::is_one(&known.name) {
        let name = known.name.rsplit('/').next().unwrap_or_default().to_owned();
        let account = accounts::find(state, &OrgNamePath { org: org.clone(), name }).await?;
        if account.body.integration {
            return Ok(());
        }
    }
    who.must(org, Role::Maintainer).map(drop)
}

async fn list(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgPath>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<ChatIdentity>>> {
    must_see(&state, &who, &path.org).await?;
    let (cursor, limit) = (paging.cursor.clone(), paging.limit() + 1);
    let found = state.tables.read(move |sql| chat_identity::list(sql, &path.org, cursor.as_deref(), limit)).await?;
    Ok(Json(paging.page(found, |found| format!("{}:{}", found.provider, found.subject))))
}

async fn show(Shared(state): Shared<State>, who: Who, At(path): At<UserPath>) -> Answer<Response> {
    must_see(&state, &who, &path.org).await?;
    let UserPath { org, provider, subject } = path;
    let found = state.tables.read(move |sql| chat_identity::find(sql, &org, &provider, &subject)).await?;
    let found = found.ok_or_else(|| Refusal::not_found("chat identity"))?;
    Ok(tagged(StatusCode::OK, found.revision, found))
}

async fn put(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<UserPath>,
    headers: HeaderMap,
    body: Body<ChatIdentityBody>,
) -> Answer<Response> {
    let known = who.must(&path.org, Role::Owner)?;
    let body = body.read()?;
    chat::check(&path.provider, &path.subject)?;
    check(&body)?;
    let change = Change::by(known, path.org.as_str(), "chat-identity/put", url(&path)).with("person", &body.person);
    let UserPath { org: id, provider, subject } = path;
    let put = state.tables.write(move |sql| {
        if org::find(sql, &id)?.is_none() {
            return Ok(Err(Refusal::not_found("organisation")));
        }
        let ChatIdentityBody { person, name } = body;
        if service_account::is_one(&person) || !member::roles(sql, &person)?.contains_key(&id) {
            let detail = format!("`{person}` does not belong to `{id}`: give them a role first");
            return Ok(Err(Refusal::field("/person", detail)));
        }
        let there = chat_identity::find(sql, &id, &provider, &subject)?;
        let is_so = |found: &ChatIdentity| found.person == person && found.name == name;
        match already(&headers, there, |found| found.revision, is_so) {
            Ok(None) => {}
            Ok(Some(found)) => return Ok(Ok((false, found))),
            Err(refusal) => return Ok(Err(refusal)),
        }
        let wanted = fresh(id, provider, subject, person, name, None);
        let is_new = chat_identity::put(sql, &wanted, now())?;
        change.write(sql)?;
        let found = chat_identity::find(sql, &wanted.org, &wanted.provider, &wanted.subject)?;
        Ok(found.map(|found| (is_new, found)).ok_or_else(|| Refusal::not_found("chat identity")))
    });
    let (is_new, found) = put.await??;
    Ok(tagged(if is_new { StatusCode::CREATED } else { StatusCode::OK }, found.revision, found))
}

/// What is wrong with what is said of a user before anything is looked up.
pub(super) fn check(body: &ChatIdentityBody) -> Answer<()> {
    if body.person.is_empty() || body.person.len() > 100 {
        return Err(Refusal::field("/person", "a name has 1 to 100 bytes"));
    }
    chat::check_name(body.name.as_deref())
}

/// One whose times and revision are given as it is written.
pub(super) fn fresh(
    org: OrgId,
    provider: String,
    subject: String,
    person: String,
    name: Option<String>,
    integration: Option<String>,
) -> ChatIdentity {
    ChatIdentity { org, provider, subject, person, name, integration, created: 0, updated: 0, revision: 0 }
}

async fn delete(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<UserPath>,
    headers: HeaderMap,
) -> Answer<StatusCode> {
    let known = who.must(&path.org, Role::Owner)?;
    let change = Change::by(known, path.org.as_str(), "chat-identity/delete", url(&path));
    let removed = state.tables.write(move |sql| {
        let found = chat_identity::find(sql, &path.org, &path.provider, &path.subject)?;
        let (revision, person) = found.map(|found| (found.revision, found.person)).unzip();
        remove(&headers, revision, "chat identity", || {
            chat_identity::remove(sql, &path.org, &path.provider, &path.subject)?;
            change.with("person", person.unwrap_or_default()).write(sql)
        })
    });
    removed.await?
}

async fn list_own(Shared(state): Shared<State>, who: Who) -> Answer<Json<Page<ChatIdentity>>> {
    let name = who.must_be_whole()?.name.clone();
    let items = state.tables.read(move |sql| chat_identity::of_person(sql, &name)).await?;
    Ok(Json(Page { items, next: None }))
}

async fn delete_own(Shared(state): Shared<State>, who: Who, At(path): At<UserPath>) -> Answer<StatusCode> {
    // What a link lets somebody do, it also lets them end. Nothing that outlives it comes of that.
    let known = match who.known()?.via {
        Some(_) => who.must(&path.org, Role::Viewer)?,
        None => who.must_be_whole()?,
    };
    let known = known.clone();
    let change = Change::by(&known, path.org.as_str(), "chat-identity/delete", url(&path));
    let removed = state.tables.write(move |sql| {
        let there = chat_identity::find(sql, &path.org, &path.provider, &path.subject)?;
        if there.is_none_or(|there| there.person != known.name) {
            return Ok(false);
        }
        change.with("person", &known.name).write(sql)?;
        chat_identity::remove(sql, &path.org, &path.provider, &path.subject)
    });
    removed.await?.then_some(StatusCode::NO_CONTENT).ok_or_else(|| Refusal::not_found("chat identity"))
}

fn url(UserPath { org, provider, subject }: &UserPath) -> String {
    path_of(org, provider, subject)
}

/// The path of one.
pub(super) fn path_of(org: &OrgId, provider: &str, subject: &str) -> String {
    format!("/v1/orgs/{org}/chat-identities/{provider}/{}", subject.replace('/', "%2F"))
}
