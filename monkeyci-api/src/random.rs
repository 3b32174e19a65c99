//! Secrets and ids that are drawn by lot, and how they are known again.

use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ulid::Ulid;

/// What every API token begins with, so that scanners for secrets find it.
pub const TOKEN_PREFIX: &str = "mci_";

/// Bytes drawn by lot.
///
/// # Panics
/// When the system has no source of randomness: then nothing here can be safe.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has a source of randomness");
    bytes
}

/// A word of 256 bits, for URLs and headers.
pub fn word() -> String {
    URL_SAFE_NO_PAD.encode(bytes::<32>())
}

/// A new id. Ids rise: one that is drawn later sorts behind, also within a millisecond.
pub fn id() -> String {
    static LAST: Mutex<Ulid> = Mutex::new(Ulid::nil());
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let drawn = Ulid::new();
    // A clock that is set back brings nothing out of order either.
    *last = if drawn > *last { drawn } else { last.increment().unwrap_or(drawn) };
    last.to_string()
}

/// A new API token.
pub fn token() -> String {
    format!("{TOKEN_PREFIX}{}", word())
}

/// Whether somebody else may have drawn this for an API token: it is long enough, and no letter again and again.
pub fn is_token(text: &str) -> bool {
    is_drawn(text, TOKEN_PREFIX)
}

/// The same of a token of a worker.
pub fn is_worker_token(text: &str) -> bool {
    is_drawn(text, WORKER_PREFIX)
}

fn is_drawn(text: &str, prefix: &str) -> bool {
    let Some(word) = text.strip_prefix(prefix) else { return false };
    let is_inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let distinct = word.bytes().collect::<std::collections::BTreeSet<_>>().len();
    (32..=200).contains(&word.len()) && word.bytes().all(is_inside) && distinct >= 10
}

/// Letters and digits that are not taken for others (Crockford's base 32).
const CLEAR: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A code of 80 bits that people can read, say and type: `7QF3-M1XA-09RT-KWZD`.
pub fn code() -> String {
    let drawn = bytes::<16>().map(|byte| char::from(CLEAR[usize::from(byte % 32)]));
    drawn.chunks(4).map(String::from_iter).collect::<Vec<_>>().join("-")
}

/// What every token of a worker begins with.
pub const WORKER_PREFIX: &str = "mcw_";

/// A new token of a worker.
pub fn worker_token() -> String {
    format!("{WORKER_PREFIX}{}", word())
}

/// A new code that workers register by.
pub fn registration() -> String {
    format!("mcr_{}", word())
}

/// What is kept of a token: its SHA-256 in hex. Tokens have 256 bits of their own, so that no salt is needed.
pub fn hash(token: &str) -> String {
    hex(&hmac_sha256::Hash::hash(token.as_bytes()))
}

/// Bytes in hex.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("texts take everything");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_somebody_else_drew_is_long_and_not_one_letter() {
        assert!(is_token(&token()));
        for wrong in
            ["", "mci_", "mci_hunter22", &format!("mci_{}", "a".repeat(40)), &token()[4..], "mci_äöüäöüäöüäöüäöüäöü"]
        {
            assert!(!is_token(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_code_has_four_words_of_clear_letters() {
        let code = code();
        assert!(
            code.split('-').all(|word| word.len() == 4 && word.bytes().all(|byte| CLEAR.contains(&byte))),
            "{code}"
        );
        assert_eq!(code.split('-').count(), 4);
    }

    #[test]
    fn ids_rise() {
        let ids: Vec<_> = (0..10_000).map(|_| id()).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
    }
}
