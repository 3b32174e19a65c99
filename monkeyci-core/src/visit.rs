//! A person's way into a job: what they wish, and the frames that pass between them and the shell.

use monkeyci_model::shell::{Frame, Wish};
use tokio::sync::mpsc;

/// Frames that wait on either way. Whoever sends more has to wait: a shell never runs ahead of who looks at it.
const FRAMES: usize = 16;

/// One end of the way between a person and a shell. The other end hears when it is dropped.
#[derive(Debug)]
pub struct Line {
    /// To the other end.
    pub to: mpsc::Sender<Frame>,
    /// From the other end.
    pub from: mpsc::Receiver<Frame>,
}

/// Somebody who wants a shell in the place of a job.
#[derive(Debug)]
pub struct Visit {
    /// What they want.
    pub wish: Wish,
    /// The shell's end of the way to them.
    pub line: Line,
}

impl Line {
    /// Both ends.
    #[must_use]
    pub fn pair() -> (Self, Self) {
        let ((to, from), (back, forth)) = (mpsc::channel(FRAMES), mpsc::channel(FRAMES));
        (Self { to, from: forth }, Self { to: back, from })
    }
}
