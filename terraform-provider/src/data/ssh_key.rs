//! `data.monkeyci_ssh_key`.

use tfplugin::{Computed, Context, DataSource, Object, Result};

use super::unread;
use crate::server::Server;

/// An SSH key that others look after: its public part, for a forge.
#[derive(Debug, Object)]
pub struct SshKey {
    /// The organisation that it belongs to; that of the provider when it is not set.
    #[attribute(optional)]
    org: Computed<String>,
    /// Its name.
    name: String,
    /// The public part, as a forge takes it for a deploy key.
    public_key: Computed<String>,
    /// Its fingerprint, as forges show it: `SHA256:…`.
    fingerprint: Computed<String>,
    /// What it is for.
    description: Computed<Option<String>>,
    /// What resources call it: `acme/ssh-key/deploy`.
    id: Computed<String>,
}

impl DataSource for SshKey {
    type Client = Server;
    const NAME: &'static str = "ssh_key";

    async fn read(mut self, cx: &Context<Server>) -> Result<Self> {
        let org = cx.client.fill_org(&mut self.org)?;
        let found = cx.client.org(&org).ssh_key(&self.name).get().await.map_err(unread("SSH key"))?;
        Ok(Self {
            public_key: found.public_key.into(),
            fingerprint: found.fingerprint.into(),
            description: found.description.into(),
            id: format!("{org}/ssh-key/{}", self.name).into(),
            ..self
        })
    }
}
