//! Actions on subscriptions.

use tfplugin::{Action, Context, Object, Progress, Result};

use crate::address;
use crate::refusal;
use crate::server::Server;

/// Has a subscription told something that has not happened, to see whether it arrives.
#[derive(Debug, Object)]
pub struct Test {
    /// The `id` of the subscription: `acme/subscription/deploys`.
    subscription: String,
}

impl Action for Test {
    type Client = Server;
    const NAME: &'static str = "subscription_test";

    async fn plan(self, _: &Context<Server>) -> Result<()> {
        address::read::<2>("subscription", "ORG/subscription/NAME", &self.subscription).map(drop)
    }

    async fn invoke(self, progress: &Progress, cx: &Context<Server>) -> Result<()> {
        let [org, name] = address::read("subscription", "ORG/subscription/NAME", &self.subscription)?;
        let told = cx.client.org(org).subscription(name).test().await;
        let told = told.map_err(|error| refusal::whole("subscription", &error))?;
        progress.say(format!("{} notices are on their way", told.len())).await;
        Ok(())
    }
}
