//! A program on a terminal. Needs `script`, which gives it one.

use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::place::Place;

/// Whether there is `script`; says so when there is not, and fails when it must be there.
pub fn is_here() -> bool {
    let has_script = Command::new("script").arg("--version").output().is_ok_and(|ran| ran.status.success());
    if !has_script {
        let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
        assert!(!required.split(',').any(|name| name == "pty"), "`script` is required and not there");
        eprintln!("skipped: pty: there is no `script` of util-linux");
    }
    has_script
}

/// A line of a shell, about to be run on a terminal in a place.
pub fn command(place: &Place, line: &str) -> Command {
    let environment: Vec<_> =
        place.command(&[]).get_envs().filter_map(|(k, v)| Some((k.to_owned(), v?.to_owned()))).collect();
    let mut command = Command::new("script");
    command.args(["-qec", line, "/dev/null"]).current_dir(place.repo()).env_clear().envs(environment);
    command
}

/// Somebody at the terminal.
pub struct Person {
    child: Child,
    keys: ChildStdin,
    shown: mpsc::Receiver<String>,
    all: String,
}

impl Person {
    /// Starts it.
    pub fn at(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("script starts");
        let (keys, mut screen) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        let (pieces, shown) = mpsc::channel();
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(count @ 1..) = screen.read(&mut piece) {
                let _gone = pieces.send(String::from_utf8_lossy(&piece[..count]).into_owned());
            }
        });
        Self { child, keys, shown, all: String::new() }
    }

    /// Waits until it has shown this.
    pub fn sees(&mut self, text: &str) {
        let limit = Instant::now() + Duration::from_secs(60);
        while !self.all.contains(text) {
            let left = limit.saturating_duration_since(Instant::now());
            let piece = self.shown.recv_timeout(left);
            self.all.push_str(&piece.unwrap_or_else(|_| panic!("`{text}` was not shown: {:?}", self.all)));
        }
    }

    pub fn types(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("typed");
    }

    /// What it ends with.
    pub fn code(mut self) -> Option<i32> {
        self.child.wait().expect("it ends").code()
    }
}
