use serde::{Deserialize, Serialize};

/// The most audiences of one token.
const AUDIENCES: usize = 10;

/// The most bytes of an audience.
const LONGEST: usize = 500;

/// A signed token that a server gives a job, which says whose job it is: clouds and vaults that know the server let it in,
/// with no key that somebody would have to keep.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IdToken {
    /// For whom it is good: what the cloud expects in `aud`, as `sts.amazonaws.com`.
    pub audience: Vec<String>,
}

impl IdToken {
    /// One for this audience.
    #[must_use]
    pub fn new(audience: impl Into<String>) -> Self {
        Self { audience: vec![audience.into()] }
    }

    /// What is wrong with its audiences, if anything is.
    #[must_use]
    pub fn wrong(&self) -> Option<String> {
        let is_wrong = |audience: &String| {
            audience.is_empty() || audience.len() > LONGEST || audience.chars().any(|c| c.is_control() || c == ' ')
        };
        match self.audience.len() {
            0 => Some("an ID token has no audience: say for whom it is".into()),
            1..=AUDIENCES if self.audience.iter().any(is_wrong) => {
                Some(format!("an audience is a text of 1 to {LONGEST} bytes without spaces"))
            }
            1..=AUDIENCES => None,
            _ => Some(format!("an ID token has at most {AUDIENCES} audiences")),
        }
    }
}
