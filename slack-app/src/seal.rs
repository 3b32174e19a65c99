//! What is kept on the server and is for nobody there to read.

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};

use crate::slack::Secret;

/// Bytes before what is sealed, which are drawn for it.
pub const NONCE: usize = 12;

/// A key that only those have who know a secret of the app.
#[derive(Clone)]
pub struct Seal {
    cipher: Aes256GcmSiv,
}

impl Seal {
    /// The key for a purpose that follows from a secret.
    #[must_use]
    pub fn new(secret: &Secret, purpose: &str) -> Self {
        let key = hmac_sha256::HMAC::mac(purpose.as_bytes(), secret.reveal());
        Self { cipher: Aes256GcmSiv::new(&key.into()) }
    }

    /// Seals something. It is opened by the same `name` alone.
    #[must_use]
    pub fn close(&self, what: &[u8], name: &str) -> Vec<u8> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).expect("the system has randomness");
        let payload = Payload { msg: what, aad: name.as_bytes() };
        let sealed = self.cipher.encrypt(&Nonce::from(nonce), payload).expect("what is short is sealed");
        [nonce.as_slice(), &sealed].concat()
    }

    /// What was sealed, where it was by this key and under this name.
    #[must_use]
    pub fn open(&self, sealed: &[u8], name: &str) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
        let payload = Payload { msg: sealed, aad: name.as_bytes() };
        self.cipher.decrypt(&Nonce::from(*nonce), payload).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_is_opened_by_the_same_key_under_the_same_name() {
        let seal = Seal::new(&Secret::new("s3cret"), "letters");
        let sealed = seal.close(b"a word", "T1");
        assert!(!sealed.windows(6).any(|bytes| bytes == b"a word"));
        assert_eq!(seal.open(&sealed, "T1").as_deref(), Some(b"a word".as_slice()));
        assert_eq!(seal.open(&sealed, "T2"), None);
        assert_eq!(Seal::new(&Secret::new("s3cret"), "tokens").open(&sealed, "T1"), None);
        assert_eq!(Seal::new(&Secret::new("another"), "letters").open(&sealed, "T1"), None);
        for broken in [&sealed[1..], &sealed[..NONCE], b"", b"short"] {
            assert_eq!(seal.open(broken, "T1"), None);
        }
    }
}
