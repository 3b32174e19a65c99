//! Deliveries are passed on to a server, as they came.

use std::time::Duration;

use http::{HeaderName, StatusCode};
use serde_json::json;
use tokio::sync::OnceCell;

use super::desk::Desk;
use super::door::{Asked, Door, Reply};
use super::settings::Hook;

/// How long a server has for an answer.
const PATIENCE: Duration = Duration::from_secs(6);

/// A server that deliveries are passed on to.
pub struct Forward {
    url: String,
    http: OnceCell<reqwest::Client>,
}

impl Forward {
    /// Passes them on to the server at this address.
    pub fn new(url: &str) -> Self {
        Self { url: url.trim_end_matches('/').to_owned(), http: OnceCell::new() }
    }

    /// Passes one on; the server's status.
    async fn send(&self, hook: &Hook, asked: &Asked) -> Result<StatusCode, String> {
        let http = self.http.get_or_try_init(|| async {
            let http = reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none());
            http.build().map_err(|error| error.to_string())
        });
        let url = format!("{}/webhook/{}/{}", self.url, hook.forge, hook.key);
        let mut request = http.await?.post(url).body(asked.body.clone());
        for (name, value) in asked.headers.iter().filter(|(name, _)| is_passed_on(name)) {
            request = request.header(name, value);
        }
        // Without the address, in which a key stands.
        let answer = request.send().await.map_err(|error| error.without_url().to_string())?;
        Ok(answer.status())
    }
}

/// Whether a header is of the delivery, and not of the way that it took here.
fn is_passed_on(name: &HeaderName) -> bool {
    let name = name.as_str();
    let is_of_delivery = name.starts_with("x-") || name.starts_with("webhook-");
    let is_of_way = name.starts_with("x-forwarded") || name.starts_with("x-real");
    (is_of_delivery && !is_of_way) || matches!(name, "content-type" | "user-agent" | "idempotency-key")
}

impl Door {
    /// Passes a delivery on. It is safe where the server says so.
    pub(super) async fn forward(&self, hook: &Hook, asked: &Asked) -> Reply {
        let Desk::Server(server) = &self.desk else { return Reply::later("there is no server") };
        match server.send(hook, asked).await {
            Ok(status) if status.is_success() => Reply::new(StatusCode::ACCEPTED, json!({ "forwarded": true })),
            Ok(status) if status.is_client_error() && !matches!(status.as_u16(), 408 | 429) => {
                tracing::error!(hook = hook.key, %status, "the server does not take a delivery that is signed well");
                let why =
                    format!("the server refuses it with {status}: has it this webhook, with this key and secret?");
                Reply::refused(StatusCode::BAD_GATEWAY, why)
            }
            Ok(status) => {
                tracing::warn!(hook = hook.key, %status, "the server cannot take a delivery now");
                Reply::later(format!("the server answers {status}: send it again"))
            }
            Err(why) => {
                tracing::warn!(hook = hook.key, why, "the server cannot be reached");
                Reply::later("the server cannot be reached: send it again")
            }
        }
    }
}
