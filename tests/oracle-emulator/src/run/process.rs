//! Containers as processes of this machine.
//!
//! Each is process 1 of its own process namespace, and sees a root of its own.

use std::fmt::Write as _;
use std::fs::File;
use std::path::Path;
use std::process::Stdio;

use rustix::process::{Pid, Signal, geteuid, kill_process};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use super::root::{self, quoted};
use super::{Ended, Stop, Unit, code_of, told};

const SEARCHED: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

pub(super) async fn run(unit: &Unit, mut stop: watch::Receiver<Stop>) -> Result<Ended, String> {
    let mut child = start(unit)?;
    let grace = tokio::select! {
        ended = child.wait() => return ended.map(|status| ended_as(status, unit)).map_err(|error| error.to_string()),
        grace = told(&mut stop) => grace,
    };
    // Process 1 of a namespace gets no signal that it does not handle, but for this machine's SIGKILL; as in containers.
    if !grace.is_zero()
        && let Some(first) = first_of(&child)
    {
        // Whoever has ended already cannot be told.
        let _is_told = kill_process(first, Signal::TERM);
        if let Ok(ended) = tokio::time::timeout(grace, child.wait()).await {
            return ended.map(|status| ended_as(status, unit)).map_err(|error| error.to_string());
        }
    }
    if let Some(first) = first_of(&child) {
        let _is_told = kill_process(first, Signal::KILL);
    } else {
        drop(child.start_kill());
    }
    // What waits for process 1 outside does not tell by which signal it ended.
    child
        .wait()
        .await
        .map(|_| Ended { code: 128 + Signal::KILL.as_raw(), details: None })
        .map_err(|error| error.to_string())
}

fn ended_as(status: std::process::ExitStatus, unit: &Unit) -> Ended {
    let code = code_of(status);
    let code = if code == 1 && was_killed(unit) { 128 + Signal::KILL.as_raw() } else { code };
    Ended { code, details: None }
}

/// Whether process 1 was killed. What waits for it would end likewise, cannot, and complains of that in the container's log, from
/// which this takes it out.
fn was_killed(unit: &Unit) -> bool {
    let log = std::fs::read(&unit.log).unwrap_or_default();
    let text = log.strip_suffix(b"\n").unwrap_or(&log);
    let last = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let is_killed = text[last..].starts_with(b"unshare: sigprocmask unblock failed");
    if is_killed && let Ok(log) = File::options().write(true).open(&unit.log) {
        // A log that keeps it is no worse than that.
        drop(log.set_len(last as u64));
    }
    is_killed
}

/// Process 1 of the namespace, by its number outside.
fn first_of(child: &Child) -> Option<Pid> {
    let id = child.id()?;
    let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).ok()?;
    Pid::from_raw(children.split_whitespace().next()?.parse().ok()?)
}

fn start(unit: &Unit) -> Result<Child, String> {
    let Some(program) = unit.command.first() else {
        return Err(format!("the image {} is only a name here, and has no entrypoint", unit.image));
    };
    if !is_there(unit, program) {
        return Err(format!("exec: \"{program}\": executable file not found"));
    }
    let failed = |error: std::io::Error| format!("failed to start a process: {error}");
    let root = unit.folder.join("root");
    std::fs::create_dir_all(&root).map_err(failed)?;
    let log = File::options().create(true).append(true).open(&unit.log).map_err(failed)?;
    let mut command = Command::new("setpriv");
    // Dies with this double, also where that is killed.
    command.args(["--pdeathsig", "KILL"]);
    if let Some(network) = &unit.network {
        command.args(["nsenter", &format!("--net={network}")]);
    }
    command.args(["unshare", "--mount", "--pid", "--fork", "--kill-child"]);
    if !geteuid().is_root() {
        command.args(["--map-root-user"]);
    }
    // In a file, and not in the list of processes, in which others look for what speaks of their disks: all are mounted in it.
    let begins = unit.folder.join("begins");
    std::fs::write(&begins, script(unit, &root)?).map_err(failed)?;
    command.arg("/bin/sh").arg(begins).args(&unit.command).args(&unit.arguments);
    command.env_clear().env("PATH", SEARCHED).current_dir("/");
    command.stdin(Stdio::null()).stdout(log.try_clone().map_err(failed)?).stderr(log).kill_on_drop(true);
    command.spawn().map_err(failed)
}

/// Makes the root, and becomes what is run there.
fn script(unit: &Unit, place: &Path) -> Result<String, String> {
    let mut script = root::script(unit, place);
    let directory = unit.directory.as_deref().unwrap_or("/");
    let user =
        unit.user.filter(|user| *user != (0, 0)).map(|(user, group)| format!("--userspec={user}:{group} --groups= "));
    write!(script, "exec chroot {}\"$root\" env -i -C {}", user.unwrap_or_default(), quoted(directory))
        .expect("text takes in text");
    for (name, value) in [("PATH", SEARCHED), ("HOME", "/root")] {
        if !unit.variables.iter().any(|(known, _)| known == name) {
            write!(script, " {name}={}", quoted(value)).expect("text takes in text");
        }
    }
    for (name, value) in &unit.variables {
        write!(script, " {}", quoted(&format!("{name}={value}"))).expect("text takes in text");
    }
    script.push_str(" \"$@\"");
    if script.len() > 100_000 { Err("its variables are too long for a process".into()) } else { Ok(script) }
}

/// Whether a program is there, in a volume or on this machine. What a volume will hold later cannot be started yet.
fn is_there(unit: &Unit, program: &str) -> bool {
    let on_machine = |path: &Path| {
        let volume = unit.mounts.iter().filter(|mount| path.starts_with(&mount.at)).max_by_key(|mount| mount.at.len());
        match volume {
            Some(mount) => mount.from.join(path.strip_prefix(&mount.at).unwrap_or(path)).exists(),
            None => path.exists(),
        }
    };
    if program.contains('/') {
        return on_machine(&Path::new(unit.directory.as_deref().unwrap_or("/")).join(program));
    }
    let said = unit.variables.iter().find(|(name, _)| name == "PATH").map_or(SEARCHED, |(_, value)| value.as_str());
    said.split(':').any(|folder| on_machine(&Path::new(folder).join(program)))
}
