//! Asking a provider: in bounds of time and bytes, without redirects.
//!
//! The address of a provider comes from the operator, and may be in a private network. What a provider itself names, as
//! the addresses in its discovery, may be on its own host, or else must be public.

use std::time::Duration;

use monkeyci_core::source::is_public;
use reqwest::header::{ACCEPT, HeaderValue};
use reqwest::{RequestBuilder, Url};
use serde_json::Value;

use super::settings::is_loopback;
use crate::outward::{self, Public};

/// A provider has so long for all of an answer: somebody waits.
const WHOLE: Duration = Duration::from_secs(20);

/// Bytes of an answer, at most.
const ANSWER: usize = 512 * 1024;

/// Asks one provider.
pub struct Web {
    own: reqwest::Client,
    others: reqwest::Client,
    place: Url,
}

impl Web {
    /// Asks the provider at `place`. `private` tells whether what it names may be in private networks.
    ///
    /// # Errors
    /// When the machine has nothing to trust TLS by.
    pub fn new(place: Url, private: bool) -> Result<Self, reqwest::Error> {
        let client = || outward::client(WHOLE).no_proxy();
        let own = client().build()?;
        let others = if private { own.clone() } else { client().dns_resolver(Public).build()? };
        Ok(Self { own, others, place })
    }

    /// The same for a provider that somebody else than the operator named, who knows of no private networks: only where
    /// `private` allows it may it be in one.
    ///
    /// # Errors
    /// When the machine has nothing to trust TLS by.
    pub fn of_others(place: Url, private: bool) -> Result<Self, reqwest::Error> {
        let web = Self::new(place, private)?;
        Ok(Self { own: web.others.clone(), ..web })
    }

    /// Where the provider is.
    pub fn place(&self) -> &Url {
        &self.place
    }

    /// An address that the provider named, if it may be asked.
    ///
    /// # Errors
    /// Why not, in words for people.
    pub fn checked(&self, address: &str) -> Result<Url, String> {
        let url = Url::parse(address).map_err(|_| "it names what is no address".to_owned())?;
        let is_own = url.host() == self.place.host();
        let is_clear = url.scheme() == "http" && is_own && is_loopback(&url);
        if url.scheme() != "https" && !is_clear {
            return Err("it names an address without `https`".into());
        }
        let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let is_private = host.parse().is_ok_and(|address| !is_public(address));
        if !is_own && is_private {
            return Err("it names an address in a private network".into());
        }
        Ok(url)
    }

    /// Begins a request to a checked address.
    pub fn get(&self, url: Url) -> RequestBuilder {
        self.client(&url).get(url)
    }

    /// Begins a request with a form to a checked address.
    pub fn form(&self, url: Url, pairs: &[(&str, &str)]) -> RequestBuilder {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        self.client(&url).post(url).header(reqwest::header::CONTENT_TYPE, kind).body(form)
    }

    fn client(&self, url: &Url) -> &reqwest::Client {
        if url.host() == self.place.host() { &self.own } else { &self.others }
    }
}

/// The JSON that a request is answered with.
///
/// # Errors
/// What went wrong, for the log: it never holds what was sent.
pub async fn json(request: RequestBuilder) -> Result<Value, String> {
    let request = request.header(ACCEPT, HeaderValue::from_static("application/json"));
    let mut response = request.send().await.map_err(|error| outward::reason(&error))?;
    let status = response.status();
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|error| outward::reason(&error))? {
        if body.len() + piece.len() > ANSWER {
            return Err("its answer is longer than any may be".into());
        }
        body.extend_from_slice(&piece);
    }
    let value: Result<Value, _> = serde_json::from_slice(&body);
    if !status.is_success() {
        // An error of OAuth is a word of a fixed list.
        let error = value.ok().and_then(|value| value["error"].as_str().map(plain)).unwrap_or_default();
        return Err(format!("it answers {} {error}", status.as_u16()));
    }
    value.map_err(|_| "its answer is no JSON".into())
}

/// What a provider said, as a short word that cannot spoil a log.
pub fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_leads_to_its_own_host_or_to_public_ones_and_never_to_clear_text() {
        let place = |url: &str| Web::new(Url::parse(url).expect("a url"), false).expect("a client");
        let own = place("https://login.corp.example.com");
        for (address, may) in [
            ("https://login.corp.example.com/token", true),
            ("https://oauth2.googleapis.com/token", true),
            ("http://login.corp.example.com/token", false),
            ("https://127.0.0.1/token", false),
            ("https://[::ffff:10.0.0.1]/token", false),
            ("https://169.254.169.254/latest", false),
            ("file:///etc/passwd", false),
            ("token", false),
        ] {
            assert_eq!(own.checked(address).is_ok(), may, "{address}");
        }
        assert!(place("https://10.0.0.7").checked("https://10.0.0.7/token").is_ok(), "the operator said so");
        assert!(place("http://127.0.0.1:1").checked("http://127.0.0.1:2/token").is_ok());
        assert!(place("http://127.0.0.1:1").checked("http://10.0.0.1/token").is_err());
    }
}
