//! What an OpenID provider signs: that somebody is who they are, for this server, now.

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Seconds that clocks may differ.
const LEEWAY: u64 = 60;

/// Bytes of the longest token.
const LONGEST: usize = 64 * 1024;

/// Keys that are looked at, at most.
const KEYS: usize = 100;

/// What a token must say.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// Who signs.
    pub issuer: &'a str,
    /// For whom.
    pub client: &'a str,
    /// What we said as we asked for it.
    pub nonce: &'a str,
}

/// What a token says of somebody.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Claims {
    /// Who they are there, for good.
    pub sub: String,
    #[serde(default)]
    aud: Value,
    azp: Option<String>,
    nonce: Option<String>,
    /// Their address.
    pub email: Option<String>,
    #[serde(default)]
    email_verified: Value,
    /// What they are called.
    pub preferred_username: Option<String>,
    /// The same, where that is said otherwise.
    pub nickname: Option<String>,
    /// Groups that they belong to.
    pub groups: Option<Vec<String>>,
    /// Those that they belong to themselves (GitLab).
    pub groups_direct: Option<Vec<String>>,
}

/// Why a token proves nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// None of the keys fits: there may be new ones.
    UnknownKey,
    /// This.
    Token(&'static str),
}

impl Claims {
    /// Their address, where the provider has verified it.
    pub fn verified_email(&self) -> Option<String> {
        // Some providers send truths as texts.
        let is_verified = self.email_verified == true || self.email_verified == "true";
        self.email.clone().filter(|_| is_verified)
    }
}

/// The keys of a set that may sign, as far as they are understood.
pub fn keys(set: &Value) -> Vec<Jwk> {
    let keys = set["keys"].as_array().into_iter().flatten().take(KEYS);
    keys.filter_map(|key| serde_json::from_value(key.clone()).ok()).collect()
}

/// What a token of a sign-in says, if it is signed by one of the keys and says what it must.
///
/// # Errors
/// Why it proves nothing.
pub fn verify(token: &str, keys: &[Jwk], expected: Expected<'_>) -> Result<Claims, Wrong> {
    let claims: Claims = signed(token, keys, expected.issuer, expected.client)?;
    let is_for_others = claims.aud.as_array().is_some_and(|all| all.len() > 1) && claims.azp.is_none();
    if is_for_others || claims.azp.as_deref().is_some_and(|azp| azp != expected.client) {
        return Err(Wrong::Token("it is for somebody else (azp)"));
    }
    if claims.nonce.as_deref() != Some(expected.nonce) {
        return Err(Wrong::Token("it is not the answer to this sign-in (nonce)"));
    }
    if claims.sub.is_empty() || claims.sub.len() > 255 {
        return Err(Wrong::Token("its subject is empty or too long"));
    }
    Ok(claims)
}

/// What a token says, if it is signed by one of the keys, by this issuer, for this audience, and good now.
///
/// # Errors
/// Why it proves nothing.
pub fn signed<C: DeserializeOwned>(token: &str, keys: &[Jwk], issuer: &str, audience: &str) -> Result<C, Wrong> {
    if token.len() > LONGEST {
        return Err(Wrong::Token("it is longer than any may be"));
    }
    // A header with `none`, or with anything that is not known, is no header.
    let header = decode_header(token).map_err(|_| Wrong::Token("its header cannot be read"))?;
    if header.crit.is_some() {
        return Err(Wrong::Token("it wants what is not understood"));
    }
    let fitting = keys.iter().filter(|key| fits(key, header.alg));
    let mut fitting = fitting.filter(|key| header.kid.is_none() || key.common.key_id == header.kid);
    let key = fitting.next().ok_or(Wrong::UnknownKey)?;
    if header.kid.is_none() && fitting.next().is_some() {
        return Err(Wrong::Token("it does not say which key has signed it"));
    }
    let key = DecodingKey::from_jwk(key).map_err(|_| Wrong::Token("its key cannot be used"))?;
    let mut validation = Validation::new(header.alg);
    validation.leeway = LEEWAY;
    validation.validate_nbf = true;
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[audience]);
    let read = decode::<C>(token, &key, &validation).map_err(|error| Wrong::Token(why(error.kind())))?;
    Ok(read.claims)
}

/// Whether a key may sign by an algorithm: public ones only, each of its own kind, so that no key is taken for another.
fn fits(key: &Jwk, algorithm: Algorithm) -> bool {
    let (is_kind, name) = match (&key.algorithm, algorithm) {
        (AlgorithmParameters::RSA(_), Algorithm::RS256) => (true, KeyAlgorithm::RS256),
        (AlgorithmParameters::EllipticCurve(key), Algorithm::ES256) => {
            (key.curve == EllipticCurve::P256, KeyAlgorithm::ES256)
        }
        (AlgorithmParameters::OctetKeyPair(key), Algorithm::EdDSA) => {
            (key.curve == EllipticCurve::Ed25519, KeyAlgorithm::EdDSA)
        }
        _ => return false,
    };
    let is_named = key.common.key_algorithm.is_none_or(|named| named == name);
    let signs = key.common.public_key_use.as_ref().is_none_or(|purpose| *purpose == PublicKeyUse::Signature);
    is_kind && is_named && signs
}

fn why(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::ExpiredSignature => "it has expired",
        ErrorKind::ImmatureSignature => "it is not good yet",
        ErrorKind::InvalidIssuer => "it is signed by somebody else (iss)",
        ErrorKind::InvalidAudience => "it is for somebody else (aud)",
        ErrorKind::InvalidSignature => "its signature is wrong",
        ErrorKind::MissingRequiredClaim(_) => "it says too little",
        _ => "it cannot be read",
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use jsonwebtoken::{EncodingKey, Header, encode};
    use serde_json::json;

    use super::*;

    const EXPECTED: Expected<'_> = Expected { issuer: "https://login.example.com", client: "ci", nonce: "n0nce" };

    /// A key that signs by elliptic curves, and its public half.
    fn key(kid: &str) -> (EncodingKey, Jwk) {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        let key = EncodingKey::from_ec_der(pair.to_pkcs8v1().expect("bytes").as_ref());
        let mut public = Jwk::from_encoding_key(&key, Algorithm::ES256).expect("a public key");
        public.common.key_id = Some(kid.into());
        (key, public)
    }

    fn claims() -> Value {
        let now = jsonwebtoken::get_current_timestamp();
        json!({ "iss": EXPECTED.issuer, "aud": EXPECTED.client, "nonce": EXPECTED.nonce, "sub": "7", "iat": now,
                "exp": now + 300, "email": "ann@example.com", "email_verified": true })
    }

    fn header(kid: Option<&str>) -> Header {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = kid.map(str::to_owned);
        header
    }

    #[test]
    fn a_token_of_the_provider_for_us_now_is_believed() {
        let (key, public) = key("a");
        let token = encode(&header(Some("a")), &claims(), &key).expect("signs");
        let found = verify(&token, std::slice::from_ref(&public), EXPECTED).expect("it is good");
        assert_eq!((found.sub.as_str(), found.verified_email().as_deref()), ("7", Some("ann@example.com")));
        let token = encode(&header(None), &claims(), &key).expect("signs");
        assert!(verify(&token, &[public], EXPECTED).is_ok(), "a provider with one key needs not name it");
    }

    #[test]
    fn other_kinds_of_keys_that_a_provider_may_have_work_as_well() {
        let pair = Ed25519KeyPair::generate().expect("a key");
        let key = EncodingKey::from_ed_der(pair.to_pkcs8().expect("bytes").as_ref());
        let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        let public = keys(&json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "x": x }] })).remove(0);
        let token = encode(&Header::new(Algorithm::EdDSA), &claims(), &key).expect("signs");
        assert!(verify(&token, &[public], EXPECTED).is_ok());
    }

    #[test]
    fn what_a_token_must_say_is_not_to_be_changed() {
        let (key, public) = key("a");
        let now = jsonwebtoken::get_current_timestamp();
        for (field, value, told) in [
            // Case J1: of another issuer
            ("iss", json!("https://login.example.com/"), "iss"),
            // Case J2: for another audience
            ("aud", json!("other"), "aud"),
            // Case J3: for others besides, and it says not that it is for us
            ("aud", json!(["ci", "other"]), "azp"),
            ("azp", json!("other"), "azp"),
            // Case J4: of another sign-in
            ("nonce", json!("another"), "nonce"),
            ("nonce", Value::Null, "nonce"),
            // Case J5: one that has expired
            ("exp", json!(now - 3600), "expired"),
            // Case J6: one that is not good yet
            ("nbf", json!(now + 3600), "not good yet"),
            // Case J7: one that never expires
            ("exp", Value::Null, "too little"),
            ("sub", json!(""), "subject"),
            ("sub", Value::Null, "read"),
        ] {
            let mut claims = claims();
            claims[field] = value;
            let claims: serde_json::Map<_, _> =
                claims.as_object().expect("claims").clone().into_iter().filter(|(_, value)| !value.is_null()).collect();
            let token = encode(&header(Some("a")), &claims, &key).expect("signs");
            let Err(Wrong::Token(why)) = verify(&token, std::slice::from_ref(&public), EXPECTED) else {
                panic!("{field} is believed")
            };
            assert!(why.contains(told), "{field}: {why}");
        }
        let mut both = claims();
        both["aud"] = json!(["ci", "other"]);
        both["azp"] = json!("ci");
        let token = encode(&header(Some("a")), &both, &key).expect("signs");
        assert!(verify(&token, &[public], EXPECTED).is_ok(), "it is for us among others, and says so");
    }

    #[test]
    fn no_other_algorithm_and_no_other_key_is_believed() {
        let (key, public) = key("a");
        let good = encode(&header(Some("a")), &claims(), &key).expect("signs");
        let body = good.split('.').nth(1).expect("a body").to_owned();
        let head = |json: Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let set = [public.clone()];

        // Case J8: no algorithm, in every spelling
        for alg in ["none", "None", "nOnE", ""] {
            let forged = format!("{}.{body}.", head(json!({ "alg": alg, "kid": "a" })));
            assert!(matches!(verify(&forged, &set, EXPECTED), Err(Wrong::Token(_))), "{alg}");
        }
        // Case J9: signed by the public key as if it were a secret
        // The public key as the secret of a symmetric algorithm, in each form that it has.
        let text = serde_json::to_string(&public).expect("JSON");
        for secret in [text.as_bytes(), b"", b"a"] {
            let mut header = Header::new(Algorithm::HS256);
            header.kid = Some("a".into());
            let forged = encode(&header, &claims(), &EncodingKey::from_secret(secret)).expect("signs");
            assert_eq!(verify(&forged, &set, EXPECTED).err(), Some(Wrong::UnknownKey));
        }
        // Case J10: a secret among the public keys
        // A symmetric key in the set itself is no key.
        let oct = keys(&json!({ "keys": [{ "kty": "oct", "kid": "a", "k": "c2VjcmV0" }] }));
        let forged = encode(&Header::new(Algorithm::HS256), &claims(), &EncodingKey::from_secret(b"secret"));
        assert_eq!(verify(&forged.expect("signs"), &oct, EXPECTED).err(), Some(Wrong::UnknownKey));
        // Case J11: a key of its own, brought along in its header
        // A key of somebody else, brought along in the header.
        let (other, own) = self::key("a");
        let mut header = header(Some("a"));
        header.jwk = Some(own);
        let forged = encode(&header, &claims(), &other).expect("signs");
        assert_eq!(verify(&forged, &set, EXPECTED).err(), Some(Wrong::Token("its signature is wrong")));
        // Case J12: a name of a key that is a path, a statement or an address
        // Names of keys are names, and no paths and no statements.
        for kid in ["../../../../dev/null", "a' OR '1'='1", "file:///etc/passwd", "a\0", "A"] {
            let forged = encode(&self::header(Some(kid)), &claims(), &other).expect("signs");
            assert_eq!(verify(&forged, &set, EXPECTED).err(), Some(Wrong::UnknownKey), "{kid}");
        }
        // Case J13: changed after it was signed
        // What is changed after it was signed.
        let mut changed = claims();
        changed["sub"] = json!("8");
        let parts: Vec<_> = good.split('.').collect();
        let forged = format!("{}.{}.{}", parts[0], head(changed), parts[2]);
        assert!(verify(&forged, &set, EXPECTED).is_err());
        // Case J14: it wants what is not understood
        let critical = format!("{}.{body}.{}", head(json!({ "alg": "ES256", "kid": "a", "crit": ["x"] })), parts[2]);
        assert_eq!(verify(&critical, &set, EXPECTED).err(), Some(Wrong::Token("it wants what is not understood")));
        // Case J15: cut, empty or endless
        for nonsense in ["", ".", "..", "a.b.c", &"x".repeat(LONGEST + 1)] {
            assert!(verify(nonsense, &set, EXPECTED).is_err());
        }
        // Case J16: signed by a key that is for another purpose
        // Nothing is taken for another purpose than it has.
        let mut sealing = public;
        sealing.common.public_key_use = Some(PublicKeyUse::Encryption);
        assert_eq!(verify(&good, &[sealing], EXPECTED).err(), Some(Wrong::UnknownKey));
    }
}
