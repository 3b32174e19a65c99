//! What the user's keys ask of a running build.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Stop the jobs and end in good order: Ctrl-C, SIGTERM, or the end of the terminal.
    Cancel,
    /// End at once: Ctrl-C again.
    Kill,
    /// Hold still until told to go on: Ctrl-Z.
    Hold,
}

/// Listens to signals from when it is made.
#[derive(Debug)]
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    suspend: Signal,
    hangup: Option<Signal>,
    asked: bool,
}

impl Signals {
    /// Begins to listen.
    pub fn listen() -> io::Result<Self> {
        let raw = rustix::process::Signal::TSTP.as_raw();
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            suspend: signal(SignalKind::from_raw(raw))?,
            hangup: None,
            asked: false,
        })
    }

    /// Begins to listen, also to the terminal's end, which else ends this program at once.
    pub fn listen_and_heed_hangups() -> io::Result<Self> {
        Ok(Self { hangup: Some(signal(SignalKind::hangup())?), ..Self::listen()? })
    }

    /// Waits for the next thing that is asked.
    pub async fn next(&mut self) -> Ask {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.suspend.recv() => return Ask::Hold,
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = hangup => {}
        }
        if std::mem::replace(&mut self.asked, true) { Ask::Kill } else { Ask::Cancel }
    }
}

/// Stops this process, as the terminal wanted to, and returns once it goes on.
pub fn stop_self() -> io::Result<()> {
    Ok(rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP)?)
}
