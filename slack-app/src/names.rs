//! Channels by their names, as whoever declares a subscription knows them.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use monkeyci_client::ClientError;
use monkeyci_client::rest::{Recipient, SlackStyle};
use tokio::sync::Mutex;

use crate::house::House;
use crate::place::{Place, is_id};

/// So long a name is taken for granted: channels are called otherwise now and then.
const FRESH: Duration = Duration::from_secs(300);

/// Pages of a list of channels that are looked through.
const PAGES: usize = 50;

/// What was found of a name, and when.
type Found = (Instant, Option<String>);

/// Channels by workspace and name.
#[derive(Debug, Default)]
pub struct Names {
    known: Mutex<HashMap<(String, String), Found>>,
}

impl House {
    /// The channel that a subscription tells, where it is one of ours, and how it says that this is to be done.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn place_of(&self, to: &Recipient) -> Result<Option<(Place, Option<SlackStyle>)>, ClientError> {
        match to {
            Recipient::Chat { integration, place } if *integration == self.name => {
                Ok(Place::of(place).map(|place| (place, None)))
            }
            Recipient::Slack { workspace, channel, style } => {
                let id = match channel.strip_prefix('#') {
                    Some(name) => self.named(workspace, name).await?,
                    None => Some(channel.clone()).filter(|id| is_id(id)),
                };
                // Where nothing is said, the channel's own settings hold.
                let style = Some(style.clone()).filter(|style| *style != SlackStyle::default());
                Ok(id.map(|id| (Place::new(workspace, id), style)))
            }
            _ => Ok(None),
        }
    }

    /// The channel of that name in a workspace.
    async fn named(&self, team: &str, name: &str) -> Result<Option<String>, ClientError> {
        let key = (team.to_owned(), name.to_lowercase());
        if let Some((since, id)) = self.names.known.lock().await.get(&key)
            && since.elapsed() < FRESH
        {
            return Ok(id.clone());
        }
        let Some(workspace) = self.workspaces.get(team).await? else { return Ok(None) };
        let mut cursor = String::new();
        for _ in 0..PAGES {
            let fields = [
                ("types", "public_channel,private_channel"),
                ("exclude_archived", "true"),
                ("limit", "200"),
                ("cursor", cursor.as_str()),
            ];
            let page = match self.slack.ask(&workspace.token, "conversations.list", &fields).await {
                Ok(page) => page,
                Err(error) => {
                    tracing::warn!(%error, name, "a channel cannot be found by its name");
                    return Ok(None);
                }
            };
            let channels = page["channels"].as_array().map(Vec::as_slice).unwrap_or_default();
            let found = channels.iter().find(|one| one["name"] == key.1.as_str()).and_then(|one| one["id"].as_str());
            let found = found.map(str::to_owned);
            let next = page["response_metadata"]["next_cursor"].as_str().unwrap_or_default().to_owned();
            if found.is_some() || next.is_empty() {
                self.names.known.lock().await.insert(key, (Instant::now(), found.clone()));
                return Ok(found);
            }
            cursor = next;
        }
        Ok(None)
    }
}
