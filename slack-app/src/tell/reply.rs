//! What stands in the thread of a message: words, which change with it, and files, which are sent once.

use monkeyci_client::ClientError;
use serde_json::Value;

use super::deliver::Deliverer;
use super::line::{Post, Said as Kept, Shown, Stand};
use super::say::{POST, Told};
use crate::house::{now, word};
use crate::message::{Reply, Said};
use crate::place::Place;
use crate::slack::{SlackError, Upload};

impl Deliverer {
    /// Has the replies to a message stand as they should. Says in how many milliseconds to look again.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub(super) async fn replies(
        &self,
        key: &str,
        post: &Post,
        ts: &str,
        replies: &[Reply],
    ) -> Result<Option<u64>, ClientError> {
        let (mut again, mut stands) = (None, false);
        for reply in replies {
            // Where what it belongs to does not stand, as in the thread of what was deleted, no file does.
            if matches!(reply.said, Said::File { .. }) && !stands {
                continue;
            }
            let digest = reply.said.digest();
            let there = post.replies.get(&reply.key);
            stands = false;
            if let Some(Kept { stand: Stand::At { .. }, digest: same }) = there
                && (*same == digest || matches!(reply.said, Said::File { .. }))
            {
                stands = true;
                continue;
            }
            let (told, word) = match there.map(|said| &said.stand) {
                Some(Stand::Silent { .. } | Stand::Together { .. }) => continue,
                Some(Stand::At { ts }) => (self.change_reply(key, post, ts, reply, &digest).await, None),
                Some(Stand::Asked { word, since }) => {
                    let told = match &reply.said {
                        Said::Words(_) => self.look_for(&post.place, Some(ts), word, *since).await,
                        Said::File { name, .. } => self.look_for_file(&post.place, ts, name, word, *since).await,
                    };
                    (told, None)
                }
                Some(Stand::Wanted) | None => {
                    if let Err(wait) = self.may(&post.place, POST, None) {
                        again = Some(wait);
                        continue;
                    }
                    let word = word();
                    let stand = Stand::Asked { word: word.clone(), since: now() };
                    let asked = Kept { stand, digest: String::new() };
                    self.note(key, post, |there| drop(there.replies.insert(reply.key.clone(), asked.clone()))).await?;
                    (self.send_reply(key, post, ts, reply, &word).await, Some(word))
                }
            };
            let stand = match told {
                Told::At(ts) => Stand::At { ts },
                Told::Never(why) => Stand::Silent { why },
                Told::Later(wait) => {
                    again = Some(wait.max(1));
                    if there.is_some_and(|said| matches!(said.stand, Stand::At { .. })) {
                        continue;
                    }
                    if wait > 0 && word.is_none() {
                        continue;
                    }
                    Stand::Wanted
                }
                Told::Lost => {
                    again = Some(3000);
                    self.mine.lock().expect("no panic holds it").extend(word);
                    continue;
                }
            };
            stands = matches!(stand, Stand::At { .. });
            let said = Kept { stand, digest };
            self.note(key, post, |there| drop(there.replies.insert(reply.key.clone(), said.clone()))).await?;
        }
        Ok(again)
    }

    async fn change_reply(&self, key: &str, post: &Post, ts: &str, reply: &Reply, digest: &str) -> Told {
        match &reply.said {
            Said::Words(message) => {
                let metadata = self.of_reply(key, post, None, digest);
                self.update(&post.place, ts, message, metadata).await
            }
            Said::File { .. } => Told::At(ts.to_owned()),
        }
    }

    async fn send_reply(&self, key: &str, post: &Post, ts: &str, reply: &Reply, word: &str) -> Told {
        match &reply.said {
            Said::Words(message) => {
                let metadata = self.of_reply(key, post, Some(word), "");
                self.post(&post.place, Some(ts), message, metadata).await
            }
            Said::File { name, content } => self.send_file(&post.place, ts, name, content).await,
        }
    }

    fn of_reply(&self, key: &str, post: &Post, word: Option<&str>, digest: &str) -> Value {
        self.metadata(key, post, word, &Shown { digest: digest.to_owned(), build: post.build, seq: 0 })
    }

    async fn send_file(&self, place: &Place, ts: &str, name: &str, content: &str) -> Told {
        let Some(workspace) = self.workspace(place).await else {
            return Told::Never("the app is not installed in that workspace".into());
        };
        let upload = Upload { name, content: content.as_bytes(), channel: &place.channel, thread: ts };
        match self.house.slack.upload(&workspace.token, &upload).await {
            Ok(file) => Told::At(file),
            Err(SlackError::Later { seconds, .. }) => Told::Later(seconds.max(1) * 1000),
            Err(SlackError::Unreachable { .. }) => Told::Later(3000),
            Err(SlackError::Lost { .. }) => Told::Lost,
            // The end of the log is there all the same, and the rest is behind its button.
            Err(error) => {
                tracing::warn!(%place, %error, "a log cannot be sent as a file");
                Told::Never(error.code().unwrap_or("refused").to_owned())
            }
        }
    }

    /// Looks for a file whose answer was lost, by its name in that thread. `Later(0)` says that there is none.
    async fn look_for_file(&self, place: &Place, ts: &str, name: &str, word: &str, since: i64) -> Told {
        if let Some(wait) = self.waits_for(word, since) {
            return Told::Later(wait);
        }
        match self.find_file(place, ts, name).await {
            Ok(Some(file)) => Told::At(file),
            Ok(None) => Told::Later(0),
            Err(error) => self.not_found(place, &error),
        }
    }
}
