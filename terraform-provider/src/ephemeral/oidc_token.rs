//! `ephemeral.monkeyci_oidc_token`.

use monkeyci_client::ClientError;
use monkeyci_client::rest::NewIdToken;
use tfplugin::check::{between, length};
use tfplugin::{Computed, Context, Diagnostics, Ephemeral, Object, Opened, Result};

use crate::server::Server;
use crate::{address, refusal, time};

/// An ID token (a JWT) by which the server says to a cloud or vault which service account this is, as it does for jobs: what
/// lets providers of these in, without keys that are stored. Its subject is `org:acme:service-account:deployer`.
#[derive(Debug, Object)]
pub struct OidcToken {
    /// The `id` of the service account: `acme/sa/deployer`.
    service_account: String,
    /// Whom it is for: what the cloud or vault knows itself by.
    #[attribute(check(length(1..=10)))]
    audience: Vec<String>,
    /// Minutes that it is good.
    #[attribute(default = 15, check(between(1..=60)))]
    minutes: u32,
    /// It.
    #[attribute(sensitive)]
    token: Computed<String>,
    /// Whom it is of, for those who believe it (`sub`).
    subject: Computed<String>,
    /// When it expires, in RFC 3339.
    expires: Computed<String>,
}

impl Ephemeral for OidcToken {
    type Client = Server;
    const NAME: &'static str = "oidc_token";

    async fn open(self, cx: &Context<Server>) -> Result<Opened<Self>> {
        let [org, name] = address::read("service_account", "ORG/sa/NAME", &self.service_account)?;
        let wanted = NewIdToken { audience: self.audience.clone(), minutes: self.minutes };
        let made = cx.client.org(org).service_account(name).id_token(&wanted).await;
        let made = made.map_err(|error| refused(&error))?;
        let (subject, expires) = (made.subject.into(), time::shown(made.expires).into());
        Ok(Self { token: made.token.into(), subject, expires, ..self }.into())
    }
}

fn refused(error: &ClientError) -> Diagnostics {
    refusal::refused("ID token", &OidcToken::schema(), str::to_owned, error)
}
