//! A day in sum, for channels that want it: how many builds, how long, what is broken.

use std::time::Duration;

use monkeyci_client::ClientError;
use monkeyci_client::model::Millis;
use monkeyci_client::rest::Statistics;
use serde_json::json;

use super::channel::Channel;
use crate::house::{House, now};
use crate::message::Message;
use crate::message::block::{context, fields, header};
use crate::message::text::{code, link, took};
use crate::place::Place;

/// How often it is looked whether one is due.
const OFTEN: Duration = Duration::from_secs(60);

/// Seconds that it is kept when a channel had its last one: 10 days.
const KEPT: u32 = 10 * 24 * 60 * 60;

/// Milliseconds after which one that is due is not told any more: everybody has begun the day.
const LATE: Millis = 2 * 60 * 60 * 1000;

/// Tells channels of the day in sum, for ever.
pub async fn tell(house: &House) {
    loop {
        if let Err(error) = look(house).await {
            tracing::warn!(%error, "no channel is told of the day just now");
        }
        tokio::time::sleep(OFTEN).await;
    }
}

async fn look(house: &House) -> Result<(), ClientError> {
    for (key, _) in house.shelf.keys("channel/").await? {
        let Some(place) = key.strip_prefix("channel/").and_then(Place::of) else { continue };
        let channel = house.channel(&place).await?;
        let Some(due) = due(&channel, now()) else { continue };
        let mut is_ours = false;
        let claim = |last: &mut Millis| {
            is_ours = *last < due;
            *last = due.max(*last);
        };
        // Who notes it tells it: one that is lost is not told again, for there is one tomorrow.
        house.shelf.change(&format!("digest/{place}"), KEPT, claim).await?;
        if is_ours {
            say(house, &place, &channel).await?;
        }
    }
    Ok(())
}

/// The time at which the newest one was to be told, where that was lately.
fn due(channel: &Channel, now: Millis) -> Option<Millis> {
    let minutes = channel.digest?;
    let due = channel.next(minutes, now - LATE);
    (due <= now).then_some(due)
}

async fn say(house: &House, place: &Place, channel: &Channel) -> Result<(), ClientError> {
    let Some(workspace) = house.workspaces.get(&place.team).await? else { return Ok(()) };
    let repo = channel.repo.as_deref().and_then(|repo| repo.rsplit('/').next());
    let found = match repo {
        Some(repo) => house.own().repo(repo).statistics(Some(2)).await?,
        None => house.own().statistics(Some(2)).await?,
    };
    let page = match repo {
        Some(repo) => format!("{}/o/{}/r/{repo}/statistics", house.api.url(), house.org),
        None => format!("{}/o/{}/statistics", house.api.url(), house.org),
    };
    let of = repo.map_or_else(|| house.org.clone(), |repo| format!("{}/{repo}", house.org));
    let message = message(&found, &of, &page);
    let body = json!({ "channel": place.channel, "text": message.text, "blocks": message.blocks,
                       "unfurl_links": false, "unfurl_media": false });
    if let Err(error) = house.slack.call(&workspace.token, "chat.postMessage", &body).await {
        tracing::warn!(%place, %error, "a channel cannot be told of the day");
    }
    Ok(())
}

fn message(found: &Statistics, of: &str, page: &str) -> Message {
    let sum = |count: fn(&monkeyci_client::rest::statistics::Day) -> u64| found.days.iter().map(count).sum::<u64>();
    let (good, bad) = (sum(|day| day.success), sum(|day| day.failure + day.error));
    let all = good + bad + sum(|day| day.canceled + day.open);
    let typical = found.duration.map_or("—".into(), |spread| took(spread.p50));
    let pieces = [
        format!("*Builds*\n{all} ({good} ok, {bad} not)"),
        format!("*Half take no longer than*\n{typical}"),
        format!("*Broken branches*\n{}", found.broken),
        format!("*Flaky tests*\n{}", found.flaky_tests.len()),
    ];
    let text = format!("CI of {of} yesterday and today: {all} builds, {bad} failed, {} branches broken", found.broken);
    let note = format!("{} · {}", code(of, 80), link(page, "details"));
    Message { text, blocks: vec![header("CI digest · yesterday and today (UTC)"), fields(&pieces), context(&[note])] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_due_once_a_day_and_not_when_it_is_late() {
        let at = |text: &str| text.parse::<jiff::Timestamp>().expect("a time").as_millisecond();
        let nine = Channel { digest: Some(9 * 60), zone: Some("Europe/Berlin".into()), ..Channel::default() };
        for (now, wanted) in [
            ("2026-07-01T06:59:00Z", None),
            ("2026-07-01T07:00:00Z", Some("2026-07-01T07:00:00Z")),
            ("2026-07-01T08:59:00Z", Some("2026-07-01T07:00:00Z")),
            ("2026-07-01T09:01:00Z", None),
        ] {
            assert_eq!(due(&nine, at(now)), wanted.map(at), "{now}");
        }
        assert_eq!(due(&Channel::default(), at("2026-07-01T07:00:00Z")), None);
    }
}
