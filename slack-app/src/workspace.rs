//! The workspaces that the app is installed in, and the token that each gave it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use monkeyci_client::ClientError;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::seal::{NONCE, Seal};
use crate::shelf::Shelf;
use crate::slack::{Secret, Slack, SlackError};

/// So long what is kept of a workspace is taken for granted: another replica may change it.
const FRESH: Duration = Duration::from_secs(30);

/// Seconds that a workspace is kept without a change: a year.
const KEPT: u32 = 366 * 24 * 60 * 60;

/// What keys of workspaces begin with.
const PREFIX: &str = "workspace/";

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
    seal: Option<Seal>,
    known: Mutex<HashMap<String, (Instant, Option<Workspace>)>>,
}

impl Workspaces {
    /// Those that are kept, and the one whose token the operator gave. `secret` is the app's client secret, where it may be
    /// installed by others.
    #[must_use]
    pub fn new(slack: Slack, shelf: Shelf, own: Option<Secret>, secret: Option<&Secret>) -> Self {
        let seal = secret.map(|secret| Seal::new(secret, "monkeyci-slack: tokens of workspaces"));
        Self { slack, shelf, own, seal, known: Mutex::default() }
    }

    /// A workspace by its id; nothing where the app is not installed there.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn get(&self, team: &str) -> Result<Option<Workspace>, ClientError> {
        let before = self.known.lock().await.get(team).cloned();
        if let Some((since, known)) = &before
            && (since.elapsed() < FRESH || self.own.is_some() && known.is_some())
        {
            return Ok(known.clone());
        }
        let mut found = self.own().await.filter(|own| own.team == team);
        if found.is_none() && self.seal.is_some() {
            let kept = match (self.shelf.read::<Kept>(&key_of(team)).await, before) {
                (Ok(kept), _) => kept,
                // People are told that the server is away, too.
                (Err(_), Some((_, Some(known)))) => return Ok(Some(known)),
                (Err(error), _) => return Err(error),
            };
            found = kept.and_then(|(kept, _)| self.open(team, &kept));
        }
        self.known.lock().await.insert(team.to_owned(), (Instant::now(), found.clone()));
        Ok(found)
    }

    /// All of them.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn all(&self) -> Result<Vec<Workspace>, ClientError> {
        let mut all: Vec<_> = self.own().await.into_iter().collect();
        if self.seal.is_some() {
            for (key, _) in self.shelf.keys(PREFIX).await? {
                let Some(team) = key.strip_prefix(PREFIX) else { continue };
                all.extend(self.get(team).await?);
            }
        }
        Ok(all)
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
        let tested = self.slack.test(token).await?;
        Ok(Workspace { team: tested.team, bot: tested.bot, token: token.clone() })
    }

    /// Keeps a workspace that the app was installed in.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn install(&self, workspace: Workspace) -> Result<(), ClientError> {
        let Some(seal) = &self.seal else { return Ok(()) };
        let sealed = seal.close(workspace.token.reveal().as_bytes(), &workspace.team);
        let (nonce, token) = sealed.split_at(NONCE);
        let kept = Kept { bot: workspace.bot.clone(), nonce: STANDARD.encode(nonce), token: STANDARD.encode(token) };
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
        let sealed = [STANDARD.decode(&kept.nonce).ok()?, STANDARD.decode(&kept.token).ok()?].concat();
        let token = self.seal.as_ref()?.open(&sealed, team).and_then(|token| String::from_utf8(token).ok());
        if token.is_none() {
            tracing::error!(
                team,
                "the token of a workspace cannot be opened: was the client secret changed? Install the app there again"
            );
        }
        Some(Workspace { team: team.to_owned(), bot: kept.bot.clone(), token: Secret::new(token?) })
    }
}

fn key_of(team: &str) -> String {
    format!("{PREFIX}{team}")
}
