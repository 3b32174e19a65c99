//! `monkeyci_api_token`.

use std::time::{SystemTime, UNIX_EPOCH};

use monkeyci_client::model::OrgId;
use monkeyci_client::rest::{NewToken, Scope, Token};
use monkeyci_client::{ClientError, ServiceAccountRef};
use tfplugin::check::{between, length};
use tfplugin::{Change, Computed, Context, Diagnostic, Diagnostics, Object, Resource, Result, Secret};

use crate::address;
use crate::refusal;
use crate::role::Role;
use crate::server::Server;
use crate::time;

/// Milliseconds of a day.
const DAY: i64 = 24 * 60 * 60 * 1000;

/// An API token of a service account, whose secret is the caller's: the server keeps a digest of it, and Terraform nothing. One
/// that has expired is made anew. Where a token is needed for one run alone, take the ephemeral resource `monkeyci_token`. It is
/// imported by its path: `acme/sa/deployer/token/01J…`.
#[derive(Clone, Debug, Default, Object)]
#[object(requires("secret_wo", "secret_wo_version"))]
pub struct ApiToken {
    /// The `id` of the service account: `acme/sa/deployer`.
    #[attribute(replaces)]
    service_account: String,
    /// What it is for, as lists of tokens show it.
    #[attribute(replaces, check(length(1..=200)))]
    description: String,
    /// What it may do at the most; what its service account may when it is not set.
    #[attribute(optional, replaces, keeps)]
    role: Computed<String>,
    /// Days that it is good.
    #[attribute(default = 90, replaces, check(between(1..=3650)))]
    days: u32,
    /// What it is known by: `mci_` and 32 or more letters and digits, such as `"mci_${ephemeral.monkeyci_secret.token.value}"`.
    #[attribute(write_only)]
    secret_wo: Option<Secret>,
    /// Another version makes another token.
    #[attribute(replaces_if(|old, _| !old.is_null()))]
    secret_wo_version: Option<i64>,
    /// Its id among the tokens of its service account.
    #[attribute(keeps)]
    token_id: Computed<String>,
    /// When it expires, in RFC 3339.
    #[attribute(keeps)]
    expires: Computed<Option<String>>,
    /// What it is called: `acme/sa/deployer/token/01J…`.
    #[attribute(keeps)]
    id: Computed<String>,
}

impl ApiToken {
    fn account(&self, server: &Server) -> Result<(OrgId, ServiceAccountRef)> {
        let [org, name] = address::read("service_account", "ORG/sa/NAME", &self.service_account)?;
        let wrong = |error| Diagnostic::error("Invalid organisation", format!("{error}.")).at("service_account");
        Ok((OrgId::new(org).map_err(wrong)?, server.org(org).service_account(name)))
    }

    fn filled(mut self, token: Token) -> Self {
        if let Some(expires) = token.expires {
            self.days = u32::try_from((expires - token.created + DAY / 2) / DAY).unwrap_or(self.days).max(1);
        }
        if let Some(scope) = &token.scope {
            self.role = scope.role.as_str().to_owned().into();
        }
        self.description = token.description;
        self.expires = token.expires.map(time::shown).into();
        self.id = format!("{}/token/{}", self.service_account, token.id).into();
        self.token_id = token.id.into();
        self
    }

    fn refused(error: &ClientError) -> Diagnostics {
        let attribute = |pointer: &str| match pointer {
            "/secret" => "/secret_wo".to_owned(),
            "/expires" => "/days".to_owned(),
            _ => pointer.replace("/scope/", "/"),
        };
        refusal::refused("token", &Self::schema(), attribute, error)
    }
}

/// Now, in milliseconds since 1970.
fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    i64::try_from(now).unwrap_or(i64::MAX)
}

impl Resource for ApiToken {
    type Client = Server;
    const NAME: &'static str = "api_token";

    async fn plan(change: &mut Change<Self>, cx: &Context<Server>) -> Result<()> {
        if let Some(planned) = change.planned() {
            let _account = planned.account(&cx.client)?;
        }
        if let Some(role) = change.config().get::<String>("role") {
            role_of(&role)?;
        }
        Ok(())
    }

    async fn create(self, cx: &Context<Server>) -> Result<Self> {
        let (org, account) = self.account(&cx.client)?;
        let secret = self.secret_wo.as_ref().ok_or_else(|| {
            let detail =
                "A token is made with the secret that it is to be known by. Is the variable that holds it set?";
            Diagnostic::error("No secret", detail).at("secret_wo")
        })?;
        let scope = match self.role.known() {
            Some(role) => Some(Scope { org, role: role_of(role)?.into() }),
            None => None,
        };
        let new = NewToken {
            description: self.description.clone(),
            scope,
            expires: Some(now() + i64::from(self.days) * DAY),
            secret: Some(secret.expose().to_owned()),
        };
        let made = account.make_token(&new).await.map_err(|error| Self::refused(&error))?;
        let days = self.days;
        Ok(Self { days, ..self.filled(made.token) })
    }

    async fn read(self, cx: &Context<Server>) -> Result<Option<Self>> {
        let (_, account) = self.account(&cx.client)?;
        let id = self.token_id.known().cloned().unwrap_or_default();
        match account.tokens().all().await {
            Ok(tokens) => {
                let is_it = |token: &Token| token.id == id && token.expires.is_none_or(|expires| expires > now());
                Ok(tokens.into_iter().find(is_it).map(|token| self.filled(token)))
            }
            Err(ClientError::NotFound(_)) => Ok(None),
            Err(error) => Err(Self::refused(&error)),
        }
    }

    /// One that was imported gets the version of the secret that it has.
    async fn update(self, _: Self, _: &Context<Server>) -> Result<Self> {
        Ok(self)
    }

    async fn delete(self, cx: &Context<Server>) -> Result<()> {
        let (_, account) = self.account(&cx.client)?;
        match account.token(self.token_id.known().map_or("", String::as_str)).revoke().await {
            Ok(()) | Err(ClientError::NotFound(_)) => Ok(()),
            Err(error) => Err(Self::refused(&error)),
        }
    }

    async fn import(id: &str, cx: &Context<Server>) -> Result<Self> {
        let [org, name, token] = address::imported("ORG/sa/NAME/token/ID", id)?;
        let own =
            Self { service_account: format!("{org}/sa/{name}"), token_id: token.to_owned().into(), ..Self::default() };
        let missing = || Diagnostic::error("There is no such token", format!("{id:?} is not on the server."));
        Ok(own.read(cx).await?.ok_or_else(missing)?)
    }
}

fn role_of(word: &str) -> Result<Role> {
    let wrong = || {
        let detail = "It is one of `viewer`, `developer`, `maintainer` and `owner`.";
        Diagnostic::error("Invalid role", detail).at("role")
    };
    Ok(Role::of(word).ok_or_else(wrong)?)
}
