//! Links to artifacts: each says what it leads to and until when, and is signed, so that nothing has to be kept.

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign, verify};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use monkeyci_core::model::{BuildId, Millis};
use serde::{Deserialize, Serialize};

use crate::vault::Vault;

/// Bytes of the longest word.
const LONGEST: usize = 2000;

/// What a link leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The build.
    pub build: BuildId,
    /// The id of its artifact.
    pub artifact: String,
    /// Until when it leads there.
    pub expires: Millis,
}

fn key(vault: &Vault) -> Key {
    Key::new(HMAC_SHA256, &*vault.derive("links to artifacts"))
}

impl Link {
    /// It as a word of a path.
    pub fn word(&self, vault: &Vault) -> String {
        let body = serde_json::to_vec(self).expect("a link is JSON");
        let mark = sign(&key(vault), &body);
        format!("{}.{}", URL_SAFE_NO_PAD.encode(body), URL_SAFE_NO_PAD.encode(mark))
    }

    /// What such a word says, where we have signed it and it is not over.
    pub fn of(word: &str, vault: &Vault, now: Millis) -> Option<Self> {
        let (body, mark) = word.split_once('.').filter(|_| word.len() <= LONGEST)?;
        let (body, mark) = (URL_SAFE_NO_PAD.decode(body).ok()?, URL_SAFE_NO_PAD.decode(mark).ok()?);
        verify(&key(vault), &body, &mark).ok()?;
        serde_json::from_slice(&body).ok().filter(|link: &Self| link.expires > now)
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn a_link_is_good_as_it_was_made_and_until_it_is_over() {
        let vault = |byte| Vault::new(&STANDARD.encode([byte; 32])).expect("a key");
        let link = Link { build: "acme/web/build-1".parse().expect("a build"), artifact: "site".into(), expires: 1000 };
        let word = link.word(&vault(1));
        assert_eq!(Link::of(&word, &vault(1), 999), Some(link.clone()));
        assert_eq!(Link::of(&word, &vault(1), 1000), None);
        assert_eq!(Link::of(&word, &vault(2), 999), None, "of another server");
        let (_, mark) = word.split_once('.').expect("two parts");
        let other = Link { expires: 2000, ..link }.word(&vault(2));
        let forged = format!("{}.{mark}", other.split_once('.').expect("two parts").0);
        for wrong in [forged.as_str(), "", ".", "e30.", &word[..word.len() - 1], &"x".repeat(LONGEST + 1)] {
            assert_eq!(Link::of(wrong, &vault(1), 999), None, "{wrong}");
        }
    }
}
