//! A key that signs: RSA of 2048 bits, which every cloud understands.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use monkeyci_core::model::Millis;
use monkeyci_rest::SigningKey;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::random;
use crate::table::signing_key::KeyRow;
use crate::vault::Vault;

/// The algorithm that tokens are signed by.
pub const ALGORITHM: Algorithm = Algorithm::RS256;

/// Draws a new key, which signs from a moment on. That takes a part of a second.
///
/// # Errors
/// Why there is none, for the log.
pub fn draw(vault: &Vault, now: Millis, signs: Millis) -> Result<KeyRow, String> {
    let failed = |error: &dyn std::fmt::Display| format!("no key can be drawn: {error}");
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|error| failed(&error))?;
    let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|error| failed(&error))?;
    let text = Zeroizing::new(STANDARD.encode(der.as_ref()));
    let pem = Zeroizing::new(format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", &*text));
    let private = EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(|error| failed(&error))?;
    let mut public = Jwk::from_encoding_key(&private, ALGORITHM).map_err(|error| failed(&error))?;
    let id = random::id();
    public.common.key_id = Some(id.clone());
    public.common.public_key_use = Some(PublicKeyUse::Signature);
    let public = serde_json::to_string(&public).map_err(|error| failed(&error))?;
    let sealed = vault.seal_own(&place(&id), pem.as_bytes());
    Ok(KeyRow { key: SigningKey { id, created: now, signs, ends: None }, public, sealed })
}

/// Opens a key.
///
/// # Errors
/// When it does not open, in words for people.
pub fn open(vault: &Vault, row: &KeyRow) -> Result<EncodingKey, String> {
    let pem = vault.open_own(&place(&row.key.id), &row.sealed);
    let key = pem.and_then(|pem| EncodingKey::from_rsa_pem(&pem).ok());
    key.ok_or_else(|| {
        "the server's signing key cannot be opened: its master key is another; whoever runs it makes a new one by \
         `monkeyci signing-key rotate --at-once`"
            .into()
    })
}

/// Signs claims.
///
/// # Errors
/// Why they cannot be signed, in words for people.
pub fn sign(key: &EncodingKey, id: &str, claims: &impl Serialize) -> Result<String, String> {
    let mut header = Header::new(ALGORITHM);
    header.kid = Some(id.to_owned());
    encode(&header, claims, key).map_err(|error| {
        tracing::error!(%error, key = id, "an ID token cannot be signed");
        "its ID token cannot be signed; the server's log says why".into()
    })
}

/// What the private half of a key is bound to.
fn place(id: &str) -> String {
    format!("signing-key/{id}")
}
