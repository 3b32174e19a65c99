//! Keys that sign, as providers have them.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::Value;

/// A key and its public half.
pub struct Key {
    pub algorithm: Algorithm,
    pub private: EncodingKey,
    pub public: Jwk,
    /// The public half as others keep it.
    pub pem: String,
}

impl Key {
    pub fn elliptic(kid: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        let private = EncodingKey::from_ec_der(pair.to_pkcs8v1().expect("bytes").as_ref());
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().expect("bytes");
        Self::new(kid, Algorithm::ES256, private, public.as_ref())
    }

    pub fn rsa(kid: &str) -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key");
        let der: Pkcs8V1Der<'_> = pair.as_der().expect("bytes");
        let private = EncodingKey::from_rsa_pem(pem("PRIVATE KEY", der.as_ref()).as_bytes()).expect("a key");
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().expect("bytes");
        Self::new(kid, Algorithm::RS256, private, public.as_ref())
    }

    fn new(kid: &str, algorithm: Algorithm, private: EncodingKey, der: &[u8]) -> Self {
        let mut public = Jwk::from_encoding_key(&private, algorithm).expect("a public key");
        public.common.key_id = Some(kid.into());
        Self { algorithm, private, public, pem: pem("PUBLIC KEY", der) }
    }

    pub fn header(&self) -> Header {
        let mut header = Header::new(self.algorithm);
        header.kid.clone_from(&self.public.common.key_id);
        header
    }

    pub fn sign(&self, claims: &Value) -> String {
        encode(&self.header(), claims, &self.private).expect("signs")
    }
}

fn pem(what: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {what}-----\n{}\n-----END {what}-----\n", lines.join("\n"))
}
