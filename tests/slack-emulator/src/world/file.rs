//! Files.

use bytes::Bytes;
use serde_json::{Value, json};

/// A file, from the moment on that somebody asked where to send it.
#[derive(Debug, Clone)]
pub struct File {
    /// `F…`.
    pub id: String,
    /// The workspace.
    pub team: String,
    /// Who sends it.
    pub user: String,
    /// What it is called.
    pub name: String,
    /// What it is titled.
    pub title: String,
    /// Bytes that were announced.
    pub length: usize,
    /// The last part of the URL to which it is sent.
    pub secret: String,
    /// What came.
    pub content: Option<Bytes>,
    /// Whether it was shared.
    pub is_complete: bool,
}

impl File {
    /// As Slack has it.
    #[must_use]
    pub fn json(&self, url: &str) -> Value {
        let kind = self.name.rsplit_once('.').map_or("text", |(_, end)| end);
        json!({
            "id": self.id, "created": 0, "timestamp": 0, "name": self.name, "title": self.title, "user": self.user,
            "mimetype": if kind == "png" { "image/png" } else { "text/plain" }, "filetype": kind,
            "size": self.content.as_ref().map_or(0, Bytes::len), "mode": "hosted", "is_external": false,
            "url_private": format!("{url}/files/{}", self.id), "permalink": format!("{url}/files/{}", self.id),
        })
    }
}
