//! What the job's container runs until it has its supervisor.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use monkeyci_core::job_dir::outcome::{Outcome, Reason};
use monkeyci_core::sidecar::entry;

use crate::story::{Story, has_namespaces};

#[test]
fn a_volume_that_is_mounted_noexec_takes_a_copy_elsewhere() {
    if !has_namespaces() {
        return;
    }
    let story = Story::lines(["echo ran"], &[]);
    let volume = story.in_volume("job").display().to_string();
    fs::create_dir_all(&volume).expect("a folder");
    let tmp = story.home.path().join("tmp");
    fs::create_dir(&tmp).expect("a folder");
    story.prepare();
    let mut sidecar = story.sidecar(&[]);
    // The same folder once more, from which nothing can be run; and a /tmp of its own.
    let before = format!(
        "mount --bind {volume} {volume} && mount -o remount,bind,noexec {volume} && mount --bind {} /tmp",
        tmp.display()
    );
    let _job = story.container(&entry::waiting(&story.order.job_dir, Duration::from_secs(60)), &before);
    let ran = story.mirror();
    assert_eq!((ran.outcome().code, ran.output().as_str()), (Some(0), "ran\n"), "{}", story.logged());
    assert!(tmp.join(".monkeyci-supervisor").exists());
    assert_eq!(sidecar.ends(), Some(0));
}

#[test]
fn a_supervisor_that_cannot_run_anywhere_is_told() {
    if !has_namespaces() {
        return;
    }
    let story = Story::lines(["echo never"], &[]);
    for folder in ["job/report", "job/control"] {
        fs::create_dir_all(story.in_volume(folder)).expect("a folder");
    }
    // For another processor, as it were.
    let supervisor = story.in_volume("job/supervisor");
    fs::write(&supervisor, "\x7fELF and nothing that runs").expect("a file");
    fs::set_permissions(&supervisor, fs::Permissions::from_mode(0o755)).expect("its own");
    let tmp = story.home.path().join("tmp");
    fs::create_dir(&tmp).expect("a folder");
    let command = entry::waiting(&story.order.job_dir, Duration::from_secs(60));
    let before = format!("export HOME={0}; mount --bind {0} /tmp", tmp.display());
    assert_eq!(story.container(&command, &before).ends(), Some(126));
    let told = fs::read(story.in_volume("job/report/result")).expect("a result");
    let outcome = Outcome::decode(&told).expect("a result");
    assert_eq!(outcome.reason, Reason::CannotStart);
    assert!(outcome.message.contains("mounted noexec") && outcome.message.contains("another processor"), "{outcome:?}");
    assert!(fs::read_dir(&tmp).expect("there").next().is_none(), "no copy is left");
}

#[test]
fn a_container_whose_sidecar_never_comes_ends() {
    if !has_namespaces() {
        return;
    }
    let story = Story::lines(["echo never"], &[]);
    let command = entry::waiting(&story.order.job_dir, Duration::from_millis(300));
    assert_eq!(story.container(&command, "").ends(), Some(75));
    assert!(story.logged().contains("the sidecar did not bring the files of this job in time"), "{}", story.logged());
}

#[test]
fn a_job_directory_that_is_filled_before_takes_no_shell() {
    if !has_namespaces() {
        return;
    }
    let story = Story::lines(["echo ran"], &[]);
    story.prepare();
    assert_eq!(story.sidecar(&["--fill"]).ends(), Some(0), "{}", story.logged());
    let (mut sidecar, _job) = (story.sidecar(&[]), story.container(&entry::ready(&story.order.job_dir), ""));
    let ran = story.mirror();
    assert_eq!((ran.outcome().code, ran.output().as_str()), (Some(0), "ran\n"));
    assert_eq!(sidecar.ends(), Some(0));
}

#[test]
fn a_supervisor_for_another_processor_comes_from_the_folder_that_has_it() {
    use monkeyci_core::model::job::Arch;

    let mut story = Story::lines(["echo never"], &[]);
    let other = if Arch::host() == Arch::Amd { Arch::Arm } else { Arch::Amd };
    story.order.arch = Some(other);
    story.prepare();
    let folder = story.home.path().join("supervisors");
    fs::create_dir(&folder).expect("a folder");
    let at = folder.display().to_string();
    let output = story.command(&["--fill", "--supervisors", &at]).output().expect("runs");
    assert_eq!(output.status.code(), Some(4));
    let said = crate::story::said(&output);
    assert!(said.contains("need its supervisor at") && said.contains(other.oci_name()), "{said}");
    fs::write(folder.join(format!("monkeyci-supervisor-{}", other.oci_name())), "the other").expect("a file");
    // The host was told that it gave up; a new attempt has a depot of its own.
    story.depot.state().objects.retain(|name, _| !name.starts_with("report/"));
    let output = story.command(&["--fill", "--supervisors", &at]).output().expect("runs");
    assert!(output.status.success(), "{}", crate::story::said(&output));
    let put = story.in_volume("job/supervisor");
    assert_eq!(fs::read_to_string(&put).expect("there"), "the other");
    assert_eq!(fs::metadata(&put).expect("there").permissions().mode() & 0o777, 0o755);
}
