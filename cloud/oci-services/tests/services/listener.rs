//! A service that writes down what it is asked, and answers what it was told to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use oci_signer::{Client, ConfigFile, Principal, Signer};

/// The key that it is signed with.
const VECTORS: &str = include_str!("../../../oci-signer/tests/signer/vectors.json");

/// A service that runs until this is dropped.
pub struct Listener {
    pub url: String,
    state: Arc<Mutex<Told>>,
    task: tokio::task::JoinHandle<()>,
    _home: tempfile::TempDir,
    pub client: Client,
}

/// What it was told to answer, and what it was asked.
#[derive(Default)]
struct Told {
    answers: VecDeque<Reply>,
    asked: Vec<Asked>,
}

/// What it answers: once each, and then always with an empty object.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
    /// The connection breaks before the whole of it is there.
    pub breaks: bool,
}

/// What it was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Reply {
    pub fn new(status: u16, body: impl ToString) -> Self {
        Self { status, headers: Vec::new(), body: body.to_string(), breaks: false }
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Listener {
    pub async fn answering(answers: impl IntoIterator<Item = Reply>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::new(Mutex::new(Told { answers: answers.into_iter().collect(), asked: Vec::new() }));
        let app = axum::Router::new().fallback(answer).with_state(Arc::clone(&state));
        let task = tokio::spawn(async move { axum::serve(listener, app).await.expect("serves") });
        let home = tempfile::tempdir().expect("a folder");
        let client = client(home.path());
        Self { url, state, task, _home: home, client }
    }

    /// All that it was asked.
    pub fn asked(&self) -> Vec<Asked> {
        self.state.lock().expect("no test has panicked in it").asked.clone()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Signs as the user of the vectors.
fn client(home: &std::path::Path) -> Client {
    let all: serde_json::Value = serde_json::from_str(VECTORS).expect("it is JSON");
    let text = |key: &str| all[key].as_str().expect("a text").to_owned();
    let key = home.join("key.pem");
    std::fs::write(&key, text("private_key_pem")).expect("writes");
    let [tenancy, user, fingerprint] = ["tenancy", "user", "fingerprint"].map(text);
    let profile = format!(
        "[DEFAULT]\nuser={user}\nfingerprint={fingerprint}\ntenancy={tenancy}\nregion=eu-frankfurt-1\nkey_file={}\n",
        key.display()
    );
    std::fs::write(home.join("config"), profile).expect("writes");
    let profile = ConfigFile::read(&home.join("config")).and_then(|file| file.profile("DEFAULT")).expect("reads");
    Client::new(Signer::new(Principal::of_profile(profile).expect("somebody"))).expect("a client")
}

async fn answer(State(state): State<Arc<Mutex<Told>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 16 * 1024 * 1024).await.expect("a body");
    let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        (name.to_string(), value.to_str().expect("a text").to_owned())
    };
    let mut state = state.lock().expect("no test has panicked in it");
    state.asked.push(Asked {
        method: parts.method.to_string(),
        target: parts.uri.path_and_query().expect("a path").to_string(),
        headers: parts.headers.iter().map(header).collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
    });
    let reply = state.answers.pop_front().unwrap_or_else(|| Reply::new(200, "{}"));
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(*name, value);
    }
    let body = if reply.breaks {
        let pieces = [Ok(reply.body), Err(std::io::Error::other("it breaks"))];
        Body::from_stream(futures::stream::iter(pieces))
    } else {
        Body::from(reply.body)
    };
    response.body(body).expect("an answer")
}
