//! Secrets at rest: envelopes of AES-256-GCM-SIV.
//!
//! The master key of the server seals a key for each organisation; that seals a key for each value, which seals the
//! value. Every seal is bound to its place, so that what is moved to another row does not open, and has a nonce of its
//! own. Rotating the master key seals the keys of organisations anew, and touches no value.
//!
//! A seal is one byte of version, 12 of nonce, and the ciphertext with its tag of 16.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use aes_gcm_siv::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use monkeyci_core::model::OrgId;
use monkeyci_core::store::{Sql, StoreError};
use zeroize::Zeroizing;

use crate::random;
use crate::table::org;

/// The version of a seal.
const VERSION: u8 = 1;

const KEY: usize = 32;
const NONCE: usize = 12;

/// Why something does not open.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// It was sealed with another key, for another place, or changed since.
    #[error("a secret of {0} does not open: the master key is another, or the database was changed by hand")]
    Sealed(String),
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The master key of a server.
pub struct Vault {
    key: Key,
    /// What further keys are derived from.
    root: Zeroizing<[u8; KEY]>,
}

/// One key.
struct Key(Aes256GcmSiv);

impl Vault {
    /// The master key in a file, which is made with a new one when it is not there.
    ///
    /// # Errors
    /// When it cannot be read or written, or holds no key.
    pub fn at(path: &Path) -> std::io::Result<Self> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::new(&text).ok_or_else(|| {
                let what = "it holds no key: 32 bytes in base64 are expected; restore it from a backup";
                std::io::Error::new(std::io::ErrorKind::InvalidData, what)
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let key = Zeroizing::new(STANDARD.encode(random::bytes::<KEY>()));
                let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
                file.write_all(key.as_bytes())?;
                file.sync_all()?;
                Ok(Self::new(&key).expect("a key that was just drawn"))
            }
            Err(error) => Err(error),
        }
    }

    /// The master key that a text holds: 32 bytes in base64.
    pub fn new(text: &str) -> Option<Self> {
        let key = Zeroizing::new(STANDARD.decode(text.trim()).ok()?);
        Self::from_bytes(&key)
    }

    /// The master key that these bytes are, where they are 32.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let root = Zeroizing::new(hmac_sha256::HMAC::mac(b"monkeyci derived keys", bytes));
        Some(Self { key: Key::new(bytes)?, root })
    }

    /// A key for a purpose of the server itself. It is the same wherever the master key is, and tells nothing of that.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; KEY]> {
        Zeroizing::new(hmac_sha256::HMAC::mac(purpose, *self.root))
    }

    /// Whether this is the key that the key of an organisation was sealed with.
    pub fn opens_key_of(&self, owner: &OrgId, sealed: &[u8]) -> bool {
        self.key.open(&place_of(owner), sealed).is_some()
    }

    /// Seals a value of the server itself for its place.
    pub fn seal_own(&self, place: &str, value: &[u8]) -> Vec<u8> {
        self.key.seal(&format!("server/{place}"), value)
    }

    /// Opens what [`Vault::seal_own`] sealed for this place; nothing where that does not open.
    pub fn open_own(&self, place: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.key.open(&format!("server/{place}"), sealed)
    }

    /// Seals a value of an organisation for its place.
    ///
    /// # Errors
    /// When the organisation's key cannot be had.
    pub fn seal(&self, sql: &mut dyn Sql, owner: &OrgId, place: &str, value: &[u8]) -> Result<Vec<u8>, VaultError> {
        let key = Zeroizing::new(random::bytes::<KEY>());
        let mut sealed = self.key_of(sql, owner)?.seal(place, &*key);
        sealed.extend(Key::new(&*key).expect("it has the right length").seal(place, value));
        Ok(sealed)
    }

    /// Opens what was sealed for this place.
    ///
    /// # Errors
    /// When it does not open, or the organisation's key cannot be had.
    pub fn open(
        &self,
        sql: &mut dyn Sql,
        owner: &OrgId,
        place: &str,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let refused = || VaultError::Sealed(place.to_owned());
        let (key, value) = sealed.split_at_checked(1 + NONCE + KEY + 16).ok_or_else(refused)?;
        let key = self.key_of(sql, owner)?.open(place, key).and_then(|key| Key::new(&key)).ok_or_else(refused)?;
        key.open(place, value).ok_or_else(refused)
    }

    /// A keyed digest of a value: equal ones of an organisation have equal ones, and nobody else learns anything.
    ///
    /// # Errors
    /// When the organisation's key cannot be had.
    pub fn fingerprint(&self, sql: &mut dyn Sql, owner: &OrgId, value: &[u8]) -> Result<String, VaultError> {
        let bytes = self.key_bytes(sql, owner)?;
        let key = hmac_sha256::HMAC::mac(b"monkeyci fingerprint", &*bytes);
        Ok(random::hex(&hmac_sha256::HMAC::mac(value, key)[..8]))
    }

    fn key_of(&self, sql: &mut dyn Sql, owner: &OrgId) -> Result<Key, VaultError> {
        let bytes = self.key_bytes(sql, owner)?;
        Key::new(&bytes).ok_or_else(|| VaultError::Sealed(owner.to_string()))
    }

    fn key_bytes(&self, sql: &mut dyn Sql, owner: &OrgId) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let place = place_of(owner);
        let sealed = match org::key(sql, owner)? {
            Some(sealed) => sealed,
            None => org::keep_key(sql, owner, &self.key.seal(&place, &random::bytes::<KEY>()))?,
        };
        self.key.open(&place, &sealed).ok_or(VaultError::Sealed(place))
    }
}

/// What the key of an organisation is bound to.
fn place_of(owner: &OrgId) -> String {
    format!("org/{owner}")
}

impl Key {
    fn new(bytes: &[u8]) -> Option<Self> {
        Aes256GcmSiv::new_from_slice(bytes).ok().map(Self)
    }

    fn seal(&self, place: &str, value: &[u8]) -> Vec<u8> {
        let nonce = random::bytes::<NONCE>();
        let payload = Payload { msg: value, aad: place.as_bytes() };
        let text = self.0.encrypt(&Nonce::from(nonce), payload).expect("values are far below 64 GB");
        [&[VERSION], &nonce[..], &text].concat()
    }

    fn open(&self, place: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (version, rest) = sealed.split_first()?;
        let (nonce, text) = rest.split_first_chunk::<NONCE>()?;
        let payload = Payload { msg: text, aad: place.as_bytes() };
        let opened = self.0.decrypt(&Nonce::from(*nonce), payload).ok()?;
        (*version == VERSION).then(|| Zeroizing::new(opened))
    }
}
