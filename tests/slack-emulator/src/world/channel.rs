//! Channels and direct messages.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Value, json};

use super::Message;

/// What kind of conversation a channel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Everybody may read it.
    Public,
    /// Members may.
    Private,
    /// Two may.
    Direct,
    /// A few may, and nobody else can be asked in.
    Group,
}

impl Kind {
    /// How scopes and types of conversations name it.
    #[must_use]
    pub fn scope(self) -> &'static str {
        match self {
            Self::Public => "channels",
            Self::Private => "groups",
            Self::Direct => "im",
            Self::Group => "mpim",
        }
    }

    /// How `types` of `conversations.list` name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Public => "public_channel",
            Self::Private => "private_channel",
            Self::Direct => "im",
            Self::Group => "mpim",
        }
    }

    /// How events name it: `channel_type`.
    #[must_use]
    pub fn channel_type(self) -> &'static str {
        match self {
            Self::Public => "channel",
            Self::Private => "group",
            Self::Direct => "im",
            Self::Group => "mpim",
        }
    }
}

/// A conversation.
#[derive(Debug, Clone)]
pub struct Channel {
    /// `C…`, or `D…` where two talk.
    pub id: String,
    /// The workspace.
    pub team: String,
    /// Without `#`; empty where two talk.
    pub name: String,
    /// Who may read it.
    pub kind: Kind,
    /// Who is in it.
    pub members: BTreeSet<String>,
    /// Nobody writes there any more.
    pub is_archived: bool,
    /// Shared with another workspace.
    pub is_shared: bool,
    /// What it is about.
    pub topic: String,
    /// Seconds since 1970.
    pub created: u64,
    /// All messages, replies and what only one sees included, oldest first.
    pub messages: Vec<Message>,
    /// What is pinned: `ts`.
    pub pins: Vec<String>,
    /// Links above it.
    pub bookmarks: Vec<Bookmark>,
}

/// A link above a channel.
#[derive(Debug, Clone, Serialize)]
pub struct Bookmark {
    /// `Bk…`.
    pub id: String,
    /// The channel.
    pub channel_id: String,
    /// What it is called.
    pub title: String,
    /// Where it leads.
    pub link: Option<String>,
    /// `:books:`.
    pub emoji: Option<String>,
    /// `link`.
    #[serde(rename = "type")]
    pub kind: String,
}

impl Channel {
    pub(crate) fn new(id: &str, team: &str, name: &str, kind: Kind) -> Self {
        Self {
            id: id.to_owned(),
            team: team.to_owned(),
            name: name.to_owned(),
            kind,
            members: BTreeSet::new(),
            is_archived: false,
            is_shared: false,
            topic: String::new(),
            created: 0,
            messages: Vec::new(),
            pins: Vec::new(),
            bookmarks: Vec::new(),
        }
    }

    /// As `conversations.info` has it for somebody.
    #[must_use]
    pub fn json(&self, reader: &str) -> Value {
        if self.kind == Kind::Direct {
            let other = self.members.iter().find(|member| *member != reader);
            return json!({
                "id": self.id, "created": self.created, "is_im": true, "is_org_shared": false, "user": other,
                "is_archived": self.is_archived, "is_open": true, "context_team_id": self.team,
            });
        }
        json!({
            "id": self.id, "name": self.name, "name_normalized": self.name, "created": self.created,
            "is_channel": self.kind == Kind::Public, "is_group": self.kind == Kind::Private, "is_im": false,
            "is_mpim": self.kind == Kind::Group, "is_private": self.kind != Kind::Public,
            "is_archived": self.is_archived, "is_general": self.name == "general", "is_shared": self.is_shared,
            "is_ext_shared": self.is_shared, "is_org_shared": false, "is_member": self.members.contains(reader),
            "context_team_id": self.team, "shared_team_ids": [self.team], "num_members": self.members.len(),
            "topic": { "value": self.topic, "creator": "", "last_set": 0 },
            "purpose": { "value": "", "creator": "", "last_set": 0 }, "previous_names": [],
        })
    }

    /// A message by its `ts`.
    #[must_use]
    pub fn message(&self, ts: &str) -> Option<&Message> {
        // The last ones are asked for most.
        self.messages.iter().rev().find(|message| message.ts == ts)
    }

    /// The same, to be changed.
    pub(crate) fn message_mut(&mut self, ts: &str) -> Option<&mut Message> {
        self.messages.iter_mut().rev().find(|message| message.ts == ts)
    }

    /// Replies to a message that all see, oldest first.
    pub fn replies(&self, ts: &str) -> impl DoubleEndedIterator<Item = &Message> {
        self.messages.iter().filter(move |message| {
            message.thread_ts.as_deref() == Some(ts) && message.ts != ts && message.only.is_none()
        })
    }

    /// A message as Slack has it: with what is known of its thread.
    #[must_use]
    pub fn message_json(&self, message: &Message) -> Value {
        let mut json = message.json(&self.team);
        let replies: Vec<_> = self.replies(&message.ts).collect();
        if let Some(last) = replies.last() {
            let mut people: Vec<_> = replies.iter().filter_map(|reply| reply.user.as_deref()).collect();
            people.dedup();
            json["thread_ts"] = json!(message.ts);
            json["reply_count"] = json!(replies.len());
            json["reply_users_count"] = json!(people.len());
            json["reply_users"] = json!(people);
            json["latest_reply"] = json!(last.ts);
            json["is_locked"] = json!(false);
            json["subscribed"] = json!(false);
        }
        json
    }
}
