//! The terminal of a person who works in the place of a job, or the pipes of a program that does.

use std::any::Any;
use std::io;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::ExecutorError;

/// Bytes that are moved at once.
const PIECE: usize = 16 * 1024;

/// How long a shell that ended may be silent before what it left running is no longer heard.
const LINGER: Duration = Duration::from_millis(500);

/// How a shell gets its terminal, and how it is told to stop.
pub struct Sitting {
    /// Ends the shell once it is cancelled.
    pub cancel: CancellationToken,
    /// Called once, when all that the shell needs is there; none when nobody wants it any more.
    pub open: Box<dyn FnOnce() -> BoxFuture<'static, Option<Terminal>> + Send>,
}

/// What a shell reads from and writes to.
pub struct Terminal {
    /// What is typed or piped in. It is over when the sender is gone.
    pub input: mpsc::Receiver<Bytes>,
    /// Where standard output goes; on a screen, errors too.
    pub output: Box<dyn AsyncWrite + Send + Unpin>,
    /// Where errors go that do not go to a screen.
    pub errors: Box<dyn AsyncWrite + Send + Unpin>,
    /// What the shell is shown on. None for pipes.
    pub screen: Option<Screen>,
    /// Dropped when the terminal is no longer used: a chance to set it right.
    pub guard: Box<dyn Any + Send>,
}

/// What a shell is shown on.
#[derive(Debug, Clone)]
pub struct Screen {
    /// What it understands: the variable `TERM`.
    pub kind: String,
    /// How large it is, now and from now on.
    pub size: watch::Receiver<Size>,
}

/// The size of a screen, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Lines.
    pub rows: u16,
    /// Characters of a line.
    pub columns: u16,
}

impl Screen {
    /// Tells `set` the size, now and whenever it has changed; never returns.
    pub(super) async fn follow<F: Future<Output = ()>>(mut self, mut set: impl FnMut(Size) -> F) {
        loop {
            let size = *self.size.borrow_and_update();
            set(size).await;
            if self.size.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

/// Moves what is typed to a shell, and its end; never returns.
pub(super) async fn hand_in(input: &mut mpsc::Receiver<Bytes>, mut to: impl AsyncWrite + Unpin) {
    let moved = async {
        while let Some(bytes) = input.recv().await {
            to.write_all(&bytes).await?;
            to.flush().await?;
        }
        to.shutdown().await
    };
    // A shell that reads no more need not have ended.
    let _: io::Result<()> = moved.await;
    // The end of a pipe is that nobody holds it.
    drop(to);
    std::future::pending::<()>().await;
}

/// Moves what a shell writes until it writes no more. Once it is `over`, what it left running is not waited for.
pub(super) async fn show(
    mut from: impl AsyncRead + Unpin,
    to: &mut (impl AsyncWrite + Unpin),
    over: &CancellationToken,
) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let count = tokio::select! {
            biased;
            // A terminal that nobody holds any more is no error but its end.
            read = from.read(&mut piece) => read.unwrap_or(0),
            () = silence(over) => 0,
        };
        if count == 0 {
            return to.flush().await;
        }
        to.write_all(&piece[..count]).await?;
        to.flush().await?;
    }
}

/// Some time after the shell is over.
pub(super) async fn silence(over: &CancellationToken) {
    over.cancelled().await;
    tokio::time::sleep(LINGER).await;
}

/// Whether a shell is named by a path, and not to be looked for by its name.
pub(super) fn is_path(shell: &str) -> bool {
    Path::new(shell).is_absolute()
}

/// There is no such shell in this place, which is named with its preposition.
pub(super) fn no_shell(shell: &str, place: &str) -> ExecutorError {
    ExecutorError::Unsupported(format!("there is no shell `{shell}` {place}: name another one that is there"))
}
