//! Who calls.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use md5::{Digest as _, Md5};
use serde_json::json;

use crate::time;

/// The tenancy that there is.
pub const TENANCY: &str = "ocid1.tenancy.oc1..aaaaaaaadouble";

/// A user with an API key.
pub struct User {
    /// The tenancy's OCID.
    pub tenancy: String,
    /// The user's OCID.
    pub user: String,
    /// What the key is known by.
    pub fingerprint: String,
    /// The region in the configuration.
    pub region: String,
    /// The private key.
    pub pem: String,
}

impl User {
    /// A user with a new key, and that key's public half.
    pub(crate) fn new(region: &str) -> (Self, Vec<u8>) {
        let (pem, public) = key();
        let user = Self {
            tenancy: TENANCY.into(),
            user: format!("ocid1.user.oc1..{}", id()),
            fingerprint: fingerprint(&public),
            region: region.into(),
            pem,
        };
        (user, public)
    }

    /// What services know the key by.
    #[must_use]
    pub fn key_id(&self) -> String {
        format!("{}/{}/{}", self.tenancy, self.user, self.fingerprint)
    }

    /// Writes what `~/.oci/config` is, and the key beside it; where the former is.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write(&self, folder: &Path) -> std::io::Result<PathBuf> {
        std::fs::create_dir_all(folder)?;
        let (config, key) = (folder.join("config"), folder.join("key.pem"));
        secretly(&key, &self.pem)?;
        let Self { tenancy, user, fingerprint, region, .. } = self;
        let text = format!(
            "[DEFAULT]\ntenancy={tenancy}\nuser={user}\nfingerprint={fingerprint}\nregion={region}\nkey_file={}\n",
            key.display()
        );
        secretly(&config, &text)?;
        Ok(config)
    }
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("user", &self.user).finish_non_exhaustive()
    }
}

/// Writes what only its owner reads.
pub(crate) fn secretly(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

/// A new key: the private half as PEM, the public one as DER.
pub(crate) fn key() -> (String, Vec<u8>) {
    let pair = KeyPair::generate(KeySize::Rsa2048).expect("the machine has chance enough");
    let private: Pkcs8V1Der<'_> = pair.as_der().expect("a new key can be written");
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().expect("a new key can be written");
    let text = STANDARD.encode(private.as_ref());
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line)).collect();
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"));
    (pem, public.as_ref().to_vec())
}

/// What a key is known by: MD5 of its public half.
pub(crate) fn fingerprint(public: &[u8]) -> String {
    Md5::digest(public).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

/// The part of an OCID that is chance.
pub(crate) fn id() -> String {
    let mut bytes = [0_u8; 20];
    getrandom::fill(&mut bytes).expect("the machine has chance enough");
    bytes.iter().map(|byte| char::from(b"abcdefghijklmnopqrstuvwxyz234567"[usize::from(byte % 32)])).collect()
}

/// A token as services give it, good for so many seconds, which nobody has signed: only its claims are read.
#[must_use]
pub fn token(lasts: i64, id: &str) -> String {
    token_at(SystemTime::now(), lasts, id, "ocid1.tenancy.oc1..t", "ocid1.compartment.oc1..t")
}

pub(crate) fn token_at(now: SystemTime, lasts: i64, id: &str, tenancy: &str, compartment: &str) -> String {
    let now = i64::try_from(time::seconds(now)).unwrap_or(i64::MAX);
    let claims = json!({
        "exp": now.saturating_add(lasts), "iat": now, "res_tenant": tenancy, "res_compartment": compartment,
        "res_type": "computecontainerinstance", "jti": id,
    });
    format!("eyJhbGciOiJSUzI1NiJ9.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()))
}
