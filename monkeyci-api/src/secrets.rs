//! The secrets that a build may know: what its params refer to, and the ID tokens of its jobs.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use monkeyci_core::attempt::Attempt;
use monkeyci_core::executor::RegistryAuth;
use monkeyci_core::model::{BuildId, Job, SecretRef, Text, Trigger};
use monkeyci_core::secret::{self, Keeper, Secrets};
use monkeyci_core::store::{Sql, StoreError, Tables};
use monkeyci_rest::Param;
use zeroize::Zeroizing;

use crate::issuer::Issuer;
use crate::owner::{Of, Owner};
use crate::registries;
use crate::table::param::{self, ParamRow};
use crate::vault::{Vault, VaultError};

/// Opens the secret params of builds.
pub struct Sealed {
    tables: Tables,
    vault: Arc<Vault>,
    issuer: Arc<Issuer>,
}

impl Sealed {
    /// Those that are kept in these tables, sealed with this key; ID tokens are signed by this issuer.
    #[must_use]
    pub fn new(tables: Tables, vault: Arc<Vault>, issuer: Arc<Issuer>) -> Self {
        Self { tables, vault, issuer }
    }
}

#[async_trait]
impl Keeper for Sealed {
    async fn secrets(&self, trigger: &Trigger) -> Result<Arc<Secrets>, String> {
        self.open_all(trigger, of_params(trigger).filter(|secret| is_of(secret, is_of_builds)).cloned().collect()).await
    }

    async fn of_job(&self, attempt: &Attempt, trigger: &Trigger, job: &Job) -> Result<Arc<Secrets>, String> {
        let build = &attempt.build;
        // A plan may name any reference: of environments it knows those of the job's own alone.
        let own = |owner: &Owner| match (&owner.of, &job.environment) {
            (Of::Environment(repo, name), Some(own)) => owner.org == build.org && *repo == build.repo && name == own,
            _ => false,
        };
        let of_job = job.texts().flat_map(Text::secrets).filter(|secret| is_of(secret, own));
        let wanted = of_params(trigger).filter(|secret| is_of(secret, is_of_builds)).chain(of_job).cloned();
        let mut secrets = self.open_all(trigger, wanted.collect()).await?;
        if !job.id_tokens.is_empty() && !trigger.fork {
            let known = Arc::make_mut(&mut secrets);
            for (variable, token) in self.issuer.tokens(attempt, trigger, job).await? {
                known.insert(secret::id_token(&variable), token.to_string());
            }
        }
        Ok(secrets)
    }

    async fn registries(&self, build: &BuildId, trigger: &Trigger) -> Result<Vec<RegistryAuth>, String> {
        // A fork's image would be of its own choice.
        if trigger.fork {
            return Ok(Vec::new());
        }
        let (vault, org, repo) = (Arc::clone(&self.vault), build.org.clone(), build.repo.clone());
        let opened = self.tables.read(move |sql| registries::of(&vault, sql, &org, &repo));
        opened.await.unwrap_or_else(|error| {
            tracing::error!(%error, "registry credentials cannot be read");
            Err("its registry credentials cannot be read: the server's database does not answer as it should".into())
        })
    }

    fn gives_id_tokens(&self) -> bool {
        true
    }
}

/// The references among the params of a build.
fn of_params(trigger: &Trigger) -> impl Iterator<Item = &SecretRef> {
    trigger.params.values().flat_map(Text::secrets)
}

/// Whether all jobs of a build may know the secrets of an owner.
fn is_of_builds(owner: &Owner) -> bool {
    !matches!(owner.of, Of::Environment(..))
}

/// Whether a secret's owner is one of those.
fn is_of(secret: &SecretRef, is_one: impl Fn(&Owner) -> bool) -> bool {
    Owner::of_full_name(&secret.name).is_some_and(|(owner, _)| is_one(&owner))
}

impl Sealed {
    async fn open_all(&self, trigger: &Trigger, wanted: BTreeSet<SecretRef>) -> Result<Arc<Secrets>, String> {
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

#[cfg(test)]
mod tests {
    use monkeyci_core::model::OrgId;
    use monkeyci_core::store::{Database, Sqlite};

    use super::*;
    use crate::table::registry_credential::{RegistryCredentialRow, place};
    use crate::table::{self, org, registry_credential};

    /// A secret of that owner in new tables, and what opens it.
    async fn sealed(dir: &tempfile::TempDir, owner: Owner) -> Sealed {
        let store = Arc::new(Sqlite::open(dir.path().join("api.db")).expect("opens"));
        let tables = Tables::open(store as Arc<dyn Database>, "api", table::MIGRATIONS).await.expect("opens");
        let vault = Arc::new(Vault::at(&dir.path().join("master.key")).expect("a key"));
        let keys = Arc::clone(&vault);
        let written = tables.write(move |sql| {
            org::add(sql, &owner.org, "Acme", 1)?;
            let sealed = keys.seal(sql, &owner.org, &owner.place("TOKEN", 1), b"hunter22").expect("seals");
            let param = Param {
                name: "TOKEN".into(),
                secret: true,
                value: None,
                version: 1,
                fingerprint: None,
                description: None,
                updated: 1,
                revision: 0,
            };
            param::put(sql, &owner, &ParamRow { param, sealed: Some(sealed) }, 1)
        });
        written.await.expect("writes");
        let issuer = Issuer::new(tables.clone(), Arc::clone(&vault), "https://ci.example.com".into());
        Sealed::new(tables, vault, Arc::new(issuer))
    }

    #[tokio::test]
    async fn a_fork_is_nobody_at_the_registries_of_its_organisation() {
        let dir = tempfile::tempdir().expect("a folder");
        let org: OrgId = "acme".parse().expect("an id");
        let kept = sealed(&dir, Owner::all(&org)).await;
        let (of, vault) = (org.clone(), Arc::clone(&kept.vault));
        let written = kept.tables.write(move |sql| {
            let sealed = vault.seal(sql, &of, &place(&of, "ghcr", 1), b"hunter22").expect("seals");
            let credential = serde_json::from_value(serde_json::json!({
                "name": "ghcr", "host": "ghcr.io", "username": "bot", "version": 1, "fingerprint": "", "created": 1,
                "updated": 1, "revision": 1,
            }));
            let row = RegistryCredentialRow { credential: credential.expect("credentials"), sealed };
            registry_credential::put(sql, &of, &row, 1)
        });
        written.await.expect("writes");
        let build = BuildId::new(org, "web".parse().expect("an id"), 1);
        for (fork, count) in [(false, 1), (true, 0)] {
            let trigger = Trigger { fork, ..Trigger::default() };
            assert_eq!(kept.registries(&build, &trigger).await.expect("they are had").len(), count);
        }
    }

    #[tokio::test]
    async fn a_plan_that_names_the_secret_of_another_environment_has_nothing_of_it() {
        let dir = tempfile::tempdir().expect("a folder");
        let (org, web) = ("acme".parse().expect("an id"), "web".parse().expect("an id"));
        let owner = Owner::environment(&org, &web, "live");
        let token = SecretRef { name: owner.full_name("TOKEN"), version: 1 };
        let sealed = sealed(&dir, owner).await;
        let mut job = Job::new("ship".parse().expect("an id"));
        job.env.insert("STOLEN".into(), Text::secret(token.clone()));
        let named = [("TOKEN".to_owned(), Text::secret(token.clone()))].into_iter().collect();
        for (repo, environment, fork, knows) in [
            ("web", Some("live"), false, true),
            ("web", Some("live"), true, false),
            ("web", Some("test"), false, false),
            ("web", None, false, false),
            ("lib", Some("live"), false, false),
        ] {
            job.environment = environment.map(str::to_owned);
            let build = BuildId::new(org.clone(), repo.parse().expect("an id"), 1);
            let attempt = Attempt { instance: "test".into(), build, job: job.id.clone(), number: 1, fence: 1 };
            let trigger = Trigger { fork, params: std::collections::BTreeMap::clone(&named), ..Trigger::default() };
            let secrets = sealed.of_job(&attempt, &trigger, &job).await.expect("they are had");
            assert_eq!(secrets.value(&token).is_some(), knows, "{repo} {environment:?} {fork}");
            let of_build = sealed.secrets(&trigger).await.expect("they are had");
            assert!(of_build.is_empty(), "those of an environment are nobody else's");
        }
    }
}
