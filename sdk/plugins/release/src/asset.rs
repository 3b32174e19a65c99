use std::fs;
use std::path::{Path, PathBuf};

use monkeyci_sdk::pattern::Pattern;

use crate::fault::Fault;

/// A file that belongs to a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asset {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
}

/// The files below a folder that fit, by their names.
pub(crate) fn find(dir: &Path, globs: &[String]) -> Result<Vec<Asset>, Fault> {
    let mut files = Vec::new();
    if !globs.is_empty() {
        walk(dir, "", &mut files)?;
    }
    let mut assets: Vec<Asset> = Vec::new();
    for glob in globs {
        let fits = files.iter().filter(|file| glob.trim_start_matches("./").fits(file)).collect::<Vec<_>>();
        if fits.is_empty() {
            let todo = "does the job restore the artifact, and wait for the job that saves it?";
            return Err(Fault::Said(format!("no file fits `{glob}`: {todo}")));
        }
        for file in fits {
            let name = file.rsplit('/').next().unwrap_or(file).to_owned();
            let asset = Asset { name, path: dir.join(file) };
            match assets.iter().find(|other| other.name == asset.name) {
                Some(other) if other.path != asset.path => {
                    let (one, two) = (other.path.display(), asset.path.display());
                    return Err(Fault::Said(format!("`{one}` and `{two}` have one name: a release has it once")));
                }
                Some(_) => {}
                None => assets.push(asset),
            }
        }
    }
    assets.sort_by(|one, two| one.name.cmp(&two.name));
    Ok(assets)
}

fn walk(root: &Path, below: &str, files: &mut Vec<String>) -> Result<(), Fault> {
    let dir = root.join(below);
    let wrong = |error: std::io::Error| Fault::Said(format!("{}: {error}", dir.display()));
    for entry in fs::read_dir(&dir).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
        // A link is not followed: it may lead out of the folder, or round.
        let kind = entry.file_type().map_err(wrong)?;
        if kind.is_dir() && name != ".git" {
            walk(root, &path, files)?;
        } else if kind.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_once_and_by_names_of_their_own() {
        let dir = tempfile::tempdir().expect("a folder");
        for file in ["dist/b.zip", "dist/a.zip", "dist/a.txt", "other/a.zip"] {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, file).expect("written");
        }
        let find = |globs: &[&str]| find(dir.path(), &globs.iter().map(ToString::to_string).collect::<Vec<_>>());
        let names: Vec<_> = find(&["dist/*.zip", "./dist/"]).expect("found").into_iter().map(|it| it.name).collect();
        assert_eq!(names, ["a.txt", "a.zip", "b.zip"]);
        assert!(find(&["dist/*.rpm"]).expect_err("none").to_string().contains("no file fits `dist/*.rpm`"));
        assert!(find(&["**/a.zip"]).expect_err("two").to_string().contains("have one name"));
    }
}
