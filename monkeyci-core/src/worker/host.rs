//! A shell for somebody who comes over the network: its terminal, made of frames.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::FutureExt as _;
use monkeyci_model::shell::{FRAME, Frame, Opened, Word};
use tokio::io::AsyncWrite;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::{CancellationToken, PollSender};

use crate::executor::terminal::{Screen, Size};
use crate::executor::{ExecutorError, Sitting, Terminal};
use crate::visit::{Line, Visit};

/// Pieces of input that wait for the shell.
const KEYS: usize = 16;

/// How long the last word waits for somebody who does not look.
const LAST_WORD: Duration = Duration::from_secs(2);

/// Has somebody at a shell until it ends, they leave, or it is `over`. `shell` opens it.
pub(super) async fn attend<F>(visit: Visit, opened: Opened, over: &CancellationToken, shell: impl FnOnce(Sitting) -> F)
where
    F: Future<Output = Result<Option<i32>, ExecutorError>>,
{
    let Visit { wish, line: Line { to, from } } = visit;
    let cancel = over.child_token();
    let (keys, input) = mpsc::channel(KEYS);
    let size = wish.screen.as_ref().map_or(Size { rows: 24, columns: 80 }, |screen| told(screen.size));
    let (resized, size) = watch::channel(size);
    let terminal = Terminal {
        input,
        output: Box::new(Shown { to: PollSender::new(to.clone()), frame: Frame::Output }),
        errors: Box::new(Shown { to: PollSender::new(to.clone()), frame: Frame::Errors }),
        screen: wish.screen.map(|screen| Screen { kind: screen.kind, size }),
        guard: Box::new(()),
    };
    let door = to.clone();
    let open = move || {
        async move {
            door.send(Frame::Word(Word::Opened(Box::new(opened)))).await.ok()?;
            Some(terminal)
        }
        .boxed()
    };
    let sitting = Sitting { cancel: cancel.clone(), open: Box::new(open) };
    let beside = async {
        tokio::join!(hear(from, keys, resized), async {
            to.closed().await;
            cancel.cancel();
        });
        std::future::pending::<()>().await;
    };
    let ended = tokio::select! {
        ended = shell(sitting) => ended,
        () = beside => unreachable!("it waits for ever"),
    };
    let (exit, why) = match ended {
        Ok(Some(code)) => (Some(code), None),
        // Whoever left does not hear it.
        Ok(None) => (None, Some("the job has ended, and its place is gone".to_owned())),
        Err(error) => (None, Some(error.to_string())),
    };
    say(&to, Word::Closed { exit, why }).await;
}

async fn say(to: &mpsc::Sender<Frame>, word: Word) {
    // They may be gone, or not look.
    let _unheard = tokio::time::timeout(LAST_WORD, to.send(Frame::Word(word))).await;
}

/// Hands in what is typed until nobody types any more.
async fn hear(mut from: mpsc::Receiver<Frame>, keys: mpsc::Sender<bytes::Bytes>, resized: watch::Sender<Size>) {
    let mut keys = Some(keys);
    while let Some(frame) = from.recv().await {
        match (frame, &keys) {
            (Frame::Input(bytes), Some(typed)) => {
                // A shell that reads no more need not have ended.
                let _unread = typed.send(bytes.into()).await;
            }
            (Frame::Word(Word::EndOfInput {}), _) => keys = None,
            (Frame::Word(Word::Size(size)), _) => {
                let _before = resized.send_replace(told(size));
            }
            // What only a shell says.
            _ => {}
        }
    }
}

fn told(size: monkeyci_model::shell::Size) -> Size {
    Size { rows: size.rows, columns: size.columns }
}

/// Where a shell's output goes: frames.
struct Shown {
    to: PollSender<Frame>,
    frame: fn(Vec<u8>) -> Frame,
}

impl AsyncWrite for Shown {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        ready!(self.to.poll_reserve(cx)).map_err(gone)?;
        let count = bytes.len().min(FRAME - 1);
        let frame = (self.frame)(bytes[..count].to_vec());
        self.to.send_item(frame).map_err(gone)?;
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.to.close();
        Poll::Ready(Ok(()))
    }
}
