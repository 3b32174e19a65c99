//! What Slack is told of the app: only what the features that are switched on need.

use serde_json::{Value, json};

/// What the app can do beside telling of builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Feature {
    /// The command.
    Command,
    /// Mentions of the app, and messages to it alone.
    Mention,
    /// Its home.
    Home,
    /// Links that are shown.
    Unfurl,
    /// Shortcuts.
    Shortcut,
    /// Whoever caused a build is called by name: looks people up by the address of their commit.
    Call,
    /// Looks for a message whose answer was lost, so that none is told twice.
    Once,
    /// The end of a log that is too long for a message is a file in its thread.
    File,
    /// Whoever wants to is told by themselves of what they broke.
    Direct,
}

impl Feature {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Command,
        Self::Mention,
        Self::Home,
        Self::Unfurl,
        Self::Shortcut,
        Self::Call,
        Self::Once,
        Self::File,
        Self::Direct,
    ];
}

/// What a manifest is made of.
#[derive(Debug, Clone)]
pub struct Manifest<'a> {
    /// Where Slack reaches the app; nothing where the app listens to Slack.
    pub url: Option<&'a str>,
    /// The server, whose links are drawn.
    pub server: &'a str,
    /// The command, with its slash.
    pub command: &'a str,
    /// What is switched on.
    pub features: &'a [Feature],
    /// Whether other workspaces install it.
    pub shared: bool,
}

impl Manifest<'_> {
    fn has(&self, feature: Feature) -> bool {
        self.features.contains(&feature)
    }

    /// What the app asks for.
    #[must_use]
    pub fn scopes(&self) -> Vec<&'static str> {
        let mut scopes = vec!["chat:write"];
        let of: &[(Feature, &[&str])] = &[
            (Feature::Command, &["commands", "users:read"]),
            (Feature::Mention, &["app_mentions:read", "im:history", "im:write"]),
            (Feature::Unfurl, &["links:read", "links:write"]),
            (Feature::Shortcut, &["commands"]),
            (Feature::Call, &["users:read", "users:read.email"]),
            (Feature::Once, &["channels:history", "groups:history"]),
            (Feature::File, &["files:write"]),
            (Feature::Direct, &["im:write", "users:read", "users:read.email"]),
        ];
        let wanted = of.iter().filter(|(feature, _)| self.has(*feature)).flat_map(|(_, scopes)| scopes.iter());
        scopes.extend(wanted);
        // Of its own channels it hears when it is let in.
        scopes.extend(["channels:read", "groups:read"]);
        scopes.sort_unstable();
        scopes.dedup();
        scopes
    }

    /// The manifest.
    #[must_use]
    pub fn json(&self) -> Value {
        let at = |path: &str| self.url.map(|url| format!("{}{path}", url.trim_end_matches('/')));
        let with_url = |mut value: Value, name: &str, path: &str| {
            if let Some(url) = at(path) {
                value[name] = url.into();
            }
            value
        };
        let mut features = json!({ "bot_user": { "display_name": "MonkeyCI", "always_online": true } });
        if self.has(Feature::Home) || self.has(Feature::Mention) {
            features["app_home"] = json!({ "home_tab_enabled": self.has(Feature::Home),
                "messages_tab_enabled": self.has(Feature::Mention), "messages_tab_read_only_enabled": false });
        }
        if self.has(Feature::Command) {
            let command = json!({ "command": self.command, "description": "Builds of MonkeyCI",
                "usage_hint": "run | status | logs #42 | subscribe repo | help", "should_escape": false });
            features["slash_commands"] = json!([with_url(command, "url", "/slack/commands")]);
        }
        if self.has(Feature::Shortcut) {
            features["shortcuts"] = json!([
                { "name": "Run a build…", "type": "global", "callback_id": "run", "description": "Begins a build" },
                { "name": "Run it again…", "type": "message", "callback_id": "rerun", "description": "Does the build of this message again" },
            ]);
        }
        let host = self.server.split("://").nth(1).unwrap_or(self.server).split(['/', ':']).next().unwrap_or_default();
        if self.has(Feature::Unfurl) && host.contains('.') {
            features["unfurl_domains"] = json!([host]);
        }
        let mut events = vec!["app_uninstalled", "member_joined_channel", "tokens_revoked"];
        for (feature, of) in [
            (Feature::Mention, &["app_mention", "message.im"][..]),
            (Feature::Home, &["app_home_opened"]),
            (Feature::Unfurl, &["link_shared"]),
        ] {
            if self.has(feature) && (feature != Feature::Unfurl || host.contains('.')) {
                events.extend(of);
            }
        }
        events.sort_unstable();
        let interactivity = with_url(json!({ "is_enabled": true }), "request_url", "/slack/interactivity");
        let interactivity = with_url(interactivity, "message_menu_options_url", "/slack/options");
        let mut oauth = json!({ "scopes": { "bot": self.scopes() } });
        if let Some(url) = at("/slack/oauth").filter(|_| self.shared) {
            oauth["redirect_urls"] = json!([url]);
        }
        json!({
            "display_information": { "name": "MonkeyCI", "description": "Builds where people talk, without noise" },
            "features": features,
            "oauth_config": oauth,
            "settings": {
                "event_subscriptions": with_url(json!({ "bot_events": events }), "request_url", "/slack/events"),
                "interactivity": interactivity,
                "socket_mode_enabled": self.url.is_none(),
                "token_rotation_enabled": false,
                "org_deploy_enabled": false,
            },
        })
    }
}
