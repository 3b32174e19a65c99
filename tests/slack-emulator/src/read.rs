//! What tests read.

use serde_json::{Value, json};

use crate::slack::Slack;

impl Slack {
    /// A channel with all its messages: replies, and what only one sees, too. Nothing when there is no such channel.
    #[must_use]
    pub fn read(&self, id: &str) -> Option<Value> {
        self.look(|world| {
            let channel = world.channels.get(id)?;
            let mut json = channel.json("");
            json["members"] = json!(channel.members);
            json["pins"] = json!(channel.pins);
            json["bookmarks"] = json!(channel.bookmarks);
            json["messages"] = channel.messages.iter().map(|message| message.told(&channel.team)).collect();
            Some(json)
        })
    }

    /// The messages of a channel that all see and that stand in no thread, oldest first, as Slack has them.
    #[must_use]
    pub fn messages(&self, id: &str) -> Vec<Value> {
        self.look(|world| {
            let Some(channel) = world.channels.get(id) else { return Vec::new() };
            let seen = channel.messages.iter().filter(|one| one.only.is_none() && one.thread_ts.is_none());
            seen.map(|message| channel.message_json(message)).collect()
        })
    }

    /// The replies to a message that all see, oldest first.
    #[must_use]
    pub fn replies(&self, id: &str, ts: &str) -> Vec<Value> {
        self.look(|world| {
            let Some(channel) = world.channels.get(id) else { return Vec::new() };
            channel.replies(ts).map(|message| channel.message_json(message)).collect()
        })
    }

    /// What only somebody sees in a channel, oldest first.
    #[must_use]
    pub fn whispers(&self, id: &str, user: &str) -> Vec<Value> {
        self.look(|world| {
            let Some(channel) = world.channels.get(id) else { return Vec::new() };
            let Some(person) = world.person(user) else { return Vec::new() };
            let own = channel.messages.iter().filter(|one| one.only.as_ref() == Some(&person.id));
            own.map(|message| message.told(&channel.team)).collect()
        })
    }

    /// How often a method was called, refused calls too.
    #[must_use]
    pub fn count(&self, method: &str) -> usize {
        self.look(|world| world.calls.iter().filter(|call| call.method == method).count())
    }
}
