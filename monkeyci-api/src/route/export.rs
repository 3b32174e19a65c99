use axum::extract::State as Shared;
use http::StatusCode;
use monkeyci_core::model::OrgId;
use monkeyci_core::store::{Sql, StoreError};
use monkeyci_rest::{Environment, EnvironmentExport, Export, Param, ParamSet, Repo, RepoExport, Role, SetExport};

use super::{Routes, hook as hooks};
use crate::extract::{At, OrgPath};
use crate::identity::Who;
use crate::json::Json;
use crate::openapi::Operation;
use crate::owner::Owner;
use crate::problem::{Answer, Refusal};
use crate::state::{State, now};
use crate::table::{
    chat_identity, environment, hook, member, org, param, param_set, pipeline, registry_credential, repo, role_binding,
    schedule, service_account, ssh_key, subscription, trigger, trust,
};

/// As many as there are: what a page never shows at once, a document does.
const ALL: u64 = 1_000_000_000;

pub(super) fn routes(routes: Routes) -> Routes {
    let about = "Everything that is set up in an organisation, without secrets";
    routes.add(Operation::get("/v1/orgs/{org}/export", about).answers::<Export>(StatusCode::OK), export)
}

async fn export(Shared(state): Shared<State>, who: Who, At(path): At<OrgPath>) -> Answer<Json<Export>> {
    who.must(&path.org, Role::Maintainer)?;
    let shared = state.clone();
    // All in one: nothing changes between its parts.
    let found = state.tables.read(move |sql| whole(&shared, sql, &path.org)).await?;
    found.map(Json).ok_or_else(|| Refusal::not_found("organisation"))
}

fn whole(state: &State, sql: &mut dyn Sql, id: &OrgId) -> Result<Option<Export>, StoreError> {
    let Some(org) = org::find(sql, id)? else { return Ok(None) };
    let sets = param_set::list(sql, id, None, ALL)?.into_iter();
    let repos = repo::list(sql, id, None, ALL)?.into_iter();
    let subscriptions = subscription::list(sql, id, None, ALL)?.into_iter();
    Ok(Some(Export {
        org,
        members: member::list(sql, id, None, ALL)?,
        role_bindings: role_binding::list(sql, id, None, ALL)?,
        service_accounts: service_account::list(sql, id, None, ALL)?,
        trusts: trust::all(sql, id)?,
        chat_identities: chat_identity::list(sql, id, None, ALL)?,
        params: params(sql, &Owner::all(id))?,
        param_sets: sets.map(|set| of_set(sql, id, set)).collect::<Result<_, _>>()?,
        ssh_keys: ssh_key::all(sql, id)?.into_iter().map(|row| row.key).collect(),
        registry_credentials: registry_credential::all(sql, id)?.into_iter().map(|row| row.credential).collect(),
        pipelines: pipeline::list(sql, id, None, ALL)?,
        subscriptions: subscriptions.map(|row| row.shown(None, now())).collect(),
        repos: repos.map(|repo| of_repo(state, sql, repo)).collect::<Result<_, _>>()?,
    }))
}

fn of_set(sql: &mut dyn Sql, org: &OrgId, set: ParamSet) -> Result<SetExport, StoreError> {
    let params = params(sql, &Owner::set(org, &set.name))?;
    Ok(SetExport { set, params })
}

fn of_environment(sql: &mut dyn Sql, repo: &Repo, environment: Environment) -> Result<EnvironmentExport, StoreError> {
    let params = params(sql, &Owner::environment(&repo.org, &repo.id, &environment.name))?;
    Ok(EnvironmentExport { environment, params })
}

fn of_repo(state: &State, sql: &mut dyn Sql, repo: Repo) -> Result<RepoExport, StoreError> {
    let params = params(sql, &Owner::repo(&repo.org, &repo.id))?;
    let schedules = schedule::list(sql, &repo.org, &repo.id, None, ALL)?;
    let triggers = trigger::list(sql, &repo.org, &repo.id, None, ALL)?;
    let environments = environment::list(sql, &repo.org, &repo.id, None, ALL)?.into_iter();
    let environments = environments.map(|found| of_environment(sql, &repo, found)).collect::<Result<_, _>>()?;
    let hooks = hook::list(sql, &repo.org, &repo.id, None, ALL)?.iter().map(|row| hooks::shown(state, row)).collect();
    Ok(RepoExport { repo, params, schedules, triggers, environments, hooks })
}

fn params(sql: &mut dyn Sql, owner: &Owner) -> Result<Vec<Param>, StoreError> {
    Ok(param::list(sql, owner, None, ALL)?.into_iter().map(|row| row.param).collect())
}
