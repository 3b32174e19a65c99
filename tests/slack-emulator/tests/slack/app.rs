//! An app that believes nothing that is not signed, and answers as it is told to.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::sync::watch;

/// What came: the payload, and the headers that matter.
#[derive(Debug, Clone, PartialEq)]
pub struct Came {
    /// The form, the JSON in its `payload`, or the body.
    pub payload: Value,
    /// How often it was tried before, and why again.
    pub retry: Option<(String, String)>,
}

/// An app that listens.
#[derive(Clone)]
pub struct App {
    /// Where.
    pub url: String,
    heard: Arc<Heard>,
}

struct Heard {
    came: watch::Sender<Vec<Came>>,
    secret: watch::Sender<String>,
    answer: watch::Sender<Answer>,
}

/// How it answers.
#[derive(Clone)]
pub enum Answer {
    /// With a status and a body.
    Says(u16, Value),
    /// Never.
    Never,
    /// That it wants no more tries.
    Enough,
}

impl App {
    pub async fn open() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let url = format!("http://{}/slack", listener.local_addr().expect("an address"));
        let heard = Arc::new(Heard {
            came: watch::Sender::new(Vec::new()),
            secret: watch::Sender::new(String::new()),
            answer: watch::Sender::new(Answer::Says(200, Value::Null)),
        });
        let app = Router::new().fallback(take).with_state(Arc::clone(&heard));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, heard }
    }

    /// What deliveries must be signed with.
    pub fn expect(&self, secret: &str) {
        self.heard.secret.send_replace(secret.to_owned());
    }

    /// Answers so from now on.
    pub fn answer(&self, answer: Answer) {
        self.heard.answer.send_replace(answer);
    }

    /// Answers so from now on.
    pub fn says(&self, body: Value) {
        self.answer(Answer::Says(200, body));
    }

    /// What came, once there is so much.
    pub async fn came(&self, count: usize) -> Vec<Came> {
        let mut came = self.heard.came.subscribe();
        let minute = std::time::Duration::from_secs(60);
        match tokio::time::timeout(minute, came.wait_for(|all| all.len() >= count)).await {
            Ok(all) => all.expect("it is there").clone(),
            Err(_) => panic!("{count} were expected: {:#?}", self.heard.came.borrow()),
        }
    }

    /// The last that came of a kind, once one has: the `type` of an interaction or an event, or a command.
    pub async fn heard(&self, kind: &str) -> Value {
        let is_it = |came: &&Came| {
            let payload = &came.payload;
            payload["type"] == kind || payload["event"]["type"] == kind || payload["command"] == kind
        };
        let mut came = self.heard.came.subscribe();
        let minute = std::time::Duration::from_secs(60);
        let found = tokio::time::timeout(minute, came.wait_for(|all| all.iter().any(|one| is_it(&one)))).await;
        match found {
            Ok(all) => all.expect("it is there").iter().rev().find(is_it).expect("one").payload.clone(),
            Err(_) => panic!("`{kind}` was expected: {:#?}", self.heard.came.borrow()),
        }
    }

    /// What came, and nothing is waited for.
    pub fn so_far(&self) -> Vec<Came> {
        self.heard.came.borrow().clone()
    }
}

async fn take(State(heard): State<Arc<Heard>>, headers: HeaderMap, raw: String) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let timestamp: u64 = header("x-slack-request-timestamp").parse().unwrap_or_default();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time").as_secs();
    let wanted = slack_emulator::signature(&heard.secret.borrow(), timestamp, &raw);
    if now.abs_diff(timestamp) > 300 || header("x-slack-signature") != wanted {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let payload = match serde_json::from_str(&raw) {
        Ok(json) => json,
        Err(_) => {
            let form: BTreeMap<String, String> = form_urlencoded::parse(raw.as_bytes()).into_owned().collect();
            form.get("payload").map_or_else(|| json!(form), |payload| serde_json::from_str(payload).expect("JSON"))
        }
    };
    if payload["type"] == "url_verification" {
        return axum::Json(json!({ "challenge": payload["challenge"] })).into_response();
    }
    let number = header("x-slack-retry-num");
    let retry = (!number.is_empty()).then(|| (number, header("x-slack-retry-reason")));
    // Whoever waits for it to come may want another answer to the next.
    let answer = heard.answer.borrow().clone();
    heard.came.send_modify(|all| all.push(Came { payload, retry }));
    match answer {
        Answer::Never => std::future::pending().await,
        Answer::Enough => (StatusCode::INTERNAL_SERVER_ERROR, [("x-slack-no-retry", "1")]).into_response(),
        Answer::Says(status, Value::Null) => StatusCode::from_u16(status).expect("a status").into_response(),
        Answer::Says(status, Value::String(text)) => {
            (StatusCode::from_u16(status).expect("a status"), Body::from(text)).into_response()
        }
        Answer::Says(status, body) => {
            (StatusCode::from_u16(status).expect("a status"), axum::Json(body)).into_response()
        }
    }
}
