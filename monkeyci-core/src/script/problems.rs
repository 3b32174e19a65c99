//! Collects everything that is wrong with a script, so that a person mends it in one go.

use super::diagnostic::{Diagnostic, Place};
use super::file::ScriptFile;
use super::node::Span;

/// The most errors that are kept; a script with more is hostile or generated.
const MAX: usize = 100;

/// What is wrong with a script, and what its author should know.
pub(super) struct Problems<'f> {
    files: &'f [ScriptFile],
    errors: Vec<Diagnostic>,
    warnings: Vec<String>,
}

/// Something wrong at a place.
#[derive(Debug)]
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
        if self.is_full() {
            return;
        }
        let diagnostic = Diagnostic {
            message: flaw.message,
            place: self.place(flaw.span),
            related: flaw.related.into_iter().map(|(what, span)| (what, self.place(span))).collect(),
            help: flaw.help,
        };
        // Every variant of a matrix has the same flaw at the same place.
        if !self.errors.contains(&diagnostic) {
            self.errors.push(diagnostic);
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

    /// The errors, and the warnings.
    pub(super) fn into_parts(self) -> (Vec<Diagnostic>, Vec<String>) {
        (self.errors, self.warnings)
    }

    fn place(&self, span: Span) -> Place {
        self.files[span.file as usize].place(span)
    }
}
