//! What a program printed, as much of it as an error shows.

use crate::job_dir::frame::Stream;
use crate::secret::{Masker, Secrets};

/// Bytes that are shown of the beginning and of the end: the first mistakes of a compiler, the last words of a crash.
const HEAD: usize = 24 * 1024;
const TAIL: usize = 40 * 1024;

/// Bytes of the longest line that is looked at one by one.
const LINE: usize = 1024 * 1024;

/// What a program printed. Secrets are taken out before anything is left out, so that no half of one is left.
pub(super) struct Output {
    masker: Masker<()>,
    head: Vec<u8>,
    tail: Vec<u8>,
    left_out: usize,
}

impl Output {
    pub(super) fn new(secrets: &Secrets) -> Self {
        Self { masker: secrets.masker(), head: Vec::new(), tail: Vec::new(), left_out: 0 }
    }

    /// Takes in the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let masked = self.masker.push(bytes).bytes;
        self.keep(&masked);
    }

    /// All of it as text.
    pub(super) fn finish(mut self) -> String {
        let masked = self.masker.finish().bytes;
        self.keep(&masked);
        self.cut();
        let mut bytes = self.head;
        if self.left_out > 0 {
            bytes.extend_from_slice(format!("\n… {} bytes are left out …\n", self.left_out).as_bytes());
        }
        bytes.extend_from_slice(&self.tail);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn keep(&mut self, bytes: &[u8]) {
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

/// Hears what a program prints, while it is read.
pub(super) trait Listener: Send {
    /// The next bytes of a stream.
    fn hear(&mut self, stream: Stream, bytes: &[u8]);
}

/// Everything is for people.
impl Listener for Output {
    fn hear(&mut self, _: Stream, bytes: &[u8]) {
        self.push(bytes);
    }
}

/// What cargo prints: messages for programs, a line each, on standard output, and words for people on the other stream.
pub(super) struct CargoOutput {
    pub(super) people: Output,
    /// Programs that were built, as cargo names their files.
    pub(super) executables: Vec<String>,
    line: Vec<u8>,
}

impl CargoOutput {
    pub(super) fn new(secrets: &Secrets) -> Self {
        Self { people: Output::new(secrets), executables: Vec::new(), line: Vec::new() }
    }

    fn take_line(&mut self) {
        // <https://doc.rust-lang.org/cargo/reference/external-tools.html#artifact-messages>
        #[derive(serde::Deserialize)]
        struct Message {
            reason: String,
            executable: Option<String>,
        }
        match serde_json::from_slice::<Message>(&self.line) {
            Ok(message) if message.reason == "compiler-artifact" => self.executables.extend(message.executable),
            Ok(_) => {}
            // What tests print.
            Err(_) => self.people.push(&self.line),
        }
        self.line.clear();
    }
}

impl Listener for CargoOutput {
    fn hear(&mut self, stream: Stream, bytes: &[u8]) {
        if stream == Stream::Stderr {
            return self.people.push(bytes);
        }
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.line.len() + piece.len() <= LINE {
                self.line.extend_from_slice(piece);
            }
            if piece.ends_with(b"\n") {
                self.take_line();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use monkeyci_model::SecretRef;

    use super::*;

    #[test]
    fn the_beginning_and_the_end_are_kept_and_secrets_are_not() {
        let mut secrets = Secrets::new();
        secrets.insert(SecretRef { name: "TOKEN".into(), version: 1 }, "hunter22".into());
        let mut output = Output::new(&secrets);
        output.push(b"first hun");
        output.push(b"ter22\n");
        for _ in 0..1000 {
            output.push(&[b'x'; 1000]);
        }
        output.push(b"\nlast hunter22");
        let text = output.finish();
        assert!(text.starts_with("first ***\n") && text.ends_with("last ***"), "{}", &text[..40]);
        assert!(text.len() < HEAD + TAIL + 100 && text.contains("bytes are left out"));
        assert!(!text.contains("hunter22"));
    }

    #[test]
    fn programs_are_known_from_cargo_s_messages_however_they_are_cut() {
        let mut output = CargoOutput::new(&Secrets::new());
        let messages = concat!(
            r#"{"reason":"compiler-artifact","executable":null}"#,
            "\nnoise\n",
            r#"{"reason":"compiler-artifact","executable":"/a/b"}"#,
            "\n",
        );
        for byte in messages.as_bytes() {
            output.hear(Stream::Stdout, &[*byte]);
        }
        output.hear(Stream::Stderr, b"error: no");
        assert_eq!(output.executables, ["/a/b"]);
        assert_eq!(output.people.finish(), "noise\nerror: no");
    }
}
