//! Does what others left: a replica that died before it did what it was asked, and people who had to say first who they are.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use monkeyci_client::ClientError;

use crate::app::App;
use crate::inbox::{INBOX, LINKING};
use crate::lead::{BEAT, SILENCE};

/// How often it is looked whether somebody has said who they are, while that is waited for.
const SOON: Duration = Duration::from_secs(1);

/// Watches for ever. Clocks are not compared: it is how long one has watched.
pub async fn watch(app: Arc<App>) {
    let mut seen: HashMap<String, (u64, Instant)> = HashMap::new();
    loop {
        let wait = match look(&app, &mut seen).await {
            Ok(true) => SOON,
            Ok(false) => BEAT,
            Err(error) => {
                tracing::debug!(%error, "the server cannot be asked what is left to do");
                BEAT
            }
        };
        tokio::time::sleep(wait).await;
    }
}

/// Takes what nobody does. Says whether somebody is to say who they are.
async fn look(app: &Arc<App>, seen: &mut HashMap<String, (u64, Instant)>) -> Result<bool, ClientError> {
    let found = app.house.shelf.versions(INBOX).await?;
    seen.retain(|key, _| found.iter().any(|(there, _)| there == key));
    let mut waits = false;
    for (key, version) in found {
        let is_left = match key.strip_prefix(LINKING) {
            Some(who) => {
                waits = true;
                is_linked(app, who).await?
            }
            None if app.inbox.is_own(&key) => false,
            None => match seen.get(&key) {
                Some((before, since)) if *before == version => since.elapsed() >= SILENCE,
                _ => {
                    seen.insert(key.clone(), (version, Instant::now()));
                    false
                }
            },
        };
        if is_left && let Some((letters, hold)) = app.inbox.take(&key, version).await? {
            tracing::info!(count = letters.len(), "what was left is done now");
            for letter in letters {
                tokio::spawn(Arc::clone(app).work(letter, hold.clone()));
            }
        }
    }
    Ok(waits)
}

/// Whether somebody has said who they are: `T123-U456`.
async fn is_linked(app: &App, who: &str) -> Result<bool, ClientError> {
    match app.house.own().chat_identity("slack", &who.replace('-', "/")).get().await {
        Ok(_) => Ok(true),
        Err(ClientError::NotFound(_)) => Ok(false),
        Err(error) => Err(error),
    }
}
