//! Whether a delivery comes from who knows the secret of its hook.

use std::str::from_utf8;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac_sha256::HMAC;
use http::HeaderMap;
use monkeyci_model::Millis;

use super::Forge;
use super::header::{self, Several};

/// How far the time of a signed delivery may be from ours, before or after, in milliseconds.
const WINDOW: Millis = 5 * 60 * 1000;
/// What GitLab's keys for signing begin with; all other secrets are tokens.
const KEY_PREFIX: &str = "whsec_";
/// Signatures of one delivery that are looked at: the sender may be in the middle of a rotation too.
const MAX_SIGNATURES: usize = 8;

/// Why a delivery is not believed. What is wrong with it is for the log of the server and not for the sender.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no secret, or only empty ones.
    #[error("the webhook has no secret that could verify its deliveries: give it one, here and at the forge")]
    NoSecret,
    /// The delivery is not signed.
    #[error("the delivery has no header `{0}`: is the secret given to the webhook at the forge too?")]
    Unsigned(&'static str),
    /// A header is there more than once.
    #[error("the delivery has several headers `{0}`")]
    Several(&'static str),
    /// It is signed by what can be forged.
    #[error("the delivery is signed with SHA-1 only, which is not taken: use a forge that signs with SHA-256")]
    Weak,
    /// A header is not of the form that it should have.
    #[error("the header `{header}` of the delivery is not of the form {form}")]
    Malformed {
        /// Its name.
        header: &'static str,
        /// How it looks.
        form: &'static str,
    },
    /// It is signed for a time that is too far from now.
    #[error(
        "the delivery was signed for a moment that is {0} s from now: it is an old one, or one of the clocks is wrong"
    )]
    Stale(i64),
    /// It is signed by other bytes or with another secret.
    #[error("the signature of the delivery is not one of this body with this secret")]
    Wrong,
}

/// The authentication code of a body. There is no `==` for it on purpose: it would tell by its time where it fails.
struct Mac([u8; 32]);

/// Checks that `body`, as it came, is from who knows one of the secrets; there are two while one replaces the other.
///
/// GitLab's secrets that begin with `whsec_` are keys for signatures, and all others are tokens. A delivery that is signed
/// is judged by its signature when there is such a key. `now` matters for these signatures alone.
///
/// # Errors
/// When it is not, or nobody can know.
pub fn verify<S: AsRef<str>>(
    forge: Forge,
    secrets: &[S],
    headers: &HeaderMap,
    body: &[u8],
    now: Millis,
) -> Result<(), Refusal> {
    let secrets: Vec<&str> = secrets.iter().map(AsRef::as_ref).filter(|secret| !secret.is_empty()).collect();
    if secrets.is_empty() {
        return Err(Refusal::NoSecret);
    }
    match forge {
        Forge::GitHub => hub("x-hub-signature-256", headers, &secrets, body),
        // It is SHA-256 all the same.
        Forge::Bitbucket | Forge::BitbucketServer => hub("x-hub-signature", headers, &secrets, body),
        Forge::Gitea => bare(&["x-gitea-signature"], headers, &secrets, body),
        Forge::Forgejo => bare(&["x-forgejo-signature", "x-gitea-signature"], headers, &secrets, body),
        Forge::GitLab => gitlab(headers, &secrets, body, now),
    }
}

/// `sha256=` and the code in hex.
fn hub(name: &'static str, headers: &HeaderMap, secrets: &[&str], body: &[u8]) -> Result<(), Refusal> {
    let Some(value) = one(headers, name)? else {
        let is_weak = headers.contains_key("x-hub-signature");
        return Err(if is_weak { Refusal::Weak } else { Refusal::Unsigned(name) });
    };
    if value.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"sha1=")) {
        return Err(Refusal::Weak);
    }
    let hex = value.split_at_checked(7).filter(|(start, _)| start.eq_ignore_ascii_case(b"sha256=")).map(|(_, hex)| hex);
    let malformed = Refusal::Malformed { header: name, form: "`sha256=` and 64 hex digits" };
    signed(hex.and_then(Mac::from_hex).ok_or(malformed)?, secrets, body)
}

/// The code in hex, in the first of these headers that is there, which then decides alone; else as GitHub has it.
fn bare(names: &[&'static str], headers: &HeaderMap, secrets: &[&str], body: &[u8]) -> Result<(), Refusal> {
    for name in names {
        if let Some(value) = one(headers, name)? {
            let malformed = Refusal::Malformed { header: name, form: "64 hex digits" };
            return signed(Mac::from_hex(value).ok_or(malformed)?, secrets, body);
        }
    }
    match hub("x-hub-signature-256", headers, secrets, body) {
        Err(Refusal::Unsigned(_)) => Err(Refusal::Unsigned(names[0])),
        judged => judged,
    }
}

/// By the standard of webhooks, else by a token that is sent along.
fn gitlab(headers: &HeaderMap, secrets: &[&str], body: &[u8], now: Millis) -> Result<(), Refusal> {
    let (keys, tokens): (Vec<_>, Vec<_>) = secrets.iter().partition(|secret| secret.starts_with(KEY_PREFIX));
    match (one(headers, "webhook-signature")?, one(headers, "x-gitlab-token")?) {
        (Some(signatures), _) if !keys.is_empty() => standard(signatures, headers, &keys, body, now),
        (_, Some(_)) if tokens.is_empty() => Err(Refusal::Unsigned("webhook-signature")),
        // Every token is compared, so that the time does not tell which of them is near.
        (_, Some(token)) => judge(tokens.iter().fold(false, |fits, secret| fits | same(token, secret.as_bytes()))),
        (_, None) => Err(Refusal::Unsigned(if tokens.is_empty() { "webhook-signature" } else { "x-gitlab-token" })),
    }
}

/// Signatures of the delivery's id, its time and its body, by <https://www.standardwebhooks.com>.
fn standard(signatures: &[u8], headers: &HeaderMap, keys: &[&str], body: &[u8], now: Millis) -> Result<(), Refusal> {
    let part = |name, form| {
        let value = one(headers, name)?.ok_or(Refusal::Unsigned(name))?;
        from_utf8(value).ok().filter(|text| !text.is_empty()).ok_or(Refusal::Malformed { header: name, form })
    };
    let id = part("webhook-id", "a word")?;
    let form = "seconds since 1970";
    let time = part("webhook-timestamp", form)?;
    let is_number = time.len() <= 12 && time.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = time.parse::<i64>().ok().filter(|_| is_number);
    let seconds = seconds.ok_or(Refusal::Malformed { header: "webhook-timestamp", form })?;
    let apart = (seconds * 1000).saturating_sub(now).saturating_abs();
    if apart > WINDOW {
        return Err(Refusal::Stale(apart / 1000));
    }
    let macs = from_utf8(signatures).unwrap_or_default().split(' ').take(MAX_SIGNATURES);
    let macs: Vec<Mac> = macs.filter_map(|one| Mac::from_base64(one.strip_prefix("v1,")?)).collect();
    if macs.is_empty() {
        return Err(Refusal::Malformed { header: "webhook-signature", form: "`v1,` and 32 bytes in base64" });
    }
    let keys = keys.iter().filter_map(|key| STANDARD.decode(key.strip_prefix(KEY_PREFIX)?).ok());
    let keys: Vec<Vec<u8>> = keys.filter(|key| !key.is_empty()).collect();
    if keys.is_empty() {
        return Err(Refusal::NoSecret);
    }
    let parts = [id.as_bytes(), b".", time.as_bytes(), b".", body];
    let pairs = keys.iter().flat_map(|key| macs.iter().map(move |mac| mac.is_of(&parts, key)));
    judge(pairs.fold(false, |fits, fit| fits | fit))
}

fn signed(mac: Mac, secrets: &[&str], body: &[u8]) -> Result<(), Refusal> {
    judge(secrets.iter().fold(false, |fits, secret| fits | mac.is_of(&[body], secret.as_bytes())))
}

fn judge(fits: bool) -> Result<(), Refusal> {
    if fits { Ok(()) } else { Err(Refusal::Wrong) }
}

fn one<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<Option<&'h [u8]>, Refusal> {
    header::one(headers, name).map_err(|Several| Refusal::Several(name))
}

/// Whether two texts are the same, in a time that tells neither where they differ nor how long the other one is.
fn same(given: &[u8], secret: &[u8]) -> bool {
    HMAC::verify(given, KEY_PREFIX, &HMAC::mac(secret, KEY_PREFIX))
}

impl Mac {
    fn from_hex(hex: &[u8]) -> Option<Self> {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let mut bytes = [0; 32];
        if hex.len() != 64 {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Self(bytes))
    }

    fn from_base64(text: &str) -> Option<Self> {
        STANDARD.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// Whether it is the code of these bytes under this key, in a time that does not tell where it differs.
    fn is_of(&self, parts: &[&[u8]], key: &[u8]) -> bool {
        let mut mac = HMAC::new(key);
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize_verify(&self.0)
    }
}
