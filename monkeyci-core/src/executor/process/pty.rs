//! A terminal that a process gets from us.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::process::Stdio;

use rustix::fs::{Mode, OFlags};
use rustix::io::FdFlags;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use tokio::net::unix::pipe::{Receiver, Sender};

use crate::executor::terminal::Size;

/// Our side of a terminal.
pub(super) struct Pty {
    /// What is written here is typed. Dropping it is no end of input.
    pub(super) typed: Sender,
    /// What is read here is shown. An error is its end: nobody has the other side any more.
    pub(super) shown: Receiver,
    /// For its size.
    pub(super) control: Control,
}

/// A way to change the size.
pub(super) struct Control(OwnedFd);

/// The side of the process.
pub(super) struct Line(File);

impl Pty {
    /// A new terminal of this size. To be called where tokio runs.
    pub(super) fn open(size: Size) -> io::Result<(Self, Line)> {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
        // Not with the call above, which some systems cannot.
        rustix::io::fcntl_setfd(&ours, FdFlags::CLOEXEC)?;
        rustix::fs::fcntl_setfl(&ours, OFlags::RDWR | OFlags::NONBLOCK)?;
        grantpt(&ours)?;
        unlockpt(&ours)?;
        let name = ptsname(&ours, Vec::new())?;
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let line = rustix::fs::open(name, flags, Mode::empty())?;
        // It is read and written as pipes are.
        let typed = Sender::from_owned_fd_unchecked(ours.try_clone()?)?;
        let shown = Receiver::from_owned_fd_unchecked(ours.try_clone()?)?;
        let pty = Self { typed, shown, control: Control(ours) };
        pty.control.resize(size)?;
        Ok((pty, Line(line.into())))
    }
}

impl Control {
    /// Tells whoever is in the foreground that the screen has another size.
    pub(super) fn resize(&self, size: Size) -> io::Result<()> {
        let size = Winsize { ws_row: size.rows, ws_col: size.columns, ws_xpixel: 0, ws_ypixel: 0 };
        Ok(tcsetwinsize(&self.0, size)?)
    }
}

impl Line {
    /// One of the three standard files of the process.
    pub(super) fn end(&self) -> io::Result<Stdio> {
        Ok(self.0.try_clone()?.into())
    }
}
