//! A private key, and what it is known by.

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use md5::{Digest as _, Md5};

use crate::passphrase;
use crate::pem::Pem;

/// A private key: RSA of 2048 to 8192 bits.
pub struct PrivateKey {
    pair: KeyPair,
    public: Vec<u8>,
}

/// Why a private key cannot be used. Nothing of the key is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// There is no PEM, or not all of it.
    #[error("it holds no whole private key: lines from `-----BEGIN PRIVATE KEY-----` to its end are expected")]
    NoPem,
    /// It is a public key.
    #[error("it holds a public key: name the file of the private one, which is made together with it")]
    Public,
    /// It is another kind of key, or no key.
    #[error("it holds `{0}`: Oracle Cloud takes RSA keys, as `openssl genrsa 2048` makes them")]
    Kind(String),
    /// It has a passphrase, and none is given.
    #[error("it is protected by a passphrase, and none is given")]
    NoPassphrase,
    /// The passphrase is another.
    #[error("it does not open with the passphrase that is given")]
    WrongPassphrase,
    /// It is protected in a way that is not known here.
    #[error(
        "it is protected by {0}, which is not known here: write it anew by `openssl pkcs8 -topk8 -v2 aes-256-cbc -in KEY \
         -out NEW`"
    )]
    Cipher(String),
    /// It is damaged, or too small.
    #[error("it cannot be used ({0}): Oracle Cloud takes RSA keys of 2048 bits or more")]
    Refused(String),
}

impl PrivateKey {
    /// Reads a key in PEM: PKCS#8 or PKCS#1, each also protected by a passphrase. What stands before or after it is not
    /// looked at, and a passphrase that is not needed is not used.
    ///
    /// # Errors
    /// When there is none, or none that can be used.
    pub fn from_pem(text: &str, passphrase: Option<&str>) -> Result<Self, KeyError> {
        let pem = Pem::first(text).ok_or(KeyError::NoPem)?;
        let pair = match pem.label.as_str() {
            "PRIVATE KEY" => KeyPair::from_pkcs8(&pem.bytes),
            "RSA PRIVATE KEY" if pem.header("Proc-Type").is_some_and(|kind| kind.contains("ENCRYPTED")) => {
                let opened = passphrase::open_legacy(&pem, passphrase.ok_or(KeyError::NoPassphrase)?)?;
                return KeyPair::from_der(&opened).map_or(Err(KeyError::WrongPassphrase), Self::new);
            }
            "RSA PRIVATE KEY" => KeyPair::from_der(&pem.bytes),
            "ENCRYPTED PRIVATE KEY" => {
                let opened = passphrase::open(&pem.bytes, passphrase.ok_or(KeyError::NoPassphrase)?)?;
                KeyPair::from_pkcs8(&opened)
            }
            "PUBLIC KEY" | "RSA PUBLIC KEY" => return Err(KeyError::Public),
            other => return Err(KeyError::Kind(other.chars().take(40).collect())),
        };
        Self::new(pair.map_err(|error| KeyError::Refused(error.to_string()))?)
    }

    /// Draws a new key of 2048 bits. That takes a part of a second.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn generate() -> Result<Self, KeyError> {
        Self::new(KeyPair::generate(KeySize::Rsa2048).map_err(|error| KeyError::Refused(error.to_string()))?)
    }

    fn new(pair: KeyPair) -> Result<Self, KeyError> {
        let public: PublicKeyX509Der<'_> =
            pair.public_key().as_der().map_err(|error| KeyError::Refused(error.to_string()))?;
        let public = public.as_ref().to_vec();
        Ok(Self { pair, public })
    }

    /// Its size, in bits.
    #[must_use]
    pub fn bits(&self) -> usize {
        self.pair.public_modulus_len() * 8
    }

    /// Its public half, as DER (`SubjectPublicKeyInfo`).
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        &self.public
    }

    /// What Oracle Cloud calls it by: the MD5 digest of its public half, as `0b:f2:…`.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        pairs(&Md5::digest(&self.public), |byte| format!("{byte:02x}"))
    }

    /// Signs by PKCS#1 1.5 with SHA-256.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let signed = self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature);
        signed.expect("a whole key signs messages of any length");
        signature
    }
}

/// Bytes with colons between.
pub(crate) fn pairs(bytes: &[u8], hex: impl Fn(&u8) -> String) -> String {
    bytes.iter().map(hex).collect::<Vec<_>>().join(":")
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PrivateKey({} bits, {})", self.bits(), self.fingerprint())
    }
}
