//! Packs the sources of the SDK and its plugins, which the library carries with it for scripts that are programs.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, Header};

/// The folders of the packages that a script may depend on, from the root of the repository.
const PACKAGES: [&str; 2] = ["sdk/model", "sdk/script"];

/// The folder of more such packages, one in each folder of it.
const PLUGINS: &str = "sdk/plugins";

fn main() -> Result<(), Box<dyn Error>> {
    let own = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo names the folder")?);
    let root = own.parent().ok_or("the crate is in the repository")?;
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", root.join("Cargo.toml").display());

    println!("cargo::rerun-if-changed={}", root.join(PLUGINS).display());

    let mut members = PACKAGES.map(str::to_owned).to_vec();
    members.extend(plugins(root)?);
    members.retain(|package| root.join(package).join("Cargo.toml").is_file());
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("cargo names a folder to write to")?);
    let mut packages = String::new();
    let mut archive = Builder::new(GzEncoder::new(fs::File::create(out.join("sdk.tar.gz"))?, Compression::best()));
    let workspace = workspace(&fs::read_to_string(root.join("Cargo.toml"))?, &members);
    add(&mut archive, Path::new("Cargo.toml"), workspace.as_bytes())?;
    for package in &members {
        println!("cargo::rerun-if-changed={}", root.join(package).display());
        let manifest = root.join(package).join("Cargo.toml");
        let text = fs::read_to_string(&manifest)?;
        let name = name(&text).ok_or("a package has a name")?;
        writeln!(packages, "    ({name:?}, {package:?}),")?;
        let mut found = vec![manifest];
        sources(&root.join(package).join("src"), &mut found)?;
        for path in found {
            add(&mut archive, path.strip_prefix(root)?, &fs::read(&path)?)?;
        }
    }
    archive.into_inner()?.finish()?;
    fs::write(out.join("packages.rs"), format!("const PACKAGES: &[(&str, &str)] = &[\n{packages}];\n"))?;
    Ok(())
}

/// Adds a file, with nothing that differs where it has the same name and text.
fn add(archive: &mut Builder<impl Write>, name: &Path, text: &[u8]) -> std::io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_mode(0o644);
    header.set_size(text.len() as u64);
    archive.append_data(&mut header, name, text)
}

/// The folders of the plugins, by name.
fn plugins(root: &Path) -> std::io::Result<Vec<String>> {
    let Ok(entries) = fs::read_dir(root.join(PLUGINS)) else { return Ok(Vec::new()) };
    let names = entries.map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<Result<Vec<_>, _>>()?;
    names.sort();
    Ok(names.into_iter().map(|name| format!("{PLUGINS}/{name}")).collect())
}

/// The name of the package of a manifest of ours, which has it on a line of its own.
fn name(manifest: &str) -> Option<&str> {
    manifest.lines().find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
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
fn workspace(manifest: &str, members: &[String]) -> String {
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
