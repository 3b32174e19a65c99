//! One shell, from when somebody comes to when they leave.

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use http::{HeaderMap, Request};
use monkeyci_core::engine::Visiting;
use monkeyci_core::model::shell::{Frame, Word};
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::relay::{Passed, Side, closed, relay};
use super::seat::Seat;
use super::{must_enter, url};
use crate::audit::Change;
use crate::extract::JobPath;
use crate::identity::{Known, Who};
use crate::problem::Answer;
use crate::state::{State, now};
use crate::table::shell::{self, ShellRow};

/// How long a worker may take to open one; an image may have to be made ready first.
const OPENS: Duration = Duration::from_secs(120);

/// How often it is looked whether whoever has it open still may.
const LOOK: Duration = Duration::from_secs(10);

/// One shell.
pub struct Session {
    state: State,
    path: JobPath,
    known: Known,
    /// By which it is known again who came.
    headers: HeaderMap,
    /// The environment of the job.
    of: Option<String>,
    visiting: Visiting,
    _seat: Seat,
    _open: TaskTrackerToken,
}

impl Session {
    /// Somebody comes to a job who may, with a way to its shell from `visit`.
    ///
    /// # Errors
    /// When as many shells are open as may be, or there is no way.
    pub fn new(
        state: &State,
        path: JobPath,
        known: Known,
        headers: HeaderMap,
        of: Option<String>,
        visit: impl FnOnce(&JobPath) -> Answer<Visiting>,
    ) -> Answer<Self> {
        let _seat = state.shells.seats.take(&known.name)?;
        let visiting = visit(&path)?;
        let _open = state.shells.open.token();
        Ok(Self { state: state.clone(), path, known, headers, of, visiting, _seat, _open })
    }

    /// Has them at the shell until it ends, they leave, or may not stay.
    pub async fn run(self, socket: WebSocket) {
        let Self { state, path, known, headers, of, visiting, _seat, _open } = self;
        let attempt = visiting.attempt.number;
        let row = ShellRow {
            id: crate::random::id(),
            build: path.build().id(),
            job: path.job.clone(),
            attempt,
            person: known.name.clone(),
            opened: now(),
        };
        let open = Change::by(&known, path.org.as_str(), "shell/open", url(&path)).with("attempt", attempt.to_string());
        let added = row.clone();
        let written = state.tables.write(move |sql| {
            open.write(sql)?;
            shell::add(sql, &added)
        });
        if let Err(error) = written.await {
            // Nobody enters of whom nothing is written down.
            tracing::error!(%error, "no shell can be opened");
            return refuse(socket, "the server's database does not answer as it should; try again later").await;
        }
        let word = attend(&state, &path, &headers, of.as_deref(), &row, visiting, socket).await;
        let (exit, why) = match word {
            Word::Closed { exit, why } => (exit, why),
            _ => (None, None),
        };
        let how = exit.map(|code| format!("it ended with code {code}")).or(why).unwrap_or_default();
        let close = Change::by(&known, path.org.as_str(), "shell/close", url(&path))
            .with("attempt", attempt.to_string())
            .with("opened", row.opened.to_string())
            .with("seconds", ((now() - row.opened) / 1000).max(0).to_string())
            .with("how", how);
        let written = state.tables.write(move |sql| {
            close.write(sql)?;
            shell::remove(sql, &row.id)
        });
        if let Err(error) = written.await {
            // The next start finds the row.
            tracing::error!(%error, "the end of a shell cannot be written down");
        }
    }
}

async fn attend(
    state: &State,
    path: &JobPath,
    headers: &HeaderMap,
    of: Option<&str>,
    row: &ShellRow,
    visiting: Visiting,
    socket: WebSocket,
) -> Word {
    let Visiting { mut line, place, .. } = visiting;
    let opened = tokio::select! {
        opened = tokio::time::timeout(OPENS, line.from.recv()) => opened,
        () = state.shells.stop.cancelled() => Ok(None),
    };
    let (said, word) = match opened {
        Ok(Some(Frame::Word(Word::Opened(mut opened)))) => {
            opened.seconds = Some(state.shells.time.as_secs());
            (Frame::Word(Word::Opened(opened)), None)
        }
        Ok(Some(Frame::Word(word @ Word::Closed { .. }))) => (Frame::Word(word.clone()), Some(word)),
        Ok(_) => return refused(socket, "its worker let go of it").await,
        Err(_) => return refused(socket, "its worker does not open it").await,
    };
    let mut socket = socket;
    let sent = tokio::time::timeout(OPENS, socket.send(Message::Binary(said.encode().into()))).await;
    if let Some(word) = word {
        return word;
    }
    if !matches!(sent, Ok(Ok(()))) {
        return closed("whoever had it open is gone");
    }
    let build = state.engine.handle(&row.build).await;
    if let Ok(build) = &build {
        // A job that is over by now says so itself.
        let _over = build.shell_started(&row.job, row.attempt, &row.person).await;
    }
    let passed = Passed::default();
    let word = relay(socket, line, Side::Person, &passed, ends(state, path, headers, of, &passed)).await;
    if let Ok(build) = &build {
        let _over = build.shell_ended(&row.job, row.attempt, &row.person).await;
    }
    // Somebody else may come, once nothing of it is left here.
    drop(place);
    word
}

/// Waits until a shell must end that does not by itself; says why.
async fn ends(state: &State, path: &JobPath, headers: &HeaderMap, of: Option<&str>, passed: &Passed) -> String {
    let shells = &state.shells;
    let idle = async {
        while let Some(left) = shells.idle.checked_sub(passed.idle()) {
            tokio::time::sleep(left + Duration::from_millis(10)).await;
        }
    };
    let rights = async {
        loop {
            tokio::time::sleep(LOOK).await;
            if let Err(why) = still(state, path, headers, of).await {
                return why;
            }
        }
    };
    tokio::select! {
        () = shells.stop.cancelled() => "the server stops".into(),
        () = tokio::time::sleep(shells.time) => format!("it was open for {}, and may not be longer", spelled(shells.time)),
        () = idle => format!("nothing was typed or shown for {}", spelled(shells.idle)),
        why = rights => why,
    }
}

/// A time as people say it.
fn spelled(time: Duration) -> String {
    match time.as_secs() {
        60 => "a minute".into(),
        seconds if seconds % 60 == 0 => format!("{} minutes", seconds / 60),
        seconds => format!("{seconds} seconds"),
    }
}

/// Whether whoever came may still be there.
async fn still(state: &State, path: &JobPath, headers: &HeaderMap, of: Option<&str>) -> Result<(), String> {
    use axum::extract::FromRequestParts as _;

    let mut request = Request::new(());
    *request.headers_mut() = headers.clone();
    let (mut parts, ()) = request.into_parts();
    let may = async {
        let who = Who::from_request_parts(&mut parts, state).await?;
        must_enter(state, &who, path, of).await
    };
    match may.await {
        Ok(_) => Ok(()),
        // A database that does not answer takes nobody's rights.
        Err(refusal) if refusal.status().is_server_error() => Ok(()),
        Err(refusal) => Err(format!("you may no longer be here: {refusal}")),
    }
}

async fn refuse(socket: WebSocket, why: &str) {
    let _word = refused(socket, why).await;
}

async fn refused(mut socket: WebSocket, why: &str) -> Word {
    let word = closed(why);
    let said = socket.send(Message::Binary(Frame::Word(word.clone()).encode().into()));
    let _gone = tokio::time::timeout(LOOK, said).await;
    word
}
