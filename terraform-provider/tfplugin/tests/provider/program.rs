//! The provider as a program of its own.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// The program, which cargo builds with the tests.
pub fn path() -> PathBuf {
    let test = std::env::current_exe().expect("a path");
    let program = test.parent().and_then(|deps| deps.parent()).expect("a folder").join("examples/files");
    assert!(program.exists(), "run `cargo build -p tfplugin --example files` first, or all tests of the crate");
    program
}

/// The provider as Terraform starts it.
pub fn command() -> Command {
    let mut command = Command::new(path());
    command
        .env("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2")
        .env("PLUGIN_PROTOCOL_VERSIONS", "5,6")
        .env_remove("TF_LOG");
    command
}

/// A provider that has answered the handshake, with the parts of its answer.
pub struct Started {
    pub child: Child,
    pub line: Vec<String>,
}

impl Started {
    pub fn new(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        Self { child, line: line.trim_end_matches('\n').split('|').map(str::to_owned).collect() }
    }

    pub fn socket(&self) -> PathBuf {
        PathBuf::from(&self.line[3])
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // A killed one would leave its socket behind.
        if let Ok(None) = self.child.try_wait() {
            let pid = rustix::process::Pid::from_child(&self.child);
            // It may have ended just now.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
            let _ = self.child.wait();
        }
    }
}
