//! Requests that go out of the house.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use monkeyci_core::source::is_public;
use reqwest::ClientBuilder;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::config::Sources;

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

/// Who is asked has so long to take a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// A client that has `whole` for all of an answer, and follows no redirects.
pub fn client(whole: Duration) -> ClientBuilder {
    reqwest::Client::builder()
        .user_agent(concat!("monkeyci/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .timeout(whole)
        .redirect(reqwest::redirect::Policy::none())
}

/// What is at the bottom of an error, without the address, in which a secret may stand.
#[must_use]
pub fn reason(error: &reqwest::Error) -> String {
    let mut text = String::from("the connection broke");
    let mut next = std::error::Error::source(error);
    while let Some(error) = next {
        text = error.to_string();
        next = error.source();
    }
    text
}

/// Bytes of the longest address.
const LONGEST: usize = 2000;

/// Refuses an address that this server may not send to. It is not repeated where it is refused: a secret may stand in it.
/// Names are looked at when they are looked up, by [`Public`].
///
/// # Errors
/// Why not, for people.
pub fn check_url(text: &str, sources: &Sources) -> Result<(), String> {
    let url = reqwest::Url::parse(text).ok().filter(|_| text.len() <= LONGEST);
    let url = url.ok_or("no address: `https://…` is expected")?;
    match url.scheme() {
        "https" => {}
        "http" if sources.http => {}
        "http" => return Err("`http` sends in clear text, which this server does not allow".into()),
        _ => return Err("its scheme is not `https`".into()),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it holds a user or a password: what is sent is signed instead".into());
    }
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    if !sources.private && address.is_ok_and(|address| !is_public(address)) {
        return Err("it is in a private network, or on this machine, which this server does not allow".into());
    }
    Ok(())
}
