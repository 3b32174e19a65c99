//! `ephemeral.monkeyci_token`.

use std::time::{SystemTime, UNIX_EPOCH};

use monkeyci_client::model::OrgId;
use monkeyci_client::rest::{NewToken, Scope};
use monkeyci_client::{ClientError, TokenRef};
use serde::{Deserialize, Serialize};
use tfplugin::check::between;
use tfplugin::{Computed, Context, Diagnostic, Diagnostics, Ephemeral, Object, Opened, Result};

use crate::address;
use crate::refusal;
use crate::role::Role;
use crate::server::Server;

/// An API token that is made for one run and revoked at its end: of a service account, or else of whoever the provider's
/// token is of. The server ends it by itself after `minutes`, should nobody be left to revoke it.
#[derive(Debug, Object)]
#[object(requires("role", "org"), requires("org", "role"), at_most_one_of(["service_account", "role"]))]
pub struct Token {
    /// The `id` of a service account that it is for: `acme/sa/deployer`.
    service_account: Option<String>,
    /// The only organisation that it is good for, where it is of no service account.
    org: Option<String>,
    /// What it may do there at the most.
    role: Option<Role>,
    /// What it is for, as lists of tokens show it.
    #[attribute(default = "Terraform")]
    description: String,
    /// How long it is good.
    #[attribute(default = 60, check(between(1..=1440)))]
    minutes: u32,
    /// Its id.
    token_id: Computed<String>,
    /// What goes into `Authorization: Bearer …`.
    #[attribute(sensitive)]
    secret: Computed<String>,
}

/// What is remembered of one that is open.
#[derive(Serialize, Deserialize)]
struct Open {
    service_account: Option<String>,
    id: String,
}

impl Open {
    fn at(&self, server: &Server) -> Result<TokenRef> {
        match &self.service_account {
            Some(account) => {
                let [org, name] = address::read("service_account", "ORG/sa/NAME", account)?;
                Ok(server.org(org).service_account(name).token(&self.id))
            }
            None => Ok(server.client.token(&self.id)),
        }
    }
}

impl Ephemeral for Token {
    type Client = Server;
    const NAME: &'static str = "token";

    async fn open(self, cx: &Context<Server>) -> Result<Opened<Self>> {
        let scope = match (&self.org, self.role) {
            (Some(org), Some(role)) => {
                let wrong = |error| Diagnostic::error("Invalid organisation", format!("{error}.")).at("org");
                Some(Scope { org: OrgId::new(org).map_err(wrong)?, role: role.into() })
            }
            _ => None,
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let expires = i64::try_from(now).unwrap_or_default() + i64::from(self.minutes) * 60_000;
        let new = NewToken { description: self.description.clone(), scope, expires: Some(expires), secret: None };
        let made = match &self.service_account {
            Some(account) => {
                let [org, name] = address::read("service_account", "ORG/sa/NAME", account)?;
                cx.client.org(org).service_account(name).make_token(&new).await
            }
            None => cx.client.client.make_token(&new).await,
        };
        let made = made.map_err(|error| refused(&error))?;
        let id = made.token.id;
        cx.set_private("open", &Open { service_account: self.service_account.clone(), id: id.clone() });
        Ok(Self { token_id: id.into(), secret: made.secret.into(), ..self }.into())
    }

    async fn close(cx: &Context<Server>) -> Result<()> {
        let Some(open) = cx.private::<Open>("open") else { return Ok(()) };
        match open.at(&cx.client)?.revoke().await {
            Ok(()) | Err(ClientError::NotFound(_)) => Ok(()),
            Err(error) => Err(refused(&error)),
        }
    }
}

fn refused(error: &ClientError) -> Diagnostics {
    refusal::refused(
        "token",
        &Token::schema(),
        |pointer| pointer.replace("/scope/", "/").replace("/expires", "/minutes"),
        error,
    )
}
