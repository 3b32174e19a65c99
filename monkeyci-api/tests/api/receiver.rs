//! A receiver of webhooks that believes nothing it cannot verify by itself, and answers as badly as it is told to.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, StatusCode};
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
}

impl Receiver {
    pub async fn open() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let seen = Arc::new(Seen { came: watch::Sender::new(Vec::new()), answer: watch::Sender::new(Some(204)) });
        let app = Router::new().fallback(take).with_state(Arc::clone(&seen));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, seen }
    }

    /// Answers so from now on; never, where there is no status.
    pub fn answer(&self, status: Option<u16>) {
        self.seen.answer.send_replace(status);
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

async fn take(State(seen): State<Arc<Seen>>, headers: HeaderMap, raw: String) -> StatusCode {
    let id = headers["webhook-id"].to_str().expect("an id").to_owned();
    let came = Came { id, body: serde_json::from_str(&raw).expect("JSON"), headers, raw };
    seen.came.send_modify(|all| all.push(came));
    let mut answer = seen.answer.subscribe();
    let answer = answer.wait_for(Option::is_some).await.expect("it is there");
    StatusCode::from_u16(answer.expect("a status")).expect("a status")
}
