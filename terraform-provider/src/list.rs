//! Lists of objects that there are, for `terraform query` from Terraform 1.14 on.

use futures::StreamExt;
use monkeyci_client::Pages;
use tfplugin::{Computed, Context, List, Listing, Object, Plugin, Resource, Result};

use crate::declared::Declared;
use crate::resource::environment::Environment;
use crate::resource::param::Param;
use crate::resource::param_set::ParamSet;
use crate::resource::pipeline::Pipeline;
use crate::resource::registry_credential::RegistryCredential;
use crate::resource::repo::Repo;
use crate::resource::role_binding::RoleBinding;
use crate::resource::schedule::Schedule;
use crate::resource::service_account::ServiceAccount;
use crate::resource::slack_subscription::SlackSubscription;
use crate::resource::ssh_key::SshKey;
use crate::resource::subscription::Subscription;
use crate::resource::trigger::Trigger;
use crate::resource::trust::Trust;
use crate::resource::webhook::Webhook;
use crate::server::Server;
use crate::{MonkeyCi, refusal, scope};

/// Adds each of them.
pub(crate) fn all(plugin: Plugin<MonkeyCi>) -> Plugin<MonkeyCi> {
    plugin
        .list::<Environment>()
        .list::<Param>()
        .list::<ParamSet>()
        .list::<Pipeline>()
        .list::<RegistryCredential>()
        .list::<Repo>()
        .list::<RoleBinding>()
        .list::<Schedule>()
        .list::<ServiceAccount>()
        .list::<SlackSubscription>()
        .list::<SshKey>()
        .list::<Subscription>()
        .list::<Trigger>()
        .list::<Trust>()
        .list::<Webhook>()
}

/// Those of an organisation.
#[derive(Debug, Object)]
pub struct InOrg {
    /// The organisation; that of the provider when it is not set.
    org: Option<String>,
}

/// Those of a repository.
#[derive(Debug, Object)]
pub struct InRepo {
    /// The `id` of the repository: `acme/web`.
    repo: String,
}

/// Those of a service account.
#[derive(Debug, Object)]
pub struct InAccount {
    /// The `id` of the service account: `acme/sa/deployer`.
    service_account: String,
}

/// Those of a scope.
#[derive(Debug, Object)]
pub struct InScope {
    /// The `id` of an organisation, a repository, an environment or a param set.
    scope: String,
}

/// Where objects are that are listed.
trait Place {
    /// What their addresses begin with.
    fn place(self, server: &Server) -> Result<String>;
}

impl Place for InOrg {
    fn place(self, server: &Server) -> Result<String> {
        server.fill_org(&mut self.org.map_or(Computed::Unknown, Computed::Known))
    }
}

impl Place for InRepo {
    fn place(self, _: &Server) -> Result<String> {
        Ok(self.repo)
    }
}

impl Place for InAccount {
    fn place(self, _: &Server) -> Result<String> {
        Ok(self.service_account)
    }
}

impl Place for InScope {
    fn place(self, _: &Server) -> Result<String> {
        Ok(self.scope)
    }
}

/// Adds what the server answers, page by page, until the listing has enough. `address` says what one is imported by.
async fn add<D: Declared + Resource<Client = Server>>(
    found: Pages<D::Answer>,
    address: impl Fn(&D::Answer) -> String + Send,
    listing: &Listing<D>,
    cx: &Context<Server>,
) -> Result<()> {
    let mut found = found.stream();
    while let Some(answer) = found.next().await {
        let answer = answer.map_err(|error| refusal::whole(D::NOUN, &error))?;
        if D::other(&answer).is_some() {
            continue;
        }
        let address = address(&answer);
        let mut own = D::of_address(&address)?;
        own.place(&cx.client)?;
        if !listing.add(address, &own.filled(answer).imported(&cx.client)).await {
            break;
        }
    }
    Ok(())
}

/// Lists resources: where they are, which the server has there, and what one of them is imported by.
macro_rules! listed {
    ($($resource:ident in $query:ident: |$server:ident, $at:ident| $found:expr, |$one:ident| $address:expr;)*) => {$(
        impl List for $resource {
            type Query = $query;

            async fn list(query: $query, listing: &Listing<Self>, cx: &Context<Server>) -> Result<()> {
                let $server = &cx.client;
                let $at = query.place($server)?;
                let found = $found;
                add(found, |$one| $address, listing, cx).await
            }
        }
    )*};
}

listed! {
    Environment in InRepo: |server, at| server.repo(&at)?.environments(), |one| format!("{at}/env/{}", one.name);
    Param in InScope: |server, at| scope::params(server, &at)?, |one| format!("{at}/param/{}", one.name);
    ParamSet in InOrg: |server, at| server.org(&at).param_sets(), |one| format!("{at}/param-set/{}", one.name);
    Pipeline in InOrg: |server, at| server.org(&at).pipelines(), |one| format!("{at}/pipeline/{}", one.name);
    RegistryCredential in InOrg:
        |server, at| server.org(&at).registry_credentials(), |one| format!("{at}/registry/{}", one.name);
    Repo in InOrg: |server, at| server.org(&at).repos(), |one| format!("{at}/{}", one.id);
    RoleBinding in InOrg: |server, at| server.org(&at).role_bindings(), |one| format!("{at}/role/{}", one.name);
    Schedule in InRepo: |server, at| server.repo(&at)?.schedules(), |one| format!("{at}/schedule/{}", one.name);
    ServiceAccount in InOrg: |server, at| server.org(&at).service_accounts(), |one| format!("{at}/sa/{}", one.name);
    SlackSubscription in InOrg:
        |server, at| server.org(&at).subscriptions(), |one| format!("{at}/subscription/{}", one.name);
    SshKey in InOrg: |server, at| server.org(&at).ssh_keys(), |one| format!("{at}/ssh-key/{}", one.name);
    Subscription in InOrg: |server, at| server.org(&at).subscriptions(), |one| format!("{at}/subscription/{}", one.name);
    Trigger in InRepo: |server, at| server.repo(&at)?.triggers(), |one| format!("{at}/trigger/{}", one.name);
    Trust in InAccount: |server, at| server.service_account(&at)?.trusts(), |one| format!("{at}/trust/{}", one.name);
}

impl List for Webhook {
    type Query = InRepo;

    async fn list(query: InRepo, listing: &Listing<Self>, cx: &Context<Server>) -> Result<()> {
        let mut found = cx.client.repo(&query.repo)?.hooks().stream();
        while let Some(hook) = found.next().await {
            let hook = hook.map_err(|error| refusal::whole("webhook", &error))?;
            let name = format!("{}/webhook/{}", query.repo, hook.name);
            if !listing.add(name, &Webhook::of(&query.repo, hook)).await {
                break;
            }
        }
        Ok(())
    }
}
