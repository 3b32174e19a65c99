//! What each forge sends for an event, made from the public documentation of its webhooks.

mod bitbucket;
mod bitbucket_server;
mod github;
mod gitlab;

use http::HeaderMap;
use serde_json::Value;

use super::event::Event;
use super::event_header;
use crate::trigger::Forge;

/// What stands for no commit.
const NOTHING: &str = "0000000000000000000000000000000000000000";

/// The deliveries that tell of an event; none when the forge cannot tell of it.
pub(super) fn deliveries(forge: Forge, event: &Event) -> Vec<(HeaderMap, Vec<u8>)> {
    let rendered = match forge {
        Forge::GitHub | Forge::Gitea | Forge::Forgejo => github::deliveries(forge, event),
        Forge::GitLab => gitlab::deliveries(event),
        Forge::Bitbucket => bitbucket::deliveries(event),
        Forge::BitbucketServer => bitbucket_server::deliveries(event),
    };
    let signed = |(name, body): (&str, Value)| (event_header(forge, name), body.to_string().into_bytes());
    rendered.into_iter().map(signed).collect()
}

fn or_nothing(id: Option<&String>) -> &str {
    id.map_or(NOTHING, String::as_str)
}
