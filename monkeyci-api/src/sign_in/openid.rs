//! Providers of OpenID Connect: what discovery says of them, their keys, and whom they vouch for.

use std::time::{Duration, Instant};

use jsonwebtoken::jwk::Jwk;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Mutex;

use super::proof::{self, Claims, Expected, Wrong};
use super::provider::Person;
use super::web::{Web, json};

/// How long what was discovered is believed.
const KEPT: Duration = Duration::from_secs(60 * 60);

/// How long it is waited before keys are asked for again because one was not known.
const AGAIN: Duration = Duration::from_secs(30);

/// What discovery says.
#[derive(Debug, Clone, Deserialize)]
pub struct Discovery {
    /// Who signs.
    pub issuer: String,
    /// Where browsers go.
    pub authorization_endpoint: String,
    /// Where codes are exchanged.
    pub token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
    /// Whether the provider says who it is as it sends browsers back (RFC 9207).
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

impl Discovery {
    /// Whether the client says who it is in the form, and not in a header.
    pub fn wants_secret_in_form(&self) -> bool {
        let methods = &self.token_endpoint_auth_methods_supported;
        methods.iter().any(|method| method == "client_secret_post")
            && !methods.iter().any(|method| method == "client_secret_basic")
    }
}

/// What is known of a provider. It is asked for when it is needed, and again when it is old.
#[derive(Default)]
pub struct Known {
    discovery: Mutex<Option<(Instant, Discovery)>>,
    keys: Mutex<Option<(Instant, Vec<Jwk>)>>,
}

impl Known {
    /// What discovery says.
    ///
    /// # Errors
    /// What went wrong, for the log.
    pub async fn discovery(&self, web: &Web) -> Result<Discovery, String> {
        let mut kept = self.discovery.lock().await;
        if let Some((when, discovery)) = &*kept
            && when.elapsed() < KEPT
        {
            return Ok(discovery.clone());
        }
        let place = web.place().as_str().trim_end_matches('/');
        let address = web.checked(&format!("{place}/.well-known/openid-configuration"))?;
        let found = json(web.get(address)).await.map_err(|why| format!("discovery: {why}"))?;
        let found: Discovery = serde_json::from_value(found).map_err(|error| format!("discovery: {error}"))?;
        // Some have a slash at the end, and some have not. What is signed must say the very same.
        if found.issuer.trim_end_matches('/') != place {
            return Err("discovery: it says that it is another issuer".into());
        }
        *kept = Some((Instant::now(), found.clone()));
        Ok(found)
    }

    /// Whom the provider vouches for by `token`.
    ///
    /// # Errors
    /// What went wrong, for the log.
    pub async fn claims(&self, web: &Web, token: &str, client: &str, nonce: &str) -> Result<Claims, String> {
        self.proved(web, |keys, issuer| proof::verify(token, keys, Expected { issuer, client, nonce })).await
    }

    /// What the provider has signed, if that is good for `audience` now.
    ///
    /// # Errors
    /// What went wrong, or is wrong with it.
    pub async fn signed<C: DeserializeOwned>(&self, web: &Web, token: &str, audience: &str) -> Result<C, String> {
        self.proved(web, |keys, issuer| proof::signed(token, keys, issuer, audience)).await
    }

    /// What a token proves by the keys that the provider has now.
    async fn proved<C>(&self, web: &Web, look: impl Fn(&[Jwk], &str) -> Result<C, Wrong>) -> Result<C, String> {
        let discovery = self.discovery(web).await?;
        let told = |why: &str| format!("id_token: {why}");
        match look(&self.keys(web, &discovery, KEPT).await?, &discovery.issuer) {
            Ok(claims) => Ok(claims),
            Err(Wrong::Token(why)) => Err(told(why)),
            // Keys change. Who makes up names of keys does not have us ask for them again and again.
            Err(Wrong::UnknownKey) => match look(&self.keys(web, &discovery, AGAIN).await?, &discovery.issuer) {
                Ok(claims) => Ok(claims),
                Err(Wrong::Token(why)) => Err(told(why)),
                Err(Wrong::UnknownKey) => Err(told("none of the provider's keys has signed it")),
            },
        }
    }

    async fn keys(&self, web: &Web, discovery: &Discovery, oldest: Duration) -> Result<Vec<Jwk>, String> {
        let mut kept = self.keys.lock().await;
        if let Some((when, keys)) = &*kept
            && when.elapsed() < oldest
        {
            return Ok(keys.clone());
        }
        let found = json(web.get(web.checked(&discovery.jwks_uri)?)).await.map_err(|why| format!("keys: {why}"))?;
        let found = proof::keys(&found);
        *kept = Some((Instant::now(), found.clone()));
        Ok(found)
    }

    /// The person that claims are about, with what the provider tells of them beside.
    ///
    /// # Errors
    /// What went wrong, for the log.
    pub async fn person(&self, web: &Web, claims: Claims, access: Option<&str>) -> Result<Person, String> {
        let endpoint = self.discovery(web).await?.userinfo_endpoint;
        let mut more = Claims::default();
        if let (Some(endpoint), Some(access)) = (endpoint, access) {
            let told = json(web.get(web.checked(&endpoint)?).bearer_auth(access)).await;
            let told: Value = told.map_err(|why| format!("userinfo: {why}"))?;
            more = serde_json::from_value(told).map_err(|_| "userinfo: it cannot be read".to_owned())?;
            if more.sub != claims.sub {
                return Err("userinfo: it tells of somebody else".into());
            }
        }
        let email = claims.verified_email().or(more.verified_email());
        let name = claims.preferred_username.or(more.preferred_username).or(claims.nickname).or(more.nickname);
        let groups = [claims.groups, claims.groups_direct, more.groups].into_iter().flatten().flatten().collect();
        Ok(Person { name: name.unwrap_or_default(), subject: claims.sub, email, organisations: groups })
    }
}
