//! `data.monkeyci_org`.

use tfplugin::{Computed, Context, DataSource, Object, Result};

use super::unread;
use crate::server::Server;

/// An organisation that others look after.
#[derive(Debug, Object)]
pub struct Org {
    /// What paths call it; the provider's when it is not set.
    #[attribute(optional)]
    slug: Computed<String>,
    /// For people.
    name: Computed<String>,
    /// Whether nobody may open shells in its jobs.
    no_shells: Computed<bool>,
    /// What resources call it.
    id: Computed<String>,
}

impl DataSource for Org {
    type Client = Server;
    const NAME: &'static str = "org";

    async fn read(mut self, cx: &Context<Server>) -> Result<Self> {
        let slug = cx.client.fill_org(&mut self.slug)?;
        let found = cx.client.org(&slug).get().await.map_err(unread("organisation"))?;
        Ok(Self { name: found.name.into(), no_shells: found.no_shells.into(), id: slug.into(), ..self })
    }
}
