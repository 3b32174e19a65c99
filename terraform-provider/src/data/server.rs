//! `data.monkeyci_server`.

use tfplugin::{Computed, Context, DataSource, Object, Result};

use super::unread;
use crate::server::Server;

/// The server itself, also as an issuer of ID tokens: by `issuer` and `jwks` clouds and vaults are told to believe what it says
/// of jobs and service accounts.
#[derive(Debug, Object)]
pub struct Info {
    /// Its address.
    url: Computed<String>,
    /// Its version.
    version: Computed<String>,
    /// Who signs its ID tokens (`iss`), by its address.
    issuer: Computed<String>,
    /// The public halves of the keys that sign them, a JSON Web Key Set, for who cannot fetch it.
    jwks: Computed<String>,
}

impl DataSource for Info {
    type Client = Server;
    const NAME: &'static str = "server";

    async fn read(self, cx: &Context<Server>) -> Result<Self> {
        let client = &cx.client.client;
        let version = client.version().await.map_err(unread("server"))?;
        let discovery = client.openid_configuration().await.map_err(unread("server"))?;
        let jwks = client.json_web_keys().await.map_err(unread("server"))?;
        let issuer = discovery["issuer"].as_str().unwrap_or_default().to_owned();
        Ok(Self {
            url: client.url().into(),
            version: version.into(),
            issuer: issuer.into(),
            jwks: jwks.to_string().into(),
        })
    }
}
