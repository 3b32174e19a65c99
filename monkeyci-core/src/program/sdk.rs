//! The sources of the SDK and its plugins, which the library carries with it: a script finds them where no registry
//! has them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use blake3::Hash;
use flate2::read::GzDecoder;

use super::prune;

// `PACKAGES`: names, and folders from the root of the repository. It and the sources are written by the build script.
include!(concat!(env!("OUT_DIR"), "/packages.rs"));

/// A tar file by gzip, with paths from the root of the repository.
const SOURCES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/sdk.tar.gz"));

/// What the sources are, as a hash.
pub(super) static HASH: LazyLock<Hash> = LazyLock::new(|| blake3::hash(SOURCES));

/// Those of our packages that a text may name.
pub(super) fn named_in(text: &str) -> impl Iterator<Item = &'static str> {
    PACKAGES.iter().map(|(name, _)| *name).filter(move |name| text.contains(name))
}

/// The folder of one of our packages, from where they are unpacked.
pub(super) fn folder_of(package: &str) -> Option<&'static str> {
    PACKAGES.iter().find(|(name, _)| *name == package).map(|(_, folder)| *folder)
}

/// The folder of all our packages, unpacked in `cache` where it is not there yet.
pub(super) fn unpacked(cache: &Path) -> io::Result<PathBuf> {
    let folder = cache.join("sdk");
    let dir = folder.join(&HASH.to_hex()[..16]);
    prune::touch(&dir);
    if !dir.is_dir() {
        fs::create_dir_all(&folder)?;
        let new = tempfile::Builder::new().prefix("new-").tempdir_in(&folder)?;
        let mut archive = tar::Archive::new(GzDecoder::new(SOURCES));
        // Cargo compares times, and what is unpacked again has the same hash.
        archive.set_preserve_mtime(false);
        archive.unpack(new.path())?;
        // The last step, so that a folder of this name is whole. Whoever was faster wrote the same.
        match fs::rename(new.path(), &dir) {
            Err(error) if !dir.is_dir() => return Err(error),
            _ => {}
        }
    }
    Ok(dir)
}

/// Whether this folder among those of SDKs is the one of this program.
pub(super) fn is_current(dir: &Path) -> bool {
    dir.file_name().is_some_and(|name| name == &HASH.to_hex()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sources_are_unpacked_once_and_whole() {
        let home = tempfile::tempdir().expect("a folder");
        let root = unpacked(home.path()).expect("unpacked");
        assert!(root.join("sdk/model/src/lib.rs").is_file() && root.join("sdk/model/Cargo.toml").is_file());
        let workspace = fs::read_to_string(root.join("Cargo.toml")).expect("there");
        assert!(workspace.contains("members = [\"sdk/model\"") && !workspace.contains("[profile"), "{workspace}");
        assert_eq!(unpacked(home.path()).expect("there"), root);
        assert_eq!(fs::read_dir(home.path().join("sdk")).expect("a folder").count(), 1);
        for (name, folder) in PACKAGES {
            let manifest = fs::read_to_string(root.join(folder).join("Cargo.toml")).expect("there");
            assert!(manifest.contains(&format!("name = \"{name}\"")), "{manifest}");
        }
    }

    #[test]
    fn a_manifest_names_packages_of_ours() {
        let manifest = "[dependencies]\nserde = '1'\nmonkeyci-sdk = '0.1'\n";
        assert_eq!(named_in(manifest).collect::<Vec<_>>(), ["monkeyci-sdk"]);
        assert_eq!(folder_of("monkeyci-sdk"), Some("sdk/script"));
        assert_eq!(folder_of("serde"), None);
    }
}
