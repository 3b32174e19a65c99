use axum::extract::State as Shared;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use monkeyci_core::store::{Sql, StoreError};
use monkeyci_rest::{Page, RegistryCredential, RegistryCredentialBody, Role};

use super::Routes;
use crate::audit::Change;
use crate::extract::{At, Body, OrgNamePath, OrgPath, Paging, Query, check_filters, check_name};
use crate::identity::Who;
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::revision::{already, remove, tagged};
use crate::state::{State, now};
use crate::table::org;
use crate::table::registry_credential::{self, RegistryCredentialRow};
use crate::vault::VaultError;

/// Credentials of the most registries that an organisation has.
const MOST: usize = 100;

/// Bytes of the longest password; identity tokens of clouds are long.
const PASSWORD: usize = 16 * 1024;

pub(super) fn routes(routes: Routes) -> Routes {
    let (all, one) = ("/v1/orgs/{org}/registry-credentials", "/v1/orgs/{org}/registry-credentials/{name}");
    routes
        .add(
            Operation::get(all, "Who builds are at private registries")
                .answers::<Page<RegistryCredential>>(StatusCode::OK),
            list_credentials,
        )
        .add(
            Operation::get(one, "Credentials of a registry, without the password")
                .answers::<RegistryCredential>(StatusCode::OK),
            show_credential,
        )
        .add(
            Operation::put(one, "Make or change credentials of a registry").keeps::<RegistryCredential>(),
            put_credential,
        )
        .add(Operation::delete(one, "Remove credentials of a registry"), delete_credential)
}

fn missing() -> Refusal {
    Refusal::not_found("registry credentials")
}

async fn list_credentials(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgPath>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<RegistryCredential>>> {
    who.must(&path.org, Role::Viewer)?;
    let (cursor, limit) = (paging.cursor.clone(), paging.limit() + 1);
    let found = state.tables.read(move |sql| registry_credential::list(sql, &path.org, cursor.as_deref(), limit));
    let found = found.await?.into_iter().map(|row| row.credential).collect();
    Ok(Json(paging.page(found, |credential: &RegistryCredential| credential.name.clone())))
}

async fn show_credential(Shared(state): Shared<State>, who: Who, At(path): At<OrgNamePath>) -> Answer<Response> {
    who.must(&path.org, Role::Viewer)?;
    let found = state.tables.read(move |sql| registry_credential::find(sql, &path.org, &path.name)).await?;
    let found = found.ok_or_else(missing)?.credential;
    Ok(tagged(StatusCode::OK, found.revision, found))
}

async fn put_credential(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgNamePath>,
    headers: HeaderMap,
    body: Body<RegistryCredentialBody>,
) -> Answer<Response> {
    let known = who.must(&path.org, Role::Maintainer)?;
    let body = body.read()?;
    check_name(&path.name)?;
    check(&body)?;
    let change = Change::by(known, path.org.as_str(), "registry-credential/put", url(&path));
    let shared = state.clone();
    let put = state.tables.write(move |sql| {
        if org::find(sql, &path.org)?.is_none() {
            return Ok(Err(Refusal::not_found("organisation")));
        }
        let old = registry_credential::find(sql, &path.org, &path.name)?;
        let is_so = is_so(&shared, sql, &path, &body, old.as_ref())?;
        match already(&headers, old.as_ref(), |row| row.credential.revision, |_| is_so) {
            Ok(None) => {}
            Ok(Some(row)) => return Ok(Ok((false, row.credential.clone()))),
            Err(refusal) => return Ok(Err(refusal)),
        }
        let is_new = old.is_none();
        if is_new && registry_credential::all(sql, &path.org)?.len() >= MOST {
            return Ok(Err(Refusal::conflict(format!("an organisation has credentials of up to {MOST} registries"))));
        }
        let row = match changed(&shared, sql, &path, body, old)? {
            Ok(row) => row,
            Err(refusal) => return Ok(Err(refusal)),
        };
        registry_credential::put(sql, &path.org, &row, now())?;
        change.with("host", &row.credential.host).write(sql)?;
        let row = registry_credential::find(sql, &path.org, &path.name)?;
        Ok(row.map(|row| (is_new, row.credential)).ok_or_else(missing))
    });
    let (is_new, credential) = put.await??;
    Ok(tagged(if is_new { StatusCode::CREATED } else { StatusCode::OK }, credential.revision, credential))
}

/// What is wrong with credentials before anything is looked up.
pub(super) fn check(body: &RegistryCredentialBody) -> Answer<()> {
    check_filters(&body.label_filters)?;
    if !is_host(&body.host) {
        let detail = "the host of a registry as image names have it, in small letters: `ghcr.io`, `docker.io` or \
                      `registry.example.com:5000`";
        return Err(Refusal::field("/host", detail));
    }
    if body.username.is_empty() || body.username.len() > 200 || body.username.chars().any(char::is_control) {
        return Err(Refusal::field("/username", "a user has 1 to 200 bytes"));
    }
    match &body.password {
        Some(password) if password.is_empty() || password.len() > PASSWORD => {
            Err(Refusal::field("/password", format!("a password has 1 to {PASSWORD} bytes")))
        }
        _ => Ok(()),
    }
}

/// Whether image names may begin with it, and mean a registry by that.
fn is_host(host: &str) -> bool {
    let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    let is_label = |label: &str| {
        let is_inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        (1..=63).contains(&label.len()) && label.bytes().all(is_inside) && !label.starts_with('-')
    };
    let is_port =
        port.is_none_or(|port| port.parse::<u16>().is_ok_and(|number| number > 0 && number.to_string() == port));
    let is_registry = name == "localhost" || name.contains('.') || port.is_some();
    host.len() <= 253 && is_registry && is_port && name.split('.').all(is_label)
}

/// Whether credentials are as the body wants them already. The password is known by its fingerprint.
fn is_so(
    state: &State,
    sql: &mut dyn Sql,
    path: &OrgNamePath,
    body: &RegistryCredentialBody,
    old: Option<&RegistryCredentialRow>,
) -> Result<bool, StoreError> {
    let Some(RegistryCredentialRow { credential, .. }) = old else { return Ok(false) };
    let is_said = credential.host == body.host
        && credential.username == body.username
        && credential.label_filters == body.label_filters
        && credential.description == body.description;
    let Some(password) = body.password.as_ref().filter(|_| is_said) else { return Ok(is_said) };
    match state.vault.fingerprint(sql, &path.org, password.as_bytes()) {
        Ok(fingerprint) => Ok(credential.fingerprint == fingerprint),
        Err(VaultError::Store(error)) => Err(error),
        // It is told when the password is sealed.
        Err(_) => Ok(false),
    }
}

/// The credentials as they are after the change.
fn changed(
    state: &State,
    sql: &mut dyn Sql,
    path: &OrgNamePath,
    body: RegistryCredentialBody,
    old: Option<RegistryCredentialRow>,
) -> Result<Answer<RegistryCredentialRow>, StoreError> {
    let RegistryCredentialBody { host, username, password, label_filters, description } = body;
    let (version, fingerprint, sealed) = match (password, old) {
        (None, None) => return Ok(Err(Refusal::field("/password", "new credentials need a password"))),
        // Whoever may name another host must not have the password sent there that somebody else gave.
        (None, Some(old)) if old.credential.host != host => {
            return Ok(Err(Refusal::field("/password", "another host needs its own password")));
        }
        (None, Some(RegistryCredentialRow { credential, sealed })) => {
            (credential.version, credential.fingerprint, sealed)
        }
        (Some(password), old) => {
            let version = old.map_or(0, |old| old.credential.version) + 1;
            let place = registry_credential::place(&path.org, &path.name, version);
            let sealed = state.vault.seal(sql, &path.org, &place, password.as_bytes());
            let fingerprint = state.vault.fingerprint(sql, &path.org, password.as_bytes());
            match (sealed, fingerprint) {
                (Ok(sealed), Ok(fingerprint)) => (version, fingerprint, sealed),
                (Err(VaultError::Store(error)), _) | (_, Err(VaultError::Store(error))) => return Err(error),
                (Err(error), _) | (_, Err(error)) => {
                    tracing::error!(%error, "the password of a registry cannot be sealed");
                    let detail = "the server's master key does not fit its database";
                    return Ok(Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, detail)));
                }
            }
        }
    };
    let name = path.name.clone();
    let (created, updated, revision) = (now(), now(), 1);
    let credential = RegistryCredential {
        name,
        host,
        username,
        version,
        fingerprint,
        label_filters,
        description,
        created,
        updated,
        revision,
    };
    Ok(Ok(RegistryCredentialRow { credential, sealed }))
}

async fn delete_credential(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgNamePath>,
    headers: HeaderMap,
) -> Answer<StatusCode> {
    let known = who.must(&path.org, Role::Maintainer)?;
    let change = Change::by(known, path.org.as_str(), "registry-credential/delete", url(&path));
    let removed = state.tables.write(move |sql| {
        let found = registry_credential::find(sql, &path.org, &path.name)?.map(|found| found.credential.revision);
        remove(&headers, found, "registry credentials", || {
            registry_credential::remove(sql, &path.org, &path.name)?;
            change.write(sql)
        })
    });
    removed.await?
}

fn url(path: &OrgNamePath) -> String {
    format!("/v1/orgs/{}/registry-credentials/{}", path.org, path.name)
}

#[cfg(test)]
mod tests {
    use super::is_host;

    #[test]
    fn a_host_is_what_image_names_begin_with() {
        for host in
            ["ghcr.io", "docker.io", "registry.example.com:5000", "localhost", "localhost:5000", "127.0.0.1:5000"]
        {
            assert!(is_host(host), "{host}");
        }
        for wrong in [
            "",
            "acme",
            "https://ghcr.io",
            "ghcr.io/acme",
            "GHCR.io",
            "a..b",
            "-a.b",
            "ghcr.io:",
            "ghcr.io:0",
            "ghcr.io:099999",
            "a b.c",
            "ann@ghcr.io",
        ] {
            assert!(!is_host(wrong), "{wrong}");
        }
    }
}
