//! A path beneath the server's address.

use std::fmt;

use reqwest::{Method, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::call::Call;
use crate::{Client, ClientError};

/// A path beneath the server's address. What its names are is checked when something is asked there.
#[derive(Clone)]
pub(crate) struct Place {
    client: Client,
    names: Vec<String>,
}

impl Place {
    pub(crate) fn root(client: Client) -> Self {
        Self { client, names: Vec::new() }
    }

    /// What is called `name` in here.
    pub(crate) fn at(&self, name: impl fmt::Display) -> Self {
        let mut place = self.clone();
        place.names.push(name.to_string());
        place
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Its address.
    pub(crate) fn url(&self) -> Result<Url, ClientError> {
        // A url takes these for steps on the way, however they are written.
        let leads_away =
            |name: &&String| matches!(name.to_ascii_lowercase().replace("%2e", ".").as_str(), "" | "." | "..");
        if let Some(name) = self.names.iter().find(leads_away) {
            return Err(ClientError::Invalid(format!("`{name}` is no name")));
        }
        let mut url = self.client.base().clone();
        let mut segments =
            url.path_segments_mut().map_err(|()| ClientError::Invalid("the address has no path".into()))?;
        segments.pop_if_empty().extend(&self.names);
        drop(segments);
        Ok(url)
    }

    pub(crate) fn call(&self, method: Method) -> Call {
        Call::new(self.clone(), method)
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        self.call(Method::GET).json().await
    }

    pub(crate) async fn put<T: DeserializeOwned>(&self, body: &impl Serialize) -> Result<T, ClientError> {
        self.call(Method::PUT).body(body)?.declared().json().await
    }

    pub(crate) async fn post<T: DeserializeOwned>(&self, body: &impl Serialize) -> Result<T, ClientError> {
        self.call(Method::POST).body(body)?.json().await
    }

    pub(crate) async fn delete(&self, revision: Option<u64>) -> Result<(), ClientError> {
        self.call(Method::DELETE).if_match(revision).nothing().await
    }
}

/// The path.
impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}", self.names.join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(base: &str, names: &[&str]) -> Result<String, ClientError> {
        let root = Client::new(base, None).expect("a client").root();
        names.iter().fold(root, |place, name| place.at(name)).url().map(|url| url.to_string())
    }

    #[test]
    fn names_are_written_into_the_path_and_cannot_leave_it() {
        assert_eq!(url("https://x", &["v1", "a b/c?d#e%"]).expect("a url"), "https://x/v1/a%20b%2Fc%3Fd%23e%25");
        assert_eq!(url("https://x/ci/", &["v1"]).expect("a url"), "https://x/ci/v1");
        for name in ["", ".", "..", "%2e%2E", ".%2e"] {
            assert!(url("https://x", &["v1", name]).is_err(), "{name}");
        }
    }
}
