//! Cargo, run on inputs that lie where nothing else does.

use std::path::PathBuf;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::bench::Bench;
use super::log::Log;
use super::output::{Listener, Output};
use super::run::{Errand, value};
use super::{COMPILE, ProgramError, Programs};
use crate::job_dir::frame::Stream;
use crate::job_dir::{JobDir, Program};
use crate::secret::Secrets;

/// Bytes that cargo may print.
const LOG_BYTES: u64 = 64 * 1024 * 1024;

/// Bytes of the longest line that is looked at one by one.
const LINE: usize = 1024 * 1024;

/// Tests that did not pass whose names are kept.
const FAILED: usize = 100;

/// Bytes of the longest name that is one.
const NAME: usize = 300;

/// Cargo, and where it finds what it works on, as it calls that.
pub(super) struct Cargo {
    pub(super) program: PathBuf,
    pub(super) source: PathBuf,
    /// The folder of the script, from `source`.
    pub(super) dir: PathBuf,
    pub(super) target: PathBuf,
    /// The packages of ours that the script names, with their folders.
    pub(super) ours: Vec<(&'static str, PathBuf)>,
    /// The bench that it works at, where it does so in an image.
    pub(super) bench: Option<Bench>,
    /// Whether the code is that of a fork.
    pub(super) fork: bool,
}

/// How cargo ended.
pub(super) struct CargoRan {
    /// Why not well, in half a sentence.
    pub(super) how: Option<String>,
    /// What it printed for people.
    pub(super) said: String,
    /// Programs that were built, as cargo names their files.
    pub(super) executables: Vec<String>,
    /// Tests that passed, and the names of those that did not.
    pub(super) passed: u64,
    pub(super) failed: Vec<String>,
}

impl Programs {
    /// Runs cargo with these words, and with `rest` after `--` for what it runs.
    pub(super) async fn cargo(
        &self,
        cargo: &Cargo,
        words: &[&str],
        rest: &[String],
        cancel: &CancellationToken,
    ) -> Result<CargoRan, ProgramError> {
        let once = async |offline| {
            let mut output = CargoOutput::new(&self.secrets, self.log.as_ref());
            output.waits_on_error = offline;
            let program = cargo.command(words, rest, offline);
            let errand = cargo.errand();
            let bench = cargo.bench.clone();
            let prepare = move |dir: &JobDir| {
                bench.map_or(Ok(()), |bench| bench.lend(dir))?;
                Ok(program)
            };
            let ran = self.shared.run(&errand, prepare, &mut output, cancel).await?;
            output.end_lines();
            Ok::<_, ProgramError>((ran.how, output))
        };
        // What is there already is quickest, and the same tomorrow; cargo says by this flag's name what is not.
        let (mut how, mut output) = once(true).await?;
        if how.is_some() && output.needs_network() {
            (how, output) = once(false).await?;
        }
        Ok(output.finish(how))
    }
}

impl Cargo {
    /// What runs it.
    fn errand(&self) -> Errand {
        let errand = Errand { fork: self.fork, ..Errand::new("compile", COMPILE, LOG_BYTES, None) };
        match &self.bench {
            None => errand,
            Some(bench) => Errand {
                image: Some(bench.image.clone()),
                work: Some(bench.folder.clone()),
                collect: ["target", "cargo"].map(str::to_owned).into(),
                ..errand
            },
        }
    }

    /// How it is called.
    fn command(&self, words: &[&str], rest: &[String], offline: bool) -> Program {
        let mut command: Vec<Vec<u8>> = vec![value(&self.program)];
        command.extend(words.iter().map(|&word| word.into()));
        if offline {
            command.push("--offline".into());
        }
        for (package, folder) in &self.ours {
            let path = toml::Value::String(folder.to_string_lossy().into_owned());
            command.extend(["--config".into(), format!("patch.crates-io.{package}.path={path}").into_bytes()]);
        }
        if !rest.is_empty() {
            command.push("--".into());
            command.extend(rest.iter().map(|word| word.clone().into_bytes()));
        }
        let fixed = [
            ("CARGO_INCREMENTAL", "0"),
            ("CARGO_TERM_COLOR", "never"),
            // Lines in a backtrace are all that is wanted of it, and half the time to link.
            ("CARGO_PROFILE_DEV_DEBUG", "line-tables-only"),
        ];
        let mut env: Vec<(String, Vec<u8>)> = fixed.map(|(name, value)| (name.to_owned(), value.into())).into();
        env.push(("CARGO_TARGET_DIR".to_owned(), value(&self.target)));
        if self.bench.is_some() {
            // What it downloads outlives its container.
            env.push(("CARGO_HOME".to_owned(), value(&Bench::inside("cargo"))));
        }
        Program { command, env, root: self.source.clone(), work_dir: self.dir.clone(), ..Program::default() }
    }
}

/// What cargo prints: messages for programs and what tests print on standard output, a line each, and words for people
/// on the other stream.
struct CargoOutput {
    people: Output,
    executables: Vec<String>,
    passed: u64,
    failed: Vec<String>,
    /// Lines that have not ended.
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    /// Whether an error is nothing for people yet: cargo may be run once more, with the network.
    waits_on_error: bool,
    /// What waits, from the first error on, and about how many bytes that takes.
    waiting: Vec<(Stream, Vec<u8>)>,
    held: usize,
}

impl CargoOutput {
    fn new(secrets: &Secrets, log: Option<&Arc<Log>>) -> Self {
        Self {
            people: Output::new(secrets).logged(log),
            executables: Vec::new(),
            passed: 0,
            failed: Vec::new(),
            stdout: Vec::new(),
            stderr: Vec::new(),
            waits_on_error: false,
            waiting: Vec::new(),
            held: 0,
        }
    }

    fn line(&mut self, stream: Stream, line: Vec<u8>) {
        if stream == Stream::Stdout && self.is_message(&line) {
            return;
        }
        let waits = !self.waiting.is_empty() || (self.waits_on_error && line.starts_with(b"error"));
        if waits && self.held < LINE {
            self.held += line.len() + size_of::<(Stream, Vec<u8>)>();
            return self.waiting.push((stream, line));
        }
        if waits {
            self.release();
        }
        self.people.push(stream, &line);
    }

    /// Takes in what is said by a line to programs, and whether that is all that it is for.
    fn is_message(&mut self, line: &[u8]) -> bool {
        // <https://doc.rust-lang.org/cargo/reference/external-tools.html#artifact-messages>
        #[derive(serde::Deserialize)]
        struct Message {
            reason: String,
            executable: Option<String>,
        }
        if let Ok(message) = serde_json::from_slice::<Message>(line) {
            if message.reason == "compiler-artifact" {
                self.executables.extend(message.executable);
            }
            return true;
        }
        let line = String::from_utf8_lossy(line);
        // <https://doc.rust-lang.org/rustc/tests/index.html>: the words that every run of tests ends with.
        if let Some(result) = line.strip_prefix("test result: ") {
            let passed = result.split(['.', ';']).find_map(|part| part.trim().strip_suffix(" passed")?.parse().ok());
            self.passed = self.passed.saturating_add(passed.unwrap_or(0));
        } else if let Some(test) = line.strip_prefix("test ")
            && let Some(name) = test.trim_end().strip_suffix(" ... FAILED")
            && self.failed.len() < FAILED
            && name.len() <= NAME
        {
            self.failed.push(name.to_owned());
        }
        false
    }

    /// Nothing more is printed: a line without an end is one.
    fn end_lines(&mut self) {
        for stream in [Stream::Stdout, Stream::Stderr] {
            let line = std::mem::take(self.open(stream));
            if !line.is_empty() {
                self.line(stream, line);
            }
        }
    }

    fn needs_network(&self) -> bool {
        self.waiting.iter().any(|(_, line)| String::from_utf8_lossy(line).contains("--offline"))
    }

    fn release(&mut self) {
        for (stream, line) in self.waiting.drain(..) {
            self.people.push(stream, &line);
        }
        self.waits_on_error = false;
    }

    fn finish(mut self, how: Option<String>) -> CargoRan {
        self.release();
        let (said, executables) = (without_progress(&self.people.finish()), self.executables);
        CargoRan { how, said, executables, passed: self.passed, failed: self.failed }
    }

    fn open(&mut self, stream: Stream) -> &mut Vec<u8> {
        if stream == Stream::Stdout { &mut self.stdout } else { &mut self.stderr }
    }
}

impl Listener for CargoOutput {
    fn hear(&mut self, stream: Stream, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let open = self.open(stream);
            if open.len() + piece.len() <= LINE {
                open.extend_from_slice(piece);
            }
            if piece.ends_with(b"\n") {
                let line = std::mem::take(open);
                self.line(stream, line);
            }
        }
    }
}

/// Leaves out the lines by which cargo tells what it is doing: a word that ends in the twelfth column.
fn without_progress(text: &str) -> String {
    let is_progress = |line: &str| {
        let word = line.get(..12).map(str::trim_start).unwrap_or_default();
        let is_word = word.len() > 3 && word.chars().all(|c| c.is_ascii_alphabetic() || c == '-');
        line.starts_with(' ') && word.starts_with(|c: char| c.is_ascii_uppercase()) && is_word
    };
    text.split_inclusive('\n').filter(|line| !is_progress(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(stdout: &str, stderr: &str) -> CargoOutput {
        let mut output = CargoOutput::new(&Secrets::new(), None);
        for byte in stdout.as_bytes() {
            output.hear(Stream::Stdout, &[*byte]);
        }
        output.hear(Stream::Stderr, stderr.as_bytes());
        output.end_lines();
        output
    }

    #[test]
    fn programs_are_known_from_cargo_s_messages_however_they_are_cut() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","executable":null}"#,
            "\nnoise\n",
            r#"{"reason":"compiler-artifact","executable":"/a/b"}"#,
            "\n",
        );
        let ran = heard(messages, "   Compiling script v0.1.0\nerror: no\n  --> src/main.rs").finish(None);
        assert_eq!(ran.executables, ["/a/b"]);
        assert_eq!(ran.said, "noise\nerror: no\n  --> src/main.rs");
    }

    #[test]
    fn tests_are_counted_and_those_that_failed_are_named() {
        let said = "running 3 tests\ntest tests::a ... ok\ntest tests::b ... FAILED\ntest c - should panic ... ok\n\n\
                    test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n\
                    test result: ok. 40 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n";
        let ran = heard(said, "").finish(None);
        assert_eq!((ran.passed, ran.failed), (42, vec!["tests::b".to_owned()]));
    }

    #[test]
    fn an_error_waits_until_it_is_known_that_the_network_does_not_help() {
        let mut output = CargoOutput::new(&Secrets::new(), None);
        output.waits_on_error = true;
        output.hear(Stream::Stderr, b"note: a\nerror: no matching package\nyou may retry without --offline\n");
        assert!(output.needs_network());
        assert_eq!(output.waiting.len(), 2);
        let said = output.finish(None).said;
        assert_eq!(said, "note: a\nerror: no matching package\nyou may retry without --offline\n");
    }
}
