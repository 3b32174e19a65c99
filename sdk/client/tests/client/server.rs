//! A server that says what a test has it say.
//!
//! Each connection has one request and gets the next answer, byte by byte as it stands there, and is closed: what ends
//! too early was cut. A request that is not well-formed ends the test.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use monkeyci_client::Client;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What was asked.
#[derive(Debug, Clone)]
pub struct Request {
    /// Method and path with query: `GET /v1/me`.
    pub line: String,
    headers: Vec<(String, String)>,
    /// The body as JSON; null when there is none.
    pub body: Value,
}

impl Request {
    /// The header of that name, in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        let same: Vec<_> = self.headers.iter().filter(|(known, _)| known == name).collect();
        assert!(same.len() <= 1, "header {name} is there {} times", same.len());
        same.first().map(|(_, value)| value.as_str())
    }
}

/// The server.
pub struct Server {
    /// Where it listens.
    pub url: String,
    asked: Arc<Mutex<Vec<Request>>>,
    answers: Arc<Mutex<VecDeque<Vec<u8>>>>,
}

/// A whole answer.
pub fn answer(status: u16, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} Status\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}")
        .into_bytes()
}

/// A whole good answer of JSON.
pub fn json(body: &Value) -> Vec<u8> {
    answer(200, "content-type: application/json\r\n", &body.to_string())
}

/// A refusal.
pub fn problem(status: u16, headers: &str, detail: &str) -> Vec<u8> {
    let body = serde_json::json!({"title": "Refused", "status": status, "detail": detail}).to_string();
    answer(status, &format!("content-type: application/problem+json\r\n{headers}"), &body)
}

/// Messages of a stream, which is cut after them without an end of the answer.
pub fn cut(messages: &str) -> Vec<u8> {
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n";
    format!("{head}{:x}\r\n{messages}\r\n", messages.len()).into_bytes()
}

/// Messages of a stream, whose answer ends after them as it should.
pub fn ended(messages: &str) -> Vec<u8> {
    [cut(messages), b"0\r\n\r\n".to_vec()].concat()
}

impl Server {
    /// Begins to answer with `answers`, one after the other.
    pub async fn new(answers: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let answers = Arc::new(Mutex::new(VecDeque::from(answers)));
        let (notes, left) = (Arc::clone(&asked), Arc::clone(&answers));
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.expect("a connection");
                let Some(request) = read(&mut stream).await else { continue };
                notes.lock().expect("no panic").push(request);
                let next = left.lock().expect("no panic").pop_front();
                let answer = next.unwrap_or_else(|| answer(418, "", "nothing more was expected"));
                // The client may have heard enough.
                let _gone = stream.write_all(&answer).await;
                let _gone = stream.shutdown().await;
            }
        });
        Self { url, asked, answers }
    }

    /// A client of it.
    pub fn client(&self) -> Client {
        Client::new(&self.url, Some("mci_s3cret")).expect("a client")
    }

    /// What was asked, once every answer was given.
    pub fn asked(&self) -> Vec<Request> {
        assert_eq!(self.answers.lock().expect("no panic").len(), 0, "answers that nobody asked for");
        let asked = self.asked.lock().expect("no panic").clone();
        for request in &asked {
            assert_eq!(request.header("authorization"), Some("Bearer mci_s3cret"));
        }
        asked
    }

    /// How much was asked so far.
    pub fn count(&self) -> usize {
        self.asked.lock().expect("no panic").len()
    }

    /// The first lines of what was asked.
    pub fn lines(&self) -> Vec<String> {
        self.asked().into_iter().map(|request| request.line).collect()
    }
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).expect("a head of text");
    let mut lines = head.trim_end().split("\r\n");
    let line = lines.next().expect("a first line").strip_suffix(" HTTP/1.1").expect("HTTP/1.1").to_owned();
    let headers: Vec<_> = lines
        .map(|line| line.split_once(": ").expect("a header"))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .map_or(0, |(_, value)| value.parse().expect("a number"));
    while bytes.len() < head_end + length {
        assert!(stream.read_buf(&mut bytes).await.expect("the body") > 0, "the body is cut off");
    }
    let body = &bytes[head_end..];
    let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(body).expect("a body of JSON") };
    Some(Request { line, headers, body })
}
