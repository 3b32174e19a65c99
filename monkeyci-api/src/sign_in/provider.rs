//! A provider: where browsers are sent, and whom it vouches for when they come back.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Url;
use serde_json::Value;
use zeroize::Zeroizing;

use super::flow::Flow;
use super::openid::Known;
use super::settings::{Kind, SignIn};
use super::web::{Web, json, plain};
use super::{bitbucket, github};

/// A provider that people sign in by.
pub struct Provider {
    settings: SignIn,
    secret: Option<Zeroizing<String>>,
    web: Web,
    known: Known,
}

/// Whom a provider vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Who they are there, for good.
    pub subject: String,
    /// What they are called there; may be empty.
    pub name: String,
    /// Their address, where the provider has verified it.
    pub email: Option<String>,
    /// Organisations, groups or workspaces that they belong to there.
    pub organisations: Vec<String>,
}

impl Provider {
    /// Opens a provider.
    ///
    /// # Errors
    /// What of its settings cannot be used, for people.
    pub fn new(settings: &SignIn, private: bool) -> Result<Self, String> {
        settings.check()?;
        let web = Web::new(settings.place()?, private).map_err(|error| error.to_string())?;
        Ok(Self { secret: settings.secret()?, settings: settings.clone(), web, known: Known::default() })
    }

    /// How it is set up.
    pub fn settings(&self) -> &SignIn {
        &self.settings
    }

    /// Where a browser goes to sign in. It comes back to `redirect`.
    ///
    /// # Errors
    /// What went wrong, for the log.
    pub async fn address(&self, redirect: &str, flow: &Flow) -> Result<String, String> {
        let place = self.web.place().as_str().trim_end_matches('/');
        let (endpoint, scopes) = match self.settings.kind {
            Kind::Github => (format!("{place}/login/oauth/authorize"), github::SCOPES),
            Kind::Bitbucket => (format!("{place}/site/oauth2/authorize"), bitbucket::SCOPES),
            Kind::Forgejo | Kind::Gitea => (self.discovered().await?, "openid profile email groups"),
            Kind::Gitlab | Kind::Openid => (self.discovered().await?, "openid profile email"),
        };
        let mut url = self.web.checked(&endpoint)?;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", redirect)
            .append_pair("scope", scopes)
            .append_pair("state", &flow.state)
            .append_pair("code_challenge", &challenge(&flow.verifier))
            .append_pair("code_challenge_method", "S256");
        if self.is_openid() {
            url.query_pairs_mut().append_pair("nonce", &flow.nonce);
        }
        Ok(url.into())
    }

    /// Whom it vouches for by a code. `issuer` is who says to have sent the browser back.
    ///
    /// # Errors
    /// What went wrong, for the log.
    pub async fn person(
        &self,
        redirect: &str,
        flow: &Flow,
        code: &str,
        issuer: Option<&str>,
    ) -> Result<Person, String> {
        let place = self.web.place().as_str().trim_end_matches('/');
        match self.settings.kind {
            Kind::Github => {
                let url = self.web.checked(&format!("{place}/login/oauth/access_token"))?;
                let tokens = self.exchange(url, true, redirect, flow, code).await?;
                github::person(&self.web, access(&tokens)?).await
            }
            Kind::Bitbucket => {
                let url = self.web.checked(&format!("{place}/site/oauth2/access_token"))?;
                let tokens = self.exchange(url, false, redirect, flow, code).await?;
                bitbucket::person(&self.web, access(&tokens)?, !self.settings.organisations.is_empty()).await
            }
            _ => {
                let discovery = self.known.discovery(&self.web).await?;
                let is_named = issuer.is_some() || discovery.authorization_response_iss_parameter_supported;
                if is_named && issuer != Some(&discovery.issuer) {
                    return Err("the browser came back from another issuer".into());
                }
                let url = self.web.checked(&discovery.token_endpoint)?;
                let in_form = discovery.wants_secret_in_form();
                let tokens = self.exchange(url, in_form, redirect, flow, code).await?;
                let proof = tokens["id_token"].as_str().ok_or("it sends no id_token")?;
                let claims = self.known.claims(&self.web, proof, &self.settings.client_id, &flow.nonce).await?;
                self.known.person(&self.web, claims, tokens["access_token"].as_str()).await
            }
        }
    }

    /// Exchanges a code for tokens, which are forgotten as soon as it is known who it is.
    async fn exchange(
        &self,
        url: Url,
        in_form: bool,
        redirect: &str,
        flow: &Flow,
        code: &str,
    ) -> Result<Value, String> {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect),
            ("code_verifier", &flow.verifier),
            ("client_id", &self.settings.client_id),
        ];
        let mut basic = None;
        match &self.secret {
            Some(secret) if in_form => form.push(("client_secret", secret)),
            Some(secret) => basic = Some(secret),
            None => {}
        }
        let mut request = self.web.form(url, &form);
        if let Some(secret) = basic {
            // Both are encoded as in a form (RFC 6749 §2.3.1).
            let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            request = request.basic_auth(encoded(&self.settings.client_id), Some(encoded(secret)));
        }
        let tokens = json(request).await.map_err(|why| format!("tokens: {why}"))?;
        // GitHub refuses with 200.
        match tokens["error"].as_str() {
            Some(error) => Err(format!("tokens: it answers {}", plain(error))),
            None => Ok(tokens),
        }
    }

    fn is_openid(&self) -> bool {
        !matches!(self.settings.kind, Kind::Github | Kind::Bitbucket)
    }

    async fn discovered(&self) -> Result<String, String> {
        Ok(self.known.discovery(&self.web).await?.authorization_endpoint)
    }
}

fn access(tokens: &Value) -> Result<&str, String> {
    tokens["access_token"].as_str().ok_or_else(|| "it sends no access token".into())
}

/// What is told of a word before it is shown (RFC 7636).
pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(hmac_sha256::Hash::hash(verifier.as_bytes()))
}
