//! The master key as a secret of Oracle Cloud's Vault, read when the server starts and kept in memory alone.

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oci_signer::{Client, Signer, endpoint};
use reqwest::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::account::Account;
pub use crate::account::Auth;
use crate::vault::Vault;

/// Bytes that an answer may have: a secret is at most 25 KB.
const MOST: usize = 256 * 1024;

/// How long one answer may take, how often it is asked, and how long it waits at first in between.
const PATIENCE: Duration = Duration::from_secs(10);
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(300);

/// The master key as a secret of Oracle Cloud's Vault, in place of a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct OciVault {
    /// The id of the secret, which holds 32 bytes, or those in base64; the key is in a file when that is not said.
    #[cfg_attr(feature = "schema", schemars(example = "ocid1.vaultsecret.oc1.eu-frankfurt-1.aaaa"))]
    pub secret: Option<String>,
    /// The version of the secret; the current one when that is not said. Whoever makes a new version must name the old one
    /// here.
    #[cfg_attr(feature = "schema", schemars(example = 1))]
    pub version: Option<u64>,
    /// As whom the server asks: `config-file` (a profile of Oracle's tools, with an API key or a session),
    /// `instance-principal` or `resource-principal`.
    pub auth: Auth,
    /// The configuration file of Oracle's tools; `~/.oci/config`, or the one that `OCI_CONFIG_FILE` names, when that is not
    /// said.
    #[cfg_attr(feature = "schema", schemars(example = "/etc/monkeyci/oci.config"))]
    pub config_file: Option<PathBuf>,
    /// The profile in that file.
    pub profile: String,
    /// The region of the vault; that of whoever asks when that is not said.
    #[cfg_attr(feature = "schema", schemars(example = "eu-frankfurt-1"))]
    pub region: Option<String>,
    /// Where secrets are read, for a private endpoint; the address of the region's service when that is not said.
    #[cfg_attr(feature = "schema", schemars(example = "https://secrets.vaults.eu-frankfurt-1.oci.oraclecloud.com"))]
    pub endpoint: Option<String>,
}

impl Default for OciVault {
    fn default() -> Self {
        Self {
            secret: None,
            version: None,
            auth: Auth::default(),
            config_file: None,
            profile: "DEFAULT".into(),
            region: None,
            endpoint: None,
        }
    }
}

/// What the service answers, as far as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    version_number: u64,
    secret_bundle_content: Content,
}

/// The content of a secret, in base64.
#[derive(Deserialize)]
struct Content {
    content: String,
}

impl Drop for Content {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.content);
    }
}

/// A refusal.
#[derive(Deserialize)]
struct Refused {
    code: String,
    #[serde(default)]
    message: String,
}

impl OciVault {
    /// Looks for what cannot be used.
    ///
    /// # Errors
    /// The first key that is wrong, and why.
    pub fn check(&self) -> Result<(), String> {
        if let Some(secret) = &self.secret {
            let known = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
            if !secret.starts_with("ocid1.vaultsecret.") || !secret.chars().all(known) {
                return Err(format!(
                    "secret: `{secret}` is no id of a secret: `ocid1.vaultsecret.` and more is expected"
                ));
            }
        }
        if self.version == Some(0) {
            return Err("version: versions of a secret begin with 1".into());
        }
        let Some(text) = &self.endpoint else { return Ok(()) };
        let url = reqwest::Url::parse(text).map_err(|error| format!("endpoint: `{text}`: {error}"))?;
        let is_here = url.host_str().is_some_and(|host| matches!(host, "127.0.0.1" | "[::1]" | "localhost"));
        match url.scheme() {
            "https" => Ok(()),
            "http" if is_here => Ok(()),
            _ => Err(format!("endpoint: `{text}` does not begin with `https://`: the key would travel in the clear")),
        }
    }

    /// Reads the key and its version. Nothing of it is written anywhere.
    ///
    /// # Errors
    /// Why there is none, and what to do, in words for people.
    pub async fn fetch(&self) -> Result<(Vault, u64), String> {
        let secret = self.secret.as_deref().unwrap_or_default();
        let failed = |why: String| format!("`{secret}` (oci-vault.secret) cannot be had: {why}");
        let (principal, region) = self.account().principal().await.map_err(|error| failed(error.to_string()))?;
        let base = self.endpoint.clone().unwrap_or_else(|| endpoint("secrets.vaults", &region));
        let mut url = format!("{}/20190301/secretbundles/{secret}", base.trim_end_matches('/'));
        if let Some(version) = self.version {
            url.push_str(&format!("?versionNumber={version}"));
        }
        let client = Client::new(Signer::new(principal)).map_err(|error| failed(error.to_string()))?;
        let text = self.ask(&client, &url).await.map_err(failed)?;
        // What stands there is not told: it may be most of a key.
        let bundle: Bundle = serde_json::from_str(&text).map_err(|_| failed("its answer is not understood".into()))?;
        let version = bundle.version_number;
        let vault = vault(&bundle.secret_bundle_content.content);
        let none = || {
            failed(format!(
                "version {version} holds no key: 32 bytes are expected, as `openssl rand -base64 32` draws them"
            ))
        };
        Ok((vault.ok_or_else(none)?, version))
    }

    /// As whom the server asks.
    #[must_use]
    pub fn account(&self) -> Account {
        let Self { auth, config_file, profile, region, .. } = self.clone();
        Account { auth, config_file, profile, region }
    }

    /// Asks until there is an answer: services are busy at times, and a server that starts with its machine is early.
    async fn ask(&self, client: &Client, url: &str) -> Result<Zeroizing<String>, String> {
        let mut pause = PAUSE;
        for left in (0..TRIES).rev() {
            let request = client.http().get(url).timeout(PATIENCE).build().map_err(|error| error.to_string())?;
            let why = match client.send(request).await {
                Ok(answer) => {
                    let status = answer.status();
                    let text = read(answer).await?;
                    if status.is_success() {
                        return Ok(text);
                    }
                    let why = self.refused(status, &text);
                    if status != StatusCode::TOO_MANY_REQUESTS && !status.is_server_error() {
                        return Err(why);
                    }
                    why
                }
                Err(oci_signer::Error::Http(error)) if !error.is_builder() => {
                    oci_signer::Error::Http(error).to_string()
                }
                Err(error) => return Err(error.to_string()),
            };
            if left == 0 {
                return Err(why);
            }
            tracing::warn!(%why, "OCI Vault is asked again");
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        unreachable!("the last try returns")
    }

    /// A refusal in words for people.
    fn refused(&self, status: StatusCode, text: &str) -> String {
        let said = match serde_json::from_str::<Refused>(text) {
            Ok(told) => format!("{status} {}: {}", told.code, told.message).chars().take(300).collect(),
            Err(_) => status.to_string(),
        };
        match status {
            StatusCode::NOT_FOUND => {
                let version = self.version.map(|version| format!(", with version {version}")).unwrap_or_default();
                format!(
                    "there is no such secret{version}, or whoever asks may not read it, which a policy allows: `allow \
                     dynamic-group NAME to read secret-bundles in compartment NAME` ({said})"
                )
            }
            StatusCode::UNAUTHORIZED => {
                format!(
                    "Oracle Cloud does not know the key that signs: is it still that user's, or that instance's? ({said})"
                )
            }
            _ => said,
        }
    }
}

/// The key that the content of a secret is: 32 bytes, or a text that is them in base64.
fn vault(content: &str) -> Option<Vault> {
    let bytes = Zeroizing::new(STANDARD.decode(content).ok()?);
    if let Some(vault) = Vault::from_bytes(&bytes) {
        return Some(vault);
    }
    Vault::new(std::str::from_utf8(&bytes).ok()?)
}

/// Reads an answer, no more than a secret can be.
async fn read(mut answer: Response) -> Result<Zeroizing<String>, String> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(MOST));
    while let Some(piece) = answer.chunk().await.map_err(|error| crate::outward::reason(&error))? {
        if bytes.len() + piece.len() > MOST {
            return Err("its answer is too long".into());
        }
        bytes.extend_from_slice(&piece);
    }
    String::from_utf8(std::mem::take(&mut *bytes)).map(Zeroizing::new).map_err(|_| "its answer is no text".into())
}
