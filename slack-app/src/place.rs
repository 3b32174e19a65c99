//! A channel of a workspace.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A channel, or a conversation with one person: `T123/C456`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Place {
    /// The workspace.
    pub team: String,
    /// The channel.
    pub channel: String,
}

impl Place {
    /// The channel of a workspace.
    #[must_use]
    pub fn new(team: impl Into<String>, channel: impl Into<String>) -> Self {
        Self { team: team.into(), channel: channel.into() }
    }

    /// The channel of that name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        let (team, channel) = name.split_once('/')?;
        (is_id(team) && is_id(channel)).then(|| Self::new(team, channel))
    }
}

/// Whether a text may be an id of Slack's.
#[must_use]
pub fn is_id(text: &str) -> bool {
    (2..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.team, self.channel)
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        place.to_string()
    }
}

impl TryFrom<String> for Place {
    type Error = String;
    fn try_from(name: String) -> Result<Self, String> {
        Self::of(&name).ok_or_else(|| format!("`{}` is no channel", name.escape_debug()))
    }
}
