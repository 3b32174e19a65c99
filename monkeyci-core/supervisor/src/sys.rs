//! The system calls that std does not have, each behind a safe function.

use std::ffi::{c_char, c_int, c_short, c_uint, c_ulong, c_void};
use std::io::{self, Read};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

const SIGHUP: c_int = 1;
const SIGINT: c_int = 2;
pub const SIGQUIT: c_int = 3;
pub const SIGKILL: c_int = 9;
pub const SIGTERM: c_int = 15;
#[cfg(target_os = "linux")]
const SIGCHLD: c_int = 17;
#[cfg(not(target_os = "linux"))]
const SIGCHLD: c_int = 20;
/// What a signal does when nobody says otherwise.
const SIG_DFL: usize = 0;

pub const POLLIN: c_short = 1;
pub const POLLHUP: c_short = 16;

/// One file to wait for.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct PollFd {
    pub fd: RawFd,
    pub events: c_short,
    pub revents: c_short,
}

#[cfg(target_os = "linux")]
type FdCount = c_ulong;
#[cfg(not(target_os = "linux"))]
type FdCount = c_uint;

// SAFETY: the declarations are those of POSIX, and of Linux's libc where marked.
unsafe extern "C" {
    fn poll(fds: *mut PollFd, count: FdCount, timeout: c_int) -> c_int;
    fn kill(pid: c_int, signal: c_int) -> c_int;
    fn waitpid(pid: c_int, status: *mut c_int, options: c_int) -> c_int;
    fn signal(number: c_int, handler: usize) -> usize;
    fn write(fd: c_int, bytes: *const c_void, count: usize) -> isize;
    fn setsid() -> c_int;
    fn ioctl(fd: c_int, request: c_ulong, ...) -> c_int;
}

#[cfg(target_os = "linux")]
// SAFETY: as above.
unsafe extern "C" {
    fn geteuid() -> c_uint;
    fn getegid() -> c_uint;
    fn prctl(option: c_int, ...) -> c_int;
    fn syscall(number: std::ffi::c_long, ...) -> std::ffi::c_long;
    fn mount(
        source: *const c_char,
        target: *const c_char,
        kind: *const c_char,
        flags: c_ulong,
        data: *const c_void,
    ) -> c_int;
}

/// Waits until one of `fds` is ready, a signal comes or `timeout` passes.
pub fn wait_ready(fds: &mut [PollFd], timeout: Duration) {
    // Rounded up: a wait of less than a millisecond must not become a busy loop.
    let millis = timeout.as_micros().div_ceil(1000).min(60_000) as c_int;
    // SAFETY: the pointer and the count are those of a slice that lives through the call.
    if unsafe { poll(fds.as_mut_ptr(), fds.len() as FdCount, millis) } < 0 {
        // Interrupted: nothing is known to be ready.
        fds.iter_mut().for_each(|fd| fd.revents = 0);
    }
}

/// Sends `number` to one process, or to every one that can be reached when `pid` is -1.
pub fn send(pid: c_int, number: c_int) {
    if pid == -1 {
        // Anywhere but in a namespace of its own, this would end every process of the machine.
        assert!(std::process::id() == 1, "only process 1 of a namespace ends all others");
    }
    // SAFETY: kill touches no memory of ours.
    unsafe { kill(pid, number) };
}

/// What became of our children.
pub enum Reaped {
    /// This one ended, with this code: 128 + n when signal n ended it.
    Ended(c_int, i32),
    /// Some live.
    NoneYet,
    /// There are none.
    NoneLeft,
}

/// Reaps one child that ended, and waits for it when `block` says so.
pub fn reap(block: bool) -> Reaped {
    const WNOHANG: c_int = 1;
    let mut status = 0;
    loop {
        // SAFETY: `status` lives through the call.
        match unsafe { waitpid(-1, &raw mut status, if block { 0 } else { WNOHANG }) } {
            0 => return Reaped::NoneYet,
            pid if pid > 0 => {
                let code = if status & 0x7f == 0 { (status >> 8) & 0xff } else { 128 + (status & 0x7f) };
                return Reaped::Ended(pid, code);
            }
            _ if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            _ => return Reaped::NoneLeft,
        }
    }
}

/// Where the handler writes, and whom it tells instead; 0 is nobody.
static SIGNALS: AtomicI32 = AtomicI32::new(-1);
static HEIR: AtomicI32 = AtomicI32::new(0);

extern "C" fn on_signal(number: c_int) {
    let heir = HEIR.load(Ordering::Relaxed);
    if heir > 0 {
        if number != SIGCHLD {
            // SAFETY: kill may be called in a signal handler. The heir is our unreaped child.
            unsafe { kill(heir, number) };
        }
        return;
    }
    let byte = number as u8;
    // SAFETY: write may be called in a signal handler; the byte lives through the call. The socket does not block, and
    // when it is full its reader wakes up anyway.
    unsafe { write(SIGNALS.load(Ordering::Relaxed), (&raw const byte).cast(), 1) };
}

/// Signals that were sent to us, as something to poll.
pub struct Signals {
    ours: UnixStream,
    /// Keeps the handler's end open.
    _handlers: UnixStream,
}

impl Signals {
    /// Takes over the signals that mean something to a supervisor.
    pub fn listen() -> io::Result<Self> {
        let (ours, handlers) = UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        handlers.set_nonblocking(true)?;
        SIGNALS.store(handlers.as_raw_fd(), Ordering::Relaxed);
        for number in [SIGTERM, SIGQUIT, SIGCHLD] {
            let handler: extern "C" fn(c_int) = on_signal;
            // SAFETY: the handler does nothing but what signal(7) calls safe, and the socket outlives the program's work.
            unsafe { signal(number, handler as usize) };
        }
        // Whoever started us may ignore these, as `nohup` and the background of a script do: the job would inherit that,
        // and could not be interrupted at its own terminal.
        for number in [SIGHUP, SIGINT] {
            // SAFETY: no handler is involved.
            unsafe { signal(number, SIG_DFL) };
        }
        Ok(Self { ours, _handlers: handlers })
    }

    /// Hands every signal but `SIGCHLD` on to `child` from now on.
    pub fn inherit(child: c_int) {
        HEIR.store(child, Ordering::Relaxed);
    }

    /// What to poll.
    pub fn fd(&self) -> RawFd {
        self.ours.as_raw_fd()
    }

    /// The signals that came.
    pub fn take(&mut self) -> Vec<c_int> {
        let mut bytes = [0; 256];
        match self.ours.read(&mut bytes) {
            Ok(count) => bytes[..count].iter().map(|byte| c_int::from(*byte)).collect(),
            Err(_) => Vec::new(),
        }
    }
}

/// Leaves the terminal and the group of whoever started us.
pub fn new_session() {
    // SAFETY: setsid touches no memory of ours. It fails only for the leader of a group, who has what it wants.
    unsafe { setsid() };
}

/// Makes the terminal that standard input is the one of our session, which has none yet.
pub fn take_terminal() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    const TIOCSCTTY: c_ulong = 0x540e;
    #[cfg(not(target_os = "linux"))]
    const TIOCSCTTY: c_ulong = 0x2000_7461;
    // SAFETY: the request takes a number and touches no memory of ours.
    if unsafe { ioctl(0, TIOCSCTTY, 0 as c_int) } < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Linux's own.
#[cfg(target_os = "linux")]
pub mod linux {
    use std::ffi::{CStr, CString, c_char, c_int, c_long, c_ulong, c_void};
    use std::io;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    use super::{SIGCHLD, SIGKILL, getegid, geteuid, mount, prctl, syscall};

    pub const CLONE_NEWNS: c_ulong = 0x0002_0000;
    pub const CLONE_NEWUSER: c_ulong = 0x1000_0000;
    pub const CLONE_NEWPID: c_ulong = 0x2000_0000;

    #[cfg(target_arch = "x86_64")]
    const CLONE: c_long = 56;
    #[cfg(not(target_arch = "x86_64"))]
    const CLONE: c_long = 220;

    /// Our effective user and group.
    pub fn ids() -> (u32, u32) {
        // SAFETY: both only return numbers.
        unsafe { (geteuid(), getegid()) }
    }

    fn set(option: c_int, value: c_ulong) -> bool {
        // SAFETY: the options used here take numbers and touch no memory of ours.
        unsafe { prctl(option, value, 0 as c_ulong, 0 as c_ulong, 0 as c_ulong) == 0 }
    }

    /// Makes orphans among our descendants our children. Says whether it could.
    pub fn become_subreaper() -> bool {
        const PR_SET_CHILD_SUBREAPER: c_int = 36;
        set(PR_SET_CHILD_SUBREAPER, 1)
    }

    /// Ends us when our parent ends.
    pub fn die_with_parent() {
        const PR_SET_PDEATHSIG: c_int = 1;
        set(PR_SET_PDEATHSIG, SIGKILL as c_ulong);
    }

    /// Keeps processes of the same user from looking into our memory.
    pub fn hide_memory() {
        const PR_SET_DUMPABLE: c_int = 4;
        set(PR_SET_DUMPABLE, 0);
    }

    /// Forks into new namespaces; returns 0 in the child, which is process 1 of its own. Needs a single thread.
    pub fn fork_into(namespaces: c_ulong) -> io::Result<c_int> {
        let flags = namespaces | SIGCHLD as c_ulong;
        // SAFETY: without CLONE_VM and with no stack given, clone is fork: the child has a copy of everything. We have
        // one thread, so no lock is held by another that the child lacks.
        match unsafe { syscall(CLONE, flags, 0 as c_ulong, 0 as c_ulong, 0 as c_ulong, 0 as c_ulong) } {
            -1 => Err(io::Error::last_os_error()),
            pid => Ok(pid as c_int),
        }
    }

    fn mounted(
        source: &CStr,
        target: &CStr,
        kind: *const c_char,
        flags: c_ulong,
        data: *const c_void,
    ) -> io::Result<()> {
        // SAFETY: the strings end with zero and live through the call; `kind` and `data` are such strings or null, which
        // mount allows.
        let done = unsafe { mount(source.as_ptr(), target.as_ptr(), kind, flags, data) } == 0;
        if done { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    fn c(path: &Path) -> io::Result<CString> {
        CString::new(path.as_os_str().as_bytes()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))
    }

    /// Puts an empty folder in the place of one, in our mount namespace.
    pub fn mount_empty(target: &Path) -> io::Result<()> {
        const MS_NOSUID_NODEV: c_ulong = 2 | 4;
        let (kind, data) = (c"tmpfs", c"mode=711,size=1m");
        mounted(kind, &c(target)?, kind.as_ptr(), MS_NOSUID_NODEV, data.as_ptr().cast())
    }

    /// Has what is at `source` seen at `target` as well, in our mount namespace.
    pub fn mount_at(source: &Path, target: &Path) -> io::Result<()> {
        const MS_BIND: c_ulong = 0x1000;
        mounted(&c(source)?, &c(target)?, std::ptr::null(), MS_BIND, std::ptr::null())
    }

    /// Keeps us and all that we start from gaining rights by a program that gives them, as `sudo` does.
    pub fn gain_no_rights() -> io::Result<()> {
        const PR_SET_NO_NEW_PRIVS: c_int = 38;
        if set(PR_SET_NO_NEW_PRIVS, 1) { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Gives our mount namespace the `/proc` of our process namespace.
    pub fn mount_proc() -> io::Result<()> {
        const MS_NOSUID_NODEV_NOEXEC: c_ulong = 2 | 4 | 8;
        const MS_REC_SLAVE: c_ulong = 0x4000 | 0x8_0000;
        // Slave, so that nothing mounted here is seen outside.
        let none = std::ptr::null();
        mounted(c"none", c"/", none, MS_REC_SLAVE, std::ptr::null())?;
        mounted(c"proc", c"/proc", c"proc".as_ptr(), MS_NOSUID_NODEV_NOEXEC, std::ptr::null())
    }
}
