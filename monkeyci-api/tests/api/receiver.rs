//! A receiver of webhooks that believes nothing it cannot verify by itself, and answers as badly as it is told to.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, StatusCode, header};
use serde_json::Value;
use tokio::sync::watch;

/// How long something that must happen may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What came: its id, and what it says.
#[derive(Debug, Clone, PartialEq)]
pub struct Came {
    pub id: String,
    pub body: Value,
    headers: HeaderMap,
    raw: String,
}

/// A server that takes webhooks.
pub struct Receiver {
    pub url: String,
    seen: Arc<Seen>,
}

struct Seen {
    came: watch::Sender<Vec<Came>>,
    answer: watch::Sender<Option<u16>>,
    leads: watch::Sender<Option<String>>,
}

impl Receiver {
    pub async fn open() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let seen = Arc::new(Seen {
            came: watch::Sender::new(Vec::new()),
            answer: watch::Sender::new(Some(204)),
            leads: watch::Sender::new(None),
        });
        let app = Router::new().fallback(take).with_state(Arc::clone(&seen));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, seen }
    }

    /// Answers so from now on; never, where there is no status.
    pub fn answer(&self, status: Option<u16>) {
        self.seen.answer.send_replace(status);
    }

    /// Leads everybody there from now on.
    pub fn lead(&self, to: &str) {
        self.seen.leads.send_replace(Some(to.to_owned()));
        self.answer(Some(307));
    }

    /// What came once there is so much.
    pub async fn came(&self, count: usize) -> Vec<Came> {
        let mut came = self.seen.came.subscribe();
        let all = tokio::time::timeout(PATIENCE, came.wait_for(|all| all.len() >= count)).await;
        match all {
            Ok(all) => all.expect("it is there").clone(),
            Err(_) => panic!("{count} were expected: {:#?}", self.seen.came.borrow()),
        }
    }
}

impl Came {
    /// Whether it is signed with a secret, by each of the two signatures.
    pub fn signed(&self, secret: &str) -> [bool; 2] {
        let header = |name: &str| self.headers[name].to_str().expect("a header").to_owned();
        let key = STANDARD.decode(secret.strip_prefix("whsec_").expect("a secret")).expect("base64");
        let signed = format!("{}.{}.{}", self.id, header("webhook-timestamp"), self.raw);
        let standard = format!("v1,{}", STANDARD.encode(hmac_sha256::HMAC::mac(signed, key)));
        let hex: String = hmac_sha256::HMAC::mac(&self.raw, secret).iter().map(|byte| format!("{byte:02x}")).collect();
        [
            header("webhook-signature").split(' ').any(|one| one == standard),
            header("x-monkeyci-signature-256") == format!("sha256={hex}"),
        ]
    }
}

async fn take(State(seen): State<Arc<Seen>>, headers: HeaderMap, raw: String) -> Response {
    let id = headers["webhook-id"].to_str().expect("an id").to_owned();
    let came = Came { id, body: serde_json::from_str(&raw).expect("JSON"), headers, raw };
    seen.came.send_modify(|all| all.push(came));
    let mut answer = seen.answer.subscribe();
    let answer = answer.wait_for(Option::is_some).await.expect("it is there");
    let status = StatusCode::from_u16(answer.expect("a status")).expect("a status");
    match &*seen.leads.borrow() {
        Some(to) => (status, [(header::LOCATION, to.as_str())]).into_response(),
        None => status.into_response(),
    }
}
