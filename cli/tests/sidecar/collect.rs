//! What a job leaves.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use tokio_util::sync::CancellationToken;

use crate::story::{Story, has_namespaces};

#[test]
fn files_folders_and_answers_come_back_in_the_place_of_what_was_there() {
    if !has_namespaces() {
        return;
    }
    let lines = [
        "rm -r old out/before; mkdir -p out/deep empty; echo new >out/deep/file; ln -s deep/file out/link; echo '#!/bin/sh' >tool",
        "rm way; echo file >way; chmod 755 tool; head -c 3000000 /dev/zero >big; printf '{\"answer\":1}' >\"$(dirname \"$0\")/../report/answer.json\"",
    ];
    let story = Story::lines(lines, &["out", "tool", "big", "old", "empty/", "never/there", "way"]);
    let work = story.dir.work();
    for (path, text) in [("out/before", "gone"), ("old/before", "gone"), ("kept", "kept"), ("target/big", "kept")] {
        fs::create_dir_all(work.join(path).parent().expect("a parent")).expect("folders");
        fs::write(work.join(path), text).expect("a file");
    }
    symlink("target", work.join("way")).expect("a link");
    let ran = story.run();
    assert_eq!(ran.outcome().code, Some(0), "{}", ran.output());
    assert_eq!(fs::read_to_string(work.join("out/link")).expect("there"), "new\n");
    assert!(!work.join("out/before").exists() && !work.join("old").exists() && !work.join("never/there").exists());
    assert_eq!(fs::metadata(work.join("tool")).expect("there").permissions().mode() & 0o111, 0o111);
    assert_eq!(fs::metadata(work.join("big")).expect("there").len(), 3_000_000);
    assert!(work.join("empty").is_dir());
    assert_eq!(fs::read_to_string(work.join("kept")).expect("there"), "kept");
    assert!(work.join("way").symlink_metadata().expect("there").is_file());
    assert_eq!(fs::read_to_string(work.join("target/big")).expect("there"), "kept", "no link is written through");
    assert_eq!(fs::read_to_string(story.dir.report().join("answer.json")).expect("there"), "{\"answer\":1}");
}

#[test]
fn the_whole_workspace_comes_back_when_it_is_asked_for() {
    if !has_namespaces() {
        return;
    }
    let story = Story::lines(["echo made >made; rm given"], &["."]);
    fs::write(story.dir.work().join("given"), "given").expect("a file");
    let ran = story.run();
    assert_eq!(ran.outcome().code, Some(0));
    let names: Vec<_> =
        fs::read_dir(story.dir.work()).expect("there").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(names, ["made"]);
}

#[test]
fn what_a_link_leads_to_is_not_taken_for_what_was_asked_for() {
    if !has_namespaces() {
        return;
    }
    let story = Story::lines(["mkdir target; echo made >target/big; ln -s target way"], &["way/big"]);
    story.prepare();
    let (mut sidecar, _job) = (story.sidecar(&[]), story.job());
    let error = story.try_mirror(&CancellationToken::new()).expect_err("a link").to_string();
    assert!(error.contains("`way/big`") && error.contains("a link"), "{error}");
    assert_eq!(sidecar.ends(), Some(0));
}
