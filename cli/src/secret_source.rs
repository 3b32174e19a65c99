//! Secrets from where they are kept: those of webhooks, and the tokens of forges. None is in settings.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use oci_services::Retry;
use oci_services::secrets::{Secrets as Vault, Which};
use serde::Deserialize;
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use monkeyci_api::account::Account;

/// How long a secret of Vault is believed to be what it was.
const FRESH: Duration = Duration::from_secs(300);

/// How soon one that does not fit is read anew: somebody may have changed it, and somebody else may only try.
const SOON: Duration = Duration::from_secs(30);

/// How long Vault has for an answer.
const PATIENCE: Duration = Duration::from_secs(4);

/// Bytes that a secret may have.
const LONGEST: usize = 64 * 1024;

/// Where a secret is.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Source {
    /// In a variable.
    Environment(String),
    /// In a file, which is read for each delivery.
    File(PathBuf),
    /// In OCI Vault.
    Vault(String, Version),
}

/// A version of a secret of Vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Version {
    /// The one of this number.
    Number(u64),
    /// The one that counts.
    Current,
    /// The one that counted before.
    Previous,
}

impl TryFrom<String> for Source {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let expected = "where a secret is: `env:NAME`, `file:/PATH`, `vault:OCID`, `vault:OCID#3` or \
                        `vault:OCID#previous` is expected, and never the secret itself";
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Ok(Self::Environment(name.to_owned())),
            Some(("file", path)) if path.starts_with('/') => Ok(Self::File(path.into())),
            Some(("vault", id)) if id.starts_with("ocid1.vaultsecret.") => {
                let (id, version) = id.split_once('#').unwrap_or((id, "current"));
                let version = match version {
                    "current" => Version::Current,
                    "previous" => Version::Previous,
                    number => Version::Number(number.parse().map_err(|_| expected)?),
                };
                Ok(Self::Vault(id.to_owned(), version))
            }
            _ => Err(expected),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Vault(id, Version::Current) => write!(f, "vault:{id}"),
            Self::Vault(id, Version::Previous) => write!(f, "vault:{id}#previous"),
            Self::Vault(id, Version::Number(number)) => write!(f, "vault:{id}#{number}"),
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Reads secrets.
pub struct Secrets {
    account: Account,
    endpoint: Option<String>,
    vault: OnceCell<Vault>,
    known: Mutex<HashMap<(String, Version), Known>>,
}

/// A secret as it was read.
struct Known {
    secret: Option<Zeroizing<String>>,
    read: Instant,
}

impl Secrets {
    /// Reads those of Vault as `account`, at another address than the usual one where that is said. Nothing is asked before
    /// one is needed.
    pub fn new(account: Account, endpoint: Option<String>) -> Self {
        Self { account, endpoint, vault: OnceCell::new(), known: Mutex::default() }
    }

    /// What one is now.
    ///
    /// # Errors
    /// When it cannot be read, or is empty.
    pub async fn one(&self, source: &Source) -> Result<Zeroizing<String>, String> {
        let secret = self.read(source, false).await.map_err(|why| format!("{source}: {why}"))?;
        secret.filter(|secret| !secret.is_empty()).ok_or_else(|| format!("{source}: it is empty, or not there"))
    }

    /// The secrets of a hook. With `again`, those of Vault are read anew, where that was not done just now.
    ///
    /// # Errors
    /// When one of them cannot be read, and there is no other.
    pub async fn of(&self, sources: &[Source], again: bool) -> Result<Vec<Zeroizing<String>>, String> {
        let (mut secrets, mut wrong) = (Vec::new(), None);
        for source in sources {
            match self.read(source, again).await {
                Ok(secret) => secrets.extend(secret),
                Err(why) => {
                    tracing::error!(%source, why, "a secret cannot be read");
                    wrong = Some(format!("{source}: {why}"));
                }
            }
        }
        match wrong {
            // One of two may be gone already.
            Some(why) if secrets.is_empty() => Err(why),
            _ => Ok(secrets),
        }
    }

    /// Reads one; nothing where there is no former version yet.
    async fn read(&self, source: &Source, again: bool) -> Result<Option<Zeroizing<String>>, String> {
        match source {
            Source::Environment(name) => {
                let secret = std::env::var(name).map_err(|_| "the variable is not set".to_owned())?;
                Ok(Some(Zeroizing::new(secret)))
            }
            Source::File(path) => {
                let text = tokio::fs::read_to_string(path).await.map(Zeroizing::new);
                let text = text.map_err(|error| error.to_string())?;
                if text.len() > LONGEST {
                    return Err(format!("it has more than {LONGEST} bytes"));
                }
                Ok(Some(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned())))
            }
            Source::Vault(id, version) => {
                if let Some(known) = self.known(id, *version, if again { SOON } else { FRESH }) {
                    return Ok(known);
                }
                let secret = self.ask(id, *version).await?;
                let known = Known { secret: secret.clone(), read: Instant::now() };
                self.lock().insert((id.clone(), *version), known);
                Ok(secret)
            }
        }
    }

    fn known(&self, id: &str, version: Version, age: Duration) -> Option<Option<Zeroizing<String>>> {
        let known = self.lock();
        let found = known.get(&(id.to_owned(), version)).filter(|known| known.read.elapsed() < age)?;
        Some(found.secret.clone())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(String, Version), Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, id: &str, version: Version) -> Result<Option<Zeroizing<String>>, String> {
        let vault = self.vault.get_or_try_init(|| self.open()).await?;
        let which = match version {
            Version::Number(number) => Which::Number(number),
            Version::Current => Which::Current,
            Version::Previous => Which::Previous,
        };
        let secret = match vault.read(id, which).await {
            Ok(secret) => secret,
            Err(error) if error.is_not_found() && version == Version::Previous => return Ok(None),
            Err(error) if error.is_not_found() => {
                return Err(format!(
                    "there is no such secret, or whoever asks may not read it, which a policy allows: `allow dynamic-group \
                     NAME to read secret-bundles in compartment NAME` ({error})"
                ));
            }
            Err(error) => return Err(error.to_string()),
        };
        let text = std::str::from_utf8(&secret.content).map_err(|_| "it is no text".to_owned())?;
        Ok(Some(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned())))
    }

    async fn open(&self) -> Result<Vault, String> {
        let (client, region) = self.account.client().await.map_err(|error| error.to_string())?;
        let vault = match &self.endpoint {
            Some(endpoint) => Vault::at(client, endpoint),
            None => Vault::in_region(client, &region),
        };
        let retry = Retry { attempts: 2, base: Duration::from_millis(200), ..Retry::default() };
        Ok(vault.map_err(|error| error.to_string())?.with(|service| service.retrying(retry).patient(PATIENCE)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_named_by_where_it_is() {
        for text in [
            "env:WEB_SECRET",
            "file:/run/secrets/web",
            "vault:ocid1.vaultsecret.oc1..a",
            "vault:ocid1.vaultsecret.oc1..a#3",
            "vault:ocid1.vaultsecret.oc1..a#previous",
        ] {
            assert_eq!(Source::try_from(text.to_owned()).expect("reads").to_string(), text);
        }
        for text in ["hush", "env:", "file:relative", "vault:ocid1.vault.oc1..a", "vault:ocid1.vaultsecret.oc1..a#x"] {
            let why = Source::try_from(text.to_owned()).expect_err("is none");
            assert!(!why.contains("hush"), "{why}");
        }
    }
}
