//! ID tokens of jobs and of service accounts: this server as an issuer of OpenID Connect, which clouds and vaults believe.
//!
//! - `claims`: what a token says of a job; `account`: what one says of a service account; `key`: what signs it.
//!
//! Keys are drawn by the server, sealed in its database and renewed by the clock. A new one is shown for an hour before it
//! signs, so that whoever keeps a copy of the keys has it by then, and the one before is shown until no token of its can be
//! good. A token of an attempt is the same whenever it is asked for, so that a worker that takes the attempt up masks it.

mod account;
mod claims;
mod key;

use std::sync::Arc;
use std::time::Duration;

use monkeyci_core::attempt::Attempt;
use monkeyci_core::model::job::IdToken;
use monkeyci_core::model::{Job, Millis, Trigger};
use monkeyci_core::store::{StoreError, Tables};
use monkeyci_rest::SigningKey;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use crate::audit::Change;
use crate::launch;
use crate::random;
use crate::state::now;
use crate::table::build;
use crate::table::id_token::{self, Issued};
use crate::table::signing_key::{self, KeyRow};
use crate::vault::Vault;
use claims::Facts;

/// Milliseconds that a key is shown before it signs.
const SHOWN: Millis = 60 * 60 * 1000;

/// Milliseconds that a key is shown after it signed its last: as long as a token lasts, and as clocks may differ.
const BELIEVED: Millis = (claims::LONGEST + 5 * 60) * 1000;

/// Milliseconds after which a key is followed by another: 90 days.
const LASTS: Millis = 90 * 24 * 60 * 60 * 1000;

/// How often is looked whether that is due.
const LOOK: Duration = Duration::from_secs(60 * 60);

/// What is told where nothing can be signed.
const NO_KEY: &str = "the server has no key that signs ID tokens yet";

/// Why there is no key, or no token.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// This, for people.
    #[error("{0}")]
    Key(String),
}

/// Signs ID tokens of jobs.
pub struct Issuer {
    tables: Tables,
    vault: Arc<Vault>,
    url: String,
    /// Held by whoever draws a key.
    drawing: Mutex<()>,
}

impl Issuer {
    /// One with keys in these tables, sealed by this vault. Its address is what clouds know it by.
    #[must_use]
    pub fn new(tables: Tables, vault: Arc<Vault>, url: String) -> Self {
        Self { tables, vault, url, drawing: Mutex::new(()) }
    }

    /// What discovery says of it.
    #[must_use]
    pub fn discovery(&self) -> Value {
        let claims = [
            "iss",
            "sub",
            "aud",
            "exp",
            "nbf",
            "iat",
            "jti",
            "org",
            "repo",
            "build",
            "build_number",
            "job",
            "attempt",
            "ref",
            "ref_type",
            "commit",
            "trigger",
            "actor",
            "environment",
            "pull_request",
            "protected",
            "service_account",
        ];
        json!({
            "issuer": self.url,
            "jwks_uri": format!("{}/.well-known/jwks.json", self.url),
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid"],
            "claims_supported": claims,
        })
    }

    /// The public halves of the keys that are believed, a JSON Web Key Set.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn public(&self) -> Result<Value, IssuerError> {
        let keys = self.rows().await?;
        let keys: Vec<Value> = keys.iter().filter_map(|row| serde_json::from_str(&row.public).ok()).collect();
        Ok(json!({ "keys": keys }))
    }

    /// The keys that are believed, the newest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn keys(&self) -> Result<Vec<SigningKey>, IssuerError> {
        Ok(self.rows().await?.into_iter().map(|row| row.key).collect())
    }

    /// Draws a new key, which signs once everybody can know it; `at_once` it signs from now on, and those before are believed
    /// no more.
    ///
    /// # Errors
    /// When there is none, or the database refuses.
    pub async fn rotate(&self, at_once: bool, change: Change) -> Result<SigningKey, IssuerError> {
        let _turn = self.drawing.lock().await;
        self.draw(now(), at_once, Some(change)).await
    }

    /// The ID tokens of an attempt, by the variables that hold them.
    ///
    /// # Errors
    /// Why there are none, for people.
    pub async fn tokens(
        &self,
        attempt: &Attempt,
        trigger: &Trigger,
        job: &Job,
    ) -> Result<Vec<(String, Zeroizing<String>)>, String> {
        let refused = |error: IssuerError| match error {
            IssuerError::Key(why) => why,
            IssuerError::Store(error) => {
                tracing::error!(%error, "ID tokens cannot be made");
                "its ID tokens cannot be made: the server's database does not answer as it should".into()
            }
        };
        self.rows().await.map_err(refused)?;
        let (fence, of, time) = (attempt.fence, attempt.build.clone(), now());
        let noted = self.tables.write(move |sql| {
            let keys = signing_key::list(sql, time)?;
            let is_named = launch::is_named(build::request(sql, &of)?.as_deref());
            // What a key that leaked has signed is signed anew.
            if let Some(issued) = id_token::find(sql, fence)?
                && let Some(row) = keys.iter().find(|row| row.key.id == issued.signing_key)
            {
                return Ok(Some((row.clone(), issued, is_named)));
            }
            let Some(row) = signing(&keys, time) else { return Ok(None) };
            let issued = Issued { id: random::id(), signing_key: row.key.id.clone(), issued: time };
            id_token::put(sql, fence, &issued)?;
            Ok(Some((row.clone(), issued, is_named)))
        });
        let noted = noted.await.map_err(|error| refused(error.into()))?;
        let (row, issued, is_named) = noted.ok_or(NO_KEY)?;
        let key = key::open(&self.vault, &row)?;
        let facts = Facts { issuer: &self.url, attempt, trigger, job, is_named, issued: &issued };
        let token = |(variable, token): (&String, &IdToken)| {
            let signed = key::sign(&key, &row.key.id, &facts.claims(variable, token))?;
            Ok((variable.clone(), Zeroizing::new(signed)))
        };
        job.id_tokens.iter().map(token).collect()
    }

    /// The keys that are believed; the first is drawn when it is first asked for.
    async fn rows(&self) -> Result<Vec<KeyRow>, IssuerError> {
        let list = || self.tables.read(|sql| signing_key::list(sql, now()));
        let found = list().await?;
        if !found.is_empty() {
            return Ok(found);
        }
        let _turn = self.drawing.lock().await;
        if list().await?.is_empty() {
            self.draw(now(), true, None).await?;
        }
        Ok(list().await?)
    }

    async fn draw(&self, time: Millis, at_once: bool, change: Option<Change>) -> Result<SigningKey, IssuerError> {
        let vault = Arc::clone(&self.vault);
        let (signs, ends) = if at_once { (time, time) } else { (time + SHOWN, time + SHOWN + BELIEVED) };
        let drawn = tokio::task::spawn_blocking(move || key::draw(&vault, time, signs));
        let drawn = drawn.await.unwrap_or_else(|error| Err(error.to_string()));
        let row = drawn.map_err(|error| {
            tracing::error!(error, "no key to sign ID tokens with");
            IssuerError::Key("no key can be drawn; the server's log says why".into())
        })?;
        let key = row.key.clone();
        let id = key.id.clone();
        let kept = self.tables.write(move |sql| {
            signing_key::add(sql, &row, ends)?;
            change.map_or(Ok(()), |change| change.with("key", id).write(sql))
        });
        kept.await?;
        tracing::info!(key = key.id, at_once, "a new key signs ID tokens");
        Ok(key)
    }

    /// Draws a new key once the newest is old, and forgets what nobody needs any more.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn tidy(&self, moment: Millis) -> Result<(), IssuerError> {
        let newest = self.rows().await?.into_iter().map(|row| row.key.created).max();
        if newest.is_some_and(|created| created + LASTS <= moment) {
            let _turn = self.drawing.lock().await;
            self.draw(moment, false, None).await?;
        }
        let forgotten = self.tables.write(move |sql| {
            signing_key::forget(sql, moment)?;
            id_token::forget(sql, moment - BELIEVED)
        });
        Ok(forgotten.await?)
    }

    /// Does that by the clock, until it is stopped.
    pub async fn run(&self, stop: CancellationToken) {
        let mut tick = tokio::time::interval(LOOK);
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            if let Some(Err(error)) = stop.run_until_cancelled(self.tidy(now())).await {
                tracing::warn!(%error, "the keys that sign ID tokens cannot be looked after");
            }
        }
    }
}

/// The key that signs now. Where the clock was set back none may yet: then it is the one that has been there longest.
fn signing(keys: &[KeyRow], time: Millis) -> Option<&KeyRow> {
    keys.iter().find(|row| row.key.signs <= time).or(keys.last())
}
