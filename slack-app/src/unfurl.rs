//! Links to builds that somebody shows in Slack, with how the build stands: to whoever may see it themselves.

use std::collections::BTreeMap;

use monkeyci_client::ClientError;
use monkeyci_client::model::BuildId;
use monkeyci_client::rest::Moment;
use monkeyci_grammar::{BuildName, Style, Thread, Which};
use serde_json::{Map, Value, json};

use crate::house::House;
use crate::message::{Story, View};
use crate::place::is_id;

/// Links of one message that are drawn: more are a list, and no conversation.
const LINKS: usize = 3;

/// Draws the links of a message.
///
/// # Errors
/// When the server cannot be asked.
pub async fn shared(house: &House, team: &str, event: &Value) -> Result<(), ClientError> {
    let text = |name: &str| event[name].as_str().unwrap_or_default();
    let links = event["links"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !is_id(text("user")) || links.is_empty() || links.len() > LINKS {
        return Ok(());
    }
    let Some(workspace) = house.workspaces.get(team).await? else { return Ok(()) };
    // As whoever shows it: what they may not see is not shown.
    let client = house.acting(team, text("user"))?;
    let mut unfurls = Map::new();
    for url in links.iter().filter_map(|link| link["url"].as_str()).filter(|url| url.starts_with(house.api.url())) {
        let Some(BuildName { repo: Some(repo), which: Which::Number(number) }) = BuildName::of(url) else { continue };
        let (Some(Ok(org)), Ok(repo)) = (repo.org.map(|org| org.parse()), repo.repo.parse()) else { continue };
        let id = BuildId::new(org, repo, number);
        let events = match client.org(&id.org).repo(&id.repo).build(number).history().all().await {
            Ok(events) => events,
            Err(ClientError::NotFound(_) | ClientError::Refused(_)) => continue,
            Err(error) => return Err(error),
        };
        let mut story = Story::new(id);
        events.iter().for_each(|event| story.apply(event));
        let excerpts = BTreeMap::new();
        let view = View {
            story: &story,
            server: house.api.url(),
            on: Moment::Started,
            style: Style::Compact,
            thread: Thread::Off,
            excerpts: &excerpts,
            red: None,
            claimed: None,
            notes: &[],
            author: None,
        };
        // What may be done with it is said where it is told of.
        let blocks: Vec<Value> = view.message().blocks.into_iter().filter(|block| block["type"] != "actions").collect();
        unfurls.insert(url.to_owned(), json!({ "blocks": blocks }));
    }
    if unfurls.is_empty() {
        return Ok(());
    }
    let body = json!({ "channel": text("channel"), "ts": text("message_ts"), "unfurls": unfurls });
    if let Err(error) = house.slack.call(&workspace.token, "chat.unfurl", &body).await {
        tracing::warn!(%error, "a link cannot be drawn");
    }
    Ok(())
}
