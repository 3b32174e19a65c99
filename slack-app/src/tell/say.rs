//! What is said to Slack, as fast as Slack takes it, and what becomes of it.

use monkeyci_client::model::Millis;
use serde_json::{Value, json};

use super::deliver::Deliverer;
use crate::house::now;
use crate::message::{Message, block, text};
use crate::place::Place;
use crate::slack::SlackError;

pub(super) const POST: &str = "chat.postMessage";
const UPDATE: &str = "chat.update";

/// Milliseconds after which nobody waits for an answer of Slack any more.
const LOST: Millis = 15_000;

/// What became of something that was to be said.
pub(super) enum Told {
    /// It stands there.
    At(String),
    /// Not yet: in so many milliseconds.
    Later(u64),
    /// It may have been said.
    Lost,
    /// It never can be.
    Never(String),
}

impl Deliverer {
    pub(super) async fn post(&self, place: &Place, thread: Option<&str>, message: &Message, metadata: Value) -> Told {
        let mut body = body(place, message, metadata);
        if let Some(thread) = thread {
            body["thread_ts"] = thread.into();
        }
        self.ask(place, POST, body, message).await
    }

    pub(super) async fn update(&self, place: &Place, ts: &str, message: &Message, metadata: Value) -> Told {
        if let Err(wait) = self.may(place, UPDATE, Some(ts)) {
            return Told::Later(wait);
        }
        let mut body = body(place, message, metadata);
        body["ts"] = ts.into();
        match self.ask(place, UPDATE, body, message).await {
            // To change it twice does no harm.
            Told::Lost => Told::Later(3000),
            told => told,
        }
    }

    async fn ask(&self, place: &Place, method: &'static str, mut body: Value, message: &Message) -> Told {
        let Some(workspace) = self.workspace(place).await else {
            return Told::Never("the app is not installed in that workspace".into());
        };
        let mut answer = self.house.slack.call(&workspace.token, method, &body).await;
        if let Err(error) = &answer
            && error.is_malformed()
        {
            // Better one line than nothing.
            tracing::error!(%place, %error, "a message is none that Slack takes");
            body["blocks"] = json!([block::section(&text::escape(&message.text))]);
            answer = self.house.slack.call(&workspace.token, method, &body).await;
        }
        match answer {
            Ok(answer) if body["thread_ts"].is_string() && answer["message"]["thread_ts"].is_null() => {
                // Slack says nothing of a thread that is gone, and puts the reply into the channel for all to see.
                let gone = json!({ "channel": answer["channel"], "ts": answer["ts"] });
                if let Err(error) = self.house.slack.call(&workspace.token, "chat.delete", &gone).await {
                    tracing::warn!(%place, %error, "a reply to what was deleted cannot be taken back");
                }
                Told::Never("what it answers was deleted in Slack".into())
            }
            Ok(answer) => answer["ts"].as_str().map_or(Told::Lost, |ts| Told::At(ts.to_owned())),
            Err(SlackError::Later { seconds, .. }) => {
                self.pace.lock().expect("no panic holds it").wait(&place.team, method, seconds, self.millis());
                Told::Later(seconds.max(1) * 1000)
            }
            Err(SlackError::Unreachable { .. }) => Told::Later(3000),
            Err(SlackError::Lost { .. }) => Told::Lost,
            Err(error) if error.is_gone() => Told::Never("it was deleted in Slack".into()),
            Err(error) => {
                tracing::warn!(%place, %error, "nothing can be said there");
                if error.is_closed() {
                    let why = error.code().unwrap_or_default().to_owned();
                    let noted = self.house.change_channel(place, |channel| channel.broken = Some(why.clone())).await;
                    if let Err(error) = noted {
                        tracing::warn!(%error, "cannot note that a channel is closed");
                    }
                }
                Told::Never(error.code().unwrap_or("refused").to_owned())
            }
        }
    }

    /// Looks for a message whose answer was lost. `Later(0)` says that there is none.
    pub(super) async fn look_for(&self, place: &Place, thread: Option<&str>, word: &str, since: Millis) -> Told {
        if let Some(wait) = self.waits_for(word, since) {
            return Told::Later(wait);
        }
        match self.find(place, thread, word, since).await {
            Ok(Some(ts)) => Told::At(ts),
            Ok(None) => Told::Later(0),
            Err(error) => self.not_found(place, &error),
        }
    }

    /// How many milliseconds an answer may still come in, where it may.
    pub(super) fn waits_for(&self, word: &str, since: Millis) -> Option<u64> {
        let is_mine = self.mine.lock().expect("no panic holds it").contains(word);
        u64::try_from(since + LOST - now()).ok().filter(|wait| *wait > 0 && !is_mine)
    }

    /// What follows where it cannot be looked for.
    pub(super) fn not_found(&self, place: &Place, error: &SlackError) -> Told {
        match error {
            SlackError::Refused { code, .. } => {
                tracing::warn!(%place, code, "what may have been said cannot be looked for; it is told again");
                Told::Later(0)
            }
            SlackError::Later { seconds, .. } => Told::Later((*seconds).max(1) * 1000),
            _ => Told::Later(3000),
        }
    }

    /// Whether something may be said now; else in how many milliseconds.
    pub(super) fn may(&self, place: &Place, method: &'static str, ts: Option<&str>) -> Result<(), u64> {
        let now = self.millis();
        let taken = self.pace.lock().expect("no panic holds it").take(place, method, ts, now);
        taken.map_err(|until| until.saturating_sub(now).max(1))
    }

    pub(super) fn millis(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

fn body(place: &Place, message: &Message, metadata: Value) -> Value {
    json!({ "channel": place.channel, "text": message.text, "blocks": message.blocks, "metadata": metadata,
            "unfurl_links": false, "unfurl_media": false })
}
