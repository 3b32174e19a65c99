//! Who asks, by the address that is known of them.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::request::Parts;
use ipnet::IpNet;

use crate::state::State;

/// The other end of a connection: an extension of each of its requests.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// The address that a request came from. Where the connection is that of a proxy that is trusted, the one that the
/// proxy names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Client(pub IpAddr);

impl Client {
    /// Whom a request is from that came over this connection. What stands left of the last address that no trusted
    /// proxy has could be made up by anybody.
    #[must_use]
    pub fn of(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
        if !is_trusted(&peer) {
            return Self(peer);
        }
        let lines = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
        let named: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
        let mut last = peer;
        for name in named.into_iter().rev() {
            let Ok(address) = name.parse::<IpAddr>() else { break };
            last = address.to_canonical();
            if !is_trusted(&last) {
                break;
            }
        }
        Self(last)
    }
}

impl FromRequestParts<State> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Infallible> {
        // Who serves the routes without connections of ours has not said.
        let unknown = Peer(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let peer = parts.extensions.get::<Peer>().copied().unwrap_or(unknown);
        Ok(Self::of(peer.0, &parts.headers, &state.proxies))
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_what_a_trusted_proxy_says_is_believed() {
        let trusted = ["10.0.0.0/8".parse().expect("a network"), "::1/128".parse().expect("a network")];
        for (peer, forwarded, client) in [
            ("198.51.100.7", "203.0.113.9", "198.51.100.7"),
            ("10.1.1.1", "", "10.1.1.1"),
            ("10.1.1.1", "203.0.113.9", "203.0.113.9"),
            ("10.1.1.1", "192.0.2.1, 203.0.113.9", "203.0.113.9"),
            ("10.1.1.1", "203.0.113.9, 10.2.2.2", "203.0.113.9"),
            ("::1", "203.0.113.9, nonsense, 10.2.2.2", "10.2.2.2"),
            ("::1", "::ffff:203.0.113.9", "203.0.113.9"),
        ] {
            let mut headers = HeaderMap::new();
            if !forwarded.is_empty() {
                headers.insert("x-forwarded-for", HeaderValue::from_static(forwarded));
            }
            let found = Client::of(peer.parse().expect("an address"), &headers, &trusted);
            assert_eq!(found.0.to_string(), client, "{peer} {forwarded}");
        }
    }
}
