//! The files of the web page, which are part of the program.
//!
//! Their addresses hold a version, `/-/0123456789abcdef/script/main.js`, drawn from what is in all of them: a browser asks
//! for each once, and for none of them again before the page has changed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::sync::LazyLock;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

/// A file of the page.
pub struct File {
    /// Its content type.
    pub kind: &'static str,
    /// What is in it, by gzip, as nearly everybody reads it.
    pub gzip: Cow<'static, [u8]>,
    /// Its `ETag`.
    pub tag: String,
}

include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// Hex digits of a version.
const VERSION: usize = 16;

static ALL: LazyLock<(String, BTreeMap<&'static str, File>)> = LazyLock::new(|| {
    let mut hasher = blake3::Hasher::new();
    for (path, bytes) in FILES {
        hasher.update(path.as_bytes()).update(bytes);
    }
    let version = hasher.finalize().to_hex()[..VERSION].to_owned();
    let read = |(path, gzip): &(&'static str, &'static [u8])| {
        let mut file = File::new(kind(path), Cow::Borrowed(*gzip));
        if *path == "index.html" {
            // What the shell names is versioned, and what that imports is named from there.
            let shell = String::from_utf8_lossy(&file.unpacked()).replace("/-/", &format!("/-/{version}/"));
            file = File::new(file.kind, packed(shell.as_bytes()).into());
        }
        (*path, file)
    };
    let files = FILES.iter().map(read).collect();
    (version, files)
});

impl File {
    fn new(kind: &'static str, gzip: Cow<'static, [u8]>) -> Self {
        let tag = format!("\"{}\"", &blake3::hash(&gzip).to_hex()[..16]);
        Self { kind, gzip, tag }
    }

    /// What is in it, for those who do not read gzip.
    ///
    /// # Panics
    /// Never: it was packed here.
    pub fn unpacked(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        GzDecoder::new(&*self.gzip).read_to_end(&mut bytes).expect("packed by us");
        bytes
    }
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(bytes).expect("memory takes all");
    gzip.finish().expect("memory takes all")
}

/// The file that all pages are.
///
/// # Panics
/// When the program was built without it.
pub fn shell() -> &'static File {
    ALL.1.get("index.html").expect("the page has its shell")
}

/// The OpenAPI document of the API.
///
/// # Panics
/// When the program was built without it.
pub fn openapi() -> &'static File {
    ALL.1.get("openapi.json").expect("the page has the document")
}

/// The file at a path below `/-/`, with or without a version, and whether it never changes there.
///
/// A page that was opened before the server was renewed goes on with what is here now.
pub fn find(path: &str) -> Option<(&'static File, bool)> {
    let is_version = |part: &str| part.len() == VERSION && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    match path.split_once('/').filter(|(first, _)| is_version(first)) {
        Some((version, rest)) => ALL.1.get(rest).map(|file| (file, version == ALL.0)),
        None => ALL.1.get(path).map(|file| (file, false)),
    }
}

fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_shell_names_is_there_and_never_changes() {
        let shell = String::from_utf8_lossy(&shell().unpacked()).into_owned();
        let named: Vec<&str> =
            shell.split('"').filter_map(|part| part.strip_prefix("/-/")).filter(|path| !path.is_empty()).collect();
        assert!(named.len() > 5, "{shell}");
        for path in named {
            assert!(find(path).is_some_and(|(_, forever)| forever), "{path}");
        }
    }

    #[test]
    fn a_page_of_an_older_server_finds_what_is_here_now() {
        assert!(find("0123456789abcdef/script/main.js").is_some_and(|(_, forever)| !forever));
        assert!(find("script/main.js").is_some_and(|(_, forever)| !forever));
        assert!(find("script/none.js").is_none() && find("").is_none());
    }

    #[test]
    fn a_page_is_small() {
        let early = String::from_utf8_lossy(&ALL.1["script/early.js"].unpacked()).into_owned();
        // `name: "form live/list …",` for each view: modules that no other page needs to have.
        let views: Vec<(&str, Vec<String>)> = early
            .lines()
            .filter_map(|line| {
                let (name, modules) = line.trim().split_once(": \"")?;
                let modules = modules.strip_suffix("\",")?.split(' ');
                Some((name, modules.map(|module| format!("script/{module}.js")).collect()))
            })
            .collect();
        assert!(views.len() > 5, "{views:?}");
        let is_of_a_view = |path: &str| {
            // A terminal is loaded with the first shell that somebody opens.
            let is_of_a_shell =
                ["vendor/", "script/terminal/", "style/terminal.css"].iter().any(|one| path.starts_with(one));
            // The document of the API is read by the page that shows it.
            is_of_a_shell
                || path == "openapi.json"
                || path.starts_with("script/view/")
                || views.iter().any(|(_, modules)| modules.iter().any(|one| one == path))
        };
        let sent = |wanted: &dyn Fn(&str) -> bool| -> usize {
            ALL.1.iter().filter(|(path, _)| wanted(path)).map(|(_, file)| file.gzip.len()).sum()
        };
        let every = sent(&|path| !is_of_a_view(path));
        for (name, modules) in &views {
            let is_read = |path: &str| *name == "reference" && path == "openapi.json";
            let bytes = every + sent(&|path| is_read(path) || modules.iter().any(|one| one == path));
            assert!(bytes < 100_000, "the page `{name}` has {bytes} bytes as it is sent");
        }
    }
}
