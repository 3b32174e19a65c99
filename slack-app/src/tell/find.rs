//! Finds a message whose answer was lost.

use serde_json::Value;

use super::deliver::Deliverer;
use crate::place::Place;
use crate::slack::SlackError;

/// The kind of what stands beside our messages, unseen.
pub const KIND: &str = "monkeyci_build";

/// Messages that are looked through.
const MANY: &str = "200";

impl Deliverer {
    /// The name of the message that holds a word, in a channel or a thread of it, where there is one.
    ///
    /// # Errors
    /// When Slack does not say.
    pub(super) async fn find(
        &self,
        place: &Place,
        thread: Option<&str>,
        word: &str,
        since: i64,
    ) -> Result<Option<String>, SlackError> {
        let Some(workspace) = self.workspace(place).await else { return Ok(None) };
        // Their clock may be behind ours.
        let oldest = format!("{}.000000", (since / 1000 - 120).max(0));
        let mut fields = vec![
            ("channel", place.channel.as_str()),
            ("oldest", &oldest),
            ("limit", MANY),
            ("include_all_metadata", "true"),
        ];
        let method = match thread {
            Some(ts) => {
                fields.push(("ts", ts));
                "conversations.replies"
            }
            None => "conversations.history",
        };
        let answer = self.house.slack.ask(&workspace.token, method, &fields).await?;
        let messages = answer["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
        let is_it = |message: &&Value| message["metadata"]["event_payload"]["word"] == word;
        Ok(messages.iter().find(is_it).and_then(|message| message["ts"].as_str()).map(str::to_owned))
    }

    /// The name in Slack of a file that is called so in a thread, where there is one.
    ///
    /// # Errors
    /// When Slack does not say.
    pub(super) async fn find_file(&self, place: &Place, ts: &str, name: &str) -> Result<Option<String>, SlackError> {
        let Some(workspace) = self.workspace(place).await else { return Ok(None) };
        let fields = [("channel", place.channel.as_str()), ("ts", ts), ("limit", MANY)];
        let answer = self.house.slack.ask(&workspace.token, "conversations.replies", &fields).await?;
        let messages = answer["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut files = messages.iter().filter_map(|message| message["files"].as_array()).flatten();
        let found = files.find(|file| file["name"] == name);
        Ok(found.and_then(|file| file["id"].as_str()).map(str::to_owned))
    }
}
