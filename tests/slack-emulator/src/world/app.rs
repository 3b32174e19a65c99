//! Apps, as their manifests describe them.

use serde_json::Value;

/// A slash command.
#[derive(Debug, Clone)]
pub struct Command {
    /// `/build`.
    pub name: String,
    /// Where it is delivered, unless the app has a socket.
    pub url: Option<String>,
    /// Whether mentions come as `<@U1|alice>` rather than `@alice`.
    pub escapes: bool,
}

/// A shortcut.
#[derive(Debug, Clone)]
pub struct Shortcut {
    /// What it is called in the menu.
    pub name: String,
    /// `callback_id`.
    pub callback_id: String,
    /// Whether it is one of a message, and not of everything.
    pub is_of_message: bool,
}

/// An app.
#[derive(Debug, Clone, Default)]
pub struct App {
    /// `A…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The name of its bot.
    pub bot_name: String,
    /// How it says who it is.
    pub client_id: String,
    /// How it proves it.
    pub client_secret: String,
    /// What deliveries to it are signed with.
    pub signing_secret: String,
    /// What deliveries carry, and nobody should believe.
    pub verification_token: String,
    /// `xapp-…`, where it has a socket.
    pub app_token: String,
    /// Its commands.
    pub commands: Vec<Command>,
    /// Its shortcuts.
    pub shortcuts: Vec<Shortcut>,
    /// The events that it wants to hear of.
    pub events: Vec<String>,
    /// Where they are delivered.
    pub events_url: Option<String>,
    /// Where clicks and forms are delivered; nothing when it wants none.
    pub interactivity: Option<String>,
    /// Where options of menus are asked for.
    pub options_url: Option<String>,
    /// Whether everything goes through a socket.
    pub socket: bool,
    /// What its bot may ask for.
    pub scopes: Vec<String>,
    /// Where a browser may be sent after an installation.
    pub redirect_urls: Vec<String>,
    /// Whose links it unfurls.
    pub domains: Vec<String>,
    /// Whether it has a home tab.
    pub has_home: bool,
    /// As it was given.
    pub manifest: Value,
}

impl App {
    /// Whether it wants to hear of an event.
    #[must_use]
    pub fn hears(&self, event: &str) -> bool {
        self.events.iter().any(|wanted| wanted == event)
    }
}

/// The scopes of which an app needs one to hear of an event; none where it needs none.
pub(crate) fn scopes_of(event: &str) -> &'static [&'static str] {
    match event {
        "app_mention" => &["app_mentions:read"],
        "link_shared" => &["links:read"],
        "message.channels" => &["channels:history"],
        "message.groups" => &["groups:history"],
        "message.im" => &["im:history"],
        "message.mpim" => &["mpim:history"],
        "reaction_added" | "reaction_removed" => &["reactions:read"],
        "channel_archive" | "channel_unarchive" | "channel_rename" | "channel_deleted" | "channel_created" => {
            &["channels:read"]
        }
        "group_archive" | "group_unarchive" | "group_rename" | "group_deleted" => &["groups:read"],
        "member_joined_channel" | "member_left_channel" => &["channels:read", "groups:read"],
        "user_change" | "team_join" => &["users:read"],
        "team_domain_change" | "team_rename" => &["team:read"],
        _ => &[],
    }
}
