//! What is wrong with a command, and where.

use std::fmt;

/// What is wrong with a command, for whoever typed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// What is wrong, and what would be right.
    pub what: String,
    /// The first character that is meant, from 0.
    pub at: usize,
    /// How many characters are meant; none at the end of the text.
    pub length: usize,
}

impl Mistake {
    pub(crate) fn new(what: impl Into<String>, at: usize, length: usize) -> Self {
        Self { what: what.into(), at, length }
    }

    /// The line of `text` that is meant, with a mark below the place, for letters of one width.
    #[must_use]
    pub fn picture(&self, text: &str) -> String {
        let shown: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let mark = "^".repeat(self.length.clamp(1, 60));
        format!("{shown}\n{}{mark}", " ".repeat(self.at))
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Mistake {}

/// What somebody typed, as it may be repeated to them: short, and none of it unseen.
pub(crate) fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(40).map(|c| if c.is_control() || c == '`' { '·' } else { c }).collect();
    if short.chars().count() < text.chars().count() {
        short.push('…');
    }
    short
}
