//! Links that somebody shows in Slack, with how the build stands, as long as it runs: to whoever may see it themselves.
//!
//! What is drawn is kept for as long as it is drawn anew, so that a replica that begins goes on with it.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt as _;
use monkeyci_client::model::{BuildId, Millis};
use monkeyci_client::{Client, ClientError};
use monkeyci_grammar::{BuildName, Which};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::time::{Instant, timeout_at};

use crate::house::{House, now};
use crate::message::{Excerpt, Part, Story, View, link, text};
use crate::place::{Place, is_id};
use crate::slack::SlackError;

/// Links of one message that are drawn: more are a list, and no conversation.
const LINKS: usize = 3;

/// So long a link is drawn anew while its build runs.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// Between two drawings.
const PAUSE: Duration = Duration::from_secs(2);

/// Bytes of a log that are looked through for lines, and characters of these that are shown.
const LOG: u64 = 4 * 1024 * 1024;
const SHOWN: usize = 2800;
const WIDTH: usize = 300;

/// Links of a message, as they are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Shown {
    user: String,
    links: Vec<String>,
    until: Millis,
}

/// A link that is drawn.
struct Link {
    url: String,
    part: Part,
    story: Story,
    lines: Option<String>,
}

/// Draws the links of a message, and goes on with it as long as their builds run.
///
/// # Errors
/// When the server cannot be asked.
pub async fn shared(house: &House, team: &str, event: &Value) -> Result<(), ClientError> {
    let text = |name: &str| event[name].as_str().unwrap_or_default();
    let links = event["links"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !is_id(text("user")) || links.is_empty() || links.len() > LINKS {
        return Ok(());
    }
    let ours = links.iter().filter_map(|link| link["url"].as_str()).filter(|url| url.starts_with(house.api.url()));
    let until = now().saturating_add(i64::try_from(LONGEST.as_millis()).unwrap_or_default());
    let shown = Shown { user: text("user").to_owned(), links: ours.map(str::to_owned).collect(), until };
    let place = Place::new(team, text("channel"));
    draw(house, &place, text("message_ts"), &shown).await
}

/// Goes on with what other replicas, or one that ended, have drawn.
///
/// # Errors
/// When the server cannot be asked.
pub async fn go_on(house: &House) -> Result<(), ClientError> {
    for (key, _) in house.shelf.keys("unfurl/").await? {
        let Some((place, ts)) = key.strip_prefix("unfurl/").and_then(|at| at.rsplit_once('/')) else { continue };
        let (Some(place), Some((shown, _))) = (Place::of(place), house.shelf.read::<Shown>(&key).await?) else {
            continue;
        };
        let (house, ts) = (house.clone(), ts.to_owned());
        tokio::spawn(async move {
            if let Err(error) = draw(&house, &place, &ts, &shown).await {
                tracing::warn!(%place, %error, "a link is not drawn anew");
            }
        });
    }
    Ok(())
}

fn key(place: &Place, ts: &str) -> String {
    format!("unfurl/{place}/{ts}")
}

async fn draw(house: &House, place: &Place, ts: &str, shown: &Shown) -> Result<(), ClientError> {
    // As whoever shows it: what they may not see is not shown.
    let client = house.acting(&place.team, &shown.user)?;
    let mut links = Vec::new();
    for url in &shown.links {
        links.extend(read(&client, url).await?);
    }
    let key = key(place, ts);
    if links.is_empty() {
        return house.shelf.forget(&key).await;
    }
    let mut drawn = String::new();
    say(house, place, ts, &links, &mut drawn).await;
    let left = u64::try_from(shown.until - now()).unwrap_or_default();
    let is_over = links.iter().all(|link| link.story.status.is_terminal());
    // Those beyond what a replica follows stay as they are.
    let Ok(_permit) = house.previews.try_acquire() else { return Ok(()) };
    if is_over || left == 0 {
        return house.shelf.forget(&key).await;
    }
    let seconds = u32::try_from(left / 1000 + 1).unwrap_or(u32::MAX);
    house.shelf.change(&key, seconds, |there: &mut Shown| there.clone_from(shown)).await?;
    follow(house, place, ts, &client, &mut links, &mut drawn, Instant::now() + Duration::from_millis(left)).await;
    house.shelf.forget(&key).await
}

/// Draws them anew as their builds go on.
async fn follow(
    house: &House,
    place: &Place,
    ts: &str,
    client: &Client,
    links: &mut [Link],
    drawn: &mut String,
    until: Instant,
) {
    let streams = links.iter().filter(|link| !link.story.status.is_terminal()).map(|link| {
        let id = &link.story.id;
        client.org(&id.org).repo(&id.repo).build(id.number).events(link.story.seq)
    });
    let mut events = futures::stream::select_all(streams.map(Box::pin));
    let mut next = Instant::now() + PAUSE;
    let mut is_new = false;
    loop {
        let deadline = if is_new { next.min(until) } else { until };
        match timeout_at(deadline, events.next()).await {
            Ok(Some(Ok(event))) => {
                links.iter_mut().for_each(|link| link.story.apply(&event));
                is_new = true;
            }
            // They may not see it any more, or the server is gone: what stands there may stand.
            Ok(Some(Err(error))) => return tracing::debug!(%place, %error, "a link is not drawn anew"),
            Ok(None) => break,
            Err(_) if is_new => {
                for link in links.iter_mut() {
                    link.read_lines(client).await;
                }
                say(house, place, ts, links, drawn).await;
                (is_new, next) = (false, Instant::now() + PAUSE);
            }
            Err(_) => return,
        }
    }
    tokio::time::sleep_until(next.min(until)).await;
    for link in links.iter_mut() {
        link.read_lines(client).await;
    }
    say(house, place, ts, links, drawn).await;
}

/// What an address is of, where whoever shows it may see it.
async fn read(client: &Client, url: &str) -> Result<Option<Link>, ClientError> {
    let Some(BuildName { repo: Some(repo), which: Which::Number(number) }) = BuildName::of(url) else {
        return Ok(None);
    };
    let (Some(Ok(org)), Ok(repo)) = (repo.org.map(|org| org.parse()), repo.repo.parse()) else { return Ok(None) };
    let id = BuildId::new(org, repo, number);
    let events = match client.org(&id.org).repo(&id.repo).build(number).history().all().await {
        Ok(events) => events,
        Err(ClientError::NotFound(_) | ClientError::Refused(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut story = Story::new(id);
    events.iter().for_each(|event| story.apply(event));
    let mut found = Link { url: url.to_owned(), part: Part::of(url), story, lines: None };
    found.read_lines(client).await;
    Ok(Some(found))
}

impl Link {
    /// Reads the lines that it is of, where they are not known yet.
    async fn read_lines(&mut self, client: &Client) {
        let (Part::Lines(name, first, last), None) = (&self.part, &self.lines) else { return };
        let Some(job) = self.story.job(name).filter(|job| job.attempt > 0) else { return };
        let id = &self.story.id;
        let log = client.org(&id.org).repo(&id.repo).build(id.number).job(name).attempt(job.attempt).log();
        match log.read(0, LOG).await {
            Ok(bytes) => self.lines = lines(&bytes, *first, *last),
            Err(error) => tracing::debug!(%id, name, %error, "lines of a log cannot be read"),
        }
    }
}

/// Lines of a log, as many as a message holds; nothing where it has none of them yet.
fn lines(log: &[u8], first: usize, last: usize) -> Option<String> {
    let whole = Excerpt::of(log, 0, 1).end;
    let wanted = whole.lines().skip(first - 1).take((last - first + 1).min(link::LINES));
    let shown = wanted.map(|line| text::clip(line, WIDTH)).collect::<Vec<_>>().join("\n");
    (!shown.is_empty()).then(|| text::clip(&shown, SHOWN))
}

async fn say(house: &House, place: &Place, ts: &str, links: &[Link], drawn: &mut String) {
    let (none, mut unfurls) = (BTreeMap::new(), Map::new());
    for link in links {
        let view = View { excerpts: &none, ..View::of(&link.story, house.api.url()) };
        let blocks = view.linked(&link.part, link.lines.as_deref());
        unfurls.insert(link.url.clone(), json!({ "blocks": blocks }));
    }
    let unfurls = Value::Object(unfurls);
    let all = unfurls.to_string();
    if all == *drawn {
        return;
    }
    let Ok(Some(workspace)) = house.workspaces.get(&place.team).await else { return };
    let body = json!({ "channel": place.channel, "ts": ts, "unfurls": unfurls });
    for _ in 0..TRIES {
        match house.slack.call(&workspace.token, "chat.unfurl", &body).await {
            Ok(_) => {
                *drawn = all;
                return;
            }
            Err(SlackError::Later { seconds, .. }) => tokio::time::sleep(Duration::from_secs(seconds.min(60))).await,
            Err(error) => return tracing::warn!(%place, %error, "a link cannot be drawn"),
        }
    }
}

/// How often a drawing is sent that Slack wants later.
const TRIES: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_that_the_page_counts() {
        let log = b"one\ntwo\n\x1b[31mthree\x1b[0m\n10%\r100%\n";
        assert_eq!(lines(log, 2, 3).as_deref(), Some("two\nthree"));
        assert_eq!(lines(log, 4, 9).as_deref(), Some("100%"));
        assert_eq!(lines(log, 9, 12), None);
        let long = "x".repeat(1000) + "\n";
        let shown = lines(long.repeat(5000).as_bytes(), 1, 5000).expect("lines");
        assert!(shown.chars().count() <= SHOWN);
    }
}
