//! The client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use monkeyci_rest::validate::Kind;
use monkeyci_rest::{
    Me, NewRegistration, NewToken, NewWorker, Org, Register, Registration, Token, TokenSecret, Worker, WorkerSecret,
};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Method, Url};
use serde::{Deserialize, Serialize};

use crate::patience::{Patience, Waits};
use crate::place::Place;
use crate::{ArtifactRef, ClientError, DutyRef, OrgRef, Pages, RegistrationRef, TokenRef, WorkerRef};

/// A server has so long to take a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// A connection that is silent for so long is asked whether it is still there: one that is followed may be silent.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// A client of one server, for one token. Clones share their connections.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
    acts_as: Option<HeaderValue>,
    once: Option<HeaderValue>,
    waits: Arc<Waits>,
}

struct Inner {
    http: reqwest::Client,
    url: Url,
}

#[derive(Deserialize)]
struct Version {
    version: String,
}

impl Client {
    /// A client of the server at `url`, which may have a path. Without a token, only what is public is had.
    ///
    /// # Errors
    /// When the url or the token cannot be used. Nothing is sent.
    pub fn new(url: &str, token: Option<&str>) -> Result<Self, ClientError> {
        Self::trusting(url, token, None)
    }

    /// The same for a server whose certificate was signed by one of these authorities, in PEM, or by one that the system
    /// trusts.
    ///
    /// # Errors
    /// The same, and when these are no certificates.
    pub fn trusting(url: &str, token: Option<&str>, authorities: Option<&[u8]>) -> Result<Self, ClientError> {
        let mut headers = HeaderMap::new();
        if let Some(token) = token {
            let unusable = |_| ClientError::Invalid("the token holds what no token does".into());
            let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(unusable)?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let wrong = |_| ClientError::Invalid("the certificates of authorities cannot be read: they are no PEM".into());
        let authorities = authorities.map(reqwest::Certificate::from_pem_bundle).transpose().map_err(wrong)?;
        let builder = authorities
            .into_iter()
            .flatten()
            .fold(reqwest::Client::builder(), reqwest::ClientBuilder::add_root_certificate);
        let http = builder
            .default_headers(headers)
            .user_agent(concat!("monkeyci-client/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .tcp_keepalive(KEEPALIVE)
            // A token goes to the server that it is for, and nowhere else.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| ClientError::Invalid(crate::call::chain(&error)))?;
        let waits = Arc::new(Waits::new(Patience::default()));
        Ok(Self { inner: Arc::new(Inner { http, url: address(url)? }), acts_as: None, once: None, waits })
    }

    /// The same client, for an integration that asks in the name of a user of a chat: `slack:T123/U456`. What it asks is
    /// refused with the code `not-linked` while nobody has said who that is.
    ///
    /// # Errors
    /// When this can be no user of a chat. Nothing is sent.
    pub fn acting_as(&self, chat: &str) -> Result<Self, ClientError> {
        let unusable = |_| ClientError::Invalid(format!("`{}` is no user of a chat", chat.escape_debug()));
        let value = HeaderValue::try_from(chat).map_err(unusable)?;
        Ok(Self { acts_as: Some(value), ..self.clone() })
    }

    /// The same client, for somebody who may have asked already and died before they knew: builds that it begins are begun
    /// once for each `key`, however often they are asked for by it, also by another process. One such client begins one build.
    ///
    /// # Errors
    /// When this can be no key. Nothing is sent.
    pub fn once(&self, key: &str) -> Result<Self, ClientError> {
        let unusable = |_| ClientError::Invalid("a key is of letters and digits".into());
        Ok(Self { once: Some(HeaderValue::try_from(key).map_err(unusable)?), ..self.clone() })
    }

    /// The same client with another patience. Whoever else has it keeps theirs.
    #[must_use]
    pub fn with_patience(self, patience: Patience) -> Self {
        Self { waits: Arc::new(Waits::new(patience)), ..self }
    }

    /// Has everything end that this client and its clones wait for, as when a user interrupts: nothing is sent again any more,
    /// what waits for that fails at once with what went wrong, and whatever is on its way, or is asked from now on to tidy up,
    /// has two seconds to be answered.
    pub fn give_up(&self) {
        self.waits.give_up();
    }

    /// The server's address.
    #[must_use]
    pub fn url(&self) -> &str {
        self.inner.url.as_str().trim_end_matches('/')
    }

    /// An organisation.
    pub fn org(&self, org: impl AsRef<str>) -> OrgRef {
        OrgRef::new(self.root().at("v1").at("orgs").at(org.as_ref()))
    }

    /// The organisations that one may see.
    pub fn orgs(&self) -> Pages<Org> {
        Pages::new(self.root().at("v1").at("orgs"))
    }

    /// Who asks.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with 401 when the token is good for nothing.
    pub async fn me(&self) -> Result<Me, ClientError> {
        self.root().at("v1").at("me").get().await
    }

    /// The tokens of whoever asks.
    pub fn tokens(&self) -> Pages<Token> {
        Pages::new(self.root().at("v1").at("tokens"))
    }

    /// One of them.
    pub fn token(&self, id: &str) -> TokenRef {
        TokenRef::new(self.root().at("v1").at("tokens").at(id))
    }

    /// Makes a token for whoever asks. Its secret is told this once.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn make_token(&self, token: &NewToken) -> Result<TokenSecret, ClientError> {
        self.root().at("v1").at("tokens").post(token).await
    }

    /// Looks at a body as if it were written, under that name where one is given; nothing is changed.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with each field that is wrong.
    pub async fn validate(&self, kind: Kind, name: Option<&str>, body: &impl Serialize) -> Result<(), ClientError> {
        let mut call = self.root().at("v1").at("validate").at(kind.as_str()).call(Method::POST).body(body)?.declared();
        if let Some(name) = name {
            call = call.query("name", name);
        }
        call.nothing().await
    }

    /// What somebody is shown who follows the link of a mail with this code, as HTML.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when no mail has such a link.
    pub async fn unsubscribing(&self, code: &str) -> Result<String, ClientError> {
        self.root().at("v1").at("unsubscribe").at(code).call(Method::GET).text().await
    }

    /// Has no more mails of a subscription sent to an address, by the code in the link of one.
    ///
    /// # Errors
    /// The same.
    pub async fn unsubscribe(&self, code: &str) -> Result<String, ClientError> {
        self.root().at("v1").at("unsubscribe").at(code).call(Method::POST).text().await
    }

    /// What a link to an artifact leads to, by the word at its end. This needs no token.
    pub fn linked_artifact(&self, word: &str) -> ArtifactRef {
        ArtifactRef::new(self.root().at("v1").at("artifacts").at(word))
    }

    /// Workers elsewhere.
    pub fn workers(&self) -> Pages<Worker> {
        Pages::new(self.root().at("v1").at("workers"))
    }

    /// One of them.
    pub fn worker(&self, name: &str) -> WorkerRef {
        WorkerRef::new(self.root().at("v1").at("workers").at(name))
    }

    /// Adds a worker. Its token is told this once.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn make_worker(&self, worker: &NewWorker) -> Result<WorkerSecret, ClientError> {
        self.root().at("v1").at("workers").post(worker).await
    }

    /// Makes a code that workers register by. It is told this once.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn make_registration(&self, wanted: &NewRegistration) -> Result<Registration, ClientError> {
        self.root().at("v1").at("worker-registrations").post(wanted).await
    }

    /// One of these, by its id.
    pub fn registration(&self, id: &str) -> RegistrationRef {
        RegistrationRef::new(self.root().at("v1").at("worker-registrations").at(id))
    }

    /// Registers a worker by such a code; this needs no token. To register the same once more is no mistake.
    ///
    /// # Errors
    /// [`ClientError::Conflict`] when there is another worker of that name.
    pub async fn register(&self, worker: &Register) -> Result<Worker, ClientError> {
        let call = self.root().at("v1").at("worker").at("register").call(Method::POST);
        call.body(worker)?.declared().json().await
    }

    /// What a worker says to the server, for a client with its token. `home` tells the folder that it works in from every
    /// other.
    pub fn duty(&self, home: &str) -> DutyRef {
        DutyRef::new(self.root().at("v1").at("worker"), home.to_owned())
    }

    /// The server's version.
    ///
    /// # Errors
    /// When it cannot be reached, or is no server of this kind.
    pub async fn version(&self) -> Result<String, ClientError> {
        Ok(self.root().at("v1").at("version").get::<Version>().await?.version)
    }

    /// The API's description in OpenAPI.
    ///
    /// # Errors
    /// When it cannot be had.
    pub async fn openapi(&self) -> Result<serde_json::Value, ClientError> {
        self.root().at("v1").at("openapi.json").get().await
    }

    /// Whether the server lives: what `/healthz` says.
    ///
    /// # Errors
    /// When it does not.
    pub async fn health(&self) -> Result<String, ClientError> {
        self.text("healthz").await
    }

    /// Whether the server takes requests: what `/readyz` says.
    ///
    /// # Errors
    /// When it does not.
    pub async fn readiness(&self) -> Result<String, ClientError> {
        self.text("readyz").await
    }

    /// The server's numbers, in the text format of Prometheus.
    ///
    /// # Errors
    /// When they cannot be had.
    pub async fn metrics(&self) -> Result<String, ClientError> {
        self.text("metrics").await
    }

    async fn text(&self, name: &str) -> Result<String, ClientError> {
        self.root().at(name).call(Method::GET).text().await
    }

    pub(crate) fn root(&self) -> Place {
        Place::root(self.clone())
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.inner.http
    }

    pub(crate) fn waits(&self) -> &Waits {
        &self.waits
    }

    pub(crate) fn acts_as(&self) -> Option<&HeaderValue> {
        self.acts_as.as_ref()
    }

    /// The key of what is to be done once.
    pub(crate) fn key(&self) -> Option<&HeaderValue> {
        self.once.as_ref()
    }

    pub(crate) fn base(&self) -> &Url {
        &self.inner.url
    }
}

/// The server's address alone.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("url", &self.url()).finish_non_exhaustive()
    }
}

/// Checks the address of a server.
fn address(url: &str) -> Result<Url, ClientError> {
    // What stands there is not repeated: somebody may have written a password into it.
    let unusable = |why: &str| ClientError::Invalid(format!("the server's address {why}; `https://ci.example.com`"));
    let url = Url::parse(url.trim()).map_err(|_| unusable("is no url"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(unusable("does not begin with `https://` or `http://` and a host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(unusable("names a user; a token says who asks"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(unusable("goes on after its path"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_cannot_be_used_is_refused_without_what_it_holds() {
        for url in
            ["", "ci.example.com", "ftp://ci.example.com", "https://ann:s3cret@ci.example.com", "https://x/?s3cret"]
        {
            let error = Client::new(url, None).expect_err(url).to_string();
            assert!(error.starts_with("the server's address ") && !error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn the_token_is_in_no_debug_and_in_no_error() {
        let client = Client::new("https://ci.example.com/", Some("mci_s3cret")).expect("a client");
        assert_eq!(format!("{client:?}"), r#"Client { url: "https://ci.example.com", .. }"#);
        assert!(!format!("{:?}", client.org("acme").repo("web")).contains("s3cret"));
        let error = Client::new("https://ci.example.com", Some("s3cret\n")).expect_err("no token").to_string();
        assert!(!error.contains("s3cret"), "{error}");
    }
}
