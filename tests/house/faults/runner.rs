//! Who runs the build, as a process.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::time::Duration;

use super::ground::Ground;
use crate::program::{Said, finish, within};

/// How long a build may take that waits for what will not come.
const LIMIT: Duration = Duration::from_secs(300);

/// Who runs a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runner {
    /// `monkeyci build`.
    Build,
    /// `monkeyci server`.
    Server,
    /// `monkeyci run-build`, which has a store and no server.
    Controller,
}

/// A build that is run.
pub struct Running<'a> {
    ground: &'a Ground,
    runner: Runner,
    child: Child,
    /// The address of the server and the token of whoever asks it.
    access: (String, String),
    /// Processes that ran it so far.
    lives: usize,
}

impl Runner {
    /// Begins the build.
    pub fn begin(self, ground: &Ground) -> Running<'_> {
        let mut running =
            Running { ground, runner: self, child: self.start(ground, 1), access: Default::default(), lives: 1 };
        if self == Self::Server {
            running.sign_in();
            let repository = format!("file://{}", ground.home.file("repo").display());
            for words in [
                &["org", "add", "acme"][..],
                &["repo", "add", "acme/web", &repository],
                &["run", "acme/web", "--no-wait"],
            ] {
                let said = running.ask(words);
                assert_eq!(said.code, Some(0), "{words:?}: {}", said.both());
            }
        }
        running
    }

    fn start(self, ground: &Ground, life: usize) -> Child {
        let home = &ground.home;
        let [repository, config, state] =
            ["repo", "server.toml", "server"].map(|name| home.file(name).display().to_string());
        let (store, trigger) = (ground.store(), ground.trigger());
        let words = match self {
            Self::Build => vec!["build", "--json", "--executor", "oci", &repository],
            Self::Server => {
                vec!["server", "--config", &config, "--listen", "127.0.0.1:0", "--state", &state, "--allow-file"]
            }
            Self::Controller => {
                let run = ["run-build", "--json", "--executor", "oci", "--takeover", "5", "--allow-file", "--store"];
                [&run[..], &[&store, &trigger]].concat()
            }
        };
        let mut command = ground.command(&words);
        let [out, err] = ["out", "err"].map(|name| File::create(home.file(&format!("{name}.{life}"))).expect("a file"));
        command.stdout(out).stderr(err).stdin(Stdio::null()).spawn().expect("it starts")
    }
}

impl Running<'_> {
    /// `kill -9`, and the next one.
    pub fn kill_and_go_on(&mut self, between: impl FnOnce()) {
        self.child.kill().expect("killed");
        self.child.wait().expect("it is dead");
        between();
        self.lives += 1;
        self.child = self.runner.start(self.ground, self.lives);
        if self.runner == Runner::Server {
            self.sign_in();
        }
    }

    /// Whether nobody runs it any more.
    pub fn is_over(&mut self) -> bool {
        self.child.try_wait().expect("asked").is_some()
    }

    /// What is known of it once it has ended.
    pub fn end(mut self) -> Said {
        if self.runner == Runner::Server {
            return self.ask(&["watch", "acme/web/1", "--json"]);
        }
        within(LIMIT, "the build ends", || self.is_over());
        let code = self.child.wait().expect("it has ended").code();
        Said { code, out: self.said("out"), err: self.said("err") }
    }

    /// What was said by whoever runs it now.
    pub fn said(&self, stream: &str) -> String {
        self.ground.home.text(&format!("{stream}.{}", self.lives))
    }

    /// Learns where the server is, and at its first start who may ask it.
    fn sign_in(&mut self) {
        let (out, lives) = (self.ground.home.file(&format!("out.{}", self.lives)), self.lives);
        let mut said = Vec::new();
        within(LIMIT, "the server serves", || {
            said = BufReader::new(File::open(&out).expect("it is there")).lines().map_while(Result::ok).collect();
            said.len() >= if lives == 1 { 2 } else { 1 }
        });
        let word = |line: &String| line.split_whitespace().last().unwrap_or_default().to_owned();
        self.access.0 = word(&said[0]);
        if lives == 1 {
            self.access.1 = word(&said[1]).split_once("#token=").expect("the link holds a token").1.to_owned();
        }
    }

    fn ask(&self, words: &[&str]) -> Said {
        let mut command = self.ground.command(words);
        command.env("MONKEYCI_SERVER", &self.access.0).env("MONKEYCI_TOKEN", &self.access.1);
        finish(command)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}
