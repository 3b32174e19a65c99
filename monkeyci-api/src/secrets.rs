//! The secrets that a build may know: what its params refer to.

use std::sync::Arc;

use async_trait::async_trait;
use monkeyci_core::model::{SecretRef, Trigger};
use monkeyci_core::secret::{Keeper, Secrets};
use monkeyci_core::store::{Sql, StoreError, Tables};
use monkeyci_rest::Param;
use zeroize::Zeroizing;

use crate::owner::Owner;
use crate::table::param::{self, ParamRow};
use crate::vault::{Vault, VaultError};

/// Opens the secret params of builds.
pub struct Sealed {
    tables: Tables,
    vault: Arc<Vault>,
}

impl Sealed {
    /// Those that are kept in these tables, sealed with this key.
    #[must_use]
    pub fn new(tables: Tables, vault: Arc<Vault>) -> Self {
        Self { tables, vault }
    }
}

#[async_trait]
impl Keeper for Sealed {
    async fn secrets(&self, trigger: &Trigger) -> Result<Arc<Secrets>, String> {
        let wanted: Vec<SecretRef> = trigger.params.values().flat_map(|value| value.secrets().cloned()).collect();
        // A fork's code never sees one.
        if wanted.is_empty() || trigger.fork {
            return Ok(Arc::default());
        }
        let vault = Arc::clone(&self.vault);
        let opened = self.tables.read(move |sql| {
            let mut secrets = Secrets::new();
            for secret in wanted {
                match open(&vault, sql, &secret)? {
                    Ok(value) => secrets.insert(secret, value),
                    Err(why) => return Ok(Err(why)),
                }
            }
            Ok(Ok(Arc::new(secrets)))
        });
        opened.await.unwrap_or_else(|error| {
            tracing::error!(%error, "secrets cannot be read");
            Err("its secrets cannot be read: the server's database does not answer as it should".into())
        })
    }
}

/// The value of a secret, in its newest version: what was replaced is meant to be used no more.
fn open(vault: &Vault, sql: &mut dyn Sql, secret: &SecretRef) -> Result<Result<String, String>, StoreError> {
    let gone = || Ok(Err(format!("param `{}`, which the build was begun with, is gone: build it anew", secret.name)));
    let Some((owner, name)) = Owner::of_full_name(&secret.name) else { return gone() };
    let Some(row) = param::find(sql, &owner, name)? else { return gone() };
    Ok(value(vault, sql, &owner, row)?.map(|value| value.to_string()))
}

/// The value of a param, also of one that is secret; in words for people why that does not open.
///
/// # Errors
/// When the database refuses.
pub fn value(
    vault: &Vault,
    sql: &mut dyn Sql,
    owner: &Owner,
    row: ParamRow,
) -> Result<Result<Zeroizing<String>, String>, StoreError> {
    let Param { name, value, version, .. } = row.param;
    let Some(sealed) = row.sealed else { return Ok(Ok(Zeroizing::new(value.unwrap_or_default()))) };
    match vault.open(sql, &owner.org, &owner.place(&name, version), &sealed) {
        Ok(value) => Ok(Ok(Zeroizing::new(String::from_utf8_lossy(&value).into_owned()))),
        Err(VaultError::Store(error)) => Err(error),
        Err(error) => {
            tracing::error!(%error, "a secret does not open");
            let name = owner.full_name(&name);
            Ok(Err(format!("param `{name}` cannot be opened: the server's master key is another")))
        }
    }
}
