//! `data.monkeyci_params`.

use std::collections::BTreeMap;

use tfplugin::{Computed, Context, DataSource, Object, Result};

use super::unread;
use crate::scope;
use crate::server::Server;

/// The params of a scope. Of secret ones nothing is told but a digest.
#[derive(Debug, Object)]
pub struct Params {
    /// Whose params: the `id` of an organisation, a repository, an environment or a param set.
    scope: String,
    /// They, by name.
    params: Computed<BTreeMap<String, Param>>,
}

/// A param.
#[derive(Clone, Debug, Object)]
pub struct Param {
    /// Whether it is secret.
    secret: Computed<bool>,
    /// Its value, where that is no secret.
    value: Computed<Option<String>>,
    /// Rises with each value that is written.
    version: Computed<u64>,
    /// A keyed digest of a secret value.
    fingerprint: Computed<Option<String>>,
    /// What it is for.
    description: Computed<Option<String>>,
}

impl DataSource for Params {
    type Client = Server;
    const NAME: &'static str = "params";

    async fn read(self, cx: &Context<Server>) -> Result<Self> {
        let found = scope::params(&cx.client, &self.scope)?.all().await.map_err(unread("scope of params"))?;
        let shown = |param: monkeyci_client::rest::Param| {
            let shown = Param {
                secret: param.secret.into(),
                value: param.value.into(),
                version: param.version.into(),
                fingerprint: param.fingerprint.into(),
                description: param.description.into(),
            };
            (param.name, shown)
        };
        Ok(Self { params: found.into_iter().map(shown).collect::<BTreeMap<_, _>>().into(), ..self })
    }
}
