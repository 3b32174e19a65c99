//! People who want a shell in the place of a job here: a connection to the server for each, which this worker opens.

use std::time::Duration;

use monkeyci_client::{ShellReceiver, ShellSender};
use monkeyci_core::model::shell::{Frame, Wish, Word};
use monkeyci_core::visit::{Line, Visit};

/// How long the server may say nothing at all. It asks more often than that whether we are there.
const SILENCE: Duration = Duration::from_secs(90);

/// Lets somebody in whose connection has come; none when they have left by now.
pub(super) async fn begin((to, mut from): (ShellSender, ShellReceiver)) -> Option<Visit> {
    let wish = wish(&mut from).await?;
    let (line, theirs) = Line::pair();
    tokio::spawn(carry(to, from, theirs));
    Some(Visit { wish, line })
}

/// What they want, which comes first.
async fn wish(from: &mut ShellReceiver) -> Option<Wish> {
    loop {
        match tokio::time::timeout(SILENCE, from.next()).await {
            Ok(Ok(Some(Some(Frame::Word(Word::Wish(wish)))))) => return Some(wish),
            Ok(Ok(Some(None))) => {}
            _ => return None,
        }
    }
}

/// Carries frames until one side is gone.
async fn carry(mut to: ShellSender, mut from: ShellReceiver, line: Line) {
    let Line { to: shell, from: mut shown } = line;
    let comes = async {
        while let Ok(Ok(Some(frame))) = tokio::time::timeout(SILENCE, from.next()).await {
            if let Some(frame) = frame
                && shell.send(frame).await.is_err()
            {
                // What it said last is still on its way.
                return std::future::pending().await;
            }
        }
    };
    let goes = async {
        while let Some(frame) = shown.recv().await {
            let is_last = matches!(frame, Frame::Word(Word::Closed { .. }));
            if to.send(&frame).await.is_err() || is_last {
                return;
            }
        }
    };
    tokio::select! {
        () = comes => {}
        () = goes => {}
    }
}
