//! Modals and home tabs.

use serde_json::{Value, json};

/// A modal or a home tab of somebody.
#[derive(Debug, Clone)]
pub struct View {
    /// `V…`.
    pub id: String,
    /// The app that made it.
    pub app: String,
    /// The workspace.
    pub team: String,
    /// Who sees it.
    pub user: String,
    /// What the app gave, with the ids that it left out.
    pub body: Value,
    /// Changes with each change.
    pub hash: String,
    /// The first view of the stack; itself, where it is that.
    pub root: String,
    /// The view below it.
    pub previous: Option<String>,
    /// Answers of elements that act at once, by block and action.
    pub state: Value,
}

impl View {
    /// Whether it is a home tab.
    #[must_use]
    pub fn is_home(&self) -> bool {
        self.body["type"] == "home"
    }

    /// As Slack has it, with what is filled in.
    #[must_use]
    pub fn json(&self, bot_id: &str) -> Value {
        let mut json = json!({
            "id": self.id, "team_id": self.team, "type": self.body["type"], "blocks": self.body["blocks"],
            "private_metadata": self.body.get("private_metadata").cloned().unwrap_or_else(|| json!("")),
            "callback_id": self.body.get("callback_id").cloned().unwrap_or_else(|| json!("")),
            "external_id": self.body.get("external_id").cloned().unwrap_or_else(|| json!("")),
            "state": { "values": self.state }, "hash": self.hash,
            "clear_on_close": self.body["clear_on_close"] == true,
            "notify_on_close": self.body["notify_on_close"] == true,
            "previous_view_id": self.previous, "root_view_id": self.root, "app_id": self.app,
            "app_installed_team_id": self.team, "bot_id": bot_id,
        });
        for key in ["title", "submit", "close"] {
            json[key] = self.body.get(key).cloned().unwrap_or(Value::Null);
        }
        json
    }

    /// A block by its id.
    pub(crate) fn block(&self, id: &str) -> Option<&Value> {
        self.body["blocks"].as_array()?.iter().find(|block| block["block_id"] == id)
    }
}
