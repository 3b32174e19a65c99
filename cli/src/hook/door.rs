//! What becomes of one request.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::controller::Controller;
use super::desk::Desk;
use super::event::Told;
use super::settings::Settings;
use crate::secret_source::Secrets;

/// Bytes of the longest body: GitHub sends none that is longer.
pub const BODY: usize = 25 * 1024 * 1024;

/// How long an answer may take: forges give up after ten seconds.
pub const ANSWER: Duration = Duration::from_secs(8);

/// How long whoever was refused for lack of time should wait, in seconds.
const LATER: u32 = 30;

/// The front door.
pub struct Door {
    pub(super) settings: Settings,
    pub(super) secrets: Secrets,
    pub(super) desk: Desk,
    pub(super) controller: Controller,
}

/// A request.
pub struct Asked {
    /// How.
    pub method: Method,
    /// What for, without the query.
    pub path: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body as it came.
    pub body: Bytes,
    /// When it must be answered.
    pub deadline: Instant,
}

/// An answer.
#[derive(Debug, PartialEq)]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// What it says.
    pub body: Value,
    /// Seconds after which it may be tried again.
    pub retry_after: Option<u32>,
}

impl Reply {
    /// An answer that says one thing, under a name.
    pub fn new(status: StatusCode, body: Value) -> Self {
        Self { status, body, retry_after: None }
    }

    /// A refusal, with its reason for people.
    pub fn refused(status: StatusCode, why: impl Into<String>) -> Self {
        Self::new(status, json!({ "error": why.into() }))
    }

    /// It is nobody's fault, and may go well later. Nothing is acknowledged.
    pub fn later(why: impl Into<String>) -> Self {
        Self { retry_after: Some(LATER), ..Self::refused(StatusCode::SERVICE_UNAVAILABLE, why) }
    }
}

impl Door {
    /// A front door of these settings. Nothing is asked of anybody before somebody knocks.
    pub fn new(settings: Settings) -> Self {
        let secrets = Secrets::new(settings.oci.clone(), settings.vault_endpoint.clone());
        let desk = Desk::new(&settings);
        let controller = Controller::new(settings.start.clone(), settings.oci.clone());
        Self { settings, secrets, desk, controller }
    }

    /// Answers a request, in time.
    pub async fn answer(&self, asked: Asked) -> Reply {
        let path: Vec<&str> = asked.path.split('/').collect();
        // A gateway may have put the path of its deployment before ours.
        if let [.., "webhook", forge, key] = path.as_slice() {
            if asked.method != Method::POST {
                return Reply::refused(StatusCode::METHOD_NOT_ALLOWED, "deliveries are sent by POST");
            }
            let (forge, key) = ((*forge).to_owned(), (*key).to_owned());
            let deadline = asked.deadline;
            return match timeout_at(deadline, self.deliver(&forge, &key, &asked)).await {
                Ok(reply) => reply,
                Err(_) => {
                    tracing::error!(forge, key, "a delivery could not be made safe in time");
                    Reply::later("the delivery could not be made safe in time: send it again")
                }
            };
        }
        match (path.last(), asked.method) {
            (Some(&"healthz"), Method::GET | Method::HEAD) => Reply::new(StatusCode::OK, json!({ "status": "ok" })),
            _ => Reply::refused(StatusCode::NOT_FOUND, "there is `/webhook/FORGE/KEY` here, and nothing else"),
        }
    }

    /// Does what follows from what the cloud itself told, whoever may call the function: it is not asked who.
    pub async fn hear(&self, body: &[u8], deadline: Instant) -> Reply {
        let told = match Told::read(body) {
            Ok(told) => told,
            Err(why) => return Reply::refused(StatusCode::BAD_REQUEST, why),
        };
        let done = async {
            match told {
                Told::Build { build, id } => {
                    self.controller.start(&id, Some(&build)).await.map(|()| json!({ "started": build }))
                }
                Told::Look => self.look().await.map(|started| json!({ "started": started })),
                Told::Nothing(why) => Ok(json!({ "ignored": why })),
            }
        };
        match timeout_at(deadline, done).await {
            Ok(Ok(body)) => Reply::new(StatusCode::OK, body),
            Ok(Err(why)) => {
                tracing::error!(why, "no controller was started");
                Reply::later(why)
            }
            Err(_) => Reply::later("no controller could be started in time"),
        }
    }

    /// Starts a controller where something waits: one that was to be started before may not have been.
    ///
    /// # Errors
    /// Why that cannot be known, or none was started.
    pub async fn look(&self) -> Result<bool, String> {
        if !self.controller.is_there() || self.desk.waiting().await?.unwrap_or_default() == 0 {
            return Ok(false);
        }
        // Another each time: the one before may have ended without having taken it.
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        self.controller.start(&format!("look/{}", now.as_millis()), None).await.map(|()| true)
    }
}
