//! Writes down the sources of the SDK, which the library carries with it for scripts that are programs.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// The folders of the packages that a script may depend on, from the root of the repository.
const PACKAGES: [&str; 2] = ["sdk/model", "sdk/script"];

fn main() -> Result<(), Box<dyn Error>> {
    let own = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo names the folder")?);
    let root = own.parent().ok_or("the crate is in the repository")?;
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", root.join("Cargo.toml").display());

    let mut members = Vec::new();
    let mut files = String::new();
    for package in PACKAGES {
        println!("cargo::rerun-if-changed={}", root.join(package).display());
        if !root.join(package).is_dir() {
            continue;
        }
        members.push(package);
        let mut found = vec![root.join(package).join("Cargo.toml")];
        sources(&root.join(package).join("src"), &mut found)?;
        for path in found {
            let name = path.strip_prefix(root)?;
            writeln!(files, "    ({name:?}, include_str!({path:?})),")?;
        }
    }
    let workspace = workspace(&fs::read_to_string(root.join("Cargo.toml"))?, &members);
    let text = format!("const FILES: &[(&str, &str)] = &[\n    (\"Cargo.toml\", {workspace:?}),\n{files}];\n");
    let out = std::env::var_os("OUT_DIR").ok_or("cargo names a folder to write to")?;
    fs::write(Path::new(&out).join("sdk.rs"), text)?;
    Ok(())
}

/// The files of a folder and of those in it, by name, so that the same files always give the same list.
fn sources(dir: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut paths = fs::read_dir(dir)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            sources(&path, found)?;
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    Ok(())
}

/// The workspace's manifest with these members alone, and without profiles, which belong to who builds.
fn workspace(manifest: &str, members: &[&str]) -> String {
    let mut text = String::new();
    for line in manifest.lines().take_while(|line| !line.starts_with("[profile")) {
        match line.starts_with("members = ") {
            true => text.push_str(&format!("members = {members:?}")),
            false => text.push_str(line),
        }
        text.push('\n');
    }
    text
}
