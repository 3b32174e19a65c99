//! What all parts of the app share: the server that it is a user of, the Slack that it speaks to, what it keeps.

use std::sync::Arc;

use monkeyci_client::model::Millis;
use monkeyci_client::{Client, ClientError, OrgRef};

use crate::names::Names;
use crate::place::Place;
use crate::shelf::Shelf;
use crate::slack::Slack;
use crate::tell::channel::Channel;
use crate::tell::{Stories, Wake};
use crate::workspace::Workspaces;
use tokio::sync::Semaphore;

/// Messages whose links one replica draws anew at the same time.
pub const PREVIEWS: usize = 50;

/// Seconds that what is known of a channel is kept without a change: a year.
const CHANNEL: u32 = 366 * 24 * 60 * 60;

/// What all parts of the app share.
#[derive(Clone)]
pub struct House {
    /// The server, as the integration itself.
    pub api: Client,
    /// The organisation that the integration belongs to.
    pub org: String,
    /// What the integration is called there.
    pub name: String,
    /// Slack.
    pub slack: Slack,
    /// The workspaces that the app is installed in.
    pub workspaces: Arc<Workspaces>,
    /// What it keeps.
    pub shelf: Shelf,
    /// Channels by name.
    pub names: Arc<Names>,
    /// The builds that it tells of.
    pub stories: Arc<Stories>,
    /// Has messages looked at.
    pub wake: Wake,
    /// The command that people type, with its slash.
    pub command: String,
    /// Links that may be drawn anew at the same time.
    pub previews: Arc<Semaphore>,
}

impl House {
    /// The organisation, as the integration itself sees it.
    pub fn own(&self) -> OrgRef {
        self.api.org(&self.org)
    }

    /// The server, for a user of Slack.
    ///
    /// # Errors
    /// When that can be none.
    pub fn acting(&self, team: &str, user: &str) -> Result<Client, ClientError> {
        self.api.acting_as(&format!("slack:{team}/{user}"))
    }

    /// How a channel wants to be told.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn channel(&self, place: &Place) -> Result<Channel, ClientError> {
        Ok(self.shelf.read(&channel_key(place)).await?.map(|(channel, _)| channel).unwrap_or_default())
    }

    /// Changes how it wants to be told.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn change_channel<R>(
        &self,
        place: &Place,
        change: impl FnMut(&mut Channel) -> R,
    ) -> Result<(Channel, R), ClientError> {
        self.shelf.change(&channel_key(place), CHANNEL, change).await
    }
}

fn channel_key(place: &Place) -> String {
    format!("channel/{place}")
}

/// What the clock says.
#[must_use]
pub fn now() -> Millis {
    jiff::Timestamp::now().as_millisecond()
}

/// A word that nobody can guess, and that never comes again.
#[must_use]
pub fn word() -> String {
    let mut bytes = [0; 12];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
