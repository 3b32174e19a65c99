//! `data.monkeyci_server`.

use tfplugin::{Computed, Context, DataSource, Object, Result};

use super::unread;
use crate::server::Server;

/// The server itself.
#[derive(Debug, Object)]
pub struct Info {
    /// Its address.
    url: Computed<String>,
    /// Its version.
    version: Computed<String>,
}

impl DataSource for Info {
    type Client = Server;
    const NAME: &'static str = "server";

    async fn read(self, cx: &Context<Server>) -> Result<Self> {
        let version = cx.client.client.version().await.map_err(unread("server"))?;
        Ok(Self { url: cx.client.client.url().into(), version: version.into() })
    }
}
