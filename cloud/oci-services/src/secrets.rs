//! Secrets of Vault (version 20190301), as they are read.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde::Deserialize;
use zeroize::{Zeroize as _, Zeroizing};

use crate::error::Error;
use crate::service::{Service, in_region};

/// The version of the service, which begins all paths.
const VERSION: &str = "20190301";

/// Which version of a secret is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The one of this number, from 1.
    Number(u64),
    /// The one that counts.
    Current,
    /// The one that counted before.
    Previous,
}

/// Secrets of a region.
#[derive(Debug, Clone)]
pub struct Secrets {
    service: Service,
}

/// A version of a secret.
pub struct Secret {
    /// Its number, from 1.
    pub version: u64,
    /// What it holds.
    pub content: Zeroizing<Vec<u8>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    version_number: u64,
    secret_bundle_content: Content,
}

#[derive(Deserialize)]
struct Content {
    content: String,
}

impl Drop for Content {
    fn drop(&mut self) {
        self.content.zeroize();
    }
}

in_region!(Secrets, "secrets.vaults", VERSION);

impl Secrets {
    /// Reads a version of a secret.
    ///
    /// # Errors
    /// When there is none, or none that we may read.
    pub async fn read(&self, id: &str, which: Which) -> Result<Secret, Error> {
        let name = "GetSecretBundle";
        let (number, stage) = match which {
            Which::Number(number) => (Some(number), None),
            Which::Current => (None, None),
            Which::Previous => (None, Some("PREVIOUS")),
        };
        let call = self.service.call(name, Method::GET, &["secretbundles", id]);
        let bundle: Bundle = call.query("versionNumber", number).query("stage", stage).value().await?;
        let content = STANDARD.decode(&bundle.secret_bundle_content.content);
        let content = content.map_err(|_| Error::Answer { call: name, why: "its content is no base64".into() })?;
        Ok(Secret { version: bundle.version_number, content: Zeroizing::new(content) })
    }
}

/// Without what it holds.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("version", &self.version).finish_non_exhaustive()
    }
}
