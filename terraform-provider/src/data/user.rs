//! `data.monkeyci_user`.

use tfplugin::{Computed, Context, DataSource, Object, Result};

use super::unread;
use crate::server::Server;
use crate::time;

/// Somebody who is known to the server. Only who runs it may ask.
#[derive(Debug, Object)]
pub struct User {
    /// Their name.
    name: String,
    /// Whether they run the server.
    admin: Computed<bool>,
    /// Whether they are let in no more.
    disabled: Computed<bool>,
    /// Since when they are known, in RFC 3339.
    created: Computed<String>,
}

impl DataSource for User {
    type Client = Server;
    const NAME: &'static str = "user";

    async fn read(self, cx: &Context<Server>) -> Result<Self> {
        let found = cx.client.client.person(&self.name).get().await.map_err(unread("user"))?;
        Ok(Self {
            name: found.name,
            admin: found.admin.into(),
            disabled: found.disabled.into(),
            created: time::shown(found.created).into(),
        })
    }
}
