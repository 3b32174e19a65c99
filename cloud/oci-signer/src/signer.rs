//! Somebody who signs, with keys that are kept as long as they are good.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::Mutex;

use crate::clock::Clock;
use crate::error::Error;
use crate::principal::{Identity, Principal};
use crate::request::{Request, Signed, sign};

/// How long before its end a token is no longer used.
const MARGIN: Duration = Duration::from_secs(60);

/// Somebody who signs. Many may sign by one at once.
#[derive(Debug)]
pub struct Signer {
    principal: Principal,
    clock: Clock,
    kept: Mutex<Option<Arc<Identity>>>,
}

impl Signer {
    /// Signs as somebody, whose keys are read when they are first needed.
    #[must_use]
    pub fn new(principal: Principal) -> Self {
        Self { principal, clock: Clock::default(), kept: Mutex::new(None) }
    }

    /// Who signs.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The clock by which it signs.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The key and its name, which are read anew when their token ends within a minute.
    ///
    /// # Errors
    /// When there is none that can be used.
    pub async fn identity(&self) -> Result<Arc<Identity>, Error> {
        let mut kept = self.kept.lock().await;
        let now = self.clock.now();
        let old = match kept.as_ref() {
            Some(kept) if kept.ends().is_none_or(|ends| now + MARGIN < ends) => return Ok(Arc::clone(kept)),
            Some(old) if old.ends().is_some_and(|ends| now < ends) => Some(Arc::clone(old)),
            _ => None,
        };
        match (self.principal.identity(&self.clock).await, old) {
            (Ok(new), _) => Ok(Arc::clone(kept.insert(Arc::new(new)))),
            // The last minute is good as well, where there is nothing newer yet.
            (Err(_), Some(old)) => Ok(old),
            (Err(error), None) => Err(error),
        }
    }

    /// Reads key and token anew, where a service has refused `old`; nothing where that changes nothing. Of many who ask
    /// for the same one at once, one reads.
    ///
    /// # Errors
    /// When there is none that can be used.
    pub async fn renew(&self, old: &Identity) -> Result<Option<Arc<Identity>>, Error> {
        let mut kept = self.kept.lock().await;
        let is_same = |new: &Identity| new.key_id() == old.key_id() && new.key().public_key() == old.key().public_key();
        if let Some(kept) = kept.as_ref().filter(|kept| !is_same(kept)) {
            return Ok(Some(Arc::clone(kept)));
        }
        let new = self.principal.identity(&self.clock).await?;
        if is_same(&new) {
            return Ok(None);
        }
        Ok(Some(Arc::clone(kept.insert(Arc::new(new)))))
    }

    /// Signs a request.
    ///
    /// # Errors
    /// When there is no key that can be used, or the request has a part that cannot be signed.
    pub async fn sign(&self, request: &Request<'_>) -> Result<Signed, Error> {
        let identity = self.identity().await?;
        Ok(self.sign_as(&identity, request, self.clock.now())?)
    }

    /// Signs a request of a moment.
    pub(crate) fn sign_as(
        &self,
        identity: &Identity,
        request: &Request<'_>,
        now: SystemTime,
    ) -> Result<Signed, crate::request::RequestError> {
        sign(request, &httpdate::fmt_http_date(now), identity.key_id(), identity.key())
    }
}
