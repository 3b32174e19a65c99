//! Signatures of deliveries.

use crate::id::hex;

/// `X-Slack-Signature` of a body that is sent at a moment, in seconds since 1970.
///
/// <https://docs.slack.dev/authentication/verifying-requests-from-slack>
#[must_use]
pub fn signature(secret: &str, timestamp: u64, body: &str) -> String {
    let signed = format!("v0:{timestamp}:{body}");
    format!("v0={}", hex(&hmac_sha256::HMAC::mac(signed, secret)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_documentation_is_signed_alike() {
        let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&\
                    channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&\
                    response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F\
                    96rGlfmibIGlgcZRskXaIFfN&\
                    trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
        let told = signature("8f742231b10e8888abcd99yyyzzz85a5", 1_531_420_618, body);
        assert_eq!(told, "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503");
    }
}
