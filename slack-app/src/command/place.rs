//! Somebody who is nobody at MonkeyCI yet.

use monkeyci_client::rest::NewLink;

use super::{Answer, sentence, with_button};
use crate::house::House;
use crate::message::text;
use crate::receive::payload::Asker;

/// Asks somebody who they are: by a link that is good once, and that nobody else sees. `waits` says whether what they asked is
/// done when they have said so.
pub async fn link_offer(house: &House, by: &Asker, waits: bool) -> Answer {
    let subject = format!("{}/{}", by.place.team, by.user);
    let name = name_of(house, by).await;
    let link = NewLink { provider: "slack".into(), subject, name };
    match house.own().integration(&house.name).offer_link(&link).await {
        Ok(offer) => with_button(
            &format!(
                "Who are you at MonkeyCI? Say it once, in your browser, and what you do here you do as yourself. The link is \
                 good for ten minutes and for you alone.{}",
                if waits { " What you just asked for is done as soon as you have said it." } else { "" }
            ),
            "Link my account",
            &offer.url,
        ),
        Err(error) => Answer::said(&format!(":no_entry: {}", text::escape(&sentence(&error)))),
    }
}

/// What they are called in Slack.
async fn name_of(house: &House, by: &Asker) -> Option<String> {
    let workspace = house.workspaces.get(&by.place.team).await.ok()??;
    let answer = house.slack.ask(&workspace.token, "users.info", &[("user", &by.user)]).await.ok()?;
    let name = answer["user"]["real_name"].as_str().or_else(|| answer["user"]["name"].as_str())?;
    Some(name.chars().filter(|c| !c.is_control()).take(80).collect()).filter(|name: &String| !name.is_empty())
}
