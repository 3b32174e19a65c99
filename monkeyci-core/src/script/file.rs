//! A script's file in memory, and the places in it.

use std::path::PathBuf;

use super::diagnostic::Place;
use super::node::Span;

/// A file of the script.
#[derive(Debug)]
pub(super) struct ScriptFile {
    /// From the root of the checkout.
    pub(super) path: PathBuf,
    pub(super) text: String,
}

impl ScriptFile {
    /// The place of a span in this file, for people.
    pub(super) fn place(&self, span: Span) -> Place {
        let text = self.text.as_str();
        let start = text.floor_char_boundary((span.start as usize).min(text.len()));
        let end = text.floor_char_boundary((span.end as usize).clamp(start, text.len()));
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
        Place::new(
            self.path.clone(),
            before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            &text[line_start..line_end],
            start - line_start..end.min(line_end).max(start) - line_start,
        )
    }
}
