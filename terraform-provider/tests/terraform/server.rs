//! `monkeyci server`, run for real.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::monkeyci::{link, program};

/// A server on a free port.
pub struct Server {
    child: Child,
    pub url: String,
    pub token: String,
}

impl Server {
    /// Starts one in this folder, with more of a configuration.
    pub fn start(dir: &Path, configuration: &str) -> Self {
        let mut command = Command::new(program(Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace")));
        std::fs::write(dir.join("server.toml"), configuration).expect("a file");
        command.args(["server", "--config", "server.toml", "--listen", "127.0.0.1:0", "--allow-file"]);
        command.arg("--state").arg(dir.join("server"));
        command.env("HOME", dir).current_dir(dir);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the server starts");
        let link = link(&mut child);
        let (url, token) = link.split_once("/login#token=").expect("the link holds a token");
        Self { child, url: url.to_owned(), token: token.to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It lives, unless it broke, and then the test has said so.
        let _ended = self.child.kill();
        let _gone = self.child.wait();
    }
}
