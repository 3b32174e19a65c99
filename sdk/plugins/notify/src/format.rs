use serde_json::{Value, json};

use crate::chat::{self, Markup};
use crate::news::News;

/// What a webhook understands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// The [`News`] as JSON.
    #[default]
    Json,
    /// An incoming webhook of Slack.
    Slack,
    /// An incoming webhook of Mattermost.
    Mattermost,
    /// A webhook of a channel in Discord.
    Discord,
    /// A workflow of Microsoft Teams that posts what a webhook gets.
    Teams,
}

impl Format {
    /// The body that is sent.
    pub(crate) fn body(self, news: &News) -> Value {
        match self {
            Self::Json => json!(news),
            // Where Slack tells of limits: 40,000 characters, and best 4,000.
            Self::Slack => json!({ "text": chat::text(news, Markup::Slack, 4000) }),
            // `message` of a post, in Mattermost's API: 16,383 characters.
            Self::Mattermost => json!({ "text": chat::text(news, Markup::Mattermost, 16_000) }),
            // `content` in Discord's "Execute Webhook": 2,000 characters. Nobody is called by what stands in it.
            Self::Discord => json!({
                "content": chat::text(news, Markup::Markdown, 2000),
                "allowed_mentions": { "parse": [] },
            }),
            Self::Teams => card(news),
        }
    }
}

/// An adaptive card, which may have 28 KB. Nobody is called by it, as it names no entities.
fn card(news: &News) -> Value {
    let block = |line: &str| json!({ "type": "TextBlock", "text": line, "wrap": true });
    let text = chat::text(news, Markup::Markdown, 8000);
    let card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": text.lines().map(block).collect::<Vec<_>>(),
    });
    let content_type = "application/vnd.microsoft.card.adaptive";
    json!({ "type": "message", "attachments": [{ "contentType": content_type, "content": card }] })
}
