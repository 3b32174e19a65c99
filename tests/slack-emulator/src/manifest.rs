//! App manifests: <https://docs.slack.dev/reference/app-manifest>.

use serde_json::{Map, Value};

use crate::shape::{Check, Field, Kind, Shape, Violation, free, may, must};
use crate::world::{App, Command, Shortcut};

const FLAG: Kind = Kind::Flag;
const URL: Kind = Kind::Line(1, 3000);
const WORD: Kind = Kind::Line(1, 255);
const WORDS: Kind = Kind::List(&WORD, 0, 255);

macro_rules! objects {
    ($($shape:ident $rule:ident [$($field:expr),* $(,)?])*) => {
        $(static $shape: Shape = Shape { name: "", fields: &[$($field),*], rule: $rule };)*
    };
}

const fn object(name: &'static str, shape: &'static Shape) -> Field {
    may(name, Kind::Object(shape))
}

objects! {
    MANIFEST free [
        object("_metadata", &METADATA), must("display_information", Kind::Object(&DISPLAY)),
        object("features", &FEATURES), object("oauth_config", &OAUTH), object("settings", &SETTINGS),
    ]
    METADATA free [may("major_version", Kind::Whole(1, 2)), may("minor_version", Kind::Whole(0, 99))]
    DISPLAY free [
        must("name", Kind::Line(1, 35)), may("description", Kind::Line(1, 140)),
        may("long_description", Kind::Line(174, 4000)), may("background_color", Kind::Line(4, 7)),
    ]
    FEATURES free [
        object("app_home", &APP_HOME), object("bot_user", &BOT_USER),
        may("shortcuts", Kind::List(&Kind::Object(&SHORTCUT), 0, 10)),
        may("slash_commands", Kind::List(&Kind::Object(&COMMAND), 0, 50)),
        may("unfurl_domains", Kind::List(&WORD, 0, 5)),
    ]
    APP_HOME free [
        may("home_tab_enabled", FLAG), may("messages_tab_enabled", FLAG), may("messages_tab_read_only_enabled", FLAG),
    ]
    BOT_USER free [must("display_name", Kind::Line(1, 80)), may("always_online", FLAG)]
    SHORTCUT free [
        must("name", Kind::Line(1, 24)), must("type", Kind::Word(&["global", "message"])), must("callback_id", WORD),
        must("description", Kind::Line(1, 150)),
    ]
    COMMAND slash [
        must("command", Kind::Line(2, 32)), must("description", Kind::Line(1, 2000)), may("url", URL),
        may("usage_hint", Kind::Line(1, 1000)), may("should_escape", FLAG),
    ]
    OAUTH free [
        may("redirect_urls", Kind::List(&URL, 0, 1000)), object("scopes", &SCOPES),
        may("token_management_enabled", FLAG),
    ]
    SCOPES free [may("bot", WORDS), may("user", WORDS)]
    SETTINGS free [
        may("allowed_ip_address_ranges", Kind::List(&WORD, 0, 10)), object("event_subscriptions", &EVENTS),
        object("interactivity", &INTERACTIVITY), may("org_deploy_enabled", FLAG), may("socket_mode_enabled", FLAG),
        may("token_rotation_enabled", FLAG),
    ]
    EVENTS free [
        may("request_url", URL), may("bot_events", Kind::List(&WORD, 0, 100)),
        may("user_events", Kind::List(&WORD, 0, 100)),
    ]
    INTERACTIVITY free [
        must("is_enabled", FLAG), may("request_url", URL), may("message_menu_options_url", URL),
    ]
}

fn slash(command: &Map<String, Value>) -> Option<(&'static str, &'static str)> {
    let name = command.get("command")?.as_str()?;
    let is_right = name.starts_with('/') && !name.contains(char::is_whitespace) && name.to_lowercase() == name;
    (!is_right).then_some(("command", "must begin with a slash, in small letters and without spaces"))
}

/// What Slack would refuse in a manifest.
#[must_use]
pub fn check(manifest: &Value) -> Vec<Violation> {
    let mut check = Check::new();
    check.object(&MANIFEST, manifest, "");
    let (settings, features) = (&manifest["settings"], &manifest["features"]);
    let socket = settings["socket_mode_enabled"] == true;
    let has = |value: &Value| value.as_array().is_some_and(|list| !list.is_empty());
    let events = &settings["event_subscriptions"];
    if !socket && has(&events["bot_events"]) && !events["request_url"].is_string() {
        let at = "/settings/event_subscriptions";
        check.wrong(at, "Event Subscription requires either Request URL or Socket Mode Enabled");
    }
    let interactivity = &settings["interactivity"];
    if !socket && interactivity["is_enabled"] == true && !interactivity["request_url"].is_string() {
        check.wrong("/settings/interactivity", "Interactivity requires either Request URL or Socket Mode Enabled");
    }
    if has(&features["shortcuts"]) && interactivity["is_enabled"] != true {
        check.wrong("/settings/interactivity", "Interactivity must be enabled to use shortcuts");
    }
    for (index, command) in features["slash_commands"].as_array().into_iter().flatten().enumerate() {
        if !socket && !command["url"].is_string() {
            let at = format!("/features/slash_commands/{index}");
            check.wrong(&at, "Slash Command requires either URL or Socket Mode Enabled");
        }
    }
    let scopes = words(&manifest["oauth_config"]["scopes"]["bot"]);
    let needs_bot = !scopes.is_empty() || has(&events["bot_events"]);
    if needs_bot && !features["bot_user"].is_object() {
        check.wrong("/features/bot_user", "A bot user is required for bot scopes and bot events");
    }
    if has(&features["slash_commands"]) && !scopes.iter().any(|scope| scope == "commands") {
        check.wrong("/oauth_config/scopes/bot", "Slash commands require the scope: commands");
    }
    for (index, event) in words(&events["bot_events"]).iter().enumerate() {
        let needed = crate::world::scopes_of(event);
        if !needed.is_empty() && !needed.iter().any(|scope| scopes.iter().any(|one| one == scope)) {
            let at = format!("/settings/event_subscriptions/bot_events/{index}");
            check.wrong(&at, format!("{event} requires the scope: {}", needed.join(" or ")));
        }
    }
    check.found
}

fn words(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The app that a manifest describes, without ids and secrets.
pub(crate) fn app(manifest: &Value) -> App {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let (features, settings) = (&manifest["features"], &manifest["settings"]);
    let name = text(&manifest["display_information"]["name"]).unwrap_or_default();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let interactivity = &settings["interactivity"];
    let socket = settings["socket_mode_enabled"] == true;
    let is_enabled = interactivity["is_enabled"] == true;
    App {
        bot_name: text(&features["bot_user"]["display_name"]).unwrap_or_else(|| name.clone()),
        name,
        commands: list(&features["slash_commands"])
            .iter()
            .map(|one| Command {
                name: text(&one["command"]).unwrap_or_default(),
                url: text(&one["url"]),
                escapes: one["should_escape"] == true,
            })
            .collect(),
        shortcuts: list(&features["shortcuts"])
            .iter()
            .map(|one| Shortcut {
                name: text(&one["name"]).unwrap_or_default(),
                callback_id: text(&one["callback_id"]).unwrap_or_default(),
                is_of_message: one["type"] == "message",
            })
            .collect(),
        events: words(&settings["event_subscriptions"]["bot_events"]),
        events_url: text(&settings["event_subscriptions"]["request_url"]),
        interactivity: text(&interactivity["request_url"]).or_else(|| socket.then(String::new)).filter(|_| is_enabled),
        options_url: text(&interactivity["message_menu_options_url"]),
        socket,
        scopes: words(&manifest["oauth_config"]["scopes"]["bot"]),
        redirect_urls: words(&manifest["oauth_config"]["redirect_urls"]),
        domains: words(&features["unfurl_domains"]),
        has_home: features["app_home"]["home_tab_enabled"] == true,
        manifest: manifest.clone(),
        ..App::default()
    }
}
