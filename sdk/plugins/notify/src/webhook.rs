use monkeyci_sdk::http;
use monkeyci_sdk::prelude::Act;

use crate::delivery::{param, send};
use crate::format::Format;
use crate::news::News;
use crate::notifier::{Notifier, Target};

/// A webhook, whose URL is in this param.
#[derive(Debug, Clone)]
pub(crate) struct Webhook {
    pub(crate) param: String,
    pub(crate) format: Format,
    pub(crate) key: Option<String>,
}

/// Tells a webhook, whose URL is in this param, what came out of a build. Let the param be secret: who knows the URL may
/// write there.
pub fn webhook(param: &str) -> Notifier {
    Notifier::to(Target::Webhook(Webhook { param: param.to_owned(), format: Format::default(), key: None }))
}

impl Webhook {
    pub(crate) fn tell(&self, act: &Act, news: &News) -> Result<(), String> {
        let url = param(act, &self.param, "the URL of a webhook")?;
        let body = serde_json::to_vec(&self.format.body(news)).map_err(|error| error.to_string())?;
        let mut request =
            http::post(url).header("Content-Type", "application/json").header("X-MonkeyCI-Event", news.event);
        if let Some(key) = &self.key {
            let key = param(act, key, "the key by which a webhook is signed")?;
            request = request.header("X-MonkeyCI-Signature", signature(key, &body));
        }
        send(request.body(body), &format!("the webhook in param `{}`", self.param))
    }
}

/// As `sha256=` and the HMAC of the body in hex.
fn signature(key: &str, body: &[u8]) -> String {
    let mac = hmac_sha256::HMAC::mac(body, key.as_bytes());
    mac.iter().fold("sha256=".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::signature;

    #[test]
    fn a_signature_is_that_of_rfc_4231() {
        // Its test case 2.
        let wanted = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(signature("Jefe", b"what do ya want for nothing?"), wanted);
    }
}
