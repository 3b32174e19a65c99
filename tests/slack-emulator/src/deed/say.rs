//! Somebody writes, changes, removes, or reacts.

use super::{Impossible, channel, person};
use crate::slack::Slack;
use crate::world::{Draft, Message};
use crate::{reaction, tell, text};

impl Slack {
    /// Somebody writes a message, into a thread where one is given; its `ts`.
    ///
    /// # Errors
    ///
    /// When they are not in the channel.
    pub fn say(&self, user: &str, place: &str, words: &str, thread_ts: Option<&str>) -> Result<String, Impossible> {
        let now = self.now();
        self.change(|world| {
            let person = person(world, user)?.clone();
            let channel = channel(world, &person, place)?;
            let id = channel.id.clone();
            if !channel.members.contains(&person.id) || channel.is_archived {
                return Err(format!("`{}` cannot write in `{place}`", person.name).into());
            }
            if let Some(ts) = thread_ts {
                channel.message(ts).ok_or_else(|| format!("there is no message `{ts}`"))?;
            }
            let uuid = world.ids.uuid();
            let message = Message {
                user: Some(person.id),
                thread_ts: thread_ts.map(str::to_owned),
                client_msg_id: Some(uuid),
                unfurls: true,
                ..Message::default()
            };
            let draft = Draft { text: Some(text::typed(words)), ..Draft::default() };
            let posted = tell::posted(world, &id, message, draft, now).ok_or("the channel is gone")?;
            Ok(posted["ts"].as_str().unwrap_or_default().to_owned())
        })
    }

    /// Somebody writes to an app directly; the channel and the `ts`.
    ///
    /// # Errors
    ///
    /// When the app is not in their workspace.
    pub fn say_to_app(&self, user: &str, app: &str, words: &str) -> Result<(String, String), Impossible> {
        let id = self.change(|world| {
            let person = person(world, user)?.clone();
            let bot = world.bot(app, &person.team).map(|bot| bot.id.clone());
            let bot = bot.ok_or_else(|| format!("the app `{app}` is not in the workspace"))?;
            world.direct(&bot, &person.id).ok_or_else(|| Impossible::from("they cannot talk"))
        })?;
        let ts = self.say(user, &id, words, None)?;
        Ok((id, ts))
    }

    /// Somebody changes what they wrote.
    ///
    /// # Errors
    ///
    /// When they did not write it.
    pub fn edit(&self, user: &str, place: &str, ts: &str, words: &str) -> Result<(), Impossible> {
        let now = self.now();
        self.change(|world| {
            let person = person(world, user)?.clone();
            let channel = channel(world, &person, place)?;
            let own = channel.message(ts).is_some_and(|message| message.user.as_ref() == Some(&person.id));
            let id = channel.id.clone();
            if !own {
                return Err(format!("`{}` has not written `{ts}`", person.name).into());
            }
            let draft = Draft { text: Some(text::typed(words)), ..Draft::default() };
            tell::changed(world, &id, ts, draft, Some(&person.id), now);
            Ok(())
        })
    }

    /// Somebody removes a message: their own, or, as one who runs the workspace, any.
    ///
    /// # Errors
    ///
    /// When they may not, or there is no such message.
    pub fn remove(&self, user: &str, place: &str, ts: &str) -> Result<(), Impossible> {
        let now = self.now();
        self.change(|world| {
            let person = person(world, user)?.clone();
            let channel = channel(world, &person, place)?;
            let message = channel.message(ts).ok_or_else(|| format!("there is no message `{ts}`"))?;
            if message.user.as_ref() != Some(&person.id) && !person.is_admin {
                return Err(format!("`{}` may not remove `{ts}`", person.name).into());
            }
            let id = channel.id.clone();
            tell::deleted(world, &id, ts, now);
            Ok(())
        })
    }

    /// Somebody reacts to a message: `eyes`.
    ///
    /// # Errors
    ///
    /// When there is no such message.
    pub fn react(&self, user: &str, place: &str, ts: &str, name: &str) -> Result<(), Impossible> {
        let now = self.now();
        self.change(|world| {
            let person = person(world, user)?.clone();
            let id = channel(world, &person, place)?.id.clone();
            reaction::added(world, &id, ts, name, &person.id, now)
                .ok_or_else(|| format!("there is no message `{ts}`").into())
        })
    }
}
