//! A double of GitHub that refuses what GitHub refuses, and answers as badly as it is told to.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, Method, StatusCode, Uri, header};
use serde_json::{Value, json};
use tokio::sync::watch;

/// The token that it knows.
pub const TOKEN: &str = "ghs_0123456789-of-acme";

/// How long something that must happen may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// GitHub, as far as statuses of commits go.
pub struct GitHub {
    pub url: String,
    seen: Arc<Seen>,
}

struct Seen {
    /// What it was told and took, oldest first.
    told: watch::Sender<Vec<Value>>,
    /// What it answered to what it did not take.
    refused: watch::Sender<Vec<(u16, String)>>,
    /// What it does next.
    mood: watch::Sender<Mood>,
}

/// What it does with requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Takes those that are right.
    Well,
    /// Lets them wait.
    Slow,
    /// Breaks so many times.
    Broken(usize),
}

impl GitHub {
    pub async fn open() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (told, refused, mood) =
            (watch::Sender::new(Vec::new()), watch::Sender::new(Vec::new()), watch::Sender::new(Mood::Well));
        let seen = Arc::new(Seen { told, refused, mood });
        let app = Router::new().fallback(take).with_state(Arc::clone(&seen));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, seen }
    }

    pub fn be(&self, mood: Mood) {
        self.seen.mood.send_replace(mood);
    }

    /// What it was told once that is as it must be.
    pub async fn told(&self, is_so: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let mut told = self.seen.told.subscribe();
        match tokio::time::timeout(PATIENCE, told.wait_for(|told| is_so(told))).await {
            Ok(told) => told.expect("it is there").clone(),
            Err(_) => panic!("told {:#?}, refused {:#?}", self.seen.told.borrow(), self.refusals()),
        }
    }

    /// The statuses that it did not take, once there are so many.
    pub async fn refused(&self, count: usize) -> Vec<(u16, String)> {
        let mut refused = self.seen.refused.subscribe();
        let all = tokio::time::timeout(PATIENCE, refused.wait_for(|all| all.len() >= count)).await;
        all.expect("it refuses in time").expect("it is there").clone()
    }

    pub fn refusals(&self) -> Vec<(u16, String)> {
        self.seen.refused.borrow().clone()
    }
}

/// The states of what was told, oldest first.
pub fn states(told: &[Value]) -> Vec<&str> {
    told.iter().map(|status| status["state"].as_str().expect("a state")).collect()
}

async fn take(State(seen): State<Arc<Seen>>, method: Method, uri: Uri, headers: HeaderMap, body: String) -> Response {
    let mut mood = seen.mood.subscribe();
    mood.wait_for(|mood| *mood != Mood::Slow).await.expect("it is there");
    let mut breaks = false;
    seen.mood.send_if_modified(|mood| match mood {
        Mood::Broken(times) => {
            breaks = *times > 0;
            *mood = if breaks { Mood::Broken(*times - 1) } else { Mood::Well };
            true
        }
        _ => false,
    });
    let (status, why) = match breaks {
        true => (StatusCode::SERVICE_UNAVAILABLE, "Server Error".to_owned()),
        false => match check(&method, &uri, &headers, &body) {
            Ok(told) => {
                seen.told.send_modify(|all| all.push(told.clone()));
                return (StatusCode::CREATED, axum::Json(told)).into_response();
            }
            Err((status, why)) => (StatusCode::from_u16(status).expect("a status"), why),
        },
    };
    seen.refused.send_modify(|all| all.push((status.as_u16(), why.clone())));
    (status, axum::Json(json!({ "message": why }))).into_response()
}

/// The status with its commit, where GitHub would take it.
fn check(method: &Method, uri: &Uri, headers: &HeaderMap, body: &str) -> Result<Value, (u16, String)> {
    let refuse = |status: u16, why: &str| Err((status, why.to_owned()));
    let header = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if header(header::USER_AGENT).is_empty() {
        return refuse(403, "Request forbidden by administrative rules: no User-Agent");
    }
    if header(header::AUTHORIZATION) != format!("Bearer {TOKEN}") {
        return refuse(401, &format!("Bad credentials: {}", header(header::AUTHORIZATION)));
    }
    if !header(header::ACCEPT).starts_with("application/vnd.github") {
        return refuse(415, "Unsupported Accept");
    }
    let commit = uri.path().strip_prefix("/repos/acme/web/statuses/").unwrap_or_default();
    if method != Method::POST || commit.is_empty() {
        return refuse(404, "Not Found");
    }
    if commit.len() != 40 || !commit.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return refuse(422, "No commit found for SHA");
    }
    let Ok(mut told) = serde_json::from_str::<Value>(body) else { return refuse(400, "Problems parsing JSON") };
    let text = |name: &str| told[name].as_str().unwrap_or_default();
    if !["error", "failure", "pending", "success"].contains(&text("state")) {
        return refuse(422, "Validation Failed: state");
    }
    if text("description").chars().count() > 140 {
        return refuse(422, "Validation Failed: description is too long (maximum is 140 characters)");
    }
    if !text("target_url").starts_with("https://") || text("context").is_empty() {
        return refuse(422, "Validation Failed: target_url or context");
    }
    told["sha"] = commit.into();
    Ok(told)
}
