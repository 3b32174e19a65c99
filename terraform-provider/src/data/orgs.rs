//! `data.monkeyci_orgs`.

use std::collections::BTreeMap;

use tfplugin::{Computed, Context, DataSource, Object, Result};

use super::unread;
use crate::server::Server;

/// The organisations that the provider's token sees.
#[derive(Debug, Object)]
pub struct Orgs {
    /// Their slugs, in their order.
    slugs: Computed<Vec<String>>,
    /// Their names for people, by slug.
    names: Computed<BTreeMap<String, String>>,
}

impl DataSource for Orgs {
    type Client = Server;
    const NAME: &'static str = "orgs";

    async fn read(self, cx: &Context<Server>) -> Result<Self> {
        let found = cx.client.client.orgs().all().await.map_err(unread("list of organisations"))?;
        let names: BTreeMap<_, _> = found.into_iter().map(|org| (org.id.to_string(), org.name)).collect();
        Ok(Self { slugs: names.keys().cloned().collect::<Vec<_>>().into(), names: names.into() })
    }
}
