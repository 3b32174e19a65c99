//! Signatures of what is sent: as Standard Webhooks has them, and one in the manner of GitHub beside them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::random;

/// What every secret begins with.
const PREFIX: &str = "whsec_";

/// A new secret: 32 bytes drawn by lot, as Standard Webhooks writes them.
pub fn secret() -> Zeroizing<String> {
    Zeroizing::new(format!("{PREFIX}{}", STANDARD.encode(random::bytes::<32>())))
}

/// A secret that somebody chose, where it is written as Standard Webhooks has it: the base64 of 24 to 64 bytes.
///
/// # Errors
/// Says how it is written.
pub fn chosen(secret: &str) -> Result<Zeroizing<String>, String> {
    let key = secret.strip_prefix(PREFIX).and_then(|key| STANDARD.decode(key).ok()).map(Zeroizing::new);
    match key {
        Some(key) if (24..=64).contains(&key.len()) => Ok(Zeroizing::new(secret.to_owned())),
        _ => Err(format!("a secret is `{PREFIX}` and the base64 of 24 to 64 bytes")),
    }
}

/// The header `webhook-signature`: one signature for each secret, the newest first.
pub fn standard(secrets: &[Zeroizing<String>], id: &str, seconds: i64, body: &str) -> String {
    let signed = format!("{id}.{seconds}.{body}");
    let sign = |secret: &Zeroizing<String>| {
        let key = STANDARD.decode(secret.trim_start_matches(PREFIX)).map(Zeroizing::new).unwrap_or_default();
        format!("v1,{}", STANDARD.encode(hmac_sha256::HMAC::mac(signed.as_bytes(), key.as_slice())))
    };
    secrets.iter().map(sign).collect::<Vec<_>>().join(" ")
}

/// The header `X-MonkeyCI-Signature-256`: of the body alone, with the text of the secret as the key.
pub fn plain(secret: &str, body: &str) -> String {
    format!("sha256={}", random::hex(&hmac_sha256::HMAC::mac(body.as_bytes(), secret.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_standard_webhooks() {
        // The vector of the specification's own libraries.
        let secret = Zeroizing::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned());
        let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", r#"{"test": 2432232314}"#);
        let signed = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(standard(std::slice::from_ref(&secret), id, 1_614_265_330, body), signed);
        let two = standard(&[super::secret(), secret], id, 1_614_265_330, body);
        assert!(chosen("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").is_ok());
        for wrong in ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa", "whsec_!"] {
            assert!(chosen(wrong).is_err(), "{wrong}");
        }
        assert!(two.ends_with(&format!(" {signed}")) && two.starts_with("v1,"), "{two}");
    }
}
