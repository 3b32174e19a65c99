//! The files of the repository.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the repository").to_owned()
}

/// Every file that git tracks or would track, from the root, with its text where it is text.
pub fn files() -> Vec<(String, String)> {
    let git = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git runs");
    assert!(git.status.success(), "git ls-files: {}", String::from_utf8_lossy(&git.stderr));
    let names = String::from_utf8(git.stdout).expect("names are UTF-8");
    let read = |name: &str| Some((name.to_owned(), std::fs::read_to_string(root().join(name)).ok()?));
    let files: Vec<_> = names.lines().filter_map(read).collect();
    assert!(files.len() > 20, "the repository has files");
    files
}

/// The files of Rust that are compiled into what is shipped: no tests, benchmarks or examples.
pub fn production() -> Vec<(String, String)> {
    let is_test = |name: &str| {
        let folders = ["tests/", "benches/", "examples/"];
        folders.iter().any(|folder| name.starts_with(folder) || name.contains(&format!("/{folder}")))
            || name.ends_with("/tests.rs")
    };
    files().into_iter().filter(|(name, _)| name.ends_with(".rs") && !is_test(name)).collect()
}

/// The lines of a file that are code: no blank lines, no comments, nothing from `#[cfg(test)] mod tests {` on.
pub fn code(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().collect();
    let inline_tests =
        |pair: &[&str]| pair[0].trim() == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{');
    let end = lines.windows(2).position(inline_tests).unwrap_or(lines.len());
    let is_code = |line: &&&str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
    lines[..end].iter().filter(is_code).copied().collect()
}
