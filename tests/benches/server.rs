//! `monkeyci server`, as it is released.

use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::measure::Outcome;
use crate::program::path;

/// A server that runs for as long as this is there.
pub struct Server {
    child: Child,
    /// Host and port.
    pub address: String,
    /// Of its first person.
    pub token: String,
    state: TempDir,
}

impl Server {
    /// A new one, whose jobs are plain processes.
    pub fn start() -> Outcome<Self> {
        Self::configured("")
    }

    /// The same with this configuration.
    pub fn configured(config: &str) -> Outcome<Self> {
        let state = tempfile::tempdir()?;
        std::fs::write(state.path().join("server.toml"), config)?;
        let (child, mut lines) = spawn(state.path())?;
        let link = lines.find(|line| line.contains("#token=")).ok_or("the server prints no link")?;
        let rest = link.split("http://").nth(1).ok_or("the link is no address")?;
        let (address, token) = rest.split_once("/login#token=").ok_or("the link has no token")?;
        Ok(Self { child, address: address.to_owned(), token: token.to_owned(), state })
    }

    /// Ends it, has something done in its state folder, and starts it again there.
    pub fn again(&mut self, meanwhile: impl FnOnce(&Path) -> Outcome) -> Outcome {
        self.child.kill()?;
        self.child.wait()?;
        meanwhile(&self.state.path().join("server"))?;
        let (child, mut lines) = spawn(self.state.path())?;
        self.child = child;
        let line = lines.find(|line| line.contains("http://")).ok_or("the server does not say where it serves")?;
        let rest = line.split("http://").nth(1).unwrap_or_default();
        rest.split(['/', ' ']).next().unwrap_or_default().clone_into(&mut self.address);
        Ok(())
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it answers to a request that must succeed.
    pub fn ask(&self, method: &str, path: &str, body: &Value) -> Outcome<Value> {
        let head = "Content-Type: application/json\r\nConnection: close\r\n";
        let answer = read(self.send(method, path, head, &body.to_string())?)?;
        Ok(serde_json::from_slice(&answer)?)
    }

    /// How many requests to the API it has answered.
    pub fn requests(&self) -> Outcome<u64> {
        let metrics = String::from_utf8(self.get_plain("/metrics")?)?;
        let lines = metrics.lines().filter(|line| line.starts_with("monkeyci_http_requests_total{route=\"/v1/"));
        Ok(lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum())
    }

    /// A file of the page, as a browser gets it.
    pub fn get(&self, path: &str) -> Outcome<Vec<u8>> {
        read(self.send("GET", path, "Accept-Encoding: gzip\r\nConnection: close\r\n", "")?)
    }

    /// The same, not packed.
    pub fn get_plain(&self, path: &str) -> Outcome<Vec<u8>> {
        read(self.send("GET", path, "Connection: close\r\n", "")?)
    }

    /// Sends a request over a connection of its own; the answer is to be read from there.
    pub fn send(&self, method: &str, path: &str, head: &str, body: &str) -> Outcome<TcpStream> {
        let mut connection = TcpStream::connect(&self.address)?;
        write!(
            connection,
            "{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {}\r\n{head}Content-Length: {}\r\n\r\n{body}",
            self.token,
            body.len()
        )?;
        Ok(connection)
    }
}

/// Starts it in a folder that holds its configuration; what it prints.
fn spawn(folder: &Path) -> Outcome<(Child, impl Iterator<Item = String> + use<>)> {
    let mut child = Command::new(path()?)
        .args(["server", "--listen", "127.0.0.1:0", "--allow-file", "--processes", "*/*"])
        .arg("--config")
        .arg(folder.join("server.toml"))
        .arg("--state")
        .arg(folder.join("server"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let out = BufReader::new(child.stdout.take().ok_or("it prints")?);
    Ok((child, out.lines().map_while(Result::ok)))
}

/// The body of an answer that says that all is well.
fn read(mut connection: TcpStream) -> Outcome<Vec<u8>> {
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer)?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").ok_or("an answer of HTTP")?;
    if !answer.starts_with(b"HTTP/1.1 20") {
        return Err(String::from_utf8_lossy(&answer).into());
    }
    Ok(answer.split_off(end + 4))
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}
