//! A call that is allowed, and what it may look at.

use std::time::Duration;

use serde_json::Value;

use super::answer::{Refusal, refused};
use super::arguments::Arguments;
use crate::blocks;
use crate::world::{Author, Channel, Grant, Holder, Kind, World};

/// Characters of the text of a new message. More is cut off by Slack, or refused.
const TEXT: usize = 40_000;

/// A call that is allowed.
pub(crate) struct Ask<'a> {
    pub world: &'a mut World,
    /// The token; empty for methods that take none.
    pub grant: Grant,
    pub args: Arguments,
    pub now: Duration,
}

impl Ask<'_> {
    /// An argument that is there: the method's row says that it must be.
    pub fn text(&self, name: &str) -> String {
        self.args.text(name).unwrap_or_default()
    }

    /// The channel that an argument names by its id, where the caller may know of it.
    pub fn channel(&self, name: &str) -> Result<&Channel, Refusal> {
        let id = self.text(name);
        let channel = self.world.channels.get(&id).filter(|channel| channel.team == self.grant.team);
        let is_known = |channel: &&Channel| channel.kind == Kind::Public || channel.members.contains(&self.grant.user);
        channel.filter(is_known).ok_or_else(|| refused("channel_not_found"))
    }

    /// The same, to be changed.
    pub fn channel_mut(&mut self, name: &str) -> Result<&mut Channel, Refusal> {
        let id = self.channel(name)?.id.clone();
        self.world.channels.get_mut(&id).ok_or_else(|| refused("channel_not_found"))
    }

    /// Whether the caller is in a channel.
    pub fn is_in(&self, channel: &Channel) -> bool {
        channel.members.contains(&self.grant.user)
    }

    /// Refuses unless the token has the scope for a kind of channel: `channels:read`.
    pub fn needs(&self, kind: Kind, what: &str) -> Result<(), Refusal> {
        let scope = format!("{}:{what}", kind.scope());
        if self.grant.has(&scope) { Ok(()) } else { Err(missing_scope(&[&scope], &self.grant)) }
    }

    /// The app as the author of messages; nothing for a person.
    pub fn author(&self) -> Option<Author> {
        if self.grant.holder != Holder::Bot {
            return None;
        }
        let bot = self.world.people.get(&self.grant.user)?;
        Some(Author { app: self.grant.app.clone(), bot_id: bot.bot_id.clone()?, name: bot.real_name.clone() })
    }

    /// The blocks that are given, which Slack would take.
    pub fn blocks(&self) -> Result<Option<Vec<Value>>, Refusal> {
        match self.args.json("blocks") {
            Err(()) => Err(refused("invalid_blocks_format")),
            Ok(None) => Ok(None),
            Ok(Some(Value::Array(given))) => {
                checked(&given)?;
                Ok(Some(given))
            }
            Ok(Some(_)) => Err(refused("invalid_blocks_format")),
        }
    }

    /// The attachments that are given.
    pub fn attachments(&self) -> Result<Option<Vec<Value>>, Refusal> {
        let given = match self.args.json("attachments") {
            Ok(None) => return Ok(None),
            Ok(Some(Value::Array(given))) => given,
            _ => return Err(Refusal::argument("must provide an array [json-pointer:/attachments]")),
        };
        if given.len() > 100 {
            return Err(refused("too_many_attachments"));
        }
        for attachment in &given {
            if let Some(blocks) = attachment.get("blocks").and_then(Value::as_array) {
                checked(blocks)?;
            }
        }
        Ok(Some(given))
    }

    /// The metadata that is given.
    pub fn metadata(&self) -> Result<Option<Value>, Refusal> {
        let Ok(given) = self.args.json("metadata") else { return Err(refused("invalid_metadata_format")) };
        let Some(given) = given else { return Ok(None) };
        let is_right = given["event_type"].as_str().is_some_and(|name| !name.is_empty() && name.len() <= 255);
        match given["event_payload"].as_object() {
            Some(_) if is_right && given.to_string().len() > 8_000 => Err(refused("metadata_too_large")),
            Some(_) if is_right => Ok(Some(given)),
            _ => Err(refused("invalid_metadata_format")),
        }
    }

    /// The text that is given, of so many characters at most.
    pub fn message_text(&self, most: usize) -> Result<Option<String>, Refusal> {
        let text = self.args.given("text").or_else(|| self.args.text("markdown_text"));
        match text {
            Some(text) if text.chars().count() > most => Err(refused("msg_too_long")),
            text => Ok(text),
        }
    }

    /// The text of a new message.
    pub fn new_text(&self) -> Result<Option<String>, Refusal> {
        self.message_text(TEXT)
    }
}

/// Refuses blocks that Slack would refuse.
pub(crate) fn checked(given: &[Value]) -> Result<(), Refusal> {
    if blocks::total(given) > blocks::TOTAL {
        return Err(refused("msg_blocks_too_long"));
    }
    let found = blocks::check(given);
    if found.is_empty() { Ok(()) } else { Err(Refusal::of("invalid_blocks", &found)) }
}

/// Refuses for a scope that the token lacks.
pub(crate) fn missing_scope(needed: &[&str], grant: &Grant) -> Refusal {
    refused("missing_scope").with("needed", needed.join(",").into()).with("provided", grant.scopes.join(",").into())
}
