//! A depot at an address: any server that answers GET and PUT.

use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use reqwest::header::{HeaderValue, IF_NONE_MATCH};
use reqwest::{Method, Response, StatusCode, Url};

use super::depot::{Depot, DepotError};
use super::series::Pieces;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);

/// How long one object may take.
const ANSWER: Duration = Duration::from_secs(60);

/// Bytes of a refusal that are shown.
const SHOWN: usize = 300;

/// A depot at an address, to which the names of objects are appended: a pre-authenticated prefix of an object store, or a
/// folder of any server.
///
/// Whoever knows the address may do everything in it: it is neither shown nor put into an error.
#[derive(Clone)]
pub struct HttpDepot {
    http: reqwest::Client,
    base: Url,
}

impl std::fmt::Debug for HttpDepot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpDepot").field("host", &self.base.host_str()).finish_non_exhaustive()
    }
}

impl HttpDepot {
    /// The depot at `address`, which ends in `/`. Certificates of `authorities`, in PEM, are trusted besides the system's.
    ///
    /// # Errors
    /// When the address or the certificates cannot be used.
    pub fn new(address: &str, authorities: Option<&[u8]>) -> Result<Self, DepotError> {
        Self::over(Self::client(authorities)?, address)
    }

    /// What depots are reached by: whoever has many makes one for all, whose connections they share.
    ///
    /// # Errors
    /// When the certificates cannot be used.
    pub fn client(authorities: Option<&[u8]>) -> Result<reqwest::Client, DepotError> {
        let authorities = authorities.map(reqwest::Certificate::from_pem_bundle).transpose();
        let authorities =
            authorities.map_err(|_| DepotError::Address("needs certificates that can be read: no PEM"))?;
        let http = authorities
            .into_iter()
            .flatten()
            .fold(reqwest::Client::builder(), reqwest::ClientBuilder::add_root_certificate)
            .user_agent(concat!("monkeyci-sidecar/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            .redirect(reqwest::redirect::Policy::none())
            .build();
        http.map_err(|_| DepotError::Address("cannot be used: no client could be made"))
    }

    /// The depot at `address`, which ends in `/`, reached by `http`.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub fn over(http: reqwest::Client, address: &str) -> Result<Self, DepotError> {
        let base = Url::parse(address).map_err(|_| DepotError::Address("is no URL"))?;
        if !matches!(base.scheme(), "http" | "https") || base.cannot_be_a_base() {
            return Err(DepotError::Address("begins neither with `http://` nor with `https://`"));
        }
        if !base.path().ends_with('/') || base.query().is_some() || base.fragment().is_some() {
            return Err(DepotError::Address("does not end in `/`"));
        }
        Ok(Self { http, base })
    }

    async fn send(&self, method: Method, name: &str, body: Option<Bytes>, fresh: bool) -> Result<Response, DepotError> {
        let url = self.base.join(name).map_err(|_| DepotError::Address("takes no names"))?;
        let mut request = self.http.request(method, url);
        if let Some(body) = body {
            request = request.body(body);
        }
        if fresh {
            request = request.header(IF_NONE_MATCH, HeaderValue::from_static("*"));
        }
        request.send().await.map_err(|error| DepotError::away(name, said(error)))
    }

    /// The answer that holds an object, if it is there.
    async fn found(&self, name: &str) -> Result<Option<Response>, DepotError> {
        let answer = self.send(Method::GET, name, None, false).await?;
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(None),
            StatusCode::OK => Ok(Some(answer)),
            _ => Err(refused(name, answer).await),
        }
    }

    async fn put_if(&self, name: &str, bytes: Bytes, fresh: bool) -> Result<bool, DepotError> {
        let answer = self.send(Method::PUT, name, Some(bytes), fresh).await?;
        match answer.status() {
            StatusCode::PRECONDITION_FAILED if fresh => Ok(false),
            status if status.is_success() => Ok(true),
            _ => Err(refused(name, answer).await),
        }
    }
}

#[async_trait]
impl Depot for HttpDepot {
    async fn put(&self, name: &str, bytes: Bytes) -> Result<(), DepotError> {
        self.put_if(name, bytes, false).await.map(drop)
    }

    async fn create(&self, name: &str, bytes: Bytes) -> Result<bool, DepotError> {
        self.put_if(name, bytes, true).await
    }

    async fn get(&self, name: &str, most: usize) -> Result<Option<Bytes>, DepotError> {
        match self.found(name).await? {
            Some(answer) => body(name, answer, most).await.map(Some),
            None => Ok(None),
        }
    }

    /// What is large is never in memory as a whole.
    async fn pour(&self, name: &str, most: usize, pieces: &Pieces) -> Result<Option<usize>, DepotError> {
        let Some(mut answer) = self.found(name).await? else { return Ok(None) };
        let mut came = 0;
        while let Some(piece) = chunk(name, &mut answer).await? {
            let at = came;
            came += piece.len();
            if came > most {
                return Err(DepotError::too_long(name, most));
            }
            pieces.tell(at, piece).await;
        }
        Ok(Some(came))
    }

    /// Asks the server to remove the folder. One that knows no such request keeps it.
    async fn clear(&self) -> Result<(), DepotError> {
        let answer = self.send(Method::DELETE, "", None, false).await?;
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(()),
            status if status.is_success() => Ok(()),
            _ => Err(refused("", answer).await),
        }
    }
}

/// A body of at most so many bytes.
async fn body(name: &str, mut answer: Response, most: usize) -> Result<Bytes, DepotError> {
    let told = answer.content_length().and_then(|length| usize::try_from(length).ok());
    if told.is_some_and(|length| length > most) {
        return Err(DepotError::too_long(name, most));
    }
    let mut bytes = BytesMut::with_capacity(told.unwrap_or(0));
    while let Some(piece) = chunk(name, &mut answer).await? {
        if bytes.len() + piece.len() > most {
            return Err(DepotError::too_long(name, most));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes.freeze())
}

async fn chunk(name: &str, answer: &mut Response) -> Result<Option<Bytes>, DepotError> {
    answer.chunk().await.map_err(|error| DepotError::away(name, said(error)))
}

async fn refused(name: &str, answer: Response) -> DepotError {
    let status = answer.status();
    let text = body(name, answer, 64 * 1024).await.unwrap_or_default();
    let text: String = String::from_utf8_lossy(&text).chars().filter(|sign| !sign.is_control()).take(SHOWN).collect();
    let why = format!("{status} {text}");
    let passes = matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS | StatusCode::CONFLICT);
    match passes || status.is_server_error() {
        true => DepotError::away(name, why.trim_end()),
        false => DepotError::refused(name, why.trim_end()),
    }
}

/// What went wrong and why, without the address.
fn said(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut next = std::error::Error::source(&error);
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_none_is_refused_and_none_is_shown() {
        for (address, why) in [
            ("s3cr3t", "is no URL"),
            ("file:///s3cr3t/", "begins neither"),
            ("http://example.com/s3cr3t", "end in `/`"),
            ("http://example.com/s3cr3t/?a=b", "end in `/`"),
        ] {
            let error = HttpDepot::new(address, None).expect_err("refused").to_string();
            assert!(error.contains(why) && !error.contains("s3cr3t"), "{error}");
        }
        let depot = HttpDepot::new("http://example.com/s3cr3t/", None).expect("an address");
        assert!(!format!("{depot:?}").contains("s3cr3t"));
    }

    #[tokio::test]
    async fn who_is_not_there_is_away_and_their_address_is_not_told() {
        let depot = HttpDepot::new("http://127.0.0.1:1/s3cr3t/", None).expect("an address");
        let error = depot.get("order.json", 10).await.expect_err("nobody listens");
        assert!(matches!(&error, DepotError::Away { name, .. } if name == "order.json"), "{error}");
        assert!(!error.to_string().contains("s3cr3t") && !format!("{error:?}").contains("s3cr3t"));
    }
}
