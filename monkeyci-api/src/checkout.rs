//! Checkouts of repositories, with the keys that the organisation has for them.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use monkeyci_core::model::{OrgId, RepoId};
use monkeyci_core::source::{self, Credentials, GitRemote, Scheme, Source, SourceError, SshKey};
use monkeyci_core::store::{Sql, StoreError, Tables};
use tokio_util::sync::CancellationToken;

use crate::known_hosts;
use crate::table::{repo, ssh_key};
use crate::vault::{Vault, VaultError};

/// The SSH keys of organisations.
#[derive(Clone)]
pub struct Keys {
    tables: Tables,
    vault: Arc<Vault>,
    known_hosts: Arc<str>,
}

impl Keys {
    /// Those in these tables. `known_hosts` are hosts that they may be used on beside the well-known forges.
    pub fn new(tables: Tables, vault: Arc<Vault>, known_hosts: &str) -> Self {
        Self { tables, vault, known_hosts: format!("{}{known_hosts}\n", known_hosts::PINNED).into() }
    }

    /// The repository at an address with what opens it. Only SSH asks for anything.
    ///
    /// # Errors
    /// When there is no key for it, or none can be had; for people.
    pub async fn with(&self, mut remote: GitRemote, org: &OrgId, repo: &RepoId) -> Result<GitRemote, String> {
        if remote.url.scheme() != Scheme::Ssh {
            return Ok(remote);
        }
        let (keys, org, repo) = (self.clone(), org.clone(), repo.clone());
        let found = self.tables.read(move |sql| keys.of(sql, &org, &repo)).await;
        remote.credentials = Credentials::SshKey(found.unwrap_or_else(|error| {
            tracing::error!(%error, "ssh keys cannot be read");
            Err("its ssh keys cannot be read: the server's database does not answer as it should".into())
        })?);
        Ok(remote)
    }

    fn of(&self, sql: &mut dyn Sql, org: &OrgId, id: &RepoId) -> Result<Result<SshKey, String>, StoreError> {
        let labels = repo::find(sql, org, id)?.map(|repo| repo.body.labels).unwrap_or_default();
        let mut key = SshKey { private_keys: Vec::new(), known_hosts: self.known_hosts.to_string() };
        for row in ssh_key::all(sql, org)? {
            let ssh_key::SshKeyRow { key: found, sealed } = row;
            if !found.label_filters.match_labels(&labels) {
                continue;
            }
            match self.vault.open(sql, org, &ssh_key::place(org, &found.name, found.version), &sealed) {
                Ok(private) => key.private_keys.push(String::from_utf8_lossy(&private).into_owned()),
                Err(VaultError::Store(error)) => return Err(error),
                Err(error) => {
                    tracing::error!(%error, "an ssh key does not open");
                    let name = &found.name;
                    return Ok(Err(format!("ssh key `{name}` cannot be opened: the server's master key is another")));
                }
            }
            if let Some(hosts) = &found.known_hosts {
                key.known_hosts.push_str(hosts);
                key.known_hosts.push('\n');
            }
        }
        if key.private_keys.is_empty() {
            return Ok(Err(format!(
                "`{org}` has no ssh key for this repository: add one whose label filters fit, and its public part at the forge"
            )));
        }
        Ok(Ok(key))
    }
}

/// A repository, which is opened with the keys that there are when it is fetched.
pub struct Checkout {
    /// What is fetched.
    pub remote: GitRemote,
    /// The repository as it is known here.
    pub of: (OrgId, RepoId),
    /// What may open it.
    pub keys: Keys,
}

#[async_trait]
impl Source for Checkout {
    async fn fetch(&self, into: &Path, cancel: CancellationToken) -> Result<source::Checkout, SourceError> {
        let (org, repo) = &self.of;
        let refused = |reason| SourceError::Key { url: self.remote.url.to_string(), reason };
        let remote = self.keys.with(self.remote.clone(), org, repo).await.map_err(refused)?;
        remote.fetch(into, cancel).await
    }
}
