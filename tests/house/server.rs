//! `monkeyci server`, run for real.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};

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
        let state = home.file("server").display().to_string();
        let flags = ["server", "--listen", "127.0.0.1:0", "--state", &state, "--processes", "*/*", "--allow-file"];
        let mut command = home.command(&flags);
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

fn link(server: &mut Child) -> String {
    let (read, write) = std::io::pipe().expect("a pipe");
    let streams: [Box<dyn Read + Send>; 2] =
        [Box::new(server.stdout.take().expect("piped")), Box::new(server.stderr.take().expect("piped"))];
    for mut stream in streams {
        // Read to the end, so that the server never waits for somebody who listens.
        let mut write = write.try_clone().expect("a pipe");
        std::thread::spawn(move || std::io::copy(&mut stream, &mut write));
    }
    drop(write);
    let mut lines = BufReader::new(read).lines().map_while(Result::ok);
    let mut said = String::new();
    let found = lines.by_ref().find_map(|line| {
        said.push_str(&line);
        said.push('\n');
        line.split_whitespace().find(|word| word.contains("/login#token=")).map(str::to_owned)
    });
    std::thread::spawn(move || lines.for_each(drop));
    found.unwrap_or_else(|| panic!("the server told no link: {said}"))
}
