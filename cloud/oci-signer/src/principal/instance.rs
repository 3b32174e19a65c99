//! The compute instance that the program runs on.

use std::time::{Duration, SystemTime};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Response, StatusCode, header};
use serde_json::{Value, json};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::error::{Error, chain};
use crate::key::{PrivateKey, pairs};
use crate::pem::{self, Pem};
use crate::region::{canonical, realm_domain};
use crate::request::{Covers, Request, sign};
use crate::wire;

use super::Identity;

/// What tells an instance who it is.
const METADATA: &str = "http://169.254.169.254/opc/v2";

/// How long each answer may take, and how much it may be.
const PATIENCE: Duration = Duration::from_secs(10);
const MOST: usize = 256 * 1024;

/// How often the metadata are asked for, and how long it waits in between at first.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(200);

/// The compute instance that the program runs on: its certificate gets it a token.
#[derive(Debug)]
pub struct Instance {
    http: reqwest::Client,
    metadata: String,
    federation: Option<String>,
}

impl Instance {
    /// This instance. `OCI_METADATA_BASE_URL` names another place of the metadata.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn this() -> Result<Self, Error> {
        Self::at(std::env::var("OCI_METADATA_BASE_URL").ok().as_deref().unwrap_or(METADATA), None)
    }

    /// The instance whose metadata are at an address, as `http://169.254.169.254/opc/v2`, which gets its token at
    /// another; where that is not said, from the region's own service.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn at(metadata: &str, federation: Option<&str>) -> Result<Self, Error> {
        let http = reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).no_proxy();
        let metadata = metadata.trim_end_matches('/').to_owned();
        Ok(Self { http: http.build()?, metadata, federation: federation.map(str::to_owned) })
    }

    /// The region that it is in, by its full name.
    ///
    /// # Errors
    /// When the metadata do not say.
    pub async fn region(&self) -> Result<String, Error> {
        Ok(canonical(&self.ask("instance/region").await?))
    }

    /// The tenancy that it is in.
    ///
    /// # Errors
    /// When the metadata do not say.
    pub async fn tenancy(&self) -> Result<String, Error> {
        let certificate = self.ask("identity/cert.pem").await?;
        let leaf = Pem::first(&certificate).ok_or_else(|| self.wrong("identity/cert.pem", "it is no certificate"))?;
        self.tenancy_of(&leaf.bytes)
    }

    /// Draws a new key, and gets a token for it. Certificates are read anew: they change several times a day.
    pub(super) async fn identity(&self, clock: &Clock) -> Result<Identity, Error> {
        let certificate = self.ask("identity/cert.pem").await?;
        let key = PrivateKey::from_pem(&self.ask("identity/key.pem").await?, None);
        let place = format!("`{}/identity/key.pem`", self.metadata);
        let key = key.map_err(|source| Error::Key { place: place.clone(), source })?;
        let intermediate = self.ask("identity/intermediate.pem").await?;
        let url = match &self.federation {
            Some(url) => url.clone(),
            None => {
                let region = self.region().await?;
                format!("https://auth.{region}.{}/v1/x509", realm_domain(&region))
            }
        };
        let leaf = Pem::first(&certificate).ok_or_else(|| self.wrong("identity/cert.pem", "it is no certificate"))?;
        let key_id = format!("{}/fed-x509/{}", self.tenancy_of(&leaf.bytes)?, fingerprint(&leaf.bytes));
        let session = PrivateKey::generate().map_err(|source| Error::Key { place, source })?;
        let body = json!({
            "certificate": pem::body(&certificate),
            "publicKey": STANDARD.encode(session.public_key()),
            "intermediateCertificates": pem::body(&intermediate).into_iter().collect::<Vec<_>>(),
        });
        let token = self.token(&url, &body.to_string(), &key_id, &key, clock).await?;
        Identity::of_token(&token, session, &format!("of `{url}`"))
    }

    /// Asks for a token; a second time where the first was refused for the clock.
    async fn token(
        &self,
        url: &str,
        body: &str,
        key_id: &str,
        key: &PrivateKey,
        clock: &Clock,
    ) -> Result<Zeroizing<String>, Error> {
        let wrong = |why: String| Error::Federation { url: url.to_owned(), why };
        let (mut answer, signed) = self.post(url, body, key_id, key, clock).await?;
        if wire::sets_clock(&answer, signed, clock) {
            (answer, _) = self.post(url, body, key_id, key, clock).await?;
        }
        let status = answer.status();
        let text = wire::read(answer, MOST).await.map_err(&wrong)?;
        if !status.is_success() {
            let told =
                serde_json::from_str::<Value>(&text).ok().and_then(|told| Some(told["message"].as_str()?.to_owned()));
            let told = told.unwrap_or_default().chars().take(300).collect::<String>();
            return Err(wrong(format!("no token for this instance ({status}) {told}").trim_end().to_owned()));
        }
        let token = serde_json::from_str::<Value>(&text).ok().and_then(|told| Some(told["token"].as_str()?.to_owned()));
        token.map(Zeroizing::new).ok_or_else(|| wrong("the answer holds no token".into()))
    }

    async fn post(
        &self,
        url: &str,
        body: &str,
        key_id: &str,
        key: &PrivateKey,
        clock: &Clock,
    ) -> Result<(Response, SystemTime), Error> {
        let mut request = self.http.post(url).body(body.to_owned()).build()?;
        let now = clock.now();
        let parts = Request {
            method: "POST",
            host: &wire::host(request.url()),
            target: &wire::target(request.url()),
            content_type: "application/json",
            body: body.as_bytes(),
            covers: Covers::Federation,
        };
        let signed = sign(&parts, &httpdate::fmt_http_date(now), key_id, key)?;
        wire::put(&signed, request.headers_mut())?;
        Ok((self.http.execute(request).await?, now))
    }

    /// Asks for a piece of the metadata, which may not be there at once.
    async fn ask(&self, what: &str) -> Result<Zeroizing<String>, Error> {
        let url = format!("{}/{what}", self.metadata);
        let mut pause = PAUSE;
        for left in (0..TRIES).rev() {
            let asked = self.http.get(&url).header(header::AUTHORIZATION, "Bearer Oracle").send().await;
            match asked {
                Ok(answer) if answer.status().is_success() => {
                    return wire::read(answer, MOST).await.map_err(|why| self.wrong(what, &why));
                }
                Ok(answer) if left == 0 || !may_pass(answer.status()) => {
                    return Err(self.wrong(what, &format!("it answers {}", answer.status())));
                }
                Err(error) if left == 0 => {
                    let why = format!("{}: is this an instance of Oracle Cloud?", chain(&error));
                    return Err(self.wrong(what, &why));
                }
                _ => {}
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        unreachable!("the last try returns")
    }

    /// The tenancy that a certificate of an instance names.
    fn tenancy_of(&self, der: &[u8]) -> Result<String, Error> {
        let wrong = |why| self.wrong("identity/cert.pem", why);
        let certificate = Certificate::from_der(der).map_err(|_| wrong("it is no certificate"))?;
        let names = certificate.tbs_certificate.subject.0.iter().flat_map(|set| set.0.iter());
        let tenancy = names.filter_map(|name| std::str::from_utf8(name.value.value()).ok()).find_map(|name| {
            name.strip_prefix("opc-tenant:").or_else(|| name.strip_prefix("opc-identity:")).map(str::to_owned)
        });
        tenancy.ok_or_else(|| wrong("the certificate names no tenancy: is this an instance of Oracle Cloud?"))
    }

    fn wrong(&self, what: &str, why: &str) -> Error {
        Error::Federation { url: format!("{}/{what}", self.metadata), why: why.to_owned() }
    }
}

/// What a certificate is called by.
fn fingerprint(der: &[u8]) -> String {
    pairs(digest(&SHA1_FOR_LEGACY_USE_ONLY, der).as_ref(), |byte| format!("{byte:02X}"))
}

/// Whether a refusal of the metadata may be another answer soon.
fn may_pass(status: StatusCode) -> bool {
    status == StatusCode::NOT_FOUND || status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
}
