//! Transports by their address, as configurations name them: a queue or a stream of Oracle Cloud by its id, a folder of a
//! bucket or of this machine by its URL.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use monkeyci_core::blob::Place;
use monkeyci_core::transport::cursor::Cursors;
use monkeyci_core::transport::{Folder, Queue, Stream, Transport};
use oci_services::{Retry, queue, streaming};

use crate::account::Account;

/// What begins the id of a queue.
const QUEUE: &str = "ocid1.queue.";
/// What begins the id of a stream.
const STREAM: &str = "ocid1.stream.";
/// What begins the address of a folder of a bucket.
const BUCKET: &str = "oci://";
/// What begins the address of a folder.
const FOLDER: &str = "file://";

/// How messages are to travel.
#[derive(Debug, Clone)]
pub struct Route<'a> {
    /// The id of a queue or stream, or the address of a folder.
    pub to: &'a str,
    /// Where its messages are, for a private endpoint; asked of the region's service when none.
    pub endpoint: Option<&'a str>,
    /// As whom.
    pub account: &'a Account,
    /// How long what was received is its receiver's.
    pub hold: Duration,
    /// How often and how long what fails is tried again.
    pub retry: Retry,
    /// How long one request may take, its answer included.
    pub patience: Duration,
}

impl<'a> Route<'a> {
    /// A route with the usual patience.
    #[must_use]
    pub fn to(to: &'a str, endpoint: Option<&'a str>, account: &'a Account) -> Self {
        let (hold, patience) = (Duration::from_secs(120), Duration::from_secs(30));
        let retry = Retry { attempts: 4, within: Duration::from_secs(30), ..Retry::default() };
        Self { to, endpoint, account, hold, retry, patience }
    }
}

/// Who reads a stream, and where it is kept how far.
pub type Reader<'a> = (&'a str, Arc<dyn Cursors>);

/// Looks whether an address can be one of a transport.
///
/// # Errors
/// Which key is wrong, and why.
pub fn check(to: &str, endpoint: Option<&str>) -> Result<(), String> {
    let is_id = to.starts_with(QUEUE) || to.starts_with(STREAM);
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let is_bucket = to.starts_with(BUCKET) && to.parse::<Place>().is_ok();
    if !(is_id && to.chars().all(is_plain) || to.starts_with("file:///") || is_bucket) {
        let shown: String = to.chars().take(100).collect();
        return Err(format!(
            "to: `{}` is no transport: the id of a queue (`{QUEUE}…`) or of a stream (`{STREAM}…`) is expected, \
             `oci://NAMESPACE/BUCKET/FOLDER`, or `file:///FOLDER`",
            shown.escape_debug()
        ));
    }
    let Some(text) = endpoint else { return Ok(()) };
    if !is_id {
        return Err("endpoint: a folder has none".into());
    }
    let url = reqwest::Url::parse(text).map_err(|error| format!("endpoint: `{text}`: {error}"))?;
    let is_here = url.host_str().is_some_and(|host| matches!(host, "127.0.0.1" | "[::1]" | "localhost"));
    if url.scheme() == "https" || url.scheme() == "http" && is_here {
        return Ok(());
    }
    Err(format!("endpoint: `{text}` does not begin with `https://`: messages would travel in the clear"))
}

/// Opens a transport. One who only publishes to a stream needs be no `reader`.
///
/// # Errors
/// Why it cannot be used, and what to do.
pub async fn open(route: &Route<'_>, reader: Option<Reader<'_>>) -> Result<Arc<dyn Transport>, String> {
    check(route.to, route.endpoint)?;
    if let Some(path) = route.to.strip_prefix(FOLDER) {
        let folder = Folder::at(Path::new(path), route.hold).map_err(|error| error.to_string())?;
        return Ok(Arc::new(folder));
    }
    if route.to.starts_with(BUCKET) {
        let place: Place = route.to.parse().map_err(|error| format!("to: {error}"))?;
        let store = place.open().await.map_err(|error| error.to_string())?;
        return Ok(Arc::new(Folder::new(store, "", route.hold)));
    }
    let (client, region) = route.account.client().await.map_err(|error| error.to_string())?;
    let with = |service: oci_services::Service| service.retrying(route.retry.clone()).patient(route.patience);
    let told = |error: oci_services::Error| explained(&error, route.to);
    if route.to.starts_with(QUEUE) {
        let endpoint = match route.endpoint {
            Some(endpoint) => endpoint.to_owned(),
            None => {
                let queues = queue::Queues::in_region(client.clone(), &region).map_err(told)?;
                queues.get(route.to).await.map_err(told)?.messages_endpoint
            }
        };
        let queue = queue::Queue::at(client, &endpoint, route.to).map_err(told)?.with(with);
        return Ok(Arc::new(Queue::new(queue, route.hold)));
    }
    let streams = match route.endpoint {
        // A stream's own address tells of it as well as that of its region.
        Some(endpoint) => streaming::Streams::at(client.clone(), endpoint),
        None => streaming::Streams::in_region(client.clone(), &region),
    };
    let stream = streams.map_err(told)?.get(route.to).await.map_err(told)?;
    let endpoint = route.endpoint.unwrap_or(&stream.messages_endpoint);
    let (name, cursors) = reader.unwrap_or_else(|| ("nobody", Arc::new(Nowhere::default())));
    let messages = streaming::Stream::at(client, endpoint, route.to).map_err(told)?.with(with);
    Ok(Arc::new(Stream::new(messages, stream.partitions, name, cursors, route.hold)))
}

/// Where who reads nothing keeps how far they are.
type Nowhere = monkeyci_core::transport::cursor::InMemory;

/// What a refusal means: rights that are missing look like things that are not there.
#[must_use]
pub fn explained(error: &oci_services::Error, id: &str) -> String {
    let family = if id.starts_with(QUEUE) { "queues" } else { "stream-family" };
    match error.status() {
        Some(404) => format!(
            "`{id}` is not there, or whoever asks may not use it, which a policy allows: `allow dynamic-group NAME to use \
             {family} in compartment NAME` ({error})"
        ),
        _ => format!("`{id}`: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_transports_are_known() {
        assert_eq!(check("ocid1.queue.oc1.eu-frankfurt-1.aaaa", None), Ok(()));
        assert_eq!(check("ocid1.stream.oc1..aaaa", Some("https://cell-1.streaming.example.com")), Ok(()));
        assert_eq!(check("file:///srv/triggers", None), Ok(()));
        assert_eq!(check("oci://acme/builds/triggers", None), Ok(()));
        for wrong in [
            "",
            "ocid1.queue.oc1../../x",
            "ocid1.bucket.oc1..a",
            "oci://acme",
            "file://host/x",
            "https://ci.example.com",
        ] {
            assert!(check(wrong, None).is_err_and(|why| why.starts_with("to: ")), "{wrong}");
        }
        for wrong in ["http://cell-1.example.com", "cell-1", "ftp://127.0.0.1"] {
            let why = check("ocid1.queue.oc1..a", Some(wrong));
            assert!(why.is_err_and(|why| why.starts_with("endpoint: ")), "{wrong}");
        }
    }
}
