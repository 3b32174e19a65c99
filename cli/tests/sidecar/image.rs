//! The image of the sidecar, beside a job in a container of its own.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use monkeyci_core::sidecar::entry;

use crate::story::{Running, Story, said};

/// Images and containers that go with this value.
struct Made(Vec<[String; 3]>);

impl Drop for Made {
    fn drop(&mut self) {
        for arguments in self.0.iter().rev() {
            // It may be gone already.
            let _ = Command::new("docker").args(arguments).output();
        }
    }
}

/// Bytes of an image whose program is released.
const MOST: u64 = 30_000_000;

#[test]
fn it_attends_to_a_job_in_a_container_beside_it() {
    let Some(name) = image() else { return };
    let containers = ["sidecar", "job"].map(|part| format!("monkeyci-test-{part}-{}", std::process::id()));
    let mut made = Made(vec![["rmi".into(), "-f".into(), name.clone()]]);
    made.0.extend(containers.iter().map(|container| ["rm".into(), "-f".into(), container.clone()]));
    let mut story = Story::lines(["cat given; echo made >made", "test $$ -gt 1; id -u"], &["made"]);
    fs::write(story.dir.work().join("given"), "given\n").expect("a file");
    (story.order.job_dir, story.order.work) = ("/opt/monkeyci".into(), "/home/monkeyci".into());
    // The program was written for a folder of this machine.
    let mut program = monkeyci_core::job_dir::Program::read(&story.dir.control()).expect("a program");
    program.root = "/home/monkeyci".into();
    story.dir.again(&program).expect("written");
    story.prepare();
    let order = story.home.path().join("order.json");
    fs::write(&order, story.order.to_json()).expect("an order");
    let mounts = ["job:/opt/monkeyci", "work:/home/monkeyci"].map(|mount| {
        let (volume, at) = mount.split_once(':').expect("two");
        fs::create_dir_all(story.in_volume(volume)).expect("a folder");
        format!("{}:{at}", story.in_volume(volume).display())
    });
    let volumes = ["-v", &mounts[0], "-v", &mounts[1]];
    let mut sidecar = Command::new("docker");
    sidecar.args(["run", "--rm", "--network", "host", "--name", &containers[0]]).args(volumes);
    sidecar.arg("-v").arg(format!("{}:/order.json:ro", order.display())).args([
        &name,
        "sidecar",
        "--order",
        "/order.json",
    ]);
    let mut sidecar = Running(sidecar.spawn().expect("docker runs"));
    let waits = entry::waiting(Path::new("/opt/monkeyci"), crate::story::PATIENCE);
    let mut job = Command::new("docker");
    // A user that the image does not know.
    job.args(["run", "--rm", "--user", "4711", "--name", &containers[1]]).args(volumes);
    job.args(["--entrypoint", &waits[0], BUSYBOX]).args(&waits[1..]);
    let mut job = Running(job.spawn().expect("docker runs"));
    let ran = story.mirror();
    assert_eq!((ran.outcome().code, ran.output().as_str()), (Some(0), "given\n4711\n"));
    assert_eq!(fs::read_to_string(story.dir.work().join("made")).expect("collected"), "made\n");
    assert_eq!((sidecar.ends(), job.ends()), (Some(0), Some(0)));
}

const BUSYBOX: &str = "localhost/monkeyci-test/sidecar-busybox:1";

/// The image, made of the program that is tested, and one for the job; nothing where there is no Docker.
fn image() -> Option<String> {
    let there = Command::new("docker").arg("info").output().is_ok_and(|output| output.status.success());
    if !(there && Path::new("/bin/busybox").exists()) {
        let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
        assert!(!required.split(',').any(|name| ["docker", "all"].contains(&name)), "docker is required");
        eprintln!("skipped: docker: no daemon answers, or there is no static busybox for an image");
        return None;
    }
    let home = tempfile::tempdir().expect("a folder");
    let program = home.path().join("monkeyci");
    // What is tested may have the symbols of a debugger in it.
    let stripped = Command::new("strip").arg("-o").arg(&program).arg(env!("CARGO_BIN_EXE_monkeyci")).status();
    if !stripped.is_ok_and(|status| status.success()) {
        fs::copy(env!("CARGO_BIN_EXE_monkeyci"), &program).expect("copied");
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository");
    let name = format!("localhost/monkeyci-test/sidecar-{}:1", std::process::id());
    let mut build = Command::new(root.join("packaging/sidecar/build"));
    let built = build.args(["--tag", &name]).arg(&program).output().expect("it runs");
    assert!(built.status.success(), "{}", said(&built));
    let size: u64 = docker(&["image", "inspect", "-f", "{{.Size}}", &name]).trim().parse().expect("a size");
    if cfg!(debug_assertions) {
        eprintln!("not measured: an image of a program that is not released has {size} bytes");
    } else {
        assert!(size <= MOST, "{size} bytes");
    }
    busybox(home.path());
    Some(name)
}

fn busybox(home: &Path) {
    let root = home.join("root");
    for folder in ["bin", "tmp"] {
        fs::create_dir_all(root.join(folder)).expect("a folder");
    }
    fs::copy("/bin/busybox", root.join("bin/busybox")).expect("copied");
    for name in ["sh", "cat", "sleep", "test", "id", "chmod", "rm"] {
        std::os::unix::fs::symlink("busybox", root.join("bin").join(name)).expect("a link");
    }
    let archive = home.join("busybox.tar");
    let packed = Command::new("tar").arg("-C").arg(&root).args(["-cf", &archive.to_string_lossy(), "."]).output();
    assert!(packed.expect("tar runs").status.success());
    docker(&["import", "--change", "ENV PATH=/bin", &archive.to_string_lossy(), BUSYBOX]);
}

fn docker(arguments: &[&str]) -> String {
    let output: Output = Command::new("docker").args(arguments).output().expect("docker runs");
    assert!(output.status.success(), "docker {arguments:?}: {}", said(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
