//! A shell in the place of a job on a server, at the terminal of this program.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use monkeyci_client::{JobRef, ShellReceiver, ShellSender};
use monkeyci_core::executor::Terminal;
use monkeyci_core::executor::terminal::Screen;
use monkeyci_core::model::shell::{self, FRAME, Frame, Opened, Size, Wish, Word};
use tokio::io::AsyncWriteExt as _;

use crate::command::style_of;
use crate::error::{CliError, Exit};
use crate::signals::{Ask, Signals};
use crate::terminal::{lend, screen_now};
use crate::ui::escape::{Colours, neutral};
use crate::ui::sentence::cause_words;
use crate::ui::style::{Style, Tone};

/// How long the server may say nothing at all. It asks more often than that whether we are there.
const SILENCE: Duration = Duration::from_secs(90);

/// How long a shell may take to be opened.
const OPENS: Duration = Duration::from_secs(130);

/// Opens a shell, and has the user at it until it ends. The exit code is the shell's.
pub async fn visit(job: &JobRef, name: &str, shell: Option<String>) -> Result<Exit, CliError> {
    let mut signals =
        Signals::listen_and_heed_hangups().map_err(|error| CliError::ours(format!("signals: {error}")))?;
    let now = screen_now().map_err(|error| CliError::ours(format!("the terminal: {error}")))?;
    let screen = now.map(|(kind, size)| shell::Screen { kind, size: told(size) });
    let (mut to, mut from) = job.open_shell(Wish { shell, screen }).await?;
    let opened = tokio::select! {
        opened = first(&mut from) => opened?,
        _ = signals.next() => return Ok(Exit::Interrupted),
    };
    let heading = heading(name, &opened, style_of(io::stderr().is_terminal()));
    // Nobody may be there to read it.
    let _gone = writeln!(io::stderr(), "{}", heading.join("\n"));
    let (terminal, raw) = lend().map_err(|error| CliError::ours(format!("the terminal: {error}")))?;
    let ended = tokio::select! {
        ended = sit(&mut to, &mut from, terminal) => ended,
        () = ends(&mut signals) => Ok(Err(None)),
    };
    drop(raw);
    match ended? {
        Ok(code) => Ok(Exit::Shell(u8::try_from(code).unwrap_or(1))),
        Err(None) => Ok(Exit::Interrupted),
        Err(Some(why)) => Err(CliError::failed(format!("the shell was ended: {why}"))),
    }
}

/// Waits until the shell is open.
async fn first(from: &mut ShellReceiver) -> Result<Opened, CliError> {
    let opened = async {
        loop {
            match next(from).await? {
                Frame::Word(Word::Opened(opened)) => return Ok(*opened),
                Frame::Word(Word::Closed { why, .. }) => {
                    return Err(CliError::failed(why.unwrap_or_else(|| "no shell is opened".into())));
                }
                _ => {}
            }
        }
    };
    let late = |_| CliError::ours("the server does not open the shell");
    tokio::time::timeout(OPENS, opened).await.map_err(late)?
}

/// Moves bytes between the terminal and the shell. Returns its code, or why it was ended.
async fn sit(
    to: &mut ShellSender,
    from: &mut ShellReceiver,
    terminal: Terminal,
) -> Result<Result<i32, Option<String>>, CliError> {
    let Terminal { mut input, mut output, mut errors, mut screen, guard: _guard } = terminal;
    let goes = async {
        let mut is_open = true;
        loop {
            let frames = tokio::select! {
                keys = input.recv(), if is_open => match keys {
                    Some(keys) => keys.chunks(FRAME - 1).map(|keys| Frame::Input(keys.to_vec())).collect(),
                    None => {
                        is_open = false;
                        vec![Frame::Word(Word::EndOfInput {})]
                    }
                },
                size = resized(&mut screen) => vec![Frame::Word(Word::Size(size))],
            };
            for frame in frames {
                if to.send(&frame).await.is_err() {
                    // Why, comes from the other side.
                    return std::future::pending::<()>().await;
                }
            }
        }
    };
    let written = |error: io::Error| CliError::ours(format!("the terminal: {error}"));
    let comes = async {
        loop {
            match next(from).await? {
                Frame::Output(bytes) => {
                    output.write_all(&bytes).await.map_err(written)?;
                    output.flush().await.map_err(written)?;
                }
                Frame::Errors(bytes) => {
                    errors.write_all(&bytes).await.map_err(written)?;
                    errors.flush().await.map_err(written)?;
                }
                Frame::Word(Word::Closed { exit: Some(code), .. }) => return Ok(Ok(code)),
                Frame::Word(Word::Closed { why, .. }) => return Ok(Err(Some(why.unwrap_or_default()))),
                _ => {}
            }
        }
    };
    tokio::select! {
        ended = comes => ended,
        () = goes => unreachable!("it goes on for ever"),
    }
}

/// The next frame.
async fn next(from: &mut ShellReceiver) -> Result<Frame, CliError> {
    loop {
        let told = tokio::time::timeout(SILENCE, from.next()).await;
        match told.map_err(|_| CliError::ours("the server is silent: the connection is lost"))? {
            Ok(Some(Some(frame))) => return Ok(frame),
            Ok(Some(None)) => {}
            Ok(None) => return Err(CliError::ours("the connection to the server broke off")),
            Err(why) => return Err(CliError::ours(format!("the connection to the server broke off: {why}"))),
        }
    }
}

async fn resized(screen: &mut Option<Screen>) -> Size {
    if let Some(screen) = screen
        && screen.size.changed().await.is_ok()
    {
        return told(*screen.size.borrow_and_update());
    }
    std::future::pending().await
}

/// Waits until the user or the system wants this program to end. Keys of the terminal go to the shell.
async fn ends(signals: &mut Signals) {
    while signals.next().await == Ask::Hold {}
}

fn told(size: monkeyci_core::executor::terminal::Size) -> Size {
    Size { rows: size.rows, columns: size.columns }
}

/// What the user must know before the shell says anything.
fn heading(name: &str, opened: &Opened, style: Style) -> Vec<String> {
    let text = |text: &str| neutral(text, Colours::Strip).into_owned();
    let mut lines = vec![style.paint(Tone::Strong, &format!("Job {name}"))];
    lines.push(format!("  work dir: {}", text(&opened.work_dir)));
    lines.push(match &opened.ran {
        None => "Its lines run meanwhile; the shell ends with them".into(),
        Some(ran) => {
            let how = ran.message.clone().or_else(|| Some(cause_words(ran.cause?).to_owned())).unwrap_or_default();
            style.paint(Tone::Bad, &format!("Its lines did not end well: {}", text(&how)))
        }
    });
    lines.push(style.paint(Tone::Quiet, &format!("{} is open there; `exit` ends it.", text(&opened.shell))));
    lines
}
