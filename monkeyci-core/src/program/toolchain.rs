//! Which compiler there is.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::{ProgramError, VERSION};

/// A compiler of this machine, or of an image.
pub(super) struct Toolchain {
    pub(super) cargo: PathBuf,
    /// All that `rustc -vV` says: version, commit and host; after the id of the image that it is in.
    pub(super) version: String,
    /// The id of the image that it is in.
    pub(super) image: Option<String>,
}

/// The compiler on the `PATH`. What it says of itself is kept in `cache`: asking costs more than a whole plan.
pub(super) async fn toolchain(cache: &Path) -> Result<Toolchain, ProgramError> {
    let (cargo, rustc) = (on_path("cargo")?, on_path("rustc")?);
    let stamp = stamp(&rustc);
    let version = match known_version(cache, &stamp) {
        Some(version) => version,
        None => {
            let version = ask(&rustc).await.map_err(ProgramError::io("cannot ask for the version of", &rustc))?;
            keep_version(cache, &stamp, &version)?;
            version
        }
    };
    Ok(Toolchain { cargo, version, image: None })
}

/// What a compiler said of itself that has this stamp.
pub(super) fn known_version(cache: &Path, stamp: &str) -> Option<String> {
    fs::read_to_string(cache.join("rustc").join(stamp)).ok().filter(|version| version.starts_with("rustc "))
}

/// Keeps what a compiler says of itself.
pub(super) fn keep_version(cache: &Path, stamp: &str, version: &str) -> Result<(), ProgramError> {
    let folder = cache.join("rustc");
    let kept = || {
        fs::create_dir_all(&folder)?;
        let mut file = tempfile::NamedTempFile::new_in(&folder)?;
        file.write_all(version.as_bytes())?;
        file.persist(folder.join(stamp)).map_err(|error| error.error)
    };
    kept().map(drop).map_err(ProgramError::io("cannot write into", &folder))
}

pub(super) fn on_path(program: &'static str) -> Result<PathBuf, ProgramError> {
    let path = std::env::var_os("PATH").unwrap_or_else(|| OsString::from("/usr/local/bin:/usr/bin:/bin"));
    let found = std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file());
    found.ok_or(ProgramError::NoCargo { program })
}

async fn ask(rustc: &Path) -> std::io::Result<String> {
    let mut command = tokio::process::Command::new(rustc);
    // Not in the checkout: rustup would let a file there choose what is run.
    command.arg("-vV").current_dir("/").env_remove("RUSTUP_TOOLCHAIN").stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(VERSION, command.output()).await.map_err(std::io::Error::other)??;
    match (output.status.success(), String::from_utf8(output.stdout)) {
        (true, Ok(version)) if version.starts_with("rustc ") => Ok(version),
        _ => Err(std::io::Error::other(format!(
            "it ended with {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        ))),
    }
}

/// A name that changes when the compiler does. Behind rustup's `rustc` stands the one that rustup's own files name.
fn stamp(rustc: &Path) -> String {
    let home = std::env::var_os("RUSTUP_HOME").map(PathBuf::from);
    let rustup = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".rustup"))).unwrap_or_default();
    let mut hasher = blake3::Hasher::new();
    let mut add = |path: &Path| {
        let data = fs::metadata(path).map(|data| (data.mtime(), data.mtime_nsec(), data.len(), data.ino()));
        hasher.update(format!("{} {:?}\n", path.display(), data.ok()).as_bytes());
    };
    add(rustc);
    add(&rustup.join("settings.toml"));
    let updates = fs::read_dir(rustup.join("update-hashes")).into_iter().flatten().flatten();
    let mut updates: Vec<_> = updates.map(|entry| entry.path()).collect();
    updates.sort();
    updates.iter().for_each(|path| add(path));
    hasher.finalize().to_hex()[..16].to_owned()
}
