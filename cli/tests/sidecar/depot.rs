//! A plain HTTP depot, with faults. Host and sidecar have an address each, so that it can tell them apart.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

/// What it holds and does.
#[derive(Default)]
pub struct State {
    pub objects: BTreeMap<String, Vec<u8>>,
    /// Requests of the sidecar that were answered, as `PUT beat/sidecar`.
    pub asked: Vec<String>,
    /// The sidecar gets no answer to its request with this number, from 0, nor to any later one.
    pub silent_from: Option<usize>,
    /// Everybody is told to come again.
    pub away: bool,
    /// Every so-manieth request of the sidecar is done and not answered.
    pub loses: Option<usize>,
    /// Requests of the sidecar that came.
    pub came: usize,
}

/// The server; clones are the same one.
#[derive(Clone)]
pub struct Depot {
    at: SocketAddr,
    state: Arc<(Mutex<State>, Condvar)>,
}

impl Depot {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let depot = Self { at: listener.local_addr().expect("an address"), state: Arc::default() };
        let serving = depot.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let depot = serving.clone();
                std::thread::spawn(move || depot.serve(connection));
            }
        });
        depot
    }

    /// Its address for the host.
    pub fn for_host(&self) -> String {
        format!("http://{}/host/s3cr3t/", self.at)
    }

    /// Its address for the sidecar.
    pub fn for_sidecar(&self) -> String {
        format!("http://{}/sidecar/s3cr3t/", self.at)
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.0.lock().expect("not poisoned")
    }

    /// Waits until `what` holds of it.
    pub fn wait_until(&self, what: impl Fn(&State) -> bool) {
        let (state, change) = &*self.state;
        let patience = std::time::Duration::from_secs(60);
        let waited = change.wait_timeout_while(state.lock().expect("not poisoned"), patience, |state| !what(state));
        let (state, late) = waited.expect("not poisoned");
        assert!(!late.timed_out(), "it never came; asked: {:?}", state.asked);
    }

    fn serve(&self, connection: TcpStream) {
        let mut reader = BufReader::new(connection);
        // Whoever hangs up, or whom nothing is answered, comes again.
        while let Ok(Some(())) = self.answer_one(&mut reader) {}
    }

    fn answer_one(&self, reader: &mut BufReader<TcpStream>) -> io::Result<Option<()>> {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let mut words = line.split_whitespace().map(str::to_owned);
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let (mut length, mut fresh) = (0, false);
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            let header = header.trim().to_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(told) = header.strip_prefix("content-length:") {
                length = told.trim().parse().expect("a length");
            }
            fresh |= header == "if-none-match: *";
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let (by_sidecar, name) = match path.strip_prefix("/sidecar/s3cr3t/") {
            Some(name) => (true, name),
            None => (false, path.strip_prefix("/host/s3cr3t/").expect("one of our addresses")),
        };
        let Some((status, bytes)) = self.act(&method, name, body, fresh, by_sidecar) else { return Ok(None) };
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", bytes.len());
        reader.get_mut().write_all(&[head.as_bytes(), &bytes].concat())?;
        Ok(Some(()))
    }

    /// What is answered; nothing when the answer is lost.
    fn act(
        &self,
        method: &str,
        name: &str,
        body: Vec<u8>,
        fresh: bool,
        by_sidecar: bool,
    ) -> Option<(&'static str, Vec<u8>)> {
        let mut state = self.state();
        let number = state.came;
        state.came += usize::from(by_sidecar);
        self.state.1.notify_all();
        if by_sidecar && state.silent_from.is_some_and(|from| number >= from) {
            return None;
        }
        if state.away {
            return Some(("503 Service Unavailable", b"away".to_vec()));
        }
        let answer = match method {
            "GET" => match state.objects.get(name) {
                Some(bytes) => ("200 OK", bytes.clone()),
                None => ("404 Not Found", Vec::new()),
            },
            "PUT" if fresh && state.objects.contains_key(name) => ("412 Precondition Failed", Vec::new()),
            "PUT" => {
                state.objects.insert(name.to_owned(), body);
                ("200 OK", Vec::new())
            }
            "DELETE" if name.is_empty() => {
                state.objects.clear();
                ("204 No Content", Vec::new())
            }
            _ => ("405 Method Not Allowed", Vec::new()),
        };
        if by_sidecar {
            state.asked.push(format!("{method} {name}"));
        }
        self.state.1.notify_all();
        let lost = by_sidecar && state.loses.is_some_and(|loses| number % loses == loses - 1);
        (!lost).then_some(answer)
    }
}
