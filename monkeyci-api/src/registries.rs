//! Who builds are at private registries.

use monkeyci_core::executor::RegistryAuth;
use monkeyci_core::model::{OrgId, RepoId};
use monkeyci_core::store::{Sql, StoreError};

use crate::table::registry_credential::{self, RegistryCredentialRow, place};
use crate::table::repo;
use crate::vault::{Vault, VaultError};

/// Who builds of a repository are at the registries that its organisation has credentials of. Those for repositories with
/// certain labels come before those for all; in words for people why they do not open.
///
/// # Errors
/// When the database refuses.
pub fn of(
    vault: &Vault,
    sql: &mut dyn Sql,
    org: &OrgId,
    id: &RepoId,
) -> Result<Result<Vec<RegistryAuth>, String>, StoreError> {
    let mut rows = registry_credential::all(sql, org)?;
    if rows.is_empty() {
        return Ok(Ok(Vec::new()));
    }
    let labels = repo::find(sql, org, id)?.map(|repo| repo.body.labels).unwrap_or_default();
    rows.retain(|row| row.credential.label_filters.match_labels(&labels));
    rows.sort_by_key(|row| row.credential.label_filters.is_empty());
    let mut known = Vec::new();
    for RegistryCredentialRow { credential, sealed } in rows {
        let name = &credential.name;
        match vault.open(sql, org, &place(org, name, credential.version), &sealed) {
            Ok(password) => known.push(RegistryAuth {
                password: String::from_utf8_lossy(&password).into_owned(),
                host: credential.host,
                username: credential.username,
            }),
            Err(VaultError::Store(error)) => return Err(error),
            Err(error) => {
                tracing::error!(%error, "the password of a registry does not open");
                return Ok(Err(format!(
                    "the registry credentials `{name}` cannot be opened: the server's master key is another"
                )));
            }
        }
    }
    Ok(Ok(known))
}
