//! Sends requests that it signs.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::header::CONTENT_TYPE;
use reqwest::{Request, Response, StatusCode};

use crate::error::Error;
use crate::principal::Identity;
use crate::request::{self, Covers, RequestError};
use crate::signer::Signer;
use crate::wire;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);

/// Sends requests that it signs.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    signer: Arc<Signer>,
}

impl Client {
    /// Signs by `signer`, and follows no redirects.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn new(signer: Signer) -> Result<Self, Error> {
        let http = reqwest::Client::builder().connect_timeout(CONNECT).redirect(reqwest::redirect::Policy::none());
        Ok(Self::over(http.build()?, signer))
    }

    /// Signs by `signer`, and sends by `http`, which should follow no redirects: a signature is good for one host.
    #[must_use]
    pub fn over(http: reqwest::Client, signer: Signer) -> Self {
        Self { http, signer: Arc::new(signer) }
    }

    /// What it sends by, for building requests.
    #[must_use]
    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// Who signs.
    #[must_use]
    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    /// Signs a request with its body, and sends it.
    ///
    /// A request that is refused with 401 is sent once more where the service's clock is another, by which it then goes;
    /// and once more with a new key or token, where there is one.
    ///
    /// # Errors
    /// When it cannot be signed or sent. An answer of any status is none.
    pub async fn send(&self, request: Request) -> Result<Response, Error> {
        self.send_covering(request, Covers::Everything).await
    }

    /// Signs as much of a request as its service wants covered, and sends it as [`Client::send`] does. A body that is a
    /// stream is sent once.
    ///
    /// # Errors
    /// When it cannot be signed or sent. An answer of any status is none.
    pub async fn send_covering(&self, request: Request, covers: Covers) -> Result<Response, Error> {
        let (mut may_set, mut may_renew) = (true, true);
        let mut identity = self.signer.identity().await?;
        let mut next = Some(request);
        loop {
            let request = next.take().expect("one is left while it goes on");
            next = request.try_clone();
            let (request, now) = self.signed(request, covers, &identity)?;
            let answer = self.http.execute(request).await?;
            if answer.status() != StatusCode::UNAUTHORIZED {
                return Ok(answer);
            }
            if may_set && wire::sets_clock(&answer, now, self.signer.clock()) {
                may_set = false;
            } else if may_renew && let Ok(Some(new)) = self.signer.renew(&identity).await {
                may_renew = false;
                identity = new;
            } else {
                return Ok(answer);
            }
            if next.is_none() {
                return Ok(answer);
            }
        }
    }

    fn signed(
        &self,
        mut request: Request,
        covers: Covers,
        identity: &Identity,
    ) -> Result<(Request, SystemTime), Error> {
        let kind = request.headers().get(CONTENT_TYPE).map(|kind| kind.to_str().map(str::to_owned));
        let kind = kind.transpose().map_err(|_| RequestError::Part("content type"))?;
        let body = match request.body() {
            _ if covers == Covers::Head => &[],
            None => &[][..],
            Some(body) => body.as_bytes().ok_or(RequestError::Stream)?,
        };
        let now = self.signer.clock().now();
        let parts = request::Request {
            method: request.method().as_str(),
            host: &wire::host(request.url()),
            target: &wire::target(request.url()),
            content_type: kind.as_deref().unwrap_or("application/json"),
            body,
            covers,
        };
        let signed = self.signer.sign_as(identity, &parts, now)?;
        wire::put(&signed, request.headers_mut())?;
        Ok((request, now))
    }
}
