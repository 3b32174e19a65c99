//! A workspace with people, a channel and an app.

use serde_json::{Value, json};
use slack_emulator::{Server, Slack};

use crate::app::App;

/// A workspace with people, a channel and an app.
pub struct House {
    pub server: Server,
    pub app: App,
    pub app_id: String,
    pub team: String,
    /// The channel `builds`, in which ann, bob and the app are.
    pub builds: String,
    pub token: String,
    pub bot: String,
    http: reqwest::Client,
}

/// Everything that an app for builds asks for.
pub const SCOPES: &[&str] = &[
    "commands",
    "chat:write",
    "chat:write.public",
    "app_mentions:read",
    "im:write",
    "im:history",
    "im:read",
    "channels:read",
    "channels:history",
    "channels:join",
    "groups:read",
    "groups:history",
    "users:read",
    "users:read.email",
    "links:read",
    "links:write",
    "files:write",
    "reactions:write",
    "reactions:read",
    "pins:write",
    "pins:read",
    "bookmarks:write",
    "bookmarks:read",
    "team:read",
];

/// The manifest of an app at a URL.
pub fn manifest(url: &str) -> Value {
    json!({
        "display_information": { "name": "MonkeyCI" },
        "features": {
            "app_home": { "home_tab_enabled": true, "messages_tab_enabled": true },
            "bot_user": { "display_name": "MonkeyCI", "always_online": true },
            "slash_commands": [
                { "command": "/build", "url": url, "description": "Runs builds", "should_escape": true },
            ],
            "shortcuts": [
                { "name": "Run a build", "type": "global", "callback_id": "run", "description": "Runs a build" },
                { "name": "Run it again", "type": "message", "callback_id": "again", "description": "Runs it again" },
            ],
            "unfurl_domains": ["ci.example.com"],
        },
        "oauth_config": { "redirect_urls": ["https://ci.example.com/slack/oauth"], "scopes": { "bot": SCOPES } },
        "settings": {
            "event_subscriptions": {
                "request_url": url,
                "bot_events": [
                    "app_mention", "message.im", "message.channels", "link_shared", "app_home_opened",
                    "app_uninstalled", "tokens_revoked", "channel_archive", "channel_rename", "member_joined_channel",
                    "reaction_added",
                ],
            },
            "interactivity": { "is_enabled": true, "request_url": url },
            "socket_mode_enabled": false,
        },
    })
}

impl House {
    pub async fn open() -> Self {
        let server = Server::start().await.expect("a port");
        let (slack, app) = (server.slack(), App::open().await);
        let team = slack.workspace("Acme Inc");
        for name in ["ann", "bob"] {
            let new = slack_emulator::setup::NewPerson {
                team: team.clone(),
                name: name.to_owned(),
                email: Some(format!("{name}@example.com")),
                is_admin: name == "bob",
                ..Default::default()
            };
            slack.new_person(&new).expect("somebody");
        }
        let builds = slack.channel(&team, "builds", &["ann", "bob"]).expect("a channel");
        let made = slack.app(&manifest(&app.url)).expect("Slack takes the manifest");
        app.expect(&made.signing_secret);
        let grant = slack.install(&made.id, &team, None).expect("it is installed");
        let change = slack_emulator::setup::ChannelChange { invite: vec![grant.user.clone()], ..Default::default() };
        slack.change_channel(&builds, &change).expect("it comes in");
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let house = Self { app_id: made.id, token: grant.token, bot: grant.user, server, app, team, builds, http };
        // It hears that it came into the channel.
        house.app.came(1).await;
        house
    }

    pub fn slack(&self) -> &Slack {
        self.server.slack()
    }

    /// Calls a method with JSON; the answer.
    pub async fn call(&self, method: &str, body: Value) -> Value {
        self.answer(method, &self.token, body).await.json().await.expect("JSON")
    }

    /// Calls a method that must do it.
    pub async fn must(&self, method: &str, body: Value) -> Value {
        let answer = self.call(method, body.clone()).await;
        assert_eq!(answer["ok"], true, "{method} {body}: {answer}");
        answer
    }

    /// Why a method does not do it.
    pub async fn error(&self, method: &str, body: Value) -> String {
        let answer = self.call(method, body).await;
        assert_eq!(answer["ok"], false, "{method}: {answer}");
        answer["error"].as_str().expect("an error").to_owned()
    }

    /// Calls a method with a form.
    pub async fn form(&self, method: &str, pairs: &[(&str, &str)]) -> Value {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let request = self.http.post(format!("{}/api/{method}", self.server.url())).bearer_auth(&self.token);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
        let answer = request.send().await.expect("it answers").text().await.expect("text");
        serde_json::from_str(&answer).expect("JSON")
    }

    /// The answer of HTTP to a call.
    pub async fn answer(&self, method: &str, token: &str, body: Value) -> Answer {
        let sent = self.send(method, token, body).await;
        sent.expect("it answers")
    }

    /// The same, where none may come.
    pub async fn send(&self, method: &str, token: &str, body: Value) -> Result<Answer, reqwest::Error> {
        self.post(&format!("{}/api/{method}", self.server.url()), token, body).await
    }

    /// What stands at an address.
    pub async fn get(&self, url: &str) -> Answer {
        let answer = self.http.get(url).send().await.expect("it answers");
        Answer { status: answer.status().as_u16(), retry_after: None, text: answer.text().await.expect("text") }
    }

    /// Posts JSON somewhere.
    pub async fn post(&self, url: &str, token: &str, body: Value) -> Result<Answer, reqwest::Error> {
        let request = self.http.post(url).bearer_auth(token).header("content-type", "application/json; charset=utf-8");
        let answer = request.body(body.to_string()).send().await?;
        let retry_after = answer.headers().get("retry-after").map(|value| value.to_str().expect("text").to_owned());
        Ok(Answer { status: answer.status().as_u16(), retry_after, text: answer.text().await? })
    }

    /// The payloads that came after the first, which says that the app is in the channel.
    pub async fn came(&self, count: usize) -> Vec<Value> {
        self.app.came(count + 1).await[1..].iter().map(|came| came.payload.clone()).collect()
    }
}

/// An answer of HTTP.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<String>,
    pub text: String,
}

impl Answer {
    pub async fn json(&self) -> Result<Value, serde_json::Error> {
        serde_json::from_str(&self.text)
    }
}

/// A section that says something.
pub fn section(text: &str) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": text } })
}

/// A row with one button.
pub fn button(action_id: &str, value: &str) -> Value {
    json!({ "type": "actions", "block_id": "row", "elements": [{
        "type": "button", "action_id": action_id, "value": value, "text": { "type": "plain_text", "text": "Retry" },
        "confirm": {
            "title": { "type": "plain_text", "text": "Sure?" }, "text": { "type": "plain_text", "text": "Really?" },
            "confirm": { "type": "plain_text", "text": "Yes" }, "deny": { "type": "plain_text", "text": "No" },
        },
    }] })
}
