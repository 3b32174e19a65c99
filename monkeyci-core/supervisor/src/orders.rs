//! What the host wants while the job runs: cancel, lease and the limits of the program.

use std::io::Read;
use std::os::unix::process::parent_id;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use crate::control::Program;
use crate::follow;
use crate::isolate::Options;
use crate::outcome::Reason;
use crate::sys::{self, POLLHUP, POLLIN, PollFd, SIGQUIT, SIGTERM, Signals};

/// How often the control half is looked at.
const TICK: Duration = Duration::from_millis(100);

/// Why a job must end, and how.
#[derive(Debug, Clone)]
pub struct Stop {
    pub reason: Reason,
    pub message: String,
    /// Whether its processes are asked before they are killed.
    pub grace: bool,
}

/// What the host wants.
pub struct Orders {
    control: PathBuf,
    signals: Signals,
    tethered: bool,
    parent: Option<u32>,
    next_look: Instant,
    deadline: Option<(Instant, u64)>,
    lease: Option<Instant>,
    lease_file: Option<(SystemTime, Vec<u8>)>,
}

/// What to poll beside the job's output: signals and tether.
pub const POLLED: usize = 2;

impl Orders {
    pub fn new(control: PathBuf, signals: Signals, options: &Options, program: &Program) -> Self {
        let tethered = options.tethered;
        let lease = (program.lease_ms > 0 && !tethered).then(|| Instant::now() + millis(program.lease_ms));
        // In a namespace of its own it is 0, and stays so: there, who forked us sees to it.
        let parent = options.interactive.then(parent_id);
        Self { control, signals, tethered, parent, next_look: Instant::now(), deadline: None, lease, lease_file: None }
    }

    /// Waits until the job may start, which is at once when `control/start` is there already.
    pub fn wait_for_start(&mut self) -> Result<(), Stop> {
        let start = self.control.join("start");
        let mut pause = Duration::from_millis(1);
        loop {
            let mut fds = self.polled();
            // Looked at before `start`: a job that was canceled before it began does not begin.
            self.next_look = Instant::now();
            self.check(&fds)?;
            if start.exists() {
                return Ok(());
            }
            sys::wait_ready(&mut fds, pause);
            self.check(&fds)?;
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }

    /// Lets the program's time begin.
    pub fn begin(&mut self, timeout_ms: u64) {
        self.deadline = (timeout_ms > 0).then(|| (Instant::now() + millis(timeout_ms), timeout_ms));
    }

    /// What to poll for it.
    pub fn polled(&self) -> [PollFd; POLLED] {
        // A negative file is left out by poll. Standard input has no events to wait for: its end is always told.
        let tether = if self.tethered { 0 } else { -1 };
        [PollFd { fd: self.signals.fd(), events: POLLIN, revents: 0 }, PollFd { fd: tether, events: 0, revents: 0 }]
    }

    /// How long a poll may wait so that nothing here is late.
    pub fn patience(&self) -> Duration {
        let next = [Some(self.next_look), self.deadline.map(|(at, _)| at), self.lease].into_iter().flatten().min();
        next.map_or(TICK, |at| at.saturating_duration_since(Instant::now())).min(TICK)
    }

    /// Says when the job must end; `fds` are those of [`Self::polled`].
    pub fn check(&mut self, fds: &[PollFd]) -> Result<(), Stop> {
        if fds[1].revents & POLLHUP != 0 {
            return stop(Reason::LeaseOver, false, "the program that started it is gone");
        }
        if fds[0].revents != 0 {
            let signals = self.signals.take();
            if signals.contains(&SIGQUIT) {
                return stop(Reason::Canceled, false, "");
            }
            if signals.contains(&SIGTERM) {
                return stop(Reason::Canceled, true, "");
            }
        }
        let now = Instant::now();
        // Each is told once: a time that has passed must not keep `patience` at nothing.
        if let Some((_, limit)) = self.deadline.take_if(|(at, _)| *at <= now) {
            return stop(Reason::Timeout, true, &format!("it ran longer than its timeout of {}", duration(limit)));
        }
        if self.next_look <= now {
            self.next_look = now + TICK;
            if self.parent.is_some_and(|parent| parent != parent_id()) {
                return stop(Reason::LeaseOver, false, "the program that started it is gone");
            }
            if self.control.join("cancel").exists() {
                return stop(Reason::Canceled, true, "");
            }
            self.look_for_lease(now);
        }
        if self.lease.take_if(|at| *at <= now).is_some() {
            return stop(
                Reason::LeaseOver,
                true,
                "nobody renewed its lease: the engine has not been heard of for too long",
            );
        }
        Ok(())
    }

    fn look_for_lease(&mut self, now: Instant) {
        if self.tethered {
            return;
        }
        let Some(seen) = lease_file(&self.control.join("lease")) else { return };
        if self.lease_file.as_ref() != Some(&seen) {
            let granted = std::str::from_utf8(&seen.1).ok().and_then(|text| text.trim().parse().ok());
            if let Some(granted) = granted {
                self.lease = Some(now + millis(granted));
            }
            self.lease_file = Some(seen);
        }
    }
}

fn lease_file(path: &Path) -> Option<(SystemTime, Vec<u8>)> {
    let file = follow::regular(path).ok()?;
    let changed = file.metadata().ok()?.modified().ok()?;
    let mut bytes = Vec::new();
    file.take(32).read_to_end(&mut bytes).ok()?;
    Some((changed, bytes))
}

fn stop(reason: Reason, grace: bool, message: &str) -> Result<(), Stop> {
    Err(Stop { reason, message: message.to_owned(), grace })
}

/// At most a year, so that no number overflows a clock.
fn millis(count: u64) -> Duration {
    Duration::from_millis(count.min(365 * 24 * 3600 * 1000))
}

fn duration(millis: u64) -> String {
    match (millis / 1000, millis % 1000) {
        (seconds, 0) if seconds >= 60 && seconds % 60 == 0 => format!("{} min", seconds / 60),
        (seconds, 0) => format!("{seconds} s"),
        _ => format!("{millis} ms"),
    }
}
