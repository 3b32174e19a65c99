//! Puts the files of the page into the program, packed as they are sent: a list of them, so that one that is added is there.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

/// What belongs to the page; everything else in its folder is for whoever works on it.
const KINDS: &[&str] = &["html", "css", "js", "svg", "png", "woff2"];

fn main() -> std::io::Result<()> {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("page");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    gather(&root, &mut files)?;
    files.sort();
    // The document of the API is read by its page, and by whoever asks for it.
    let document = root.with_file_name("reference").join("openapi.json");
    println!("cargo::rerun-if-changed={}", document.display());
    files.push(document);
    let mut list = String::from("static FILES: &[(&str, &[u8])] = &[\n");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    for (place, file) in files.iter().enumerate() {
        let name = file.strip_prefix(&root).or(file.strip_prefix(root.with_file_name("reference"))).unwrap_or(file);
        let packed = out.join(format!("{place}.gz"));
        let mut gzip = GzEncoder::new(std::fs::File::create(&packed)?, Compression::best());
        gzip.write_all(&std::fs::read(file)?)?;
        gzip.finish()?;
        let _ = writeln!(list, "    ({name:?}, include_bytes!({packed:?})),");
    }
    list.push_str("];\n");
    std::fs::write(out.join("page.rs"), list)
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        println!("cargo::rerun-if-changed={}", path.display());
        if entry.file_type()?.is_dir() {
            // Tests of the page are no part of it.
            if !path.ends_with("test") {
                gather(&path, files)?;
            }
        } else if path.extension().is_some_and(|kind| KINDS.iter().any(|known| kind == *known)) {
            files.push(path);
        }
    }
    Ok(())
}
