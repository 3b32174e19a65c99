//! ID tokens of service accounts: a program that asks this server shows others that it is this program.

use monkeyci_core::model::OrgId;
use monkeyci_rest::{IdToken, NewIdToken};
use serde::Serialize;
use serde_json::Value;

use super::claims::audience;
use super::{Issuer, IssuerError, NO_KEY, key, signing};
use crate::random;
use crate::state::now;

/// What a token says. Its subject is never one of a job: whoever believes jobs believes no account by that.
#[derive(Debug, Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: Value,
    exp: i64,
    nbf: i64,
    iat: i64,
    jti: String,
    org: &'a OrgId,
    service_account: &'a str,
}

impl Issuer {
    /// An ID token of a service account.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn account_token(&self, org: &OrgId, account: &str, wanted: &NewIdToken) -> Result<IdToken, IssuerError> {
        let time = now();
        let keys = self.rows().await?;
        let row = signing(&keys, time).ok_or_else(|| IssuerError::Key(NO_KEY.into()))?;
        let (iat, subject) = (time / 1000, format!("org:{org}:service-account:{account}"));
        let exp = iat + i64::from(wanted.minutes) * 60;
        let claims = Claims {
            iss: &self.url,
            sub: &subject,
            aud: audience(&wanted.audience),
            exp,
            nbf: iat,
            iat,
            jti: random::id(),
            org,
            service_account: account,
        };
        let key = key::open(&self.vault, row).map_err(IssuerError::Key)?;
        let token = key::sign(&key, &row.key.id, &claims).map_err(IssuerError::Key)?;
        Ok(IdToken { token, subject, expires: exp * 1000 })
    }
}
