//! Finds the strongest hold on a job's processes that this place allows, and runs the job under it.

use std::io;
use std::path::Path;

use crate::family::Family;
use crate::job;
use crate::sandbox::Sandbox;
use crate::sys::{self, Signals};

/// How a job is run.
#[derive(Clone, Default)]
pub struct Options {
    /// As a plain process, not as process 1 of a container.
    pub process: bool,
    /// The job ends at once when standard input is closed, and has no lease.
    pub tethered: bool,
    /// The job has our own standard input, output and errors, and ends when the program that started us does.
    pub interactive: bool,
    /// Namespaces are not tried: inside of them, programs that change their user fail.
    pub without_namespaces: bool,
    /// The lines run as somebody else.
    pub sandbox: Option<Sandbox>,
}

/// Runs the job of `dir` to its end.
pub fn run(dir: &Path, options: &Options) -> io::Result<()> {
    if std::process::id() == 1 {
        return job::run(dir, Family::Namespace, options, Signals::listen()?);
    }
    if options.process {
        // Not before: the keys of a terminal reach its whole group.
        sys::new_session();
    }
    let signals = Signals::listen()?;
    #[cfg(target_os = "linux")]
    {
        if options.process
            && !options.without_namespaces
            && let Some(done) = namespace::run(dir, options)
        {
            return done;
        }
        if options.sandbox.is_some() {
            let why = "nothing may run as another user here without namespaces of its own, for which it takes root";
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
        }
        sys::linux::hide_memory();
        if sys::linux::become_subreaper() {
            return job::run(dir, Family::Subreaper, options, signals);
        }
    }
    if options.sandbox.is_some() {
        return Err(io::Error::new(io::ErrorKind::Unsupported, "only Linux lets it run as another user"));
    }
    job::run(dir, Family::Groups(Vec::new()), options, signals)
}

#[cfg(target_os = "linux")]
mod namespace {
    use std::fs;
    use std::io::{self, Read, Write};
    use std::path::Path;

    use super::Options;
    use crate::family::Family;
    use crate::job;
    use crate::sys::linux::{CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWUSER};
    use crate::sys::{self, Reaped, Signals};

    /// The code of a namespace's process 1 that could not set it up; the job has not begun.
    const REFUSED: i32 = 120;

    /// Runs the job under a process 1 of its own; none when namespaces are refused here.
    pub fn run(dir: &Path, options: &Options) -> Option<io::Result<()>> {
        // The real root needs no user namespace, and in one it could no longer act as other users.
        let mut attempts = [CLONE_NEWPID | CLONE_NEWNS, CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUSER].into_iter();
        if sys::linux::ids().0 != 0 {
            attempts.next();
        }
        if options.sandbox.is_some() {
            attempts.next_back();
        }
        attempts.find_map(|namespaces| fork(dir, options, namespaces))
    }

    fn fork(dir: &Path, options: &Options, namespaces: std::ffi::c_ulong) -> Option<io::Result<()>> {
        let (ids, (mut parent, ours)) = (sys::linux::ids(), io::pipe().ok()?);
        let child = match sys::linux::fork_into(namespaces) {
            Err(_) => return None,
            Ok(0) => {
                drop(ours);
                if enter(namespaces, ids).is_err() {
                    std::process::exit(REFUSED);
                }
                if let Some(Err(error)) = options.sandbox.as_ref().map(|sandbox| {
                    // Who comes to a job that has run finds all of it given, and its processes may be there.
                    if !options.interactive {
                        sandbox.give()?;
                    }
                    sandbox.enter()
                }) {
                    let _ = writeln!(io::stderr(), "monkeyci-supervisor: it cannot run as another user: {error}");
                    std::process::exit(1);
                }
                sys::linux::die_with_parent();
                sys::linux::hide_memory();
                // The parent writes a byte and keeps its end open; without the byte it died before we were bound to it.
                if parent.read_exact(&mut [0]).is_err() {
                    std::process::exit(1);
                }
                drop(parent);
                let done = Signals::listen().and_then(|signals| job::run(dir, Family::Namespace, options, signals));
                std::process::exit(match done {
                    Ok(()) => 0,
                    Err(error) => {
                        let _ = writeln!(io::stderr(), "monkeyci-supervisor: {error}");
                        1
                    }
                });
            }
            Ok(child) => child,
        };
        Signals::inherit(child);
        if options.interactive {
            // Ends the child with us.
            sys::linux::die_with_parent();
        }
        drop(parent);
        sys::linux::hide_memory();
        let _ = (&ours).write(b"+");
        let code = loop {
            match sys::reap(true) {
                Reaped::Ended(pid, code) if pid == child => break code,
                Reaped::Ended(..) | Reaped::NoneYet => {}
                Reaped::NoneLeft => break 1,
            }
        };
        Signals::inherit(0);
        match code {
            REFUSED => None,
            0 => Some(Ok(())),
            code => Some(Err(io::Error::other(format!("the job's process 1 ended with {code}, and no result")))),
        }
    }

    fn enter(namespaces: std::ffi::c_ulong, (user, group): (u32, u32)) -> io::Result<()> {
        if namespaces & CLONE_NEWUSER != 0 {
            // The same user inside as outside: the job sees the owner of its files under the usual name.
            fs::write("/proc/self/setgroups", "deny")?;
            fs::write("/proc/self/gid_map", format!("{group} {group} 1"))?;
            fs::write("/proc/self/uid_map", format!("{user} {user} 1"))?;
        }
        // Now, while we have every right in the new namespaces: running another program drops them.
        sys::linux::mount_proc()
    }
}
