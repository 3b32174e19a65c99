//! `data.monkeyci_webhook_deliveries`.

use tfplugin::check::between;
use tfplugin::{Computed, Context, DataSource, Object, Result};

use super::unread;
use crate::server::Server;
use crate::time;

/// What a forge delivered to a webhook, newest first.
#[derive(Debug, Object)]
pub struct WebhookDeliveries {
    /// The `id` of the repository: `acme/web`.
    repo: String,
    /// The name of the webhook in the repository.
    webhook: String,
    /// How many, at most.
    #[attribute(default = 20, check(between(1..=1000)))]
    limit: u32,
    /// They.
    deliveries: Computed<Vec<Delivery>>,
}

/// What a forge delivered.
#[derive(Clone, Debug, Object)]
pub struct Delivery {
    /// Its id.
    id: Computed<String>,
    /// The forge's name of the event.
    event: Computed<String>,
    /// When it came, in RFC 3339.
    received: Computed<String>,
    /// What became of it: `received`, `built`, `ignored` or `failed`.
    state: Computed<String>,
    /// Why nothing followed, or what was wrong.
    message: Computed<Option<String>>,
    /// The builds that it started, as `acme/web#42`.
    builds: Computed<Vec<String>>,
}

impl DataSource for WebhookDeliveries {
    type Client = Server;
    const NAME: &'static str = "webhook_deliveries";

    async fn read(self, cx: &Context<Server>) -> Result<Self> {
        let hook = cx.client.repo(&self.repo)?.hook(&self.webhook);
        let found = hook.deliveries().first(self.limit as usize).await.map_err(unread("webhook"))?;
        let shown = |delivery: monkeyci_client::rest::Delivery| Delivery {
            id: delivery.id.into(),
            event: delivery.event.into(),
            received: time::shown(delivery.received).into(),
            state: delivery.state.as_str().to_owned().into(),
            message: delivery.message.into(),
            builds: delivery
                .builds
                .iter()
                .map(|build| format!("{}/{}#{}", build.org, build.repo, build.number))
                .collect::<Vec<_>>()
                .into(),
        };
        Ok(Self { deliveries: found.into_iter().map(shown).collect::<Vec<_>>().into(), ..self })
    }
}
