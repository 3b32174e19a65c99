//! What becomes of a delivery: verified, read, put where it is safe, acknowledged, and a controller started for it.

use std::time::Duration;

use http::StatusCode;
use monkeyci_core::model::Millis;
use monkeyci_core::trigger::{self, Forge, Gone, Heard, Queued};
use serde_json::json;
use tokio::time::timeout_at;

use super::desk::Desk;
use super::door::{Asked, Door, Reply};
use super::settings::Hook;

/// What is left of the time for an answer when no controller is waited for any more.
const SPARE: Duration = Duration::from_millis(500);

/// Bytes of the longest id of a delivery that is taken for one.
const LONGEST_ID: usize = 200;

impl Door {
    /// Takes in a delivery.
    pub(super) async fn deliver(&self, forge: &str, key: &str, asked: &Asked) -> Reply {
        // Whoever does not know the secret learns nothing, not even whether there is such a hook.
        let refused =
            || Reply::refused(StatusCode::UNAUTHORIZED, "the delivery is not signed with the secret of a webhook here");
        let found = self.settings.hooks.iter().find(|hook| hook.forge.as_str() == forge && hook.key == key);
        let Some(hook) = found else { return refused() };
        match self.is_believed(hook, asked).await {
            Ok(true) => {}
            Ok(false) => return refused(),
            Err(_told) => return Reply::later("the secret of the webhook cannot be read: see the log"),
        }
        let Desk::Transport(_) = &self.desk else { return self.forward(hook, asked).await };
        let heard = match trigger::read(hook.forge, &asked.headers, &asked.body) {
            Ok(heard) => heard,
            Err(error) => return Reply::refused(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
        };
        let nothing = |why: String| Reply::new(StatusCode::ACCEPTED, json!({ "queued": [], "why": why }));
        let changes = match heard {
            Heard::Ping => return nothing("the forge tried the webhook out: it works".into()),
            Heard::Nothing(why) => return nothing(why),
            Heard::Changes(changes) => changes,
        };
        let Ok(repo) = hook.repo() else { return Reply::later("the settings are wrong") };
        let (delivery, received) = (delivery(hook, asked), now());
        let queued: Vec<Queued> = changes
            .iter()
            .filter_map(|change| Queued::of(change, &delivery, repo.clone(), &hook.url, received))
            .map(|queued| Queued { supersedes: hook.cancel_superseded, ..queued })
            .collect();
        let gone: Vec<Gone> = changes.iter().filter_map(|change| Gone::of(change, repo.clone(), received)).collect();
        if queued.is_empty() && gone.is_empty() {
            return nothing("its commit asks for no build".into());
        }
        if let Err(why) = self.desk.put(&queued, &gone, &delivery).await {
            tracing::error!(hook = hook.key, why, "a delivery could not be made safe");
            return Reply::later("the delivery could not be made safe: send it again");
        }
        let keys: Vec<&str> = queued.iter().map(|queued| queued.key.as_str()).collect();
        let refs: Vec<&str> = gone.iter().map(|gone| gone.reference.as_str()).collect();
        tracing::info!(hook = hook.key, repo = hook.repo, queued = keys.len(), "a delivery is safe");
        // It is safe: nothing of what follows can take that back.
        let until = asked.deadline.checked_sub(SPARE).unwrap_or(asked.deadline);
        let first = keys.first().map_or_else(|| format!("{delivery}/gone"), |key| (*key).to_owned());
        match timeout_at(until, self.controller.start(&first, None)).await {
            Ok(Ok(())) => {}
            Ok(Err(why)) => tracing::error!(why, "no controller was started: it is looked for again"),
            Err(_) => tracing::error!("no controller was started in time: it is looked for again"),
        }
        let mut told = json!({ "queued": keys });
        if !refs.is_empty() {
            told["gone"] = json!(refs);
        }
        Reply::new(StatusCode::ACCEPTED, told)
    }

    /// Whether a delivery is from who knows the secret.
    async fn is_believed(&self, hook: &Hook, asked: &Asked) -> Result<bool, String> {
        for again in [false, true] {
            let secrets = self.secrets.of(&hook.secrets, again).await?;
            let secrets: Vec<&str> = secrets.iter().map(|secret| secret.as_str()).collect();
            match trigger::verify(hook.forge, &secrets, &asked.headers, &asked.body, now()) {
                Ok(()) => return Ok(true),
                Err(trigger::Refusal::Wrong) if !again => {}
                Err(error) => {
                    tracing::info!(hook = hook.key, %error, "a delivery was refused");
                    return Ok(false);
                }
            }
        }
        Ok(false)
    }
}

/// The same for what is sent again.
fn delivery(hook: &Hook, asked: &Asked) -> String {
    let id = trigger::delivery_id(hook.forge, &asked.headers).filter(|id| id.len() <= LONGEST_ID);
    let id = id.unwrap_or_else(|| blake3::hash(&asked.body).to_hex().to_string());
    let forge: Forge = hook.forge;
    format!("hook/{forge}/{}/{id}", hook.key)
}

fn now() -> Millis {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}
