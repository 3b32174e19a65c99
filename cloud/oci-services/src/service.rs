//! One service in one region.

use std::time::Duration;

use oci_signer::{Client, endpoint};
use reqwest::{Method, Url};

use crate::call::Call;
use crate::error::Error;
use crate::retry::Retry;

/// How long one request may take, its answer included.
const PATIENCE: Duration = Duration::from_secs(60);

/// One service in one region, or at an address that was said.
#[derive(Debug, Clone)]
pub struct Service {
    client: Client,
    base: Url,
    retry: Retry,
    patience: Duration,
}

impl Service {
    /// The service at an address, as `https://compute-containers.eu-frankfurt-1.oci.oraclecloud.com`. `version` is the
    /// first part of all its paths, as `20210415`, and empty where it has none.
    ///
    /// # Errors
    /// When that is no address of a service: `https`, or `http` to this very machine.
    pub fn at(client: Client, address: &str, version: &str) -> Result<Self, Error> {
        let wrong = |why: String| Error::Address { address: address.to_owned(), why };
        let mut base = Url::parse(address).map_err(|error| wrong(error.to_string()))?;
        let is_here = matches!(base.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
        if !(base.scheme() == "https" || base.scheme() == "http" && is_here) {
            return Err(wrong("it does not begin with `https://`".into()));
        }
        if base.query().is_some() || base.fragment().is_some() || !base.username().is_empty() {
            return Err(wrong("it has more than a host and a path".into()));
        }
        base.path_segments_mut()
            .map_err(|()| wrong("it has no path".into()))?
            .pop_if_empty()
            .extend(Some(version).filter(|version| !version.is_empty()));
        Ok(Self { client, base, retry: Retry::default(), patience: PATIENCE })
    }

    /// The service of this name, as `compute-containers`, in a region.
    ///
    /// # Errors
    /// When name or region cannot stand in an address.
    pub fn in_region(client: Client, name: &str, region: &str, version: &str) -> Result<Self, Error> {
        Self::at(client, &endpoint(name, region), version)
    }

    /// The same with another way of trying again.
    #[must_use]
    pub fn retrying(self, retry: Retry) -> Self {
        Self { retry, ..self }
    }

    /// The same with another time that one request may take, its answer included.
    #[must_use]
    pub fn patient(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// What signs and sends.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The address that all paths begin with.
    #[must_use]
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// A call, by the name that its errors have, as `CreateContainerInstance`, and the parts of its path. Each part is one
    /// part whatever it holds: a `/` in it is escaped.
    pub fn call<'a>(&'a self, name: &'static str, method: Method, path: &[&str]) -> Call<'a> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            // An empty part, or one of dots, would lead elsewhere: it is escaped to what nothing is called.
            segments.pop_if_empty().extend(path.iter().map(|part| match *part {
                "" | "." | ".." => "%",
                part => part,
            }));
        }
        Call::new(self, name, method, url)
    }

    pub(crate) fn retry(&self) -> &Retry {
        &self.retry
    }

    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }
}

/// How a client that has one service comes to it.
macro_rules! in_region {
    ($client:ident, $name:literal, $version:expr) => {
        impl $client {
            /// What is in a region.
            ///
            /// # Errors
            /// When the region cannot stand in an address.
            pub fn in_region(client: oci_signer::Client, region: &str) -> Result<Self, $crate::Error> {
                Ok(Self { service: $crate::Service::in_region(client, $name, region, $version)? })
            }

            /// What is at an address, as that of a private endpoint.
            ///
            /// # Errors
            /// When it is none.
            pub fn at(client: oci_signer::Client, address: &str) -> Result<Self, $crate::Error> {
                Ok(Self { service: $crate::Service::at(client, address, $version)? })
            }

            /// The same, with another way of trying again or of waiting.
            #[must_use]
            pub fn with(self, change: impl FnOnce($crate::Service) -> $crate::Service) -> Self {
                Self { service: change(self.service) }
            }
        }
    };
}
pub(crate) use in_region;
