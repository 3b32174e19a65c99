//! What a script does and prints while it is loaded, told as it happens.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use bytes::Bytes;

use crate::job_dir::frame::Stream;
use crate::log::{CHUNK_BYTES, Chunk, Mark, MarkKind};

/// A step of loading a script that is a program. In its log each is a line, by its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It is compiled.
    Compile,
    /// Its tests are compiled and run.
    Test,
    /// It is asked for its jobs.
    Plan,
}

impl Step {
    /// All of them, in the order of their indexes.
    pub const ALL: [Self; 3] = [Self::Compile, Self::Test, Self::Plan];

    /// Which line of the log it is.
    #[must_use]
    pub fn index(self) -> u32 {
        self as u32
    }

    /// The step that is this line of the log.
    #[must_use]
    pub fn of(index: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.index() == index)
    }
}

/// The log of a script: chunks of masked bytes, with marks where streams change and where steps begin and end.
pub(super) struct Log {
    to: Box<dyn Fn(&Chunk) + Send + Sync>,
    place: Mutex<Place>,
}

/// How far it is written.
struct Place {
    offset: u64,
    stream: Option<Stream>,
    began: Instant,
}

impl Log {
    /// Tells the chunks from the byte `offset` on.
    pub(super) fn new(offset: u64, to: impl Fn(&Chunk) + Send + Sync + 'static) -> Self {
        let place = Place { offset, stream: None, began: Instant::now() };
        Self { to: Box::new(to), place: Mutex::new(place) }
    }

    pub(super) fn begin(&self, step: Step) {
        self.mark(MarkKind::LineStart(step.index()));
    }

    pub(super) fn end(&self, step: Step, is_well: bool) {
        self.mark(MarkKind::LineEnd(step.index(), i32::from(!is_well)));
    }

    /// Tells what was printed, secrets masked.
    pub(super) fn write(&self, stream: Stream, bytes: &[u8]) {
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        for bytes in bytes.chunks(CHUNK_BYTES) {
            let changed = place.stream.replace(stream) != Some(stream);
            let kind = if stream == Stream::Stdout { MarkKind::Stdout } else { MarkKind::Stderr };
            let marks = if changed { vec![place.mark(kind)] } else { Vec::new() };
            (self.to)(&Chunk { offset: place.offset, bytes: Bytes::copy_from_slice(bytes), marks });
            place.offset += bytes.len() as u64;
        }
    }

    fn mark(&self, kind: MarkKind) {
        let place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        (self.to)(&Chunk { offset: place.offset, bytes: Bytes::new(), marks: vec![place.mark(kind)] });
    }
}

impl Place {
    fn mark(&self, kind: MarkKind) -> Mark {
        let millis = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Mark { offset: self.offset, millis, kind }
    }
}
