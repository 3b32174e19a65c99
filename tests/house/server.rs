//! `monkeyci server`, run for real.

use std::process::{Child, Stdio};

use crate::monkeyci::link;
use crate::program::{Home, signal};

/// A server on a free port, whose jobs are plain processes.
pub struct Server {
    child: Child,
    /// What it prints at its first start: whoever follows it is signed in.
    pub link: String,
}

impl Server {
    /// Starts one that was never there before.
    pub fn start(home: &Home) -> Self {
        Self::with(home, &["--processes", "*/*", "--allow-file"])
    }

    /// The same with these flags.
    pub fn with(home: &Home, flags: &[&str]) -> Self {
        let state = home.file("server").display().to_string();
        let mut command = home.command(&["server", "--listen", "127.0.0.1:0", "--state", &state]);
        command.args(flags);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the server starts");
        let link = link(&mut child);
        Self { child, link }
    }

    /// Its address, and the token of its first person.
    pub fn access(&self) -> (&str, &str) {
        self.link.split_once("/login#token=").expect("the link holds a token")
    }

    /// Ends it as a service is ended.
    pub fn stop(mut self) {
        signal(&self.child, "TERM");
        self.child.wait().expect("it ends");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already, unless the test failed.
        let _ended = self.child.kill();
        let _gone = self.child.wait();
    }
}
