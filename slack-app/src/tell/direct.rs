//! People who want to hear, by themselves, of what they broke.

use monkeyci_client::ClientError;
use serde::{Deserialize, Serialize};

use super::line::Wanted;
use crate::house::House;
use crate::message::Story;
use crate::place::Place;
use monkeyci_client::rest::Moment;

/// Seconds that it is kept what somebody wants: a year, from when they last said so.
const KEPT: u32 = 366 * 24 * 60 * 60;

/// Somebody who wants to hear of what they broke.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The workspace.
    pub team: String,
    /// Who they are there.
    pub user: String,
    /// Their conversation with the app.
    pub channel: String,
}

/// Who caused a build, as it is known of it: a name at the server, or an address that a commit has.
fn key(kind: &str, who: &str) -> String {
    format!("direct/{kind}/{}", &blake3::hash(who.trim().to_lowercase().as_bytes()).to_hex()[..24])
}

impl House {
    /// Notes that somebody wants to hear of what they broke.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn tell_directly(&self, person: &Person, name: &str, mail: Option<&str>) -> Result<(), ClientError> {
        for key in [Some(key("name", name)), mail.map(|mail| key("mail", mail))].into_iter().flatten() {
            self.shelf.change(&key, KEPT, |there: &mut Person| there.clone_from(person)).await?;
        }
        Ok(())
    }

    /// Notes that they do not any more.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn tell_directly_no_more(&self, name: &str, mail: Option<&str>) -> Result<(), ClientError> {
        for key in [Some(key("name", name)), mail.map(|mail| key("mail", mail))].into_iter().flatten() {
            self.shelf.forget(&key).await?;
        }
        Ok(())
    }

    /// What whoever broke a build is to be told, where they want to hear of it and may see it.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub(super) async fn directly(&self, story: &Story) -> Result<Option<Wanted>, ClientError> {
        let trigger = &story.trigger;
        let mail = trigger.git.as_ref().and_then(|git| git.author_email.as_deref());
        let names = [trigger.actor.as_deref().map(|name| key("name", name)), mail.map(|mail| key("mail", mail))];
        for key in names.into_iter().flatten() {
            let Some((person, _)) = self.shelf.read::<Person>(&key).await? else { continue };
            // Anybody may write any address into a commit.
            let id = &story.id;
            let client = self.acting(&person.team, &person.user)?;
            match client.org(&id.org).repo(&id.repo).build(id.number).get().await {
                Ok(_) => {}
                Err(ClientError::NotFound(_) | ClientError::Refused(_)) => continue,
                Err(error) => return Err(error),
            }
            return Ok(Some(Wanted {
                place: Place::new(person.team, person.channel),
                on: Moment::Failed,
                subscription: String::new(),
                why: "you caused it, and want to hear of what you broke".into(),
                not_before: None,
                style: None,
                together: None,
            }));
        }
        Ok(None)
    }
}
