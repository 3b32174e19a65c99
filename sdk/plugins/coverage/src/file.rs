use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path};

/// Bytes of a report that are read.
pub(crate) const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// The text of a file beneath a folder; nothing when there is none. The job that left it may have left anything there: a
/// link that leads elsewhere, a pipe that never ends.
pub(crate) fn read(dir: &Path, path: &str) -> Result<Option<String>, String> {
    let wrong = |why: &str| format!("`{path}` {why}");
    if !is_beneath(path) {
        return Err(wrong("is no path from the job's work dir"));
    }
    let io = |error: io::Error| format!("`{path}`: {error}");
    let real = match fs::canonicalize(dir.join(path)) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        found => found.map_err(io)?,
    };
    if !real.starts_with(dir.canonicalize().map_err(io)?) {
        return Err(wrong("is a link that leads out of the job's work dir"));
    }
    if !fs::metadata(&real).map_err(io)?.is_file() {
        return Err(wrong("is no file"));
    }
    let mut bytes = Vec::new();
    File::open(&real).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes)).map_err(io)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(wrong(&format!("has more than {} MiB", MOST_BYTES >> 20)));
    }
    String::from_utf8(bytes).map(Some).map_err(|_| wrong("is no text in UTF-8"))
}

/// Whether a path leads to somewhere beneath where it begins.
pub(crate) fn is_beneath(path: &str) -> bool {
    let mut parts = Path::new(path).components();
    !path.is_empty() && parts.all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_a_file_beneath_the_folder_is_read() {
        let home = tempfile::tempdir().expect("a folder");
        let dir = home.path().join("work");
        fs::create_dir_all(dir.join("out")).expect("a folder");
        fs::write(dir.join("out/a"), "text").expect("written");
        fs::write(dir.join("binary"), [0xff, 0xfe]).expect("written");
        fs::write(home.path().join("secret"), "x").expect("written");
        symlink("../secret", dir.join("link")).expect("a link");
        symlink("out/a", dir.join("own")).expect("a link");
        symlink("loop", dir.join("loop")).expect("a link");
        let piped = std::process::Command::new("mkfifo").arg(dir.join("pipe")).status().expect("mkfifo runs");
        assert!(piped.success());
        File::create(dir.join("large")).and_then(|file| file.set_len(MOST_BYTES + 1)).expect("a large file");

        assert_eq!(read(&dir, "./out/a").expect("read").as_deref(), Some("text"));
        assert_eq!(read(&dir, "own").expect("read").as_deref(), Some("text"));
        assert_eq!((read(&dir, "none"), read(&dir, "out/a/b")), (Ok(None), Ok(None)));
        for (path, why) in [
            ("../secret", "no path from"),
            ("/etc/hostname", "no path from"),
            ("", "no path from"),
            ("link", "leads out of"),
            ("loop", "`loop`: "),
            ("out", "is no file"),
            ("pipe", "is no file"),
            ("binary", "is no text"),
            ("large", "has more than 64 MiB"),
        ] {
            let error = read(&dir, path).expect_err(path);
            assert!(error.contains(why), "{error}");
        }
    }
}
