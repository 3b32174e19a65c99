//! What is said to the user.

use std::fmt;

use crate::path::Path;
use crate::proto;
use crate::proto::diagnostic::Severity;

/// One error or warning, as Terraform shows it: a summary of a few words, what to do about it, and the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    is_error: bool,
    summary: String,
    detail: String,
    path: Option<Path>,
}

impl Diagnostic {
    /// An error. What asked for it fails.
    pub fn error(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { is_error: true, summary: summary.into(), detail: detail.into(), path: None }
    }

    /// A warning.
    pub fn warning(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { is_error: false, ..Self::error(summary, detail) }
    }

    /// Says it of an attribute.
    #[must_use]
    pub fn at(mut self, path: impl Into<Path>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Whether it is an error.
    pub fn is_error(&self) -> bool {
        self.is_error
    }

    /// What is wrong, in a few words.
    pub fn summary(&self) -> &str {
        &self.summary
    }

    /// What is wrong, where, and what to do.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The attribute that it is about.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_ref()
    }

    fn to_proto(&self) -> proto::Diagnostic {
        proto::Diagnostic {
            severity: if self.is_error { Severity::Error } else { Severity::Warning }.into(),
            summary: self.summary.clone(),
            detail: self.detail.clone(),
            attribute: self.path.as_ref().map(Path::to_proto),
        }
    }
}

/// Several of them. As the error of a [`Result`](crate::Result) they hold at least one error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Whether one of them is an error.
    pub fn has_error(&self) -> bool {
        self.0.iter().any(Diagnostic::is_error)
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }

    pub(crate) fn to_proto(&self) -> Vec<proto::Diagnostic> {
        self.0.iter().map(Diagnostic::to_proto).collect()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, more: I) {
        self.0.extend(more);
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, diagnostic) in self.0.iter().enumerate() {
            let gap = if place == 0 { "" } else { "; " };
            write!(f, "{gap}{}: {}", diagnostic.summary, diagnostic.detail)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
