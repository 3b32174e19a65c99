//! The stories of containers once more, by an ordinary user: one who may use Docker's socket, and one with a Podman of
//! their own. Root can play them for both.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::geteuid;

use crate::gate;

/// A user and group that no host gives to anybody.
const USER: u32 = 41_413;
/// The places of `/etc/subuid` and its like are the user's in a mount namespace of its own: the host's stay.
const BECOME: &str = "mount --bind \"$1/subid\" /etc/subuid && mount --bind \"$1/subid\" /etc/subgid \
                      && mount --bind \"$1/passwd\" /etc/passwd && cd \"$1/home\" && shift && exec \"$@\"";

/// Plays what `filter` names as [`USER`], who is also in `group`; why not, when what `name` stands for cannot be here.
fn play(filter: &str, name: &str, group: Option<u32>) -> Result<(), String> {
    if !geteuid().is_root() {
        return Err("only root can become another user".into());
    }
    let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
    let at = |name: &str| dir.path().join(name);
    set_up(dir.path()).map_err(|error| error.to_string())?;
    let groups = group.map_or("--clear-groups".to_owned(), |group| format!("--groups={group}"));
    let mut command = Command::new("unshare");
    // All that is left of them ends with the namespace.
    command
        .args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", BECOME, "become"])
        .arg(dir.path());
    command.args(["setpriv", &format!("--reuid={USER}"), &format!("--regid={USER}"), &groups]);
    command.arg(at("stories")).args([filter, "--test-threads=3", "--nocapture"]);
    command.env("HOME", at("home")).env("XDG_RUNTIME_DIR", at("run")).env("TMPDIR", at("tmp"));
    command.env_remove("MONKEYCI_TEST_REQUIRE").env_remove("DBUS_SESSION_BUS_ADDRESS");
    let played = command.stdin(Stdio::null()).output().map_err(|error| format!("unshare: {error}"))?;
    let said = format!("{}{}", String::from_utf8_lossy(&played.stdout), String::from_utf8_lossy(&played.stderr));
    eprintln!("{said}");
    if !said.contains("running ") {
        return Err(format!("cannot become another user: {}", said.trim()));
    }
    let skipped = format!("skipped: {name}: ");
    if let Some(why) = said.lines().find_map(|line| line.strip_prefix(&skipped)) {
        return Err(why.to_owned());
    }
    assert!(played.status.success(), "by an ordinary user: {said}");
    Ok(())
}

fn set_up(dir: &Path) -> std::io::Result<()> {
    fs::set_permissions(dir, fs::Permissions::from_mode(0o755))?;
    for folder in ["home", "run", "tmp"] {
        fs::create_dir(dir.join(folder))?;
        fs::set_permissions(dir.join(folder), fs::Permissions::from_mode(0o700))?;
        chown(dir.join(folder), Some(USER), Some(USER))?;
    }
    // The user may not be allowed to where it was built.
    // Another process copies it: a child that another test forks meanwhile would hold it open for writing.
    let copied = Command::new("cp").arg(std::env::current_exe()?).arg(dir.join("stories")).status()?;
    if !copied.success() {
        return Err(std::io::Error::other("this program cannot be copied"));
    }
    fs::write(dir.join("subid"), "monkeyci-test:1000000:65536\n")?;
    let line = format!("monkeyci-test:x:{USER}:{USER}::{}:/bin/sh\n", dir.join("home").display());
    fs::write(dir.join("passwd"), fs::read_to_string("/etc/passwd")? + &line)
}

#[test]
fn docker() {
    let group = fs::metadata("/var/run/docker.sock").map(|socket| socket.gid());
    let played = match group {
        Ok(group) => play("docker::", "docker", Some(group)),
        Err(error) => Err(format!("/var/run/docker.sock: {error}")),
    };
    if let Err(why) = played {
        gate::skip("docker", why);
    }
}

#[test]
fn escapes() {
    if let Err(why) = play("escapes::", "namespaces", None) {
        gate::skip("namespaces", why);
    }
}

#[test]
fn podman_rootless() {
    if let Err(why) = play("podman_rootless::", "podman-rootless", None) {
        gate::skip("podman-rootless", why);
    }
}
