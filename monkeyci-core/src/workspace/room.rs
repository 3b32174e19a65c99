//! Room in a workspace for what a job left elsewhere.

use std::io;
use std::path::{Component, Path, PathBuf};

use super::remove_tree;

/// The place of `path` in a workspace of ours, its folders made and what was there removed; none for a path that leaves it.
///
/// The checkout may hold links: one on the way is replaced by a folder, so that nothing is written where it points to.
pub(crate) fn make_room(work: &Path, path: &str) -> io::Result<Option<PathBuf>> {
    let mut ours = work.to_owned();
    for part in Path::new(path).components() {
        match part {
            Component::CurDir => continue,
            Component::Normal(part) => {
                match ours.symlink_metadata() {
                    Ok(found) if found.is_dir() => {}
                    found => {
                        if found.is_ok() {
                            std::fs::remove_file(&ours)?;
                        }
                        std::fs::create_dir(&ours)?;
                    }
                }
                ours.push(part);
            }
            _ => return Ok(None),
        }
    }
    remove_tree(&ours)?;
    Ok(Some(ours))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_link_on_the_way_becomes_a_folder_and_no_path_leaves() {
        let home = tempfile::tempdir().expect("a folder");
        let (work, outside) = (home.path().join("work"), home.path().join("outside"));
        fs::create_dir_all(work.join("out/old")).expect("folders");
        fs::create_dir_all(outside.join("target")).expect("folders");
        std::os::unix::fs::symlink("../outside", work.join("way")).expect("a link");
        assert_eq!(make_room(&work, "out").expect("room"), Some(work.join("out")));
        assert!(!work.join("out").exists());
        assert_eq!(make_room(&work, "./way/target").expect("room"), Some(work.join("way/target")));
        assert!(work.join("way").symlink_metadata().expect("there").is_dir() && outside.join("target").exists());
        assert_eq!(make_room(&work, "../outside").expect("asked"), None);
        assert!(outside.exists());
    }
}
