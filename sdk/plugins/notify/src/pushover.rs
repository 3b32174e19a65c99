use monkeyci_sdk::http;
use monkeyci_sdk::prelude::Act;

use crate::chat;
use crate::delivery::{param, send};
use crate::news::News;
use crate::notifier::{Notifier, Target};

/// Characters of a title and a message: pushover.net/api, "Limitations".
const TITLE: usize = 250;
const MESSAGE: usize = 1024;

/// A phone, by Pushover.
#[derive(Debug, Clone)]
pub(crate) struct Pushover {
    token: String,
    user: String,
    pub(crate) base: String,
    pub(crate) title: Option<String>,
    pub(crate) message: Option<String>,
}

/// Tells phones by Pushover what came out of a build. The params hold the token of an application there, and the key of a
/// user or group.
pub fn pushover(token: &str, user: &str) -> Notifier {
    let (base, title, message) = ("https://api.pushover.net".to_owned(), None, None);
    Notifier::to(Target::Pushover(Pushover { token: token.to_owned(), user: user.to_owned(), base, title, message }))
}

impl Pushover {
    pub(crate) fn tell(&self, act: &Act, news: &News) -> Result<(), String> {
        let token = param(act, &self.token, "the token of an application at Pushover")?;
        let user = param(act, &self.user, "the key of a user at Pushover")?;
        let title = self.title.clone().unwrap_or_else(|| chat::headline(news));
        let mut message = self.message.clone().unwrap_or_else(|| chat::plain(news, MESSAGE));
        if message.is_empty() {
            // Which is refused there.
            message.clone_from(&title);
        }
        let (title, message) = (beginning(&title, TITLE), beginning(&message, MESSAGE));
        let fields = [("token", token), ("user", user), ("title", &title), ("message", &message)];
        send(http::post(format!("{}/1/messages.json", self.base)).form(&fields), "Pushover")
    }
}

fn beginning(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}
