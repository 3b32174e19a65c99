//! Puts the files of the page into the program: a list of them, so that one that is added is there.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// What belongs to the page; everything else in its folder is for whoever works on it.
const KINDS: &[&str] = &["html", "css", "js", "svg", "png", "woff2"];

fn main() -> std::io::Result<()> {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("page");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    gather(&root, &mut files)?;
    files.sort();
    let mut list = String::from("static FILES: &[(&str, &[u8])] = &[\n");
    for file in files {
        let name = file.strip_prefix(&root).unwrap_or(&file);
        let _ = writeln!(list, "    ({name:?}, include_bytes!({file:?})),");
    }
    list.push_str("];\n");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
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
