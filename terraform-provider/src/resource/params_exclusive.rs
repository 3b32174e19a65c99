//! `monkeyci_params_exclusive`.

use std::collections::BTreeSet;

use monkeyci_client::ClientError;
use tfplugin::{Change, Computed, Context, Diagnostic, Diagnostics, Object, Resource, Result, Set};

use crate::refusal;
use crate::scope;
use crate::server::Server;

/// Says which params a scope has: any other is removed. It knows names and no values, and makes none: params themselves are
/// `monkeyci_param`. Without this resource nothing is removed. It is imported by its scope: `acme/web`.
#[derive(Clone, Debug, Default, Object)]
pub struct ParamsExclusive {
    /// Whose params: the `id` of an organisation, a repository, an environment or a param set.
    #[attribute(replaces, identity)]
    scope: String,
    /// Names of the params that stay.
    names: Set<String>,
    /// What it is called: its scope.
    #[attribute(keeps)]
    id: Computed<String>,
}

impl ParamsExclusive {
    /// The params that are there and not named.
    async fn others(&self, server: &Server) -> Result<Option<Vec<String>>> {
        let known: BTreeSet<&String> = self.names.0.iter().collect();
        match scope::params(server, &self.scope)?.all().await {
            Ok(all) => Ok(Some(all.into_iter().map(|param| param.name).filter(|name| !known.contains(name)).collect())),
            Err(ClientError::NotFound(_)) => Ok(None),
            Err(error) => Err(Self::refused(&error)),
        }
    }

    async fn enforce(mut self, server: &Server) -> Result<Self> {
        for name in self.others(server).await?.unwrap_or_default() {
            let removed = scope::param(server, &self.scope, &name)?.delete().await;
            server.snapshots.forget();
            match removed {
                Ok(()) | Err(ClientError::NotFound(_)) => {}
                Err(error) => return Err(Self::refused(&error)),
            }
        }
        self.id = self.scope.clone().into();
        Ok(self)
    }

    fn refused(error: &ClientError) -> Diagnostics {
        refusal::refused("params", &Self::schema(), str::to_owned, error)
    }
}

impl Resource for ParamsExclusive {
    type Client = Server;
    const NAME: &'static str = "params_exclusive";

    async fn plan(change: &mut Change<Self>, cx: &Context<Server>) -> Result<()> {
        if let Some(planned) = change.planned() {
            let _pages = scope::params(&cx.client, &planned.scope)?;
            change.set("id", planned.scope);
        }
        Ok(())
    }

    async fn create(self, cx: &Context<Server>) -> Result<Self> {
        self.enforce(&cx.client).await
    }

    /// What is too much is shown; what is missing is for `monkeyci_param` to make.
    async fn read(mut self, cx: &Context<Server>) -> Result<Option<Self>> {
        let Some(others) = self.others(&cx.client).await? else { return Ok(None) };
        self.names.0.extend(others);
        self.id = self.scope.clone().into();
        Ok(Some(self))
    }

    async fn update(self, _: Self, cx: &Context<Server>) -> Result<Self> {
        self.enforce(&cx.client).await
    }

    /// From then on others may have params there.
    async fn delete(self, _: &Context<Server>) -> Result<()> {
        Ok(())
    }

    async fn import(id: &str, cx: &Context<Server>) -> Result<Self> {
        let own = Self { scope: id.to_owned(), ..Self::default() };
        let missing = || Diagnostic::error("There is no such scope", format!("{id:?} is not on the server."));
        Ok(own.read(cx).await?.ok_or_else(missing)?)
    }
}
