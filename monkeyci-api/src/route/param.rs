use axum::Json;
use axum::extract::State as Shared;
use http::StatusCode;
use monkeyci_core::model::{OrgId, RepoId};
use monkeyci_rest::{Page, Param, ParamBody, Role};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Routes;
use crate::audit::Change;
use crate::extract::{At, Body, NamePath, OrgPath, Paging, Query, RepoPath};
use crate::identity::Who;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::state::{State, now};
use crate::table::param::ParamRow;
use crate::table::{org, param, repo, report};
use crate::vault::VaultError;

/// Bytes of the longest value.
const VALUE: usize = 64 * 1024;

/// A param of an organisation.
#[derive(Debug, Deserialize, JsonSchema)]
struct OrgParamPath {
    /// The organisation.
    org: OrgId,
    /// The param's name.
    name: String,
}

/// Whose params are meant: an organisation's, or a repository's.
struct Owner {
    org: OrgId,
    repo: Option<RepoId>,
}

impl Owner {
    fn repo(&self) -> &str {
        self.repo.as_ref().map_or("", RepoId::as_str)
    }

    fn url(&self, name: &str) -> String {
        match &self.repo {
            Some(repo) => format!("/v1/orgs/{}/repos/{repo}/params/{name}", self.org),
            None => format!("/v1/orgs/{}/params/{name}", self.org),
        }
    }

    /// What a sealed value is bound to.
    fn place(&self, name: &str, version: u64) -> String {
        param::place(&self.org, self.repo(), name, version)
    }
}

pub(super) fn routes(routes: Routes) -> Routes {
    let (of_org, one_of_org) = ("/v1/orgs/{org}/params", "/v1/orgs/{org}/params/{name}");
    let (of_repo, one_of_repo) = ("/v1/orgs/{org}/repos/{repo}/params", "/v1/orgs/{org}/repos/{repo}/params/{name}");
    routes
        .add(Operation::get(of_org, "Params of all repositories").answers::<Page<Param>>(StatusCode::OK), list_of_org)
        .add(Operation::get(one_of_org, "A param").answers::<Param>(StatusCode::OK), show_of_org)
        .add(Operation::put(one_of_org, "Make or change a param").answers::<Param>(StatusCode::OK), put_of_org)
        .add(Operation::delete(one_of_org, "Remove a param"), delete_of_org)
        .add(Operation::get(of_repo, "Params of a repository").answers::<Page<Param>>(StatusCode::OK), list_of_repo)
        .add(Operation::get(one_of_repo, "A param").answers::<Param>(StatusCode::OK), show_of_repo)
        .add(Operation::put(one_of_repo, "Make or change a param").answers::<Param>(StatusCode::OK), put_of_repo)
        .add(Operation::delete(one_of_repo, "Remove a param"), delete_of_repo)
}

async fn list_of_org(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgPath>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<Param>>> {
    list(&state, &who, Owner { org: path.org, repo: None }, paging).await
}

async fn list_of_repo(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<RepoPath>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<Param>>> {
    list(&state, &who, Owner { org: path.org, repo: Some(path.repo) }, paging).await
}

async fn show_of_org(Shared(state): Shared<State>, who: Who, At(path): At<OrgParamPath>) -> Answer<Json<Param>> {
    show(&state, &who, Owner { org: path.org, repo: None }, path.name).await
}

async fn show_of_repo(Shared(state): Shared<State>, who: Who, At(path): At<NamePath>) -> Answer<Json<Param>> {
    show(&state, &who, Owner { org: path.org, repo: Some(path.repo) }, path.name).await
}

async fn put_of_org(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgParamPath>,
    body: Body<ParamBody>,
) -> Answer<(StatusCode, Json<Param>)> {
    put(&state, &who, Owner { org: path.org, repo: None }, path.name, body).await
}

async fn put_of_repo(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<NamePath>,
    body: Body<ParamBody>,
) -> Answer<(StatusCode, Json<Param>)> {
    put(&state, &who, Owner { org: path.org, repo: Some(path.repo) }, path.name, body).await
}

async fn delete_of_org(Shared(state): Shared<State>, who: Who, At(path): At<OrgParamPath>) -> Answer<StatusCode> {
    delete(&state, &who, Owner { org: path.org, repo: None }, path.name).await
}

async fn delete_of_repo(Shared(state): Shared<State>, who: Who, At(path): At<NamePath>) -> Answer<StatusCode> {
    delete(&state, &who, Owner { org: path.org, repo: Some(path.repo) }, path.name).await
}

async fn list(state: &State, who: &Who, owner: Owner, paging: Paging) -> Answer<Json<Page<Param>>> {
    who.must(&owner.org, Role::Viewer)?;
    let (cursor, limit) = (paging.cursor.clone(), paging.limit() + 1);
    let found = state.tables.read(move |sql| param::list(sql, &owner.org, owner.repo(), cursor.as_deref(), limit));
    let found = found.await?.into_iter().map(|row| row.param).collect();
    Ok(Json(paging.page(found, |param: &Param| param.name.clone())))
}

async fn show(state: &State, who: &Who, owner: Owner, name: String) -> Answer<Json<Param>> {
    who.must(&owner.org, Role::Viewer)?;
    let found = state.tables.read(move |sql| param::find(sql, &owner.org, owner.repo(), &name)).await?;
    found.map(|row| Json(row.param)).ok_or_else(|| Refusal::not_found("param"))
}

async fn put(
    state: &State,
    who: &Who,
    owner: Owner,
    name: String,
    body: Body<ParamBody>,
) -> Answer<(StatusCode, Json<Param>)> {
    let known = who.must(&owner.org, Role::Maintainer)?;
    let body = body.read()?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !begins || name.len() > 100 || !name.chars().all(is_name) {
        let detail =
            "the path: a param's name begins with a letter or `_`, and has up to 100 letters, digits and `_.-`";
        return Err(Refusal::bad(detail));
    }
    if body.value.as_ref().is_some_and(|value| value.len() > VALUE) {
        return Err(Refusal::field("/value", format!("a value has at most {VALUE} bytes")));
    }
    let (change, shared) = (Change::by(known, owner.org.as_str(), "param/put", owner.url(&name)), state.clone());
    let put = state.tables.write(move |sql| {
        let is_there = match &owner.repo {
            Some(id) => repo::find(sql, &owner.org, id)?.is_some(),
            None => org::find(sql, &owner.org)?.is_some(),
        };
        if !is_there {
            return Ok(Err(Refusal::not_found("repository")));
        }
        let old = param::find(sql, &owner.org, owner.repo(), &name)?;
        let row = match changed(&shared, sql, &owner, &name, body, old.as_ref())? {
            Ok(row) => row,
            Err(refusal) => return Ok(Err(refusal)),
        };
        param::put(sql, &owner.org, owner.repo(), &row, now())?;
        change.with("secret", row.param.secret.to_string()).write(sql)?;
        // It may hold the token of a forge, which was refused before.
        report::again(sql, &owner.org, owner.repo.as_ref(), now())?;
        let status = if old.is_none() { StatusCode::CREATED } else { StatusCode::OK };
        Ok(Ok((status, Json(row.param))))
    });
    let put = put.await??;
    state.mended.notify_one();
    Ok(put)
}

/// The param as it is after the change.
fn changed(
    state: &State,
    sql: &mut dyn monkeyci_core::store::Sql,
    owner: &Owner,
    name: &str,
    body: ParamBody,
    old: Option<&ParamRow>,
) -> Result<Answer<ParamRow>, monkeyci_core::store::StoreError> {
    let version = old.map_or(0, |old| old.param.version);
    let mut param = Param {
        name: name.to_owned(),
        secret: body.secret,
        value: None,
        version,
        fingerprint: None,
        description: body.description,
        updated: now(),
    };
    let Some(value) = body.value else {
        // Without a value the one that is there stays; it cannot come out of its seal by this.
        return Ok(match old {
            Some(old) if old.param.secret == param.secret => {
                param.value.clone_from(&old.param.value);
                param.fingerprint.clone_from(&old.param.fingerprint);
                Ok(ParamRow { param, sealed: old.sealed.clone() })
            }
            Some(_) => Err(Refusal::field("/value", "a value is needed where what was secret no longer is, or now is")),
            None => Err(Refusal::field("/value", "a new param needs a value")),
        });
    };
    param.version = version + 1;
    if !param.secret {
        param.value = Some(value);
        return Ok(Ok(ParamRow { param, sealed: None }));
    }
    let place = owner.place(name, param.version);
    let sealed = state.vault.seal(sql, &owner.org, &place, value.as_bytes());
    let fingerprint = state.vault.fingerprint(sql, &owner.org, value.as_bytes());
    match (sealed, fingerprint) {
        (Ok(sealed), Ok(fingerprint)) => {
            param.fingerprint = Some(fingerprint);
            Ok(Ok(ParamRow { param, sealed: Some(sealed) }))
        }
        (Err(VaultError::Store(error)), _) | (_, Err(VaultError::Store(error))) => Err(error),
        (Err(error), _) | (_, Err(error)) => {
            tracing::error!(%error, "a secret cannot be sealed");
            Ok(Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the server's master key does not fit its database")))
        }
    }
}

async fn delete(state: &State, who: &Who, owner: Owner, name: String) -> Answer<StatusCode> {
    let known = who.must(&owner.org, Role::Maintainer)?;
    let change = Change::by(known, owner.org.as_str(), "param/delete", owner.url(&name));
    let removed = state.tables.write(move |sql| {
        let removed = param::remove(sql, &owner.org, owner.repo(), &name)?;
        if removed {
            change.write(sql)?;
        }
        Ok(removed)
    });
    removed.await?.then_some(StatusCode::NO_CONTENT).ok_or_else(|| Refusal::not_found("param"))
}
