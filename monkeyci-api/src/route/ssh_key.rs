use axum::extract::State as Shared;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use monkeyci_core::store::{Sql, StoreError};
use monkeyci_rest::{Page, Role, SshKey, SshKeyBody};

use super::Routes;
use crate::audit::Change;
use crate::extract::{At, Body, OrgNamePath, OrgPath, Paging, Query, check_filters, check_name};
use crate::identity::Who;
use crate::json::Json;
use crate::known_hosts;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::revision::{already, remove, tagged};
use crate::ssh_key::KeyPair;
use crate::state::{State, now};
use crate::table::org;
use crate::table::ssh_key::{self, SshKeyRow};
use crate::vault::VaultError;

pub(super) fn routes(routes: Routes) -> Routes {
    let (all, one) = ("/v1/orgs/{org}/ssh-keys", "/v1/orgs/{org}/ssh-keys/{name}");
    routes
        .add(
            Operation::get(all, "Keys that read repositories over SSH").answers::<Page<SshKey>>(StatusCode::OK),
            list_keys,
        )
        .add(Operation::get(one, "An SSH key: its public part").answers::<SshKey>(StatusCode::OK), show_key)
        .add(Operation::put(one, "Make or change an SSH key").keeps::<SshKey>(), put_key)
        .add(Operation::delete(one, "Remove an SSH key"), delete_key)
}

async fn list_keys(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgPath>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<SshKey>>> {
    who.must(&path.org, Role::Viewer)?;
    let (cursor, limit) = (paging.cursor.clone(), paging.limit() + 1);
    let found = state.tables.read(move |sql| ssh_key::list(sql, &path.org, cursor.as_deref(), limit)).await?;
    let found = found.into_iter().map(|row| row.key).collect();
    Ok(Json(paging.page(found, |key: &SshKey| key.name.clone())))
}

async fn show_key(Shared(state): Shared<State>, who: Who, At(path): At<OrgNamePath>) -> Answer<Response> {
    who.must(&path.org, Role::Viewer)?;
    let found = state.tables.read(move |sql| ssh_key::find(sql, &path.org, &path.name)).await?;
    let key = found.ok_or_else(|| Refusal::not_found("ssh key"))?.key;
    Ok(tagged(StatusCode::OK, key.revision, key))
}

async fn put_key(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgNamePath>,
    headers: HeaderMap,
    body: Body<SshKeyBody>,
) -> Answer<Response> {
    let known = who.must(&path.org, Role::Maintainer)?;
    let body = body.read()?;
    check_name(&path.name)?;
    let given = check(&body)?;
    let change = Change::by(known, path.org.as_str(), "ssh-key/put", url(&path));
    let shared = state.clone();
    let put = state.tables.write(move |sql| {
        if org::find(sql, &path.org)?.is_none() {
            return Ok(Err(Refusal::not_found("organisation")));
        }
        let old = ssh_key::find(sql, &path.org, &path.name)?;
        let is_so = |row: &&SshKeyRow| is_so(&row.key, &body, given.as_ref());
        match already(&headers, old.as_ref(), |row| row.key.revision, is_so) {
            Ok(None) => {}
            Ok(Some(row)) => return Ok(Ok((false, row.key.clone()))),
            Err(refusal) => return Ok(Err(refusal)),
        }
        let is_new = old.is_none();
        let row = match changed(&shared, sql, &path, body, given, old)? {
            Ok(row) => row,
            Err(refusal) => return Ok(Err(refusal)),
        };
        ssh_key::put(sql, &path.org, &row, now())?;
        change.with("fingerprint", &row.key.fingerprint).write(sql)?;
        let row = ssh_key::find(sql, &path.org, &path.name)?;
        Ok(row.map(|row| (is_new, row.key)).ok_or_else(|| Refusal::not_found("ssh key")))
    });
    let (is_new, key) = put.await??;
    Ok(tagged(if is_new { StatusCode::CREATED } else { StatusCode::OK }, key.revision, key))
}

/// What is wrong with a key before anything is looked up; else the private part that was given.
pub(super) fn check(body: &SshKeyBody) -> Answer<Option<KeyPair>> {
    check_filters(&body.label_filters)?;
    let hosts = body.known_hosts.as_deref().unwrap_or_default();
    known_hosts::check(hosts).map_err(|why| Refusal::field("/knownHosts", why))?;
    let given = body.private_key.as_deref().map(KeyPair::read).transpose();
    given.map_err(|why| Refusal::field("/privateKey", why))
}

/// Whether a key is as the body wants it already.
fn is_so(key: &SshKey, body: &SshKeyBody, given: Option<&KeyPair>) -> bool {
    key.label_filters == body.label_filters
        && key.known_hosts == body.known_hosts
        && key.description == body.description
        && given.is_none_or(|given| given.fingerprint == key.fingerprint)
}

/// The key as it is after the change.
fn changed(
    state: &State,
    sql: &mut dyn Sql,
    path: &OrgNamePath,
    body: SshKeyBody,
    given: Option<KeyPair>,
    old: Option<SshKeyRow>,
) -> Result<Answer<SshKeyRow>, StoreError> {
    let SshKeyBody { label_filters, known_hosts, description, .. } = body;
    let version = old.as_ref().map_or(0, |old| old.key.version);
    let pair = match (given, old) {
        (None, Some(SshKeyRow { key, sealed })) => {
            let key = SshKey { label_filters, known_hosts, description, ..key };
            return Ok(Ok(SshKeyRow { key, sealed }));
        }
        (Some(given), _) => given,
        (None, None) => KeyPair::generate(&format!("{}/{}", path.org, path.name)),
    };
    let place = ssh_key::place(&path.org, &path.name, version + 1);
    let sealed = match state.vault.seal(sql, &path.org, &place, pair.private.as_bytes()) {
        Ok(sealed) => sealed,
        Err(VaultError::Store(error)) => return Err(error),
        Err(error) => {
            tracing::error!(%error, "an ssh key cannot be sealed");
            let detail = "the server's master key does not fit its database";
            return Ok(Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, detail)));
        }
    };
    let key = SshKey {
        name: path.name.clone(),
        public_key: pair.public,
        fingerprint: pair.fingerprint,
        version: version + 1,
        label_filters,
        known_hosts,
        description,
        created: now(),
        updated: now(),
        revision: 1,
    };
    Ok(Ok(SshKeyRow { key, sealed }))
}

async fn delete_key(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgNamePath>,
    headers: HeaderMap,
) -> Answer<StatusCode> {
    let known = who.must(&path.org, Role::Maintainer)?;
    let change = Change::by(known, path.org.as_str(), "ssh-key/delete", url(&path));
    let removed = state.tables.write(move |sql| {
        let found = ssh_key::find(sql, &path.org, &path.name)?.map(|found| found.key.revision);
        remove(&headers, found, "ssh key", || {
            ssh_key::remove(sql, &path.org, &path.name)?;
            change.write(sql)
        })
    });
    removed.await?
}

fn url(path: &OrgNamePath) -> String {
    format!("/v1/orgs/{}/ssh-keys/{}", path.org, path.name)
}
