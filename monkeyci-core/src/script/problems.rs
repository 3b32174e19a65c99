//! Collects everything that is wrong with a script, so that a person mends it in one go.

use super::diagnostic::Diagnostic;
use super::file::ScriptFile;
use super::node::Span;

/// The most errors that are kept; a script with more is hostile or generated.
const MAX: usize = 100;

/// What is wrong with a script, and what its author should know.
pub(super) struct Problems<'f> {
    files: &'f [ScriptFile],
    errors: Vec<Flaw>,
    warnings: Vec<String>,
}

/// Something wrong at a place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Flaw {
    pub(super) span: Span,
    pub(super) message: String,
    pub(super) help: Option<String>,
    pub(super) related: Vec<(String, Span)>,
}

impl Flaw {
    pub(super) fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), help: None, related: Vec::new() }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same, with a proposal where there is one.
    pub(super) fn maybe(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }

    pub(super) fn also(mut self, what: impl Into<String>, span: Span) -> Self {
        self.related.push((what.into(), span));
        self
    }
}

impl<'f> Problems<'f> {
    pub(super) fn new(files: &'f [ScriptFile]) -> Self {
        Self { files, errors: Vec::new(), warnings: Vec::new() }
    }

    pub(super) fn add(&mut self, flaw: Flaw) {
        // Every variant of a matrix, and every job with a default, has the same flaw at the same place.
        if !self.is_full() && !self.errors.contains(&flaw) {
            self.errors.push(flaw);
        }
    }

    pub(super) fn warn(&mut self, warning: String) {
        if self.warnings.len() < MAX && !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Whether more errors would not be kept, so that nobody needs to look for them.
    pub(super) fn is_full(&self) -> bool {
        self.errors.len() >= MAX
    }

    pub(super) fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// What is wrong, as it was added.
    pub(super) fn into_flaws(self) -> Vec<Flaw> {
        self.errors
    }

    /// The errors, and the warnings.
    pub(super) fn into_parts(self) -> (Vec<Diagnostic>, Vec<String>) {
        let place = |span: Span| self.files[span.file as usize].place(span);
        let diagnostic = |flaw: Flaw| Diagnostic {
            message: flaw.message,
            place: place(flaw.span),
            related: flaw.related.into_iter().map(|(what, span)| (what, place(span))).collect(),
            help: flaw.help,
        };
        (self.errors.into_iter().map(diagnostic).collect(), self.warnings)
    }
}
