//! Programs elsewhere, which are known by what their CI system, cloud or cluster signs for them.
//!
//! What an ID token says is compared with what a service account trusts before anybody looks who has signed it: no issuer is asked
//! because a stranger named it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use globset::{GlobBuilder, GlobMatcher};
use monkeyci_rest::TrustBody;
use reqwest::Url;
use serde_json::{Map, Value};

use crate::outward;
use crate::problem::{Answer, Refusal};
use crate::sign_in::openid::Known;
use crate::sign_in::proof::{self, Wrong};
use crate::sign_in::web::Web;
use crate::state::State;

/// Issuers that are remembered at the most.
const ISSUERS: usize = 1000;

/// Subjects, or claims, of a trust at the most.
const MOST: usize = 100;

/// Bytes of the longest glob, name or audience.
const LONGEST: usize = 500;

/// Minutes that a token lasts that was exchanged.
const MINUTES: std::ops::RangeInclusive<u32> = 5..=720;

/// What a token says of a program.
pub type Claims = Map<String, Value>;

/// The issuers that service accounts trust, as far as they were asked.
#[derive(Default)]
pub struct Issuers(Mutex<HashMap<String, Arc<Issuer>>>);

struct Issuer {
    web: Web,
    known: Known,
}

impl Issuers {
    fn find(&self, address: &str, private: bool) -> Result<Arc<Issuer>, String> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(issuer) = all.get(address) {
            return Ok(Arc::clone(issuer));
        }
        let place = Url::parse(address).map_err(|error| error.to_string())?;
        let web = Web::of_others(place, private).map_err(|error| error.to_string())?;
        let issuer = Arc::new(Issuer { web, known: Known::default() });
        if all.len() >= ISSUERS {
            all.clear();
        }
        all.insert(address.to_owned(), Arc::clone(&issuer));
        Ok(issuer)
    }
}

/// What a token says before anybody has looked who signed it; nothing where it is none.
pub fn said(token: &str) -> Option<Claims> {
    let [_, body, _] = token.split('.').collect::<Vec<_>>().try_into().ok()?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).ok()?).ok()
}

/// Whether a trust is for who says that of itself.
pub fn fits(trust: &TrustBody, claims: &Claims) -> bool {
    let text = |name: &str| claims.get(name).and_then(word);
    let is_match = |glob: &str, name: &str| {
        let glob = matcher(glob).ok();
        glob.zip(text(name)).is_some_and(|(glob, text)| glob.is_match(text))
    };
    text("iss").is_some_and(|issuer| is_same(&issuer, &trust.issuer))
        && trust.subjects.iter().any(|glob| is_match(glob, "sub"))
        && trust.claims.iter().all(|(name, glob)| is_match(glob, name))
}

/// What a glob matches: its wildcards stand for anything, whatever separates parts of a subject.
fn matcher(glob: &str) -> Result<GlobMatcher, globset::Error> {
    Ok(GlobBuilder::new(glob).literal_separator(false).build()?.compile_matcher())
}

/// A claim as a text: texts, numbers and truths are.
fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

/// Some issuers have a slash at their end in one place and none in another.
fn is_same(left: &str, right: &str) -> bool {
    left.trim_end_matches('/') == right.trim_end_matches('/')
}

/// What a token says, if the issuer of a trust has signed it, for its audience, and it is good now.
///
/// # Errors
/// What is wrong with it, for who shows it.
pub async fn proved(state: &State, trust: &TrustBody, token: &str) -> Result<Claims, String> {
    let audience = trust.audience.as_deref().unwrap_or(&state.url);
    if is_same(&trust.issuer, &state.url) {
        // Our own keys are at hand: whether we reach ourselves by our address is no matter.
        let keys = state.issuer.public().await.map_err(|error| error.to_string())?;
        let signed = proof::signed(token, &proof::keys(&keys), &state.url, audience);
        return signed.map_err(|wrong| match wrong {
            Wrong::UnknownKey => "no key of this server has signed it".into(),
            Wrong::Token(why) => why.to_owned(),
        });
    }
    let issuer = state.issuers.find(&trust.issuer, state.launcher.sources().private)?;
    issuer.known.signed(&issuer.web, token, audience).await
}

/// Refuses a trust that can let nobody in, or lets in whoever likes.
///
/// # Errors
/// The first field that is wrong.
pub fn check(state: &State, body: &TrustBody) -> Answer<()> {
    if !is_same(&body.issuer, &state.url) {
        let checked = outward::check_url(&body.issuer, state.launcher.sources());
        checked.map_err(|why| Refusal::field("/issuer", why))?;
    }
    if body.audience.as_ref().is_some_and(|audience| audience.is_empty() || audience.len() > LONGEST) {
        return Err(Refusal::field("/audience", format!("an audience has 1 to {LONGEST} bytes")));
    }
    if body.subjects.is_empty() || body.subjects.len() > MOST {
        return Err(Refusal::field("/subjects", format!("1 to {MOST} globs say who is let in")));
    }
    for (index, glob) in body.subjects.iter().enumerate() {
        let pointer = format!("/subjects/{index}");
        check_glob(&pointer, glob)?;
        if !is_narrow(glob) {
            let detail = "it lets in strangers, for whom the issuer signs as well: say whose it is before the first wildcard, \
                          with a `:` or `/` behind it, as `repo:acme/*`";
            return Err(Refusal::field(&pointer, detail));
        }
    }
    if body.claims.len() > MOST {
        return Err(Refusal::field("/claims", format!("up to {MOST} claims")));
    }
    for (name, glob) in &body.claims {
        let pointer = format!("/claims/{}", name.replace('~', "~0").replace('/', "~1"));
        if name.is_empty() || name.len() > LONGEST {
            return Err(Refusal::field(&pointer, format!("the name of a claim has 1 to {LONGEST} bytes")));
        }
        check_glob(&pointer, glob)?;
    }
    if !MINUTES.contains(&body.minutes) {
        return Err(Refusal::field("/minutes", format!("{} to {} are possible", MINUTES.start(), MINUTES.end())));
    }
    Ok(())
}

fn check_glob(pointer: &str, glob: &str) -> Answer<()> {
    if glob.is_empty() || glob.len() > LONGEST {
        return Err(Refusal::field(pointer, format!("a glob has 1 to {LONGEST} bytes")));
    }
    matcher(glob).map(drop).map_err(|error| Refusal::field(pointer, format!("no glob: {}", error.kind())))
}

/// Whether a glob says whose a program is before it leaves anything open.
fn is_narrow(glob: &str) -> bool {
    let Some(wildcard) = glob.find(['*', '?', '[', '{', '\\']) else { return true };
    let fixed = &glob[..wildcard];
    let parts = fixed.split([':', '/']).filter(|part| !part.is_empty()).count();
    fixed.ends_with([':', '/']) && parts >= 2
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn trust(subjects: &[&str], claims: Value) -> TrustBody {
        let body = json!({ "issuer": "https://login.example.com", "subjects": subjects, "claims": claims });
        serde_json::from_value(body).expect("a trust")
    }

    fn is_let_in(trust: &TrustBody, claims: Value) -> bool {
        fits(trust, claims.as_object().expect("claims"))
    }

    #[test]
    fn who_is_let_in_is_signed_for_by_that_issuer_as_one_of_the_subjects_with_every_claim() {
        let main = trust(
            &["repo:acme/web:ref:refs/heads/main", "repo:acme/lib:*"],
            json!({ "run": "7", "protected": "true" }),
        );
        let web = json!({ "iss": "https://login.example.com", "sub": "repo:acme/web:ref:refs/heads/main", "run": 7, "protected": true });
        assert!(is_let_in(&main, web.clone()));
        for (claim, value) in [
            ("iss", json!("https://login.example.com.evil.example.net")),
            ("iss", Value::Null),
            ("sub", json!("repo:acme/web:ref:refs/heads/main2")),
            ("sub", json!("xrepo:acme/web:ref:refs/heads/main")),
            ("sub", json!("repo:acme/web:ref:refs/heads/Main")),
            ("sub", json!(["repo:acme/web:ref:refs/heads/main"])),
            ("run", json!("77")),
            ("run", Value::Null),
            ("protected", json!(false)),
        ] {
            let mut other = web.clone();
            other[claim] = value;
            assert!(!is_let_in(&main, other.clone()), "{other}");
        }
        let mut lib = web;
        lib["sub"] = json!("repo:acme/lib:pull_request");
        assert!(is_let_in(&main, lib));
        // Nobody is let in by not being somebody: the mark is a letter here.
        assert!(!is_let_in(
            &trust(&["!repo:acme/web"], json!({})),
            json!({ "iss": "https://login.example.com", "sub": "repo:acme/web" })
        ));
    }

    #[test]
    fn a_subject_says_whose_it_is_before_it_leaves_anything_open() {
        for narrow in [
            "repo:acme/*",
            "repo:acme/web:*",
            "org:acme:repo:*:ref:refs/heads/main",
            "110248495921238986420",
            "system:serviceaccount:*",
        ] {
            assert!(is_narrow(narrow), "{narrow}");
        }
        for wide in ["*", "repo:*", "repo:acme*", "repo:[a]cme/web", "{repo:acme/web,x}", "?", "repo:acme/we?:x", "\\*"]
        {
            assert!(!is_narrow(wide), "{wide}");
        }
    }

    #[test]
    fn what_is_no_token_says_nothing() {
        for nonsense in ["", "a", "a.b", "a.b.c", "..", "a.e30.c.d", "a.W10.c"] {
            assert_eq!(said(nonsense), None, "{nonsense}");
        }
        assert_eq!(said("a.e30.c"), Some(Map::new()));
    }
}
