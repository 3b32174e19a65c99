//! A sign-in that has begun, and waits for the browser to come back.
//!
//! It is kept by the browser itself, sealed in a cookie: strangers can begin as many as they like, and nothing is kept of
//! them here. What comes back is believed from that very browser only.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use monkeyci_core::model::Millis;
use serde::{Deserialize, Serialize};

use crate::random;
use crate::vault::Vault;

/// Milliseconds that it waits: 10 minutes.
pub const LASTS: Millis = 10 * 60 * 1000;

/// What a sealed one is bound to.
const PLACE: &str = "sign-in";

/// A sign-in that has begun.
#[derive(Clone, Serialize, Deserialize)]
pub struct Flow {
    /// By which provider.
    pub provider: String,
    /// What the browser must bring back.
    pub state: String,
    /// What the provider must sign.
    pub nonce: String,
    /// The word whose digest the provider was told.
    pub verifier: String,
    /// The path of the page to go to afterwards.
    pub next: String,
    /// Whom the identity is to be linked to, and their session; nobody where somebody signs in.
    pub link: Option<(String, String)>,
    /// Until when.
    pub expires: Millis,
}

impl Flow {
    /// One that begins now.
    pub fn new(provider: &str, next: Option<&str>, link: Option<(String, String)>, now: Millis) -> Self {
        Self {
            provider: provider.to_owned(),
            state: random::word(),
            nonce: random::word(),
            verifier: random::word(),
            next: local(next),
            link,
            expires: now + LASTS,
        }
    }

    /// As the browser keeps it.
    pub fn sealed(&self, vault: &Vault) -> String {
        let text = serde_json::to_vec(self).expect("a sign-in is JSON");
        URL_SAFE_NO_PAD.encode(vault.seal_own(PLACE, &text))
    }

    /// What the browser kept, as long as it is good for that provider.
    pub fn opened(vault: &Vault, text: &str, provider: &str, now: Millis) -> Option<Self> {
        let opened = vault.open_own(PLACE, &URL_SAFE_NO_PAD.decode(text).ok()?)?;
        let flow: Self = serde_json::from_slice(&opened).ok()?;
        (flow.provider == provider && flow.expires > now).then_some(flow)
    }
}

/// A path of our own page; `/` for whatever would lead elsewhere.
fn local(next: Option<&str>) -> String {
    // Browsers take backslashes for slashes, and leave out tabs and newlines.
    let is_local = |next: &&str| {
        let plain = next.len() <= 1000 && next.chars().all(|c| c.is_ascii_graphic() && c != '\\');
        plain && next.starts_with('/') && !next.starts_with("//")
    };
    next.filter(is_local).unwrap_or("/").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_signs_in_comes_to_our_own_page_and_nowhere_else() {
        for (next, to) in [
            ("/o/acme/r/web?x=1#L5", "/o/acme/r/web?x=1#L5"),
            ("//evil.example.net", "/"),
            ("/\\evil.example.net", "/"),
            ("\\\\evil.example.net", "/"),
            ("https://evil.example.net", "/"),
            ("javascript:alert(1)", "/"),
            ("/\t/evil.example.net", "/"),
            ("/\n/evil.example.net", "/"),
            ("", "/"),
        ] {
            assert_eq!(local(Some(next)), to, "{next:?}");
        }
        assert_eq!(local(None), "/");
    }

    #[test]
    fn what_the_browser_keeps_cannot_be_read_changed_or_used_elsewhere() {
        let vault = Vault::new(&base64::engine::general_purpose::STANDARD.encode([7; 32])).expect("a key");
        let flow = Flow::new("github", None, None, 1000);
        let sealed = flow.sealed(&vault);
        let opened = Flow::opened(&vault, &sealed, "github", 1001).expect("opens");
        assert_eq!((opened.state, opened.verifier), (flow.state.clone(), flow.verifier));
        assert!(Flow::opened(&vault, &sealed, "gitlab", 1001).is_none(), "it is for one provider");
        assert!(Flow::opened(&vault, &sealed, "github", 1000 + LASTS).is_none(), "it ends");
        let mut changed = sealed.clone().into_bytes();
        changed[30] ^= 1;
        assert!(Flow::opened(&vault, &String::from_utf8_lossy(&changed), "github", 1001).is_none());
        assert!(Flow::opened(&vault, "", "github", 1001).is_none());
    }
}
