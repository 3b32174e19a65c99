//! Zip files, as Terraform wants a provider packed.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read};
use std::path::Path;
use std::time::SystemTime;

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::PROGRAM;
use crate::random::hex;

/// The version that the program beside a server is of: they are released together.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the name of a package begins with that is not whole.
const UNFINISHED: &str = ".unfinished-";

/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;

/// Packs a program for this platform, unless that was done since it was written.
pub(super) fn pack(program: &Path, folder: &Path) -> io::Result<()> {
    let (os, arch) = platform();
    let path = folder.join(format!("{PROGRAM}_{VERSION}_{os}_{arch}.zip"));
    let written = |file: &Path| file.metadata().and_then(|data| data.modified());
    let stamp: SystemTime = written(program)?;
    if written(&path).is_ok_and(|then| then == stamp) {
        return Ok(());
    }
    std::fs::create_dir_all(folder)?;
    let packed = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder)?;
    let mut zip = ZipWriter::new(BufWriter::new(packed.as_file()));
    // As it is: that takes no time while somebody waits, and makes the same file on every server.
    let options = SimpleFileOptions::DEFAULT.compression_method(CompressionMethod::Stored).unix_permissions(0o755);
    zip.start_file(format!("{PROGRAM}_v{VERSION}"), options)?;
    io::copy(&mut File::open(program)?, &mut zip)?;
    zip.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
    packed.as_file().set_modified(stamp)?;
    packed.as_file().sync_all()?;
    packed.persist(&path)?;
    Ok(())
}

/// Forgets packages that a server has begun which was killed before they were whole.
pub(super) fn sweep(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.filter_map(Result::ok) {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED)
            && let Err(error) = std::fs::remove_file(entry.path())
        {
            tracing::warn!(%error, file = %entry.path().display(), "half a package cannot be removed");
        }
    }
}

/// This machine, in the words of Go.
fn platform() -> (&'static str, &'static str) {
    let os = if cfg!(target_os = "macos") { "darwin" } else { std::env::consts::OS };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    (os, arch)
}

/// The SHA-256 of a file in hex, and the hash of what is in it: that of a list of its files with their own hashes, in the
/// order of their names (`dirhash.Hash1` of Go).
pub(super) fn hashes(path: &Path) -> io::Result<(String, String)> {
    let sum = digest(&mut File::open(path)?)?;
    let mut archive = ZipArchive::new(BufReader::new(File::open(path)?))?;
    let mut files = Vec::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index)?;
        let name = file.name()?.into_owned();
        if !file.is_dir() {
            files.push((name, digest(&mut file)?));
        }
    }
    files.sort();
    let list: String = files.into_iter().map(|(name, sum)| format!("{}  {name}\n", hex(&sum))).collect();
    let content = digest(&mut list.as_bytes())?;
    Ok((hex(&sum), format!("h1:{}", STANDARD.encode(content))))
}

fn digest(bytes: &mut dyn Read) -> io::Result<Vec<u8>> {
    let (mut context, mut piece) = (Context::new(&SHA256), vec![0; PIECE]);
    loop {
        match bytes.read(&mut piece)? {
            0 => return Ok(context.finish().as_ref().to_vec()),
            read => context.update(&piece[..read]),
        }
    }
}
