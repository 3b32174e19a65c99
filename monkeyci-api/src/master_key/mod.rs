//! Where the master key comes from: a file, or a secret of Oracle Cloud's Vault.

pub mod oci;

use monkeyci_core::store::Tables;

use crate::config::Config;
use crate::server::ServerError;
use crate::vault::Vault;
use crate::{backup, table};

/// Opens the vault of a server whose state is in `folder`.
///
/// # Errors
/// When there is no key, and none may be made.
pub async fn open(config: &Config, folder: &std::path::Path) -> Result<Vault, ServerError> {
    config.check_key().map_err(ServerError::MasterKey)?;
    if config.oci_vault.secret.is_some() {
        let (vault, version) = config.oci_vault.fetch().await.map_err(ServerError::MasterKey)?;
        tracing::info!(version, "the master key is that of OCI Vault");
        return Ok(vault);
    }
    let path = config.master_key.clone().unwrap_or_else(|| folder.join(backup::KEY));
    Vault::at(&path).map_err(|source| ServerError::Io { what: "cannot use the master key", path, source })
}

/// Refuses a key from Vault that is not the one of the database: somebody has made a new version of the secret, and a server
/// that went on would seal by another key than the one of the rest.
///
/// # Errors
/// When it does not fit.
pub async fn check(config: &Config, vault: &Vault, tables: &Tables) -> Result<(), ServerError> {
    let Some(secret) = &config.oci_vault.secret else { return Ok(()) };
    let Some((org, sealed)) = tables.read(table::org::any_key).await? else { return Ok(()) };
    if vault.opens_key_of(&org, &sealed) {
        return Ok(());
    }
    Err(ServerError::MasterKey(format!(
        "that in `{secret}` is not the one that this database was sealed with: set `oci-vault.version` to the version of the \
         secret that holds that one"
    )))
}
