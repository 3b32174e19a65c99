use monkeyci_core::model::{Event, JobId};

use crate::ui::View;
use crate::ui::output::Output;
use crate::ui::progress::Progress;
use crate::ui::summary::Place;

/// A view that knows how far a story was told, so that whoever loses a build and takes it again tells nothing twice.
pub(super) struct Teller<'a> {
    view: &'a mut dyn View,
    /// The number of the last event of the build that was told.
    pub(super) told: u64,
}

impl<'a> Teller<'a> {
    /// One that has told nothing yet.
    pub(super) fn new(view: &'a mut dyn View) -> Self {
        Self { view, told: 0 }
    }
}

impl View for Teller<'_> {
    fn event(&mut self, progress: &Progress, event: &Event) {
        self.told = self.told.max(event.seq);
        self.view.event(progress, event);
    }

    fn output(&mut self, progress: &Progress, job: &JobId, attempt: u32, output: &Output) {
        self.view.output(progress, job, attempt, output);
    }

    fn tick(&mut self, progress: &Progress, now: i64) {
        self.view.tick(progress, now);
    }

    fn note(&mut self, text: &str) {
        self.view.note(text);
    }

    fn leave(&mut self) {
        self.view.leave();
    }

    fn end(&mut self, progress: &Progress, place: &Place) {
        self.view.end(progress, place);
    }
}
