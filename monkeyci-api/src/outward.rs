//! Requests that go out of the house.

use std::net::SocketAddr;

use monkeyci_core::source::is_public;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Finds no hosts in private networks.
pub struct Public;

impl Resolve for Public {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if found.iter().any(|address| !is_public(address.ip())) {
                return Err(
                    "the host is in a private network, or this machine, which this server does not allow".into()
                );
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}
