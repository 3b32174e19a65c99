//! Somebody uses a shortcut, of everything or of a message.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Answered, Impossible, channel, hook, interaction, person};
use crate::slack::Slack;
use crate::world::{App, Outgoing, What};

/// Which shortcut, and on which message.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shortcut {
    /// Who.
    pub user: String,
    /// Which.
    pub callback_id: String,
    /// The channel of the message, for a shortcut of messages.
    pub channel: Option<String>,
    /// The message.
    pub ts: Option<String>,
}

impl Slack {
    /// Somebody uses a shortcut.
    ///
    /// # Errors
    ///
    /// When they see none of that name, or no such message.
    pub async fn shortcut(&self, shortcut: &Shortcut) -> Result<Answered, Impossible> {
        let now = self.now();
        let outgoing = self.change(|world| {
            let person = person(world, &shortcut.user)?.clone();
            let is_of_message = shortcut.channel.is_some();
            let is_here = |app: &&App| world.bot(&app.id, &person.team).is_some();
            let has = |app: &&App| {
                app.shortcuts
                    .iter()
                    .any(|one| one.callback_id == shortcut.callback_id && one.is_of_message == is_of_message)
            };
            let app = world.apps.values().filter(is_here).find(has).cloned();
            let app = app.ok_or_else(|| format!("there is no shortcut `{}`", shortcut.callback_id))?;
            let kind = if is_of_message { "message_action" } else { "shortcut" };
            let mut payload = interaction(world, kind, &app, &person, now);
            payload["callback_id"] = json!(shortcut.callback_id);
            payload["action_ts"] = json!(world.ts(now));
            if let (Some(place), Some(ts)) = (&shortcut.channel, &shortcut.ts) {
                let channel = channel(world, &person, place)?;
                let message = channel.message(ts).ok_or_else(|| format!("there is no message `{ts}`"))?;
                let mut hook = hook("actions", &app, &person, &channel.id, now);
                hook.thread_ts.clone_from(&message.thread_ts);
                payload["channel"] = json!({ "id": channel.id, "name": super::command::shown_name(channel) });
                payload["message_ts"] = json!(ts);
                payload["message"] = channel.message_json(message);
                payload["response_url"] = json!(world.hook(hook));
            }
            Ok::<_, Impossible>(Outgoing { app: app.id, what: What::Interaction, payload })
        })?;
        let (number, attempt) = self.deliver(&outgoing).await;
        Ok(Answered::of(number, &attempt))
    }
}
