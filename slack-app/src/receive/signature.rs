//! Whether a request is Slack's.

use crate::slack::Secret;

/// Seconds that its time may be away from ours.
pub const AGE: i64 = 300;

/// Why a request is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Forged {
    /// It says nothing of who sent it.
    #[error("the request is not signed")]
    Unsigned,
    /// It was signed long ago, or will be.
    #[error("the request is not of now: are the clocks right?")]
    Old,
    /// Somebody else signed it, or it was changed.
    #[error("the signature is not Slack's: is the signing secret right?")]
    Wrong,
}

/// Checks the signature of a body, as it came, at the second `now`.
///
/// # Errors
/// Why it is not believed.
pub fn check(
    secret: &Secret,
    time: Option<&str>,
    signature: Option<&str>,
    body: &[u8],
    now: i64,
) -> Result<(), Forged> {
    let (Some(time), Some(signature)) = (time, signature) else { return Err(Forged::Unsigned) };
    let is_number = !time.is_empty() && time.len() < 16 && time.bytes().all(|byte| byte.is_ascii_digit());
    let at: i64 = time.parse().ok().filter(|_| is_number).ok_or(Forged::Old)?;
    if (now - at).abs() > AGE {
        return Err(Forged::Old);
    }
    let given = signature.strip_prefix("v0=").and_then(digest).ok_or(Forged::Wrong)?;
    // In the same time, wherever they differ.
    let differ =
        signed(secret, time, body).iter().zip(given).fold(0, |differ, (ours, theirs)| differ | (ours ^ theirs));
    if differ == 0 { Ok(()) } else { Err(Forged::Wrong) }
}

/// The signature that Slack would put to a body.
#[must_use]
pub fn sign(secret: &Secret, time: &str, body: &[u8]) -> String {
    let digits: String = signed(secret, time, body).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("v0={digits}")
}

fn signed(secret: &Secret, time: &str, body: &[u8]) -> [u8; 32] {
    let mut signer = hmac_sha256::HMAC::new(secret.reveal());
    signer.update(b"v0:");
    signer.update(time);
    signer.update(b":");
    signer.update(body);
    signer.finalize()
}

/// 64 hex digits.
fn digest(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (index, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[index * 2..index * 2 + 2], 16).ok()?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Slack's documentation.
    const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
    const TIME: &str = "1531420618";
    const BODY: &[u8] = b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";

    fn at(now: i64, time: &str, signature: &str, body: &[u8]) -> Result<(), Forged> {
        check(&Secret::new(SECRET), Some(time), Some(signature), body, now)
    }

    #[test]
    fn slack_s_own_example_is_believed_and_nothing_else() {
        let now = 1_531_420_618;
        assert_eq!(at(now, TIME, SIGNATURE, BODY), Ok(()));
        assert_eq!(sign(&Secret::new(SECRET), TIME, BODY), SIGNATURE);
        assert_eq!(at(now + AGE, TIME, SIGNATURE, BODY), Ok(()));
        assert_eq!(at(now + AGE + 1, TIME, SIGNATURE, BODY), Err(Forged::Old));
        assert_eq!(at(now - AGE - 1, TIME, SIGNATURE, BODY), Err(Forged::Old));
        assert_eq!(at(now, "1531420619", SIGNATURE, BODY), Err(Forged::Wrong));
        assert_eq!(at(now, TIME, SIGNATURE, &BODY[1..]), Err(Forged::Wrong));
        assert_eq!(at(now, TIME, &SIGNATURE.replace('a', "b"), BODY), Err(Forged::Wrong));
        for wrong in ["", "v0=", "v1=00", "v0=zz", &"€".repeat(30), &format!("{SIGNATURE}0")] {
            assert_eq!(at(now, TIME, wrong, BODY), Err(Forged::Wrong), "{wrong}");
        }
        for wrong in ["", "-1531420618", "+1531420618", "now", &"9".repeat(40)] {
            assert_eq!(at(now, wrong, SIGNATURE, BODY), Err(Forged::Old), "{wrong}");
        }
        let none = check(&Secret::new(SECRET), None, Some(SIGNATURE), BODY, now);
        assert_eq!(none, Err(Forged::Unsigned));
    }
}
