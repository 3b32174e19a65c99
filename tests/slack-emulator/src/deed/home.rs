//! Somebody opens an app: its home tab, or its messages.

use serde_json::{Value, json};

use super::{Impossible, person};
use crate::slack::Slack;

impl Slack {
    /// Somebody opens the home tab of an app, which hears of it.
    ///
    /// # Errors
    ///
    /// When there is no such app for them.
    pub fn open_home(&self, user: &str, app: &str) -> Result<(), Impossible> {
        let now = self.now();
        self.change(|world| {
            let person = person(world, user)?.clone();
            let bot = world.bot(app, &person.team).map(|bot| bot.id.clone());
            let bot = bot.ok_or_else(|| format!("the app `{app}` is not in the workspace"))?;
            let channel = world.direct(&bot, &person.id);
            let is_wanted = world.apps.get(app).is_some_and(|app| app.has_home && app.hears("app_home_opened"));
            if is_wanted {
                let ts = world.ts(now);
                let mut event = json!({
                    "type": "app_home_opened", "user": person.id, "channel": channel, "tab": "home", "event_ts": ts,
                });
                let view =
                    world.views.values().find(|view| view.app == app && view.user == person.id && view.is_home());
                let bot_id = world.bot(app, &person.team).and_then(|bot| bot.bot_id.clone()).unwrap_or_default();
                if let Some(view) = view {
                    event["view"] = view.json(&bot_id);
                }
                world.tell(app, &person.team, &bot, &event, now);
            }
            Ok(())
        })
    }

    /// The home tab that somebody sees of an app.
    #[must_use]
    pub fn home(&self, user: &str, app: &str) -> Option<Value> {
        self.look(|world| {
            let person = world.person(user)?;
            let view = world.views.values().find(|view| view.app == app && view.user == person.id && view.is_home())?;
            Some(view.body.clone())
        })
    }
}
