//! `monkeyci_org_member`.

use monkeyci_client::ClientError;
use monkeyci_client::rest::NewMember;
use tfplugin::{Change, Computed, Context, Diagnostic, Diagnostics, Object, Resource, Result};

use crate::address;
use crate::refusal;
use crate::role::Role;
use crate::server::Server;

/// Somebody who belongs to an organisation. It is imported by its path: `acme/alice`.
#[derive(Clone, Debug, Default, Object)]
pub struct Member {
    /// The organisation; that of the provider when it is not set.
    #[attribute(optional, replaces, keeps, identity)]
    org: Computed<String>,
    /// The name of somebody who is known to the server.
    #[attribute(replaces, identity)]
    name: String,
    /// What they may do: `viewer`, `developer`, `maintainer` or `owner`.
    role: Role,
    /// What it is called: `acme/alice`.
    #[attribute(keeps)]
    id: Computed<String>,
}

impl Member {
    fn place(&mut self, server: &Server) -> Result<String> {
        let org = server.fill_org(&mut self.org)?;
        self.id = format!("{org}/{}", self.name).into();
        Ok(org)
    }

    async fn put(mut self, cx: &Context<Server>) -> Result<Self> {
        let org = self.place(&cx.client)?;
        let member = NewMember { role: self.role.into() };
        let put = cx.client.org(&org).member(&self.name).put(&member).await;
        cx.client.snapshots.forget();
        let put = put.map_err(|error| Self::refused(&error))?;
        Ok(Self { role: put.role.into(), ..self })
    }

    fn refused(error: &ClientError) -> Diagnostics {
        refusal::refused("member", &Self::schema(), str::to_owned, error)
    }
}

impl Resource for Member {
    type Client = Server;
    const NAME: &'static str = "org_member";

    async fn plan(change: &mut Change<Self>, cx: &Context<Server>) -> Result<()> {
        let is_open = change.config().is_unknown("org");
        if let Some(mut planned) = change.planned().filter(|_| !is_open) {
            change.set("org", planned.place(&cx.client)?);
            change.set("id", planned.id);
        }
        Ok(())
    }

    /// Who belongs to it already, as its maker does, is given the role.
    async fn create(self, cx: &Context<Server>) -> Result<Self> {
        self.put(cx).await
    }

    async fn read(mut self, cx: &Context<Server>) -> Result<Option<Self>> {
        let org = self.place(&cx.client)?;
        let members = match cx.client.snapshots.of(&cx.client.client, &org).await {
            Some(export) => Ok(export.members.clone()),
            None => cx.client.org(&org).members().all().await,
        };
        match members {
            Ok(members) => {
                let found = members.into_iter().find(|member| member.name == self.name);
                Ok(found.map(|member| Self { role: member.role.into(), ..self }))
            }
            Err(ClientError::NotFound(_)) => Ok(None),
            Err(error) => Err(Self::refused(&error)),
        }
    }

    async fn update(self, _: Self, cx: &Context<Server>) -> Result<Self> {
        self.put(cx).await
    }

    async fn delete(mut self, cx: &Context<Server>) -> Result<()> {
        let org = self.place(&cx.client)?;
        let deleted = cx.client.org(&org).member(&self.name).delete().await;
        cx.client.snapshots.forget();
        match deleted {
            Ok(()) | Err(ClientError::NotFound(_)) => Ok(()),
            Err(error) => Err(Self::refused(&error)),
        }
    }

    async fn import(id: &str, cx: &Context<Server>) -> Result<Self> {
        let [org, name] = address::imported("ORG/NAME", id)?;
        let own = Self { org: org.into(), name: name.to_owned(), ..Self::default() };
        let missing = || Diagnostic::error("There is no such member", format!("{name:?} does not belong to {org:?}."));
        Ok(own.read(cx).await?.ok_or_else(missing)?)
    }
}
