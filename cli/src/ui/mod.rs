//! What a person or a program sees of a build.
//!
//! Everything that is shown is drawn from [`progress`], a pure fold over events and output. A [`View`] decides how:
//! [`live`] on a terminal, [`plain`] in a pipe, [`json`] for programs.

pub mod duration;
pub mod escape;
pub mod json;
pub mod lines;
pub mod live;
pub mod output;
pub mod picture;
pub mod plain;
pub mod progress;
#[cfg(test)]
pub mod recorded;
pub mod sentence;
pub mod style;
pub mod summary;
pub mod table;
pub mod when;

use std::io::{BufWriter, IsTerminal as _};

use console::Term;
use monkeyci_core::model::{Event, JobId};

use crate::command::{is_dumb, style_of};
use json::Json;
use live::Live;
use output::Output;
use plain::{Detail, Plain};
use progress::Progress;

/// One way to show a build. It only hears; `progress` has already taken in what it is told.
pub trait View {
    /// Something happened.
    fn event(&mut self, progress: &Progress, event: &Event);

    /// A job wrote something.
    fn output(&mut self, progress: &Progress, job: &JobId, attempt: u32, output: &Output);

    /// Time went by: a chance to draw again. `now` is in milliseconds since 1970.
    fn tick(&mut self, _progress: &Progress, _now: i64) {}

    /// Something that the user must know now.
    fn note(&mut self, text: &str);

    /// The screen is somebody else's from now on: what is drawn on it goes.
    fn leave(&mut self) {}

    /// The build is over.
    fn end(&mut self, progress: &Progress, place: &summary::Place);
}

/// The view that suits standard output and what the user asked for.
pub fn view(json: bool, quiet: bool) -> Box<dyn View> {
    let stdout = std::io::stdout();
    let is_terminal = stdout.is_terminal();
    let style = style_of(is_terminal);
    // A loud job is written in few calls; what is quiet is flushed at each look.
    let stdout = BufWriter::with_capacity(64 * 1024, stdout);
    match (json, quiet) {
        (true, _) => Box::new(Json::new(stdout)),
        (_, true) => Box::new(Plain::new(stdout, style, Detail::Quiet)),
        _ if is_terminal && !is_dumb() => Box::new(Live::new(Term::stdout(), style)),
        _ => Box::new(Plain::new(stdout, style, Detail::All)),
    }
}
