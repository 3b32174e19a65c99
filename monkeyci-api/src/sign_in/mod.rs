//! Signing in by an account elsewhere: OpenID Connect, and what GitHub and Bitbucket have in its place.
//!
//! - [`settings`]: how a provider is set up; `provider`: where browsers are sent, and whom it vouches for.
//! - `flow`: a sign-in that has begun, sealed in a cookie.
//! - `openid`: discovery and keys; `proof`: what is signed; `github`, `bitbucket`: who tell by their APIs.
//! - `account`: who somebody is here; `web`: requests, in bounds.

pub mod settings;

pub(crate) mod account;
pub(crate) mod flow;
pub(crate) mod openid;
pub(crate) mod proof;
pub(crate) mod provider;
pub(crate) mod web;

mod bitbucket;
mod github;

use provider::Provider;
use settings::SignIn;

/// The providers that people sign in by.
#[derive(Default)]
pub struct Providers(Vec<Provider>);

impl Providers {
    /// Opens them.
    ///
    /// # Errors
    /// What of their settings cannot be used, for people.
    pub fn new(settings: &[SignIn], private: bool) -> Result<Self, String> {
        let open = |settings: &SignIn| {
            Provider::new(settings, private).map_err(|why| format!("sign-in `{}`: {why}", settings.id))
        };
        settings.iter().map(open).collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Provider> {
        self.0.iter().find(|provider| provider.settings().id == id)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &SignIn> {
        self.0.iter().map(Provider::settings)
    }
}
