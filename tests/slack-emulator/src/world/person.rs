//! People, and the bots of apps.

use serde_json::{Value, json};

/// Somebody in a workspace: a person, or the bot of an app.
#[derive(Debug, Clone, Default)]
pub struct Person {
    /// `U…`.
    pub id: String,
    /// The workspace.
    pub team: String,
    /// `alice`.
    pub name: String,
    /// `Alice Example`.
    pub real_name: String,
    /// Where mail reaches them, when the workspace knows.
    pub email: Option<String>,
    /// The app whose bot this is.
    pub app: Option<String>,
    /// The bot's own id, `B…`.
    pub bot_id: Option<String>,
    /// A guest.
    pub is_restricted: bool,
    /// A guest of one channel.
    pub is_ultra_restricted: bool,
    /// Of another workspace, in a channel that is shared.
    pub is_stranger: bool,
    /// One who runs the workspace.
    pub is_admin: bool,
    /// No longer there.
    pub is_deleted: bool,
}

impl Person {
    /// As `users.info` has them; the address only for those who may see it.
    #[must_use]
    pub fn json(&self, with_email: bool) -> Value {
        let mut profile = json!({
            "real_name": self.real_name, "real_name_normalized": self.real_name,
            "display_name": self.name, "display_name_normalized": self.name, "team": self.team,
        });
        if let (true, Some(email)) = (with_email, &self.email) {
            profile["email"] = json!(email);
        }
        if let Some(bot_id) = &self.bot_id {
            profile["bot_id"] = json!(bot_id);
            profile["api_app_id"] = json!(self.app);
        }
        json!({
            "id": self.id, "team_id": self.team, "name": self.name, "deleted": self.is_deleted,
            "real_name": self.real_name, "tz": "Etc/UTC", "tz_label": "Coordinated Universal Time", "tz_offset": 0,
            "profile": profile, "is_admin": self.is_admin, "is_owner": false, "is_primary_owner": false,
            "is_restricted": self.is_restricted, "is_ultra_restricted": self.is_ultra_restricted,
            "is_stranger": self.is_stranger, "is_bot": self.app.is_some(), "is_app_user": false, "updated": 0,
            "is_email_confirmed": self.email.is_some(), "who_can_share_contact_card": "EVERYONE",
        })
    }
}
