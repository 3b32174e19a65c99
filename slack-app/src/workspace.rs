//! The workspaces that the app is installed in, and the token that each gave it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use aes_gcm_siv::aead::{Aead, KeyInit};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use monkeyci_client::ClientError;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::shelf::Shelf;
use crate::slack::{Secret, Slack, SlackError};

/// So long what is kept of a workspace is taken for granted: another replica may change it.
const FRESH: Duration = Duration::from_secs(30);

/// Seconds that a workspace is kept without a change: a year.
const KEPT: u32 = 366 * 24 * 60 * 60;

/// A workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// Its id.
    pub team: String,
    /// What the app is there.
    pub bot: String,
    /// Its token there.
    pub token: Secret,
}

/// A workspace as it is kept: the token is sealed with a key that only the app has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    bot: String,
    nonce: String,
    token: String,
}

/// The workspaces that the app is installed in.
pub struct Workspaces {
    slack: Slack,
    shelf: Shelf,
    /// The token of the one workspace of an app that nobody else installs.
    own: Option<Secret>,
    key: Option<[u8; 32]>,
    known: Mutex<HashMap<String, (Instant, Option<Workspace>)>>,
}

impl Workspaces {
    /// Those that are kept, and the one whose token the operator gave. `secret` is the app's client secret, where it may be
    /// installed by others.
    #[must_use]
    pub fn new(slack: Slack, shelf: Shelf, own: Option<Secret>, secret: Option<&Secret>) -> Self {
        let key = secret.map(|secret| hmac_sha256::HMAC::mac(b"monkeyci-slack: tokens of workspaces", secret.reveal()));
        Self { slack, shelf, own, key, known: Mutex::default() }
    }

    /// A workspace by its id; nothing where the app is not installed there.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn get(&self, team: &str) -> Result<Option<Workspace>, ClientError> {
        if let Some((since, known)) = self.known.lock().await.get(team)
            && (since.elapsed() < FRESH || self.own.is_some() && known.is_some())
        {
            return Ok(known.clone());
        }
        let mut found = self.own().await.filter(|own| own.team == team);
        if found.is_none() && self.key.is_some() {
            let kept = self.shelf.read::<Kept>(&key_of(team)).await?;
            found = kept.and_then(|(kept, _)| self.open(team, &kept));
        }
        self.known.lock().await.insert(team.to_owned(), (Instant::now(), found.clone()));
        Ok(found)
    }

    /// The workspace of the operator's token, where there is one and Slack takes it.
    pub async fn own(&self) -> Option<Workspace> {
        let token = self.own.as_ref()?;
        match self.who(token).await {
            Ok(workspace) => Some(workspace),
            Err(error) => {
                tracing::warn!(%error, "the token of the workspace is not taken");
                None
            }
        }
    }

    /// Whose a token is.
    ///
    /// # Errors
    /// When Slack does not take it.
    pub async fn who(&self, token: &Secret) -> Result<Workspace, SlackError> {
        let answer = self.slack.ask(token, "auth.test", &[]).await?;
        let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        Ok(Workspace { team: text("team_id"), bot: text("user_id"), token: token.clone() })
    }

    /// Keeps a workspace that the app was installed in.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn install(&self, workspace: Workspace) -> Result<(), ClientError> {
        let Some(key) = self.key else { return Ok(()) };
        let mut nonce = [0; 12];
        getrandom::fill(&mut nonce).expect("the system has randomness");
        let payload =
            aes_gcm_siv::aead::Payload { msg: workspace.token.reveal().as_bytes(), aad: workspace.team.as_bytes() };
        let sealed = cipher(&key).encrypt(&Nonce::from(nonce), payload).expect("a short text is sealed");
        let kept = Kept { bot: workspace.bot.clone(), nonce: STANDARD.encode(nonce), token: STANDARD.encode(sealed) };
        self.shelf.change(&key_of(&workspace.team), KEPT, |there: &mut Kept| there.clone_from(&kept)).await?;
        self.known.lock().await.insert(workspace.team.clone(), (Instant::now(), Some(workspace)));
        Ok(())
    }

    /// Forgets one that the app was removed from.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn remove(&self, team: &str) -> Result<(), ClientError> {
        self.known.lock().await.insert(team.to_owned(), (Instant::now(), None));
        self.shelf.forget(&key_of(team)).await
    }

    fn open(&self, team: &str, kept: &Kept) -> Option<Workspace> {
        let nonce: [u8; 12] = STANDARD.decode(&kept.nonce).ok()?.try_into().ok()?;
        let sealed = STANDARD.decode(&kept.token).ok()?;
        let payload = aes_gcm_siv::aead::Payload { msg: &sealed, aad: team.as_bytes() };
        let token = cipher(self.key.as_ref()?).decrypt(&Nonce::from(nonce), payload).ok();
        let token = token.and_then(|token| String::from_utf8(token).ok());
        if token.is_none() {
            tracing::error!(
                team,
                "the token of a workspace cannot be opened: was the client secret changed? Install the app there again"
            );
        }
        Some(Workspace { team: team.to_owned(), bot: kept.bot.clone(), token: Secret::new(token?) })
    }
}

fn cipher(key: &[u8; 32]) -> Aes256GcmSiv {
    Aes256GcmSiv::new(key.into())
}

fn key_of(team: &str) -> String {
    format!("workspace/{team}")
}
