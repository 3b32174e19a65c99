//! What Slack says, read from its many forms. What is not understood is none of ours.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::place::{Place, is_id};

/// Something that Slack tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Incoming {
    /// Somebody typed the command.
    Command(Asked),
    /// Somebody pressed a button, or chose from a menu.
    Click(Click),
    /// Somebody sent a modal.
    Submit(Submit),
    /// Somebody looks for a choice.
    Suggest(Suggest),
    /// Somebody used a shortcut.
    Shortcut(Shortcut),
    /// Something happened.
    Event(Happened),
    /// Slack asks whether this is its app.
    Challenge(String),
    /// Something that the app did not ask for.
    Other,
}

/// Who, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asker {
    /// Where.
    pub place: Place,
    /// Who.
    pub user: String,
}

/// Where an answer goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Back {
    /// To an address that is good for this alone.
    Url(String),
    /// To the channel, in a thread where one is said; only whoever asked sees it unless they want otherwise.
    Channel(Option<String>),
}

/// Somebody typed a command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// Who, and where.
    pub by: Asker,
    /// What they typed after the command, or after the app's name.
    pub text: String,
    /// The thread in which they did.
    pub thread: Option<String>,
    /// What opens a modal.
    pub trigger: Option<String>,
    /// Where the answer goes.
    pub back: Back,
}

/// Somebody pressed a button.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Click {
    /// Who, and where.
    pub by: Asker,
    /// Which.
    pub action: String,
    /// What it is to be done to.
    pub value: String,
    /// The message that it is on.
    pub message: Option<String>,
    /// What opens a modal.
    pub trigger: Option<String>,
    /// The modal or the home that it is in, where it is in one.
    pub view: Option<View>,
    /// Where an answer goes.
    pub back: Back,
}

/// A modal or a home, as somebody sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// Its id.
    pub id: String,
    /// Which state of it.
    pub hash: String,
    /// Whether it is somebody's home.
    pub is_home: bool,
    /// What was kept in it.
    pub private: Value,
}

/// Somebody sent a modal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Submit {
    /// Who, and from where.
    pub by: Asker,
    /// Which modal.
    pub callback: String,
    /// What was kept in it.
    pub private: Value,
    /// What they wrote and chose, by block and action.
    pub values: Value,
    /// Its id.
    pub view: String,
    /// Its blocks, as they were drawn.
    pub blocks: Value,
}

/// Somebody looks for a choice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Suggest {
    /// Who, and where.
    pub by: Asker,
    /// Of which menu.
    pub action: String,
    /// What they typed.
    pub value: String,
}

/// Somebody used a shortcut.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shortcut {
    /// Who, and where.
    pub by: Asker,
    /// Which.
    pub callback: String,
    /// The message that they used it on.
    pub message: Option<String>,
    /// What opens a modal.
    pub trigger: Option<String>,
}

/// Something happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Happened {
    /// In which workspace.
    pub team: String,
    /// Its id: Slack tells it again where it was not heard.
    pub id: String,
    /// What.
    pub event: Value,
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn some(value: &Value, pointer: &str) -> Option<String> {
    Some(text(value, pointer)).filter(|text| !text.is_empty()).map(str::to_owned)
}

impl Incoming {
    /// What the body of a request says.
    #[must_use]
    pub fn of_body(kind: &str, body: &[u8]) -> Self {
        if kind.starts_with("application/json") {
            return serde_json::from_slice(body).map_or(Self::Other, |value| Self::of_event(&value));
        }
        let fields: Vec<(String, String)> = form_urlencoded::parse(body).into_owned().collect();
        let field = |name: &str| fields.iter().find(|(there, _)| there == name).map(|(_, value)| value.as_str());
        match field("payload") {
            Some(payload) => serde_json::from_str(payload).map_or(Self::Other, |value| Self::of_interaction(&value)),
            None => Self::of_command(|name| field(name).unwrap_or_default().to_owned()),
        }
    }

    /// A command, by the names of its fields.
    pub fn of_command(field: impl Fn(&str) -> String) -> Self {
        let Some(by) = asker(&field("team_id"), &field("channel_id"), &field("user_id")) else { return Self::Other };
        if !field("command").starts_with('/') {
            return Self::Other;
        }
        Self::Command(Asked {
            by,
            text: unescape(&field("text")),
            thread: Some(field("thread_ts")).filter(|ts| !ts.is_empty()),
            trigger: Some(field("trigger_id")).filter(|id| !id.is_empty()),
            back: Back::Url(field("response_url")),
        })
    }

    /// Something that somebody did.
    #[must_use]
    pub fn of_interaction(value: &Value) -> Self {
        let team = some(value, "/team/id").or_else(|| some(value, "/user/team_id")).unwrap_or_default();
        let channel = some(value, "/channel/id").or_else(|| some(value, "/container/channel_id"));
        // In a modal or at home there is no channel; what is said goes to whoever did it.
        let user = text(value, "/user/id");
        let Some(by) = asker(&team, channel.as_deref().unwrap_or(user), user) else { return Self::Other };
        let trigger = some(value, "/trigger_id");
        let message = some(value, "/message/ts").or_else(|| some(value, "/container/message_ts"));
        match text(value, "/type") {
            "block_actions" => {
                let back = some(value, "/response_url").map_or(Back::Channel(None), Back::Url);
                let chosen =
                    some(value, "/actions/0/value").or_else(|| some(value, "/actions/0/selected_option/value"));
                let action = text(value, "/actions/0/action_id").to_owned();
                let view = some(value, "/view/id").map(|id| View {
                    id,
                    hash: text(value, "/view/hash").to_owned(),
                    is_home: text(value, "/view/type") == "home",
                    private: serde_json::from_str(text(value, "/view/private_metadata")).unwrap_or_default(),
                });
                Self::Click(Click { by, action, value: chosen.unwrap_or_default(), message, trigger, view, back })
            }
            "view_submission" => Self::Submit(Submit {
                by,
                callback: text(value, "/view/callback_id").to_owned(),
                private: serde_json::from_str(text(value, "/view/private_metadata")).unwrap_or_default(),
                values: value.pointer("/view/state/values").cloned().unwrap_or_default(),
                view: text(value, "/view/id").to_owned(),
                blocks: value.pointer("/view/blocks").cloned().unwrap_or_default(),
            }),
            "block_suggestion" => Self::Suggest(Suggest {
                by,
                action: text(value, "/action_id").to_owned(),
                value: text(value, "/value").to_owned(),
            }),
            "shortcut" | "message_action" => {
                Self::Shortcut(Shortcut { by, callback: text(value, "/callback_id").to_owned(), message, trigger })
            }
            _ => Self::Other,
        }
    }

    /// What somebody asks by it, as they are reminded of it.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Command(asked) => crate::message::text::code(&asked.text, 200),
            Self::Click(_) => "A button that you pressed".into(),
            Self::Submit(_) => "A form that you sent".into(),
            _ => "Something".into(),
        }
    }

    /// Who asks something by it, and where the answer goes; nobody where nothing is asked.
    #[must_use]
    pub fn asker(&self) -> Option<(Asker, Back)> {
        match self {
            Self::Command(asked) => Some((asked.by.clone(), asked.back.clone())),
            Self::Click(click) => Some((click.by.clone(), click.back.clone())),
            Self::Submit(submit) => Some((submit.asker(), Back::Channel(None))),
            Self::Shortcut(shortcut) => Some((shortcut.by.clone(), Back::Channel(None))),
            _ => None,
        }
    }

    /// Something that happened.
    #[must_use]
    pub fn of_event(value: &Value) -> Self {
        match text(value, "/type") {
            "url_verification" => Self::Challenge(text(value, "/challenge").chars().take(500).collect()),
            "event_callback" if is_id(text(value, "/team_id")) => Self::Event(Happened {
                team: text(value, "/team_id").to_owned(),
                id: text(value, "/event_id").to_owned(),
                event: value["event"].clone(),
            }),
            _ => Self::Other,
        }
    }
}

impl Submit {
    /// Who sent it, in the place where the form was opened: what is said of it is said there.
    #[must_use]
    pub fn asker(&self) -> Asker {
        let channel = self.private["channel"].as_str().filter(|channel| is_id(channel));
        let place = channel.map_or_else(|| self.by.place.clone(), |channel| Place::new(&self.by.place.team, channel));
        Asker { place, user: self.by.user.clone() }
    }

    /// What was written or chosen in a block.
    #[must_use]
    pub fn value(&self, block: &str) -> Option<String> {
        let input = self.values.get(block)?.as_object()?.values().next()?;
        some(input, "/value").or_else(|| some(input, "/selected_option/value"))
    }
}

impl Happened {
    /// Whether the workspace wants nothing of the app any more.
    #[must_use]
    pub fn is_farewell(&self) -> bool {
        matches!(text(&self.event, "/type"), "app_uninstalled" | "tokens_revoked")
    }

    /// A message that is for the app: one that names it, or that is for it alone.
    #[must_use]
    pub fn asked(&self) -> Option<Asked> {
        let event = &self.event;
        let is_own = event["bot_id"].is_string() || event["subtype"].is_string();
        let is_direct = text(event, "/type") == "message" && text(event, "/channel_type") == "im";
        if is_own || !(is_direct || text(event, "/type") == "app_mention") {
            return None;
        }
        let thread = some(event, "/thread_ts");
        // Who names the app is answered where they did.
        let said = text(event, "/text");
        let said = said.split_once('>').filter(|_| said.trim_start().starts_with("<@")).map_or(said, |(_, rest)| rest);
        Some(Asked {
            by: asker(&self.team, text(event, "/channel"), text(event, "/user"))?,
            text: unescape(said.trim()),
            thread: thread.clone(),
            trigger: None,
            back: Back::Channel(thread),
        })
    }
}

fn asker(team: &str, channel: &str, user: &str) -> Option<Asker> {
    let is_one = is_id(team) && is_id(channel) && is_id(user);
    is_one.then(|| Asker { place: Place::new(team, channel), user: user.to_owned() })
}

/// Text as it was typed: Slack writes three signs in another way.
fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_mentions_are_the_same_to_the_app() {
        let body = b"command=%2Fbuild&text=run+web+A%3D1+%26amp%3B&team_id=T12&channel_id=C12&user_id=U12&response_url=https%3A%2F%2Fx&trigger_id=1.2";
        let Incoming::Command(asked) = Incoming::of_body("application/x-www-form-urlencoded", body) else {
            panic!("none")
        };
        assert_eq!((asked.text.as_str(), asked.back), ("run web A=1 &", Back::Url("https://x".into())));
        let json = br#"{"type":"event_callback","team_id":"T12","event_id":"E1","event":{"type":"app_mention","user":"U12","channel":"C12","text":"<@UBOT> retry #4","thread_ts":"1.2"}}"#;
        let Incoming::Event(event) = Incoming::of_body("application/json", json) else { panic!("none") };
        let asked = event.asked().expect("a question");
        assert_eq!((asked.text.as_str(), asked.thread.as_deref()), ("retry #4", Some("1.2")));
    }

    #[test]
    fn what_is_not_understood_is_none_of_ours() {
        for (kind, body) in [
            ("application/json", "{}"),
            ("application/json", "[[[[["),
            ("application/json", r#"{"type":"event_callback","team_id":"../x"}"#),
            ("application/x-www-form-urlencoded", "payload=%7B%7D"),
            ("application/x-www-form-urlencoded", "payload=%00%ff"),
            ("application/x-www-form-urlencoded", "command=%2Fbuild&team_id=T1%2F2&channel_id=C12&user_id=U12"),
            ("text/plain", "hello"),
        ] {
            assert_eq!(Incoming::of_body(kind, body.as_bytes()), Incoming::Other, "{body}");
        }
    }
}
