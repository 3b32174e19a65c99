//! `data.monkeyci_current_user`.

use std::collections::BTreeMap;

use tfplugin::{Computed, Context, DataSource, Object, Result};

use super::unread;
use crate::server::Server;

/// Whose token the provider asks with.
#[derive(Debug, Object)]
pub struct CurrentUser {
    /// Their name.
    name: Computed<String>,
    /// Whether they run the server.
    admin: Computed<bool>,
    /// Their role in each organisation.
    orgs: Computed<BTreeMap<String, String>>,
}

impl DataSource for CurrentUser {
    type Client = Server;
    const NAME: &'static str = "current_user";

    async fn read(self, cx: &Context<Server>) -> Result<Self> {
        let me = cx.client.client.me().await.map_err(unread("user"))?;
        let orgs: BTreeMap<_, _> =
            me.orgs.iter().map(|(org, role)| (org.to_string(), role.as_str().to_owned())).collect();
        Ok(Self { name: me.name.into(), admin: me.admin.into(), orgs: orgs.into() })
    }
}
