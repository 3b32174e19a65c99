//! The files of the web page, which are part of the program.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A file of the page.
pub struct File {
    /// Its content type.
    pub kind: &'static str,
    /// What is in it.
    pub bytes: &'static [u8],
    /// Its `ETag`.
    pub tag: String,
}

include!(concat!(env!("OUT_DIR"), "/page.rs"));

static ALL: LazyLock<BTreeMap<&'static str, File>> = LazyLock::new(|| {
    FILES
        .iter()
        .map(|(path, bytes)| {
            let tag = format!("\"{}\"", &blake3::hash(bytes).to_hex()[..16]);
            (*path, File { kind: kind(path), bytes, tag })
        })
        .collect()
});

/// The file that all pages are.
///
/// # Panics
/// When the program was built without it.
pub fn shell() -> &'static File {
    find("index.html").expect("the page has its shell")
}

/// The file of that path in the folder `page`.
pub fn find(path: &str) -> Option<&'static File> {
    ALL.get(path)
}

fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}
