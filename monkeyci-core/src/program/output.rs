//! What a program prints: as much of it as an error shows, and all of it to the script's log.

use std::sync::Arc;

use super::log::Log;
use crate::job_dir::frame::Stream;
use crate::secret::{Masked, Masker, Secrets};

/// Bytes that are shown of the beginning and of the end: the first mistakes of a compiler, the last words of a crash.
const HEAD: usize = 24 * 1024;
const TAIL: usize = 40 * 1024;

/// What a program printed. Secrets are taken out before anything is left out, so that no half of one is left.
pub(super) struct Output {
    masker: Masker<Stream>,
    log: Option<Arc<Log>>,
    /// The stream of the last byte that came in, and of the last that went out; and how many did.
    written_to: Stream,
    stream: Stream,
    out: u64,
    head: Vec<u8>,
    tail: Vec<u8>,
    left_out: usize,
}

impl Output {
    pub(super) fn new(secrets: &Secrets) -> Self {
        let masker = secrets.masker();
        let (written_to, stream) = (Stream::Stdout, Stream::Stdout);
        Self { masker, log: None, written_to, stream, out: 0, head: Vec::new(), tail: Vec::new(), left_out: 0 }
    }

    /// Tells it to this log as well, while it is printed.
    pub(super) fn logged(mut self, log: Option<&Arc<Log>>) -> Self {
        self.log = log.cloned();
        self
    }

    /// Takes in the next bytes.
    pub(super) fn push(&mut self, stream: Stream, bytes: &[u8]) {
        if std::mem::replace(&mut self.written_to, stream) != stream {
            self.masker.mark(stream);
        }
        let masked = self.masker.push(bytes);
        self.take(masked);
    }

    /// All of it as text.
    pub(super) fn finish(mut self) -> String {
        let masked = self.masker.finish();
        self.take(masked);
        self.cut();
        let mut bytes = self.head;
        if self.left_out > 0 {
            bytes.extend_from_slice(format!("\n… {} bytes are left out …\n", self.left_out).as_bytes());
        }
        bytes.extend_from_slice(&self.tail);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn take(&mut self, masked: Masked<Stream>) {
        let mut rest = &masked.bytes[..];
        for (offset, stream) in masked.marks {
            let before = usize::try_from(offset - self.out).unwrap_or(rest.len()).min(rest.len());
            let (bytes, after) = rest.split_at(before);
            self.keep(bytes);
            (self.stream, rest) = (stream, after);
        }
        self.keep(rest);
    }

    fn keep(&mut self, bytes: &[u8]) {
        if let Some(log) = &self.log {
            log.write(self.stream, bytes);
        }
        self.out += bytes.len() as u64;
        let (first, rest) = bytes.split_at(bytes.len().min(HEAD - self.head.len()));
        self.head.extend_from_slice(first);
        self.tail.extend_from_slice(rest);
        if self.tail.len() > 2 * TAIL {
            self.cut();
        }
    }

    fn cut(&mut self) {
        let over = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..over);
        self.left_out += over;
    }
}

/// Hears what a program prints, while it runs.
pub(super) trait Listener: Send {
    /// The next bytes of a stream.
    fn hear(&mut self, stream: Stream, bytes: &[u8]);
}

/// Everything is for people.
impl Listener for Output {
    fn hear(&mut self, stream: Stream, bytes: &[u8]) {
        self.push(stream, bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use monkeyci_model::SecretRef;

    use super::*;
    use crate::log::{Chunk, MarkKind};

    fn secrets() -> Secrets {
        let mut secrets = Secrets::new();
        secrets.insert(SecretRef { name: "TOKEN".into(), version: 1 }, "hunter22".into());
        secrets
    }

    #[test]
    fn the_beginning_and_the_end_are_kept_and_secrets_are_not() {
        let mut output = Output::new(&secrets());
        output.push(Stream::Stdout, b"first hun");
        output.push(Stream::Stderr, b"ter22\n");
        for _ in 0..1000 {
            output.push(Stream::Stdout, &[b'x'; 1000]);
        }
        output.push(Stream::Stdout, b"\nlast hunter22");
        let text = output.finish();
        assert!(text.starts_with("first ***\n") && text.ends_with("last ***"), "{}", &text[..40]);
        assert!(text.len() < HEAD + TAIL + 100 && text.contains("bytes are left out"));
        assert!(!text.contains("hunter22"));
    }

    #[test]
    fn the_log_has_all_of_it_at_once_with_its_streams_and_no_secret() {
        let told = Arc::new(Mutex::new(Vec::<Chunk>::new()));
        let hears = Arc::clone(&told);
        let log = Arc::new(Log::new(7, move |chunk| hears.lock().expect("whole").push(chunk.clone())));
        let mut output = Output::new(&secrets()).logged(Some(&log));
        output.push(Stream::Stdout, b"out hunter22 hun");
        let so_far: Vec<u8> = told.lock().expect("whole").iter().flat_map(|chunk| chunk.bytes.to_vec()).collect();
        assert_eq!(so_far, b"out *** ");
        output.push(Stream::Stderr, b"err");
        assert_eq!(output.finish(), "out *** hunerr");
        let told = told.lock().expect("whole");
        let ends: Vec<_> = told.iter().map(|chunk| (chunk.offset, chunk.bytes.len())).collect();
        assert_eq!(ends, [(7, 8), (15, 3), (18, 3)]);
        let marks: Vec<_> = told.iter().flat_map(|chunk| &chunk.marks).map(|mark| (mark.offset, mark.kind)).collect();
        assert_eq!(marks, [(7, MarkKind::Stdout), (18, MarkKind::Stderr)]);
    }
}
