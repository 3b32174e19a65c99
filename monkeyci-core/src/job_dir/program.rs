//! The supervisor's program on disk.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use monkeyci_model::job::Arch;
use monkeyci_supervisor::{LENGTH, PACKED};

/// The supervisor for this host, in `dir`, where it is put when it is not there yet.
///
/// Its name holds a hash of its bytes, so that several versions of MonkeyCI may share the folder.
///
/// # Errors
/// When it cannot be written.
pub fn supervisor_path(dir: &Path) -> io::Result<PathBuf> {
    let path = dir.join(format!("monkeyci-supervisor-{}", &blake3::hash(PACKED).to_hex()[..16]));
    // The rename below is the last step, so a file of this name and length is whole.
    if fs::metadata(&path).is_ok_and(|file| file.len() == LENGTH) {
        return Ok(path);
    }
    fs::create_dir_all(dir)?;
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    io::copy(&mut GzDecoder::new(PACKED), &mut file)?;
    file.as_file().set_permissions(Permissions::from_mode(0o755))?;
    // Closed before it gets its name: a file that is open for writing cannot be run.
    file.into_temp_path().persist(&path)?;
    Ok(path)
}

/// The supervisor for `arch`: this host's own in `dir`, any other from `others`, where it is called
/// `monkeyci-supervisor-amd64` or `-arm64`.
///
/// # Errors
/// When it cannot be written, or `others` does not have it; the message says where it belongs.
pub fn supervisor_for(arch: Arch, dir: &Path, others: &Path) -> io::Result<PathBuf> {
    if arch == Arch::host() {
        return supervisor_path(dir);
    }
    let path = others.join(format!("monkeyci-supervisor-{}", arch.oci_name()));
    match fs::metadata(&path) {
        Ok(file) if file.is_file() => Ok(path),
        _ => Err(io::Error::new(
            io::ErrorKind::NotFound,
            format!("jobs for {} need its supervisor at `{}`", arch.oci_name(), path.display()),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_put_there_once_and_can_run() {
        let home = tempfile::tempdir().expect("a folder");
        let dir = home.path().join("bin");
        let path = supervisor_path(&dir).expect("put there");
        assert_eq!(supervisor_path(&dir).expect("there"), path);
        assert_eq!(fs::read_dir(&dir).expect("a folder").count(), 1);
        let run = loop {
            match std::process::Command::new(&path).output() {
                // Another test that begins a program just now holds for a moment what was being written.
                Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => std::thread::yield_now(),
                ran => break ran.expect("it runs"),
            }
        };
        assert_eq!(run.status.code(), Some(2), "without a verb it says how it is used");
        fs::write(&path, "cut short").expect("a file");
        assert_eq!(supervisor_path(&dir).expect("mended"), path);
        assert_eq!(fs::metadata(&path).expect("there").len(), LENGTH);
    }

    #[test]
    fn another_processor_s_is_named_when_it_is_missing() {
        let home = tempfile::tempdir().expect("a folder");
        let other = if Arch::host() == Arch::Amd { Arch::Arm } else { Arch::Amd };
        let error = supervisor_for(other, home.path(), home.path()).expect_err("not there").to_string();
        assert!(error.contains(other.oci_name()) && error.contains("monkeyci-supervisor-"), "{error}");
    }
}
