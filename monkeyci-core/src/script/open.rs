//! Reads a file of a script, trusting nothing about it.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use super::diagnostic::{Diagnostic, Place};
use super::file::ScriptFile;
use super::node::Span;

/// The most bytes of one file, in MB of 2^20.
const MAX_MB: usize = 16;
const MAX_BYTES: usize = MAX_MB * 1024 * 1024;

/// Reads the file `path` of the checkout at `root`, whose own links are resolved.
///
/// # Errors
/// A picture of what is wrong: it leaves the checkout, is no regular file, is too big, is not UTF-8, cannot be read.
pub(super) fn open(root: &Path, path: &Path) -> Result<ScriptFile, Box<Diagnostic>> {
    let whole = |message: String| {
        let place = Place::whole(path.to_owned());
        Box::new(Diagnostic { message, place, related: Vec::new(), help: None })
    };
    let failed = |error: std::io::Error| whole(format!("the file cannot be read: {error}"));
    let real = fs::canonicalize(root.join(path)).map_err(failed)?;
    if !real.starts_with(root) {
        return Err(whole("the file is a link that leaves the checkout".into()));
    }
    // Asked before it is opened: opening a pipe would wait for its other end.
    if !fs::symlink_metadata(&real).map_err(failed)?.is_file() {
        return Err(whole("this is no regular file".into()));
    }
    let mut bytes = Vec::new();
    let limit = MAX_BYTES as u64 + 1;
    File::open(&real).and_then(|file| file.take(limit).read_to_end(&mut bytes)).map_err(failed)?;
    decode(path, bytes)
}

/// Checks the size and the encoding of a file.
pub(super) fn decode(path: &Path, bytes: Vec<u8>) -> Result<ScriptFile, Box<Diagnostic>> {
    if bytes.len() > MAX_BYTES {
        return Err(Box::new(Diagnostic {
            message: format!("the file has more than {MAX_MB} MB"),
            place: Place::whole(path.to_owned()),
            related: Vec::new(),
            help: Some("a long script belongs into a file of the repository, which a line runs".into()),
        }));
    }
    match String::from_utf8(bytes) {
        Ok(mut text) => {
            // Editors on Windows write a mark of the encoding, which no reader of a format wants.
            if text.starts_with('\u{feff}') {
                text.drain(..'\u{feff}'.len_utf8());
            }
            Ok(ScriptFile { path: path.to_owned(), text })
        }
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let start = u32::try_from(at).unwrap_or(u32::MAX);
            let place = ScriptFile { path: path.to_owned(), text }.place(Span { file: 0, start, end: start + 3 });
            Err(Box::new(Diagnostic {
                message: "the file is not UTF-8".into(),
                place,
                related: Vec::new(),
                help: Some("save it as UTF-8".into()),
            }))
        }
    }
}
