//! Has Slack show messages of many builds together.

use std::time::Duration;

use monkeyci_client::ClientError;
use serde_json::{Value, json};

use super::deliver::{Deliverer, KEPT};
use super::find::KIND;
use super::line::Stand;
use super::roundup::{Key, Roundup, Sheet};
use super::say::{POST, Told};
use crate::house::{now, word};
use crate::message::Message;
use crate::message::roundup::{self, Reason};

impl Deliverer {
    /// Has Slack show what is kept under such a key. Says when to look again.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub(super) async fn deliver_together(&self, key: &str, at: &Key) -> Result<Option<Duration>, ClientError> {
        let Some((roundup, _)) = self.house.shelf.read::<Roundup>(key).await? else { return Ok(None) };
        let mut again: Option<u64> = None;
        for sheet in &roundup.sheets {
            let wait = self.show_sheet(key, at, sheet).await?;
            again = again.into_iter().chain(wait).min();
        }
        Ok(again.map(Duration::from_millis))
    }

    async fn show_sheet(&self, key: &str, at: &Key, sheet: &Sheet) -> Result<Option<u64>, ClientError> {
        if let Ok(wait @ 1..) = u64::try_from(sheet.due - now())
            && sheet.stand == Stand::Wanted
        {
            return Ok(Some(wait));
        }
        let reason = at.subscription.as_deref().map_or(Reason::Burst, Reason::Digest);
        let message = roundup::message(&sheet.entries, sheet.more, reason, self.house.api.url(), &self.house.org);
        let digest = message.digest();
        if sheet.shown.as_ref() == Some(&digest) {
            return Ok(None);
        }
        let told = match &sheet.stand {
            Stand::Wanted => match self.begin_sheet(key, at, sheet, &message).await? {
                Some(told) => told,
                None => return Ok(Some(500)),
            },
            Stand::Asked { word, since } => self.look_for(&at.place, None, word, *since).await,
            Stand::At { ts } => self.update(&at.place, ts, &message, self.beside(None)).await,
            Stand::Silent { .. } | Stand::Together { .. } => return Ok(None),
        };
        let was_asked = matches!(sheet.stand, Stand::Asked { .. });
        let again = match &told {
            Told::At(_) if was_asked => Some(1),
            Told::At(_) | Told::Never(_) => None,
            Told::Later(wait) => Some((*wait).max(1)),
            Told::Lost => Some(3000),
        };
        self.note_sheet(key, sheet, |there| match &told {
            Told::At(ts) => {
                there.stand = Stand::At { ts: ts.clone() };
                there.shown = (!was_asked).then(|| digest.clone());
            }
            Told::Never(why) => there.stand = Stand::Silent { why: why.clone() },
            // Nobody found it, or Slack did not take it.
            Told::Later(0) => there.stand = Stand::Wanted,
            Told::Later(_) if sheet.stand == Stand::Wanted => there.stand = Stand::Wanted,
            Told::Later(_) | Told::Lost => {}
        })
        .await?;
        Ok(again)
    }

    /// Tells one for the first time; nothing where another does just now.
    async fn begin_sheet(
        &self,
        key: &str,
        at: &Key,
        sheet: &Sheet,
        message: &Message,
    ) -> Result<Option<Told>, ClientError> {
        if let Err(wait) = self.may(&at.place, POST, None) {
            return Ok(Some(Told::Later(wait)));
        }
        let word = word();
        let asked = Stand::Asked { word: word.clone(), since: now() };
        let mut is_ours = false;
        self.note_sheet(key, sheet, |there| {
            is_ours = there.stand == Stand::Wanted;
            if is_ours {
                there.stand = asked.clone();
            }
        })
        .await?;
        if !is_ours {
            return Ok(None);
        }
        let told = self.post(&at.place, None, message, self.beside(Some(&word))).await;
        self.mine.lock().expect("no panic holds it").insert(word);
        Ok(Some(told))
    }

    fn beside(&self, word: Option<&str>) -> Value {
        let mut payload = json!({ "org": self.house.org });
        if let Some(word) = word {
            payload["word"] = word.into();
        }
        json!({ "event_type": KIND, "event_payload": payload })
    }

    async fn note_sheet(
        &self,
        key: &str,
        sheet: &Sheet,
        mut change: impl FnMut(&mut Sheet),
    ) -> Result<(), ClientError> {
        let change = |roundup: &mut Roundup| {
            if let Some(there) = roundup.begun(sheet.begun) {
                change(there);
            }
        };
        self.house.shelf.change(key, KEPT, change).await?;
        Ok(())
    }
}
