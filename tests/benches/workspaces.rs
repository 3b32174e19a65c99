//! The private copy of the checkout that each job starts from.

use std::fs;
use std::path::Path;
use std::process::Command;

use monkeyci_core::workspace::{copy_tree, remove_tree};

use crate::measure::{Goal, Outcome, pairs, rounds, setting, timed};
use crate::program::well;

/// Files in each folder.
const IN_FOLDER: usize = 100;

pub fn run() -> Outcome {
    let (files, bytes) = (setting("FILES", 1_000), setting("BYTES", 20_000_000));
    let home = tempfile::tempdir()?;
    let (from, to) = (home.path().join("checkout"), home.path().join("copy"));
    fill(&from, files, bytes)?;
    let what = format!("copy {files} files, {} MB", bytes / 1_000_000);
    let theirs = || {
        remove(&to)?;
        timed(|| well(Command::new("cp").args(["-a", "--reflink=auto"]).args([&from, &to])))
    };
    let ours = || {
        remove(&to)?;
        timed(|| Ok(copy_tree(&from, &to)?))
    };
    pairs(&what, rounds(5), &Goal::Times(1.1), theirs, ours)?;

    let copied = || Ok::<_, Box<dyn std::error::Error>>(copy_tree(&from, &to)?);
    remove(&to)?;
    let theirs = || {
        copied()?;
        timed(|| well(Command::new("rm").arg("-rf").arg(&to)))
    };
    let ours = || {
        copied()?;
        timed(|| Ok(remove_tree(&to)?))
    };
    pairs("remove it again", rounds(5), &Goal::Times(1.1), theirs, ours)?;
    Ok(())
}

fn remove(folder: &Path) -> Outcome {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(())
}

fn fill(root: &Path, files: usize, bytes: usize) -> Outcome {
    let content = vec![b'x'; bytes / files.max(1)];
    for number in 0..files {
        let folder = root.join(format!("{:03}", number / IN_FOLDER));
        if number % IN_FOLDER == 0 {
            fs::create_dir_all(&folder)?;
        }
        fs::write(folder.join(format!("{:02}.txt", number % IN_FOLDER)), &content)?;
    }
    Ok(())
}
