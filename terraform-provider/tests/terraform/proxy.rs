//! A proxy in front of the server, which does to requests what networks and servers in trouble do.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What becomes of a request.
pub enum Fate {
    /// It is passed on, and so is its answer.
    Passes,
    /// It is passed on, and its answer is lost.
    IsObeyedUnheard,
    /// The connection is cut before anybody has read it.
    IsLost,
    /// It is answered with this status, and these further lines of a head.
    IsRefused(u16, &'static str),
    /// Nothing answers.
    Hangs,
}

/// A proxy, for as long as the test runs.
pub struct Proxy {
    pub url: String,
    seen: Arc<Seen>,
}

/// How often each request has come, by its first line.
#[derive(Default)]
struct Seen(Mutex<HashMap<String, usize>>);

impl Proxy {
    /// One in front of the server at `url`. `fate` says what becomes of a request, by its method and path, and of how many
    /// like it came before.
    pub fn new(url: &str, fate: impl Fn(&str, usize) -> Fate + Send + Sync + 'static) -> Self {
        let server = url.strip_prefix("http://").expect("an address").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let seen = Arc::new(Seen::default());
        let (fate, noted) = (Arc::new(fate), Arc::clone(&seen));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (server, fate, seen) = (server.clone(), Arc::clone(&fate), Arc::clone(&noted));
                // Whoever asked may be gone, and so may the server: then it is cut.
                std::thread::spawn(move || pass(stream, &server, &*fate, &seen));
            }
        });
        Self { url, seen }
    }

    /// How often requests came whose first line begins so.
    pub fn count(&self, beginning: &str) -> usize {
        let seen = self.seen.0.lock().expect("no panic");
        seen.iter().filter(|(line, _)| line.starts_with(beginning)).map(|(_, count)| count).sum()
    }
}

/// Serves one request of a connection, and closes it.
fn pass(stream: TcpStream, server: &str, fate: &dyn Fn(&str, usize) -> Fate, seen: &Seen) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (Vec::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        if !lower.starts_with("connection:") {
            head.push(line);
        }
    }
    let Some(first) = head.first() else { return Ok(()) };
    let line = first.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let before = {
        let mut seen = seen.0.lock().expect("no panic");
        let count = seen.entry(line.clone()).or_default();
        *count += 1;
        *count - 1
    };
    let mut stream = reader.into_inner();
    match fate(&line, before) {
        Fate::Passes => stream.write_all(&answer(server, &head, &body)?),
        Fate::IsObeyedUnheard => answer(server, &head, &body).map(drop),
        Fate::IsLost => Ok(()),
        Fate::IsRefused(status, more) => {
            let head = format!("HTTP/1.1 {status} Trouble\r\n{more}content-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(head.as_bytes())
        }
        // Until whoever asked has had enough.
        Fate::Hangs => stream.read(&mut [0]).map(drop),
    }
}

/// What the server answers.
fn answer(server: &str, head: &[String], body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut upstream = TcpStream::connect(server)?;
    let head = format!("{}connection: close\r\n\r\n", head.concat());
    upstream.write_all(&[head.as_bytes(), body].concat())?;
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer)?;
    Ok(answer)
}
