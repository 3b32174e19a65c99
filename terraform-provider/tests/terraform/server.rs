//! `monkeyci server`, run for real.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::monkeyci::{link, program};
use crate::port::port;

/// A server on a port that it has again once it was killed.
pub struct Server {
    child: Mutex<Child>,
    dir: PathBuf,
    pub url: String,
    pub token: String,
}

impl Server {
    /// Starts one in this folder, with more of a configuration.
    pub fn start(dir: &Path, configuration: &str) -> Self {
        std::fs::write(dir.join("server.toml"), configuration).expect("a file");
        let mut child = command(dir, &format!("127.0.0.1:{}", port())).spawn().expect("the server starts");
        let link = link(&mut child);
        let (url, token) = link.split_once("/login#token=").expect("the link holds a token");
        Self { child: Mutex::new(child), dir: dir.to_owned(), url: url.to_owned(), token: token.to_owned() }
    }

    /// Kills it, as a machine that loses its power does.
    pub fn kill(&self) {
        let mut child = self.child.lock().expect("no panic");
        child.kill().expect("it lived");
        child.wait().expect("it ended");
    }

    /// Starts it anew where it was, once it was killed; it answers as soon as it can.
    pub fn again(&self) {
        let address = self.url.strip_prefix("http://").expect("an address");
        let mut command = command(&self.dir, address);
        let started = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the server starts");
        *self.child.lock().expect("no panic") = started;
    }
}

fn command(dir: &Path, listen: &str) -> Command {
    let mut command = Command::new(program(Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace")));
    command.args(["server", "--config", "server.toml", "--listen", listen, "--allow-file", "--state"]);
    command.arg(dir.join("server"));
    command.env("HOME", dir).current_dir(dir).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Drop for Server {
    fn drop(&mut self) {
        // It lives, unless it broke, and then the test has said so.
        let child = self.child.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ended = child.kill();
        let _gone = child.wait();
    }
}
