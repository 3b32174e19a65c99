//! `monkeyci server`, run for real.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// The program as it is compiled for these tests.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
        let built = Command::new(cargo)
            .args(["build", "--offline", "--package", "monkeyci", "--bin", "monkeyci"])
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace"))
            .status()
            .expect("cargo runs");
        assert!(built.success(), "the program does not compile");
        // This test lies in `<target>/<profile>/deps/`, the program two folders up.
        let test = std::env::current_exe().expect("a test has a path");
        test.parent().and_then(Path::parent).expect("deps lies in a profile's folder").join("monkeyci")
    })
}

/// A server on a free port.
pub struct Server {
    child: Child,
    pub url: String,
    pub token: String,
}

impl Server {
    /// Starts one in this folder.
    pub fn start(dir: &Path) -> Self {
        let mut command = Command::new(program());
        command.args(["server", "--listen", "127.0.0.1:0", "--allow-file", "--state"]).arg(dir.join("server"));
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

/// What it prints at its first start: whoever follows it is signed in.
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
