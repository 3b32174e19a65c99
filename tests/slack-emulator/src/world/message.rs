//! Messages.

use serde_json::{Map, Value, json};

/// The app that wrote a message.
#[derive(Debug, Clone)]
pub struct Author {
    /// `A…`.
    pub app: String,
    /// `B…`.
    pub bot_id: String,
    /// Its name in the workspace.
    pub name: String,
}

/// A message, as it is now.
#[derive(Debug, Clone, Default)]
pub struct Message {
    /// Its id within the channel: seconds and microseconds.
    pub ts: String,
    /// Who wrote it: a person, or the bot of an app.
    pub user: Option<String>,
    /// The app that wrote it.
    pub author: Option<Author>,
    /// What notifications and screen readers say, and all there is where there are no blocks.
    pub text: String,
    /// What is shown.
    pub blocks: Vec<Value>,
    /// What hangs below it; unfurled links too.
    pub attachments: Vec<Value>,
    /// The message that it answers. The first message of a thread has none here.
    pub thread_ts: Option<String>,
    /// Whether a reply is shown in the channel too.
    pub is_broadcast: bool,
    /// What an app keeps with it.
    pub metadata: Option<Value>,
    /// Who changed it last, and when.
    pub edited: Option<(String, String)>,
    /// Emoji, and who reacted with them.
    pub reactions: Vec<(String, Vec<String>)>,
    /// Files in it, as Slack shows them.
    pub files: Vec<Value>,
    /// The only one who sees it: an ephemeral message.
    pub only: Option<String>,
    /// What the writer calls it.
    pub client_msg_id: Option<String>,
    /// The name that it is shown under, where that is not the writer's.
    pub username: Option<String>,
    /// How often it was changed.
    pub revision: u32,
    /// Whether links in it may be unfurled.
    pub unfurls: bool,
}

/// What is given to post or change a message; what is not given stays.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// The text.
    pub text: Option<String>,
    /// The blocks.
    pub blocks: Option<Vec<Value>>,
    /// The attachments.
    pub attachments: Option<Vec<Value>>,
    /// The metadata.
    pub metadata: Option<Value>,
}

impl Message {
    /// Takes over what a draft gives.
    pub(crate) fn take(&mut self, draft: Draft, mut block_id: impl FnMut() -> String) {
        if let Some(text) = draft.text {
            self.text = text;
        }
        if let Some(blocks) = draft.blocks {
            self.blocks = blocks;
        }
        if let Some(attachments) = draft.attachments {
            // Previews of links are not the writer's to take away.
            self.attachments.retain(|one| one.get("from_url").is_some());
            self.attachments.splice(0..0, attachments);
        }
        if draft.metadata.is_some() {
            self.metadata = draft.metadata;
        }
        for block in &mut self.blocks {
            name(block, &mut block_id);
        }
    }

    /// As Slack has it.
    #[must_use]
    pub fn json(&self, team: &str) -> Value {
        let mut json = Map::new();
        let mut put = |name: &str, value: Value| drop(json.insert(name.to_owned(), value));
        put("type", json!("message"));
        if self.author.is_some() && self.username.is_some() {
            put("subtype", json!("bot_message"));
        }
        put("user", json!(self.user));
        put("ts", json!(self.ts));
        put("text", json!(self.text));
        put("team", json!(team));
        if let Some(author) = &self.author {
            put("bot_id", json!(author.bot_id));
            put("app_id", json!(author.app));
            put(
                "bot_profile",
                json!({
                    "id": author.bot_id, "app_id": author.app, "name": author.name, "deleted": false, "updated": 0,
                    "team_id": team, "icons": {},
                }),
            );
        }
        let optional = [
            ("username", json!(self.username)),
            ("client_msg_id", json!(self.client_msg_id)),
            ("thread_ts", json!(self.thread_ts)),
            ("metadata", json!(self.metadata)),
        ];
        for (name, value) in optional.into_iter().filter(|(_, value)| !value.is_null()) {
            put(name, value);
        }
        if self.is_broadcast {
            put("subtype", json!("thread_broadcast"));
        }
        for (name, list) in [("blocks", &self.blocks), ("attachments", &self.attachments), ("files", &self.files)] {
            if !list.is_empty() {
                put(name, json!(list));
            }
        }
        if let Some((user, ts)) = &self.edited {
            put("edited", json!({ "user": user, "ts": ts }));
        }
        if !self.reactions.is_empty() {
            let one =
                |(name, users): &(String, Vec<String>)| json!({ "name": name, "users": users, "count": users.len() });
            put("reactions", json!(self.reactions.iter().map(one).collect::<Vec<_>>()));
        }
        Value::Object(json)
    }

    /// The same for tests: also who alone sees it, and how often it was changed.
    #[must_use]
    pub fn told(&self, team: &str) -> Value {
        let mut json = self.json(team);
        if let Some(only) = &self.only {
            json["is_ephemeral"] = json!(true);
            json["ephemeral_to"] = json!(only);
        }
        json["revision"] = json!(self.revision);
        json
    }
}

/// Blocks and elements that have no id get one, as Slack gives it.
pub(crate) fn name(block: &mut Value, id: &mut impl FnMut() -> String) {
    let Some(fields) = block.as_object_mut() else { return };
    let is_blank =
        |fields: &Map<String, Value>, key: &str| fields.get(key).and_then(Value::as_str).unwrap_or("").is_empty();
    if is_blank(fields, "block_id") {
        fields.insert("block_id".to_owned(), json!(id()));
    }
    let mut give = |element: &mut Value| {
        if let Some(fields) = element.as_object_mut() {
            let acts = ![
                "plain_text",
                "mrkdwn",
                "image",
                "rich_text_section",
                "rich_text_list",
                "rich_text_quote",
                "rich_text_preformatted",
                "card",
            ]
            .iter()
            .any(|kind| fields["type"] == **kind);
            if acts && fields.contains_key("type") && is_blank(fields, "action_id") {
                fields.insert("action_id".to_owned(), json!(id()));
            }
        }
    };
    if let Some(elements) = fields.get_mut("elements").and_then(Value::as_array_mut) {
        elements.iter_mut().filter(|element| element.get("type").is_some()).for_each(&mut give);
    }
    for key in ["accessory", "element"] {
        if let Some(element) = fields.get_mut(key).filter(|element| element.get("type").is_some()) {
            give(element);
        }
    }
}
