use axum::extract::State as Shared;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use monkeyci_core::model::{OrgId, RepoId};
use monkeyci_core::store::{Sql, StoreError};
use monkeyci_rest::{EffectiveParam, Page, Param, ParamBody, Role};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Routes;
use crate::audit::Change;
use crate::extract::{At, Body, EnvironmentPath, NamePath, OrgNamePath, OrgPath, Paging, Query, RepoPath, SetPath};
use crate::identity::{Known, Who};
use crate::json::Json;
use crate::openapi::{Operation, Shaped};
use crate::owner::{Of, Owner};
use crate::params;
use crate::problem::{Answer, Refusal};
use crate::revision::{already, remove, tagged};
use crate::state::{State, now};
use crate::table::param::ParamRow;
use crate::table::{param, report};
use crate::vault::VaultError;

/// Bytes of the longest value.
const VALUE: usize = 64 * 1024;

/// A param of a set.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct SetParamPath {
    /// The organisation.
    org: OrgId,
    /// The set.
    set: String,
    /// The param's name.
    name: String,
}

/// A param of an environment.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct EnvironmentParamPath {
    /// The organisation.
    org: OrgId,
    /// The repository.
    repo: RepoId,
    /// The environment.
    environment: String,
    /// The param's name.
    name: String,
}

/// A path of somebody's params.
trait All: DeserializeOwned + Shaped + Send + 'static {
    fn owner(&self) -> Owner;
}

/// A path of one of them.
trait One: DeserializeOwned + Shaped + Send + 'static {
    fn owner(&self) -> Owner;
    fn name(self) -> String;
}

impl All for OrgPath {
    fn owner(&self) -> Owner {
        Owner::all(&self.org)
    }
}

impl All for SetPath {
    fn owner(&self) -> Owner {
        Owner::set(&self.org, &self.set)
    }
}

impl All for RepoPath {
    fn owner(&self) -> Owner {
        Owner::repo(&self.org, &self.repo)
    }
}

impl All for EnvironmentPath {
    fn owner(&self) -> Owner {
        Owner::environment(&self.org, &self.repo, &self.environment)
    }
}

impl One for OrgNamePath {
    fn owner(&self) -> Owner {
        Owner::all(&self.org)
    }
    fn name(self) -> String {
        self.name
    }
}

impl One for SetParamPath {
    fn owner(&self) -> Owner {
        Owner::set(&self.org, &self.set)
    }
    fn name(self) -> String {
        self.name
    }
}

impl One for EnvironmentParamPath {
    fn owner(&self) -> Owner {
        Owner::environment(&self.org, &self.repo, &self.environment)
    }
    fn name(self) -> String {
        self.name
    }
}

impl One for NamePath {
    fn owner(&self) -> Owner {
        Owner::repo(&self.org, &self.repo)
    }
    fn name(self) -> String {
        self.name
    }
}

pub(super) fn routes(routes: Routes) -> Routes {
    let routes = of::<OrgPath, OrgNamePath>(routes, "/v1/orgs/{org}", "Params of all repositories");
    let routes = of::<SetPath, SetParamPath>(routes, "/v1/orgs/{org}/param-sets/{set}", "Params of a set");
    let environment = "/v1/orgs/{org}/repos/{repo}/environments/{environment}";
    let routes = of::<EnvironmentPath, EnvironmentParamPath>(routes, environment, "Params of an environment's jobs");
    of::<RepoPath, NamePath>(routes, "/v1/orgs/{org}/repos/{repo}", "Params of a repository").add(
        Operation::get(
            "/v1/orgs/{org}/repos/{repo}/effective-params",
            "Params that its builds get, and whose they are",
        )
        .answers::<Page<EffectiveParam>>(StatusCode::OK),
        list_effective,
    )
}

/// The params of the owners that have this path.
fn of<A: All, O: One>(routes: Routes, owner: &str, summary: &'static str) -> Routes {
    let (all, one) = (format!("{owner}/params"), format!("{owner}/params/{{name}}"));
    routes
        .add(Operation::get(&all, summary).answers::<Page<Param>>(StatusCode::OK), list::<A>)
        .add(Operation::get(&one, "A param").answers::<Param>(StatusCode::OK), show::<O>)
        .add(Operation::put(&one, "Make or change a param").keeps::<Param>(), put::<O>)
        .add(Operation::delete(&one, "Remove a param"), delete::<O>)
}

/// Lets go on maintainers of the organisation, or of the repository whose params they are.
async fn must_change<'a>(state: &State, who: &'a Who, owner: &Owner) -> Answer<&'a Known> {
    match &owner.of {
        Of::Repo(repo) | Of::Environment(repo, _) => {
            let path = RepoPath { org: owner.org.clone(), repo: repo.clone() };
            who.must_in(state, &path, Role::Maintainer).await.map(|(_, known)| known)
        }
        Of::All | Of::Set(_) => who.must(&owner.org, Role::Maintainer),
    }
}

async fn list_effective(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<RepoPath>,
) -> Answer<Json<Page<EffectiveParam>>> {
    who.must_in(&state, &path, Role::Viewer).await?;
    let items = state.tables.read(move |sql| params::effective(sql, &path.org, &path.repo)).await?;
    Ok(Json(Page { items, next: None }))
}

async fn list<A: All>(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<A>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<Param>>> {
    let owner = path.owner();
    who.must(&owner.org, Role::Viewer)?;
    let (cursor, limit) = (paging.cursor.clone(), paging.limit() + 1);
    let found = state.tables.read(move |sql| param::list(sql, &owner, cursor.as_deref(), limit));
    let found = found.await?.into_iter().map(|row| row.param).collect();
    Ok(Json(paging.page(found, |param: &Param| param.name.clone())))
}

async fn show<O: One>(Shared(state): Shared<State>, who: Who, At(path): At<O>) -> Answer<Response> {
    let (owner, name) = (path.owner(), path.name());
    who.must(&owner.org, Role::Viewer)?;
    let found = state.tables.read(move |sql| param::find(sql, &owner, &name)).await?;
    let param = found.ok_or_else(|| Refusal::not_found("param"))?.param;
    Ok(tagged(StatusCode::OK, param.revision, param))
}

async fn put<O: One>(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<O>,
    headers: HeaderMap,
    body: Body<ParamBody>,
) -> Answer<Response> {
    let (owner, name) = (path.owner(), path.name());
    let known = must_change(&state, &who, &owner).await?;
    let body = body.read()?;
    check_name(&name)?;
    check(&body)?;
    let (change, shared) = (Change::by(known, owner.org.as_str(), "param/put", owner.url(&name)), state.clone());
    let put = state.tables.write(move |sql| {
        if !owner.is_there(sql)? {
            return Ok(Err(Refusal::not_found(owner.noun())));
        }
        let old = param::find(sql, &owner, &name)?;
        let is_new = old.is_none();
        let is_so = is_so(&shared, sql, &owner, &body, old.as_ref())?;
        match already(&headers, old.as_ref(), |old| old.param.revision, |_| is_so) {
            Ok(None) => {}
            Ok(Some(old)) => return Ok(Ok((is_new, old.param.clone()))),
            Err(refusal) => return Ok(Err(refusal)),
        }
        let row = match changed(&shared, sql, &owner, &name, body, old.as_ref())? {
            Ok(row) => row,
            Err(refusal) => return Ok(Err(refusal)),
        };
        param::put(sql, &owner, &row, now())?;
        change.with("secret", row.param.secret.to_string()).write(sql)?;
        // It may hold the token of a forge, which was refused before.
        let repo = if let Of::Repo(repo) = &owner.of { Some(repo) } else { None };
        report::again(sql, &owner.org, repo, now())?;
        Ok(Ok((is_new, row.param)))
    });
    let (is_new, param) = put.await??;
    state.mended.notify_one();
    Ok(tagged(if is_new { StatusCode::CREATED } else { StatusCode::OK }, param.revision, param))
}

/// Refuses what cannot be the name of a param.
pub(super) fn check_name(name: &str) -> Answer<()> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if begins && name.len() <= 100 && name.chars().all(is_name) {
        return Ok(());
    }
    Err(Refusal::bad("the name of a param begins with a letter or `_`, and has up to 100 letters, digits and `_.-`"))
}

/// What is wrong with a param before anything is looked up.
pub(super) fn check(body: &ParamBody) -> Answer<()> {
    match &body.value {
        Some(value) if value.len() > VALUE => {
            Err(Refusal::field("/value", format!("a value has at most {VALUE} bytes")))
        }
        _ => Ok(()),
    }
}

/// Whether a param is as the body wants it already. A secret is known by its fingerprint.
fn is_so(
    state: &State,
    sql: &mut dyn Sql,
    owner: &Owner,
    body: &ParamBody,
    old: Option<&ParamRow>,
) -> Result<bool, StoreError> {
    let Some(ParamRow { param, .. }) = old else { return Ok(false) };
    if param.secret != body.secret || param.description != body.description {
        return Ok(false);
    }
    let Some(value) = &body.value else { return Ok(true) };
    if !body.secret {
        return Ok(param.value.as_ref() == Some(value));
    }
    match state.vault.fingerprint(sql, &owner.org, value.as_bytes()) {
        Ok(fingerprint) => Ok(param.fingerprint == Some(fingerprint)),
        Err(VaultError::Store(error)) => Err(error),
        // It is told when the value is sealed.
        Err(_) => Ok(false),
    }
}

/// The param as it is after the change.
fn changed(
    state: &State,
    sql: &mut dyn Sql,
    owner: &Owner,
    name: &str,
    body: ParamBody,
    old: Option<&ParamRow>,
) -> Result<Answer<ParamRow>, StoreError> {
    let version = old.map_or(0, |old| old.param.version);
    let mut param = Param {
        name: name.to_owned(),
        secret: body.secret,
        value: None,
        version,
        fingerprint: None,
        description: body.description,
        updated: now(),
        revision: 0,
    };
    let settled = |param: Param| Param { revision: param::revision(&param), ..param };
    let Some(value) = body.value else {
        // Without a value the one that is there stays; it cannot come out of its seal by this.
        return Ok(match old {
            Some(old) if old.param.secret == param.secret => {
                param.value.clone_from(&old.param.value);
                param.fingerprint.clone_from(&old.param.fingerprint);
                Ok(ParamRow { param: settled(param), sealed: old.sealed.clone() })
            }
            Some(_) => Err(Refusal::field("/value", "a value is needed where what was secret no longer is, or now is")),
            None => Err(Refusal::field("/value", "a new param needs a value")),
        });
    };
    param.version = version + 1;
    if !param.secret {
        param.value = Some(value);
        return Ok(Ok(ParamRow { param: settled(param), sealed: None }));
    }
    let place = owner.place(name, param.version);
    let sealed = state.vault.seal(sql, &owner.org, &place, value.as_bytes());
    let fingerprint = state.vault.fingerprint(sql, &owner.org, value.as_bytes());
    match (sealed, fingerprint) {
        (Ok(sealed), Ok(fingerprint)) => {
            param.fingerprint = Some(fingerprint);
            Ok(Ok(ParamRow { param: settled(param), sealed: Some(sealed) }))
        }
        (Err(VaultError::Store(error)), _) | (_, Err(VaultError::Store(error))) => Err(error),
        (Err(error), _) | (_, Err(error)) => {
            tracing::error!(%error, "a secret cannot be sealed");
            Ok(Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the server's master key does not fit its database")))
        }
    }
}

async fn delete<O: One>(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<O>,
    headers: HeaderMap,
) -> Answer<StatusCode> {
    let (owner, name) = (path.owner(), path.name());
    let known = must_change(&state, &who, &owner).await?;
    let change = Change::by(known, owner.org.as_str(), "param/delete", owner.url(&name));
    let removed = state.tables.write(move |sql| {
        let found = param::find(sql, &owner, &name)?.map(|found| found.param.revision);
        remove(&headers, found, "param", || {
            param::remove(sql, &owner, &name)?;
            change.write(sql)
        })
    });
    removed.await?
}
