use axum::extract::State as Shared;
use http::StatusCode;
use monkeyci_rest::{Page, Person};
use serde::Deserialize;

use super::Routes;
use crate::audit::Change;
use crate::extract::{At, Paging, Query};
use crate::identity::Who;
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::state::State;
use crate::table::code::{self, Purpose};
use crate::table::{person, token};

/// Somebody.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct PersonPath {
    /// Their name.
    name: String,
}

pub(super) fn routes(routes: Routes) -> Routes {
    let one = "/v1/people/{name}";
    let (disable, enable) = ("/v1/people/{name}/disable", "/v1/people/{name}/enable");
    let disable = Operation::post(disable, "Let somebody in no more: their sessions and tokens end at once");
    let enable = Operation::post(enable, "Let somebody in again; they sign in anew");
    routes
        .add(Operation::get("/v1/people", "Who is known").answers::<Page<Person>>(StatusCode::OK), list_people)
        .add(Operation::get(one, "Somebody who is known").answers::<Person>(StatusCode::OK), show_person)
        .add(disable.answers::<Person>(StatusCode::OK), disable_person)
        .add(enable.answers::<Person>(StatusCode::OK), enable_person)
}

async fn list_people(
    Shared(state): Shared<State>,
    who: Who,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<Person>>> {
    who.must_be_admin()?;
    let (cursor, limit) = (paging.cursor.clone(), paging.limit() + 1);
    let found = state.tables.read(move |sql| person::list(sql, cursor.as_deref(), limit)).await?;
    Ok(Json(paging.page(found, |person| person.name.clone())))
}

async fn show_person(Shared(state): Shared<State>, who: Who, At(path): At<PersonPath>) -> Answer<Json<Person>> {
    who.must_be_admin()?;
    let found = state.tables.read(move |sql| person::show(sql, &path.name)).await?;
    found.map(Json).ok_or_else(|| Refusal::not_found("person"))
}

async fn disable_person(Shared(state): Shared<State>, who: Who, At(path): At<PersonPath>) -> Answer<Json<Person>> {
    let known = who.must_be_admin()?;
    if known.name == path.name {
        return Err(Refusal::conflict("this is you: somebody else who runs the server may do that"));
    }
    set(&state, &who, path, true).await
}

async fn enable_person(Shared(state): Shared<State>, who: Who, At(path): At<PersonPath>) -> Answer<Json<Person>> {
    set(&state, &who, path, false).await
}

async fn set(state: &State, who: &Who, path: PersonPath, disabled: bool) -> Answer<Json<Person>> {
    let known = who.must_be_admin()?;
    let action = if disabled { "person/disable" } else { "person/enable" };
    let change = Change::by(known, "", action, format!("/v1/people/{}", path.name));
    let found = state.tables.write(move |sql| {
        let Some(there) = person::show(sql, &path.name)? else { return Ok(None) };
        if there.disabled != disabled {
            person::disable(sql, &path.name, disabled)?;
            change.write(sql)?;
        }
        if disabled {
            // What somebody else may have of theirs does not come back to life with them.
            token::remove_all(sql, &path.name)?;
            // One of these could become a token of theirs yet. Others begin to log in once more.
            code::remove_all(sql, Purpose::Login)?;
        }
        Ok(Some(Person { disabled, ..there }))
    });
    found.await?.map(Json).ok_or_else(|| Refusal::not_found("person"))
}
