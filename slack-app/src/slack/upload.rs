//! Files: Slack says where a file goes, takes it there, and shows it once it is told to.

use reqwest::header::CONTENT_TYPE;
use serde_json::json;

use super::{Secret, Slack, SlackError};

const BEGIN: &str = "files.getUploadURLExternal";
const COMPLETE: &str = "files.completeUploadExternal";

/// A file for a thread.
#[derive(Debug, Clone, Copy)]
pub struct Upload<'a> {
    /// What it is called.
    pub name: &'a str,
    /// What is in it; not nothing.
    pub content: &'a [u8],
    /// The channel.
    pub channel: &'a str,
    /// The message whose thread it goes to.
    pub thread: &'a str,
}

impl Slack {
    /// Puts a file into a thread, and returns its name in Slack.
    ///
    /// # Errors
    /// As of a call. [`SlackError::Lost`] is said only where it may stand there: what was sent, and not shown, nobody sees.
    pub async fn upload(&self, token: &Secret, file: &Upload<'_>) -> Result<String, SlackError> {
        let length = file.content.len().to_string();
        let unseen = |error| match error {
            SlackError::Lost { why, .. } => SlackError::Unreachable { why },
            error => error,
        };
        let begun = self.ask(token, BEGIN, &[("filename", file.name), ("length", &length)]).await.map_err(unseen)?;
        let (Some(url), Some(id)) = (begun["upload_url"].as_str(), begun["file_id"].as_str()) else {
            return Err(SlackError::refused(BEGIN, "no_upload_url"));
        };
        if !is_of_slack(url) {
            return Err(SlackError::refused(BEGIN, "bad_upload_url"));
        }
        let request = self.http.post(url).header(CONTENT_TYPE, "application/octet-stream").body(file.content.to_vec());
        let sent =
            request.send().await.map_err(|error| SlackError::unreachable("the upload", &error)).map_err(unseen)?;
        match sent.status().as_u16() {
            200..=299 => {}
            429 => {
                return Err(SlackError::Later { method: "the upload".into(), seconds: super::seconds(sent.headers()) });
            }
            500.. => return Err(SlackError::Unreachable { why: "it did not take the file".into() }),
            status => return Err(SlackError::refused("the upload", &format!("status_{status}"))),
        }
        let body = json!({ "files": [{ "id": id, "title": file.name }], "channel_id": file.channel,
                           "thread_ts": file.thread });
        self.call(token, COMPLETE, &body).await?;
        Ok(id.to_owned())
    }
}

/// Whether a file may go there: a log is for Slack alone. A double of Slack is on this machine.
fn is_of_slack(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://127.0.0.1:")
}
