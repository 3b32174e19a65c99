//! What a script prints outside of a build: lines on the streams of this program, as they come.

use std::io::{IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};

use monkeyci_core::log::Chunk;
use monkeyci_core::model::JobId;

use super::escape::{Colours, neutral};
use super::output::{Decoder, Output, Stream};
use super::style::{Style, Tone};

/// Writes the lines of a log.
pub struct Lines {
    decoder: Mutex<Decoder>,
    prefix: String,
    all_to_stderr: bool,
}

impl Lines {
    /// Beside what a command itself prints: on standard error, each after `[script]`.
    pub fn of_script() -> Self {
        let style = Style::detect(std::io::stderr().is_terminal(), |name| std::env::var_os(name));
        let prefix = format!("{} ", style.paint(Tone::Quiet, "[script]"));
        Self { decoder: Mutex::default(), prefix, all_to_stderr: true }
    }

    /// As what a command prints: each on its own stream.
    pub fn plain() -> Self {
        Self { decoder: Mutex::default(), prefix: String::new(), all_to_stderr: false }
    }

    /// Of a job among others: each after `[JOB]`.
    pub fn of_job(job: &JobId) -> Self {
        let style = Style::detect(std::io::stdout().is_terminal(), |name| std::env::var_os(name));
        let prefix = format!("{} ", style.paint(Tone::Quiet, &format!("[{job}]")));
        Self { prefix, ..Self::plain() }
    }

    /// Writes the lines that are now whole. A step that ends ends its last line.
    pub fn hear(&self, chunk: &Chunk) {
        let outputs = self.decoder.lock().unwrap_or_else(PoisonError::into_inner).chunk(chunk);
        self.write(outputs);
    }

    /// Writes the line that was begun and never ended.
    pub fn finish(&self) {
        let outputs = self.decoder.lock().unwrap_or_else(PoisonError::into_inner).finish();
        self.write(outputs);
    }

    fn write(&self, outputs: Vec<Output>) {
        let lines = outputs.into_iter().filter_map(|output| match output {
            Output::Line(stream, text) => Some((stream, text)),
            _ => None,
        });
        for (stream, text) in lines {
            let line = format!("{}{}\n", self.prefix, neutral(&text, Colours::Keep));
            // A reader that went away wants no more, which is no error.
            let _gone = if self.all_to_stderr || stream == Stream::Stderr {
                std::io::stderr().write_all(line.as_bytes())
            } else {
                std::io::stdout().write_all(line.as_bytes())
            };
        }
    }
}
