//! The terminal of this program, lent to a shell; or its pipes.

use std::io::{self, IsTerminal as _, PipeReader, PipeWriter};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use monkeyci_core::executor::Terminal;
use monkeyci_core::executor::terminal::{Screen, Size};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};

/// Bytes that are read at once.
const PIECE: usize = 4096;

/// The modes that the terminal had before every key went to the shell. They are set again when a clone of this is
/// dropped, whichever is first.
#[derive(Clone)]
pub struct Raw {
    before: Arc<Mutex<Option<Termios>>>,
}

impl Raw {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(io::stdin(), OptionalActions::Drain, &raw)?;
        Ok(Self { before: Arc::new(Mutex::new(Some(before))) })
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        if let Some(before) = self.before.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // A terminal that is gone needs nothing.
            let _gone = tcsetattr(io::stdin(), OptionalActions::Drain, &before);
        }
    }
}

/// Lends the terminal, and the way to take it back: its modes, when every key goes to the shell.
///
/// Where standard input or output is no terminal, the shell gets what they are.
pub fn lend() -> io::Result<(Terminal, Option<Raw>)> {
    let on_screen = is_on_screen();
    let screen = on_screen.then(screen).transpose()?;
    let (stopped, stop) = io::pipe()?;
    let (keys, input) = mpsc::channel(16);
    std::thread::Builder::new().name("keys".into()).spawn(move || read(&stopped, &keys))?;
    let raw = on_screen.then(Raw::begin).transpose()?;
    let guard: (Option<Raw>, PipeWriter) = (raw.clone(), stop);
    let terminal = Terminal {
        input,
        output: Box::new(tokio::io::stdout()),
        errors: Box::new(tokio::io::stderr()),
        screen,
        guard: Box::new(guard),
    };
    Ok((terminal, raw))
}

/// What the terminal understands and how large it is; nothing where there is none to lend.
pub fn screen_now() -> io::Result<Option<(String, Size)>> {
    is_on_screen().then(|| Ok((kind(), size()?))).transpose()
}

fn is_on_screen() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

fn kind() -> String {
    std::env::var("TERM").ok().filter(|kind| !kind.is_empty()).unwrap_or_else(|| "dumb".into())
}

fn screen() -> io::Result<Screen> {
    let (resized, size) = watch::channel(size()?);
    let mut changes = signal(SignalKind::window_change())?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = changes.recv() => if let Ok(size) = self::size() {
                    resized.send_replace(size);
                },
                () = resized.closed() => return,
            }
        }
    });
    Ok(Screen { kind: kind(), size })
}

fn size() -> io::Result<Size> {
    let size = tcgetwinsize(io::stdout())?;
    Ok(Size { rows: size.ws_row, columns: size.ws_col })
}

/// Reads standard input until it ends or nobody wants it any more: what is typed then is for whoever comes after us.
fn read(stopped: &PipeReader, keys: &mpsc::Sender<Bytes>) {
    let stdin = io::stdin();
    let mut piece = [0; PIECE];
    loop {
        let mut ready = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(stopped, PollFlags::IN)];
        match poll(&mut ready, None) {
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return,
            Ok(_) if !ready[1].revents().is_empty() => return,
            Ok(_) => {}
        }
        // Not through the standard library, whose buffer would keep what nobody asks for any more.
        match rustix::io::read(&stdin, &mut piece) {
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
            Ok(count) if count > 0 => {
                if keys.blocking_send(Bytes::copy_from_slice(&piece[..count])).is_err() {
                    return;
                }
            }
            _ => return,
        }
    }
}
