//! The methods: what each needs, how often it may be called, and what it does.

use super::answer::Answer;
use super::ask::Ask;
use super::{apps, auth, bookmarks, chat, conversations, files, history, marks, oauth, open, people, unfurl, views};
use crate::limit::Tier::{self, Cut, Four, One, Special, Three, Two};
use crate::world::Holder::{self, App, Bot, User};

/// A method of the Web API.
pub(crate) struct Method {
    pub name: &'static str,
    /// It needs one of these scopes; none where this is empty.
    pub scopes: &'static [&'static str],
    /// Whose tokens it takes; none where it takes no token.
    pub holders: &'static [Holder],
    pub tier: Tier,
    /// Whether it reads JSON. Else a body of JSON is not looked at.
    pub reads_json: bool,
    /// Arguments without which it does nothing.
    pub needs: &'static [&'static str],
    pub run: fn(&mut Ask) -> Answer,
}

const BOTH: &[Holder] = &[Bot, User];
const READ: &[&str] = &["channels:read", "groups:read", "im:read", "mpim:read"];
const HISTORY: &[&str] = &["channels:history", "groups:history", "im:history", "mpim:history"];
const WRITE: &[&str] = &["chat:write"];

macro_rules! methods {
    ($($name:literal $scopes:expr, $holders:expr, $tier:expr, $json:literal, $needs:expr, $run:expr;)*) => {
        /// All methods.
        pub(crate) static METHODS: &[Method] = &[$(Method {
            name: $name, scopes: $scopes, holders: $holders, tier: $tier, reads_json: $json, needs: $needs, run: $run,
        }),*];
    };
}

methods! {
    "api.test" &[], &[], Four, true, &[], auth::api_test;
    "auth.test" &[], BOTH, Special, true, &[], auth::test;
    "auth.revoke" &[], BOTH, Three, false, &[], auth::revoke;
    "apps.uninstall" &[], BOTH, One, false, &["client_id", "client_secret"], auth::uninstall;
    "apps.connections.open" &["connections:write"], &[App], One, true, &[], apps::open_connection;
    "oauth.v2.access" &[], &[], Four, false, &[], oauth::access;
    "team.info" &["team:read"], BOTH, Three, false, &[], auth::team;
    "bots.info" &["users:read"], BOTH, Three, false, &[], people::bot;

    "chat.postMessage" WRITE, BOTH, Special, true, &["channel"], chat::post;
    "chat.update" WRITE, BOTH, Three, true, &["channel", "ts"], chat::update;
    "chat.delete" WRITE, BOTH, Three, true, &["channel", "ts"], chat::delete;
    "chat.postEphemeral" WRITE, BOTH, Four, true, &["channel", "user"], chat::post_ephemeral;
    "chat.unfurl" &["links:write"], BOTH, Three, true, &["unfurls"], unfurl::unfurl;
    "chat.getPermalink" &[], BOTH, Special, false, &["channel", "message_ts"], history::permalink;

    "conversations.list" READ, BOTH, Two, false, &[], conversations::list;
    "conversations.info" READ, BOTH, Three, false, &["channel"], conversations::info;
    "conversations.members" READ, BOTH, Four, false, &["channel"], conversations::members;
    "conversations.open" &["im:write", "mpim:write"], BOTH, Three, true, &[], open::open;
    "conversations.join" &["channels:join"], BOTH, Three, true, &["channel"], open::join;
    "conversations.leave" &["channels:manage", "groups:write", "channels:write"], BOTH, Three, true, &["channel"],
        open::leave;
    "conversations.history" HISTORY, BOTH, Cut, false, &["channel"], history::history;
    "conversations.replies" HISTORY, BOTH, Cut, false, &["channel", "ts"], history::replies;

    "users.info" &["users:read"], BOTH, Four, false, &["user"], people::info;
    "users.list" &["users:read"], BOTH, Two, false, &[], people::list;
    "users.lookupByEmail" &["users:read.email"], BOTH, Three, false, &["email"], people::by_email;
    "users.conversations" READ, BOTH, Three, false, &[], conversations::of_user;

    "views.open" &[], BOTH, Four, true, &["view"], views::open;
    "views.push" &[], BOTH, Four, true, &["view"], views::push;
    "views.update" &[], BOTH, Four, true, &["view"], views::update;
    "views.publish" &[], &[Bot], Four, true, &["user_id", "view"], views::publish;

    "reactions.add" &["reactions:write"], BOTH, Three, true, &["channel", "name", "timestamp"], marks::react;
    "reactions.remove" &["reactions:write"], BOTH, Two, true, &["channel", "name", "timestamp"], marks::unreact;
    "pins.add" &["pins:write"], BOTH, Two, true, &["channel", "timestamp"], marks::pin;
    "pins.remove" &["pins:write"], BOTH, Two, true, &["channel", "timestamp"], marks::unpin;
    "pins.list" &["pins:read"], BOTH, Two, false, &["channel"], marks::pins;
    "bookmarks.add" &["bookmarks:write"], BOTH, Two, true, &["channel_id", "title", "type"], bookmarks::add;
    "bookmarks.edit" &["bookmarks:write"], BOTH, Two, true, &["channel_id", "bookmark_id"], bookmarks::edit;
    "bookmarks.remove" &["bookmarks:write"], BOTH, Two, true, &["channel_id", "bookmark_id"], bookmarks::remove;
    "bookmarks.list" &["bookmarks:read"], BOTH, Two, false, &["channel_id"], bookmarks::list;

    "files.getUploadURLExternal" &["files:write"], BOTH, Four, false, &["filename", "length"], files::begin;
    "files.completeUploadExternal" &["files:write"], BOTH, Four, true, &["files"], files::complete;
}

/// A method by its name.
pub(crate) fn find(name: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.name == name)
}
