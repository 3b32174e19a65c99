//! Where a delivery is safe.

use std::sync::Arc;
use std::time::Duration;

use monkeyci_api::account::Account;
use monkeyci_api::transport::{Route, open};
use monkeyci_core::transport::{Message, Transport};
use monkeyci_core::trigger::{Gone, Queued};
use oci_services::Retry;
use tokio::sync::OnceCell;

use super::forward::Forward;
use super::settings::Settings;

/// Letters of a commit's message that are kept where a trigger would be too long.
const MESSAGE: usize = 1000;

/// Where a delivery is safe.
pub enum Desk {
    /// A queue, a stream or a folder, from which a controller takes it.
    Transport(Box<Opened>),
    /// A server, which keeps it.
    Server(Forward),
}

/// A transport, opened when it is first needed.
pub struct Opened {
    to: String,
    endpoint: Option<String>,
    account: Account,
    transport: OnceCell<Arc<dyn Transport>>,
}

impl Desk {
    /// The place that the settings name.
    pub fn new(settings: &Settings) -> Self {
        if settings.is_forwarded() {
            return Self::Server(Forward::new(&settings.to));
        }
        let (to, endpoint) = (settings.to.clone(), settings.endpoint.clone());
        let account = settings.oci.clone();
        Self::Transport(Box::new(Opened { to, endpoint, account, transport: OnceCell::new() }))
    }

    /// Puts triggers there, and what is gone. They are safe when this returns.
    ///
    /// # Errors
    /// Why they may not be.
    pub async fn put(&self, queued: &[Queued], gone: &[Gone], delivery: &str) -> Result<(), String> {
        let transport = self.transport().await?;
        let longest = transport.longest();
        let gone = gone.iter().map(|gone| told(gone, delivery));
        let messages: Vec<Message> = queued.iter().map(|queued| fitting(queued, longest)).chain(gone).collect();
        transport.publish(&messages).await.map_err(|error| error.to_string())
    }

    /// About how many wait there that nobody works on, where that can be known.
    ///
    /// # Errors
    /// Why it cannot be asked.
    pub async fn waiting(&self) -> Result<Option<u64>, String> {
        let Self::Transport(_) = self else { return Ok(None) };
        self.transport().await?.waiting().await.map_err(|error| error.to_string())
    }

    async fn transport(&self) -> Result<&Arc<dyn Transport>, String> {
        let Self::Transport(opened) = self else { return Err("a server is no transport".into()) };
        let open = || async {
            let Opened { to, endpoint, account, .. } = &**opened;
            // Within the time that a forge gives.
            let retry = Retry {
                attempts: 3,
                within: Duration::from_secs(6),
                base: Duration::from_millis(200),
                most: Duration::from_secs(2),
            };
            let patience = Duration::from_secs(5);
            let route = Route { retry, patience, ..Route::to(to, endpoint.as_deref(), account) };
            open(&route, None).await
        };
        opened.transport.get_or_try_init(open).await
    }
}

/// A trigger as a message. What can be found out again is left out where it would be too long.
fn fitting(queued: &Queued, longest: usize) -> Message {
    let message = message(queued);
    if message.text().len() <= longest {
        return message;
    }
    let mut shorter = queued.clone();
    // The checkout tells both.
    shorter.trigger.changes = None;
    if let Some(message) = shorter.trigger.git.as_mut().and_then(|git| git.message.as_mut()) {
        *message = message.chars().take(MESSAGE).collect();
    }
    self::message(&shorter)
}

/// What is gone as a message.
fn told(gone: &Gone, delivery: &str) -> Message {
    let of = blake3::hash(gone.reference.as_bytes()).to_hex();
    Message {
        id: format!("{delivery}/gone/{}", &of[..16]),
        source: "monkeyci/hook".into(),
        kind: Gone::KIND.into(),
        subject: format!("{}/{}", gone.org, gone.repo),
        data: serde_json::to_value(gone).expect("it is JSON"),
    }
}

/// A trigger as a message.
pub fn message(queued: &Queued) -> Message {
    Message {
        id: queued.key.clone(),
        source: "monkeyci/hook".into(),
        kind: Queued::KIND.into(),
        subject: format!("{}/{}", queued.org, queued.repo),
        data: serde_json::to_value(queued).expect("a trigger is JSON"),
    }
}

#[cfg(test)]
mod tests {
    use monkeyci_core::model::Trigger;
    use monkeyci_core::model::trigger::{Changes, Git};

    use super::*;

    #[test]
    fn a_trigger_that_is_too_long_leaves_out_what_the_checkout_tells() {
        let git = Git { message: Some("why ".repeat(2000)), ..Git::default() };
        let added = (0..5000).map(|number| format!("src/file-{number}.rs")).collect();
        let changes = Changes { added, ..Changes::default() };
        let trigger = Trigger { git: Some(git), changes: Some(changes), ..Trigger::default() };
        let (org, repo) = ("acme".parse().expect("an id"), "web".parse().expect("an id"));
        let queued = Queued { version: 1, key: "k".into(), org, repo, received: 7, supersedes: false, trigger };
        assert!(fitting(&queued, 1 << 20).data["trigger"]["changes"].is_object());
        let short = fitting(&queued, 10_000);
        assert!(short.text().len() <= 10_000 && short.data["trigger"]["changes"].is_null(), "{}", short.text().len());
        assert_eq!(short.data["trigger"]["git"]["message"].as_str().expect("one").len(), MESSAGE);
    }
}
