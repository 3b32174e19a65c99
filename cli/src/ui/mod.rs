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

use monkeyci_core::model::{Event, JobId};

use output::Output;
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
