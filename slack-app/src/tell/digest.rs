//! A day or a week in sum, for channels that want it: how many builds, how long, what is broken.

use std::time::Duration;

use monkeyci_client::ClientError;
use monkeyci_client::model::Millis;
use monkeyci_client::rest::Statistics;
use serde_json::json;

use super::channel::Channel;
use super::report;
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
pub(super) const LATE: Millis = 2 * 60 * 60 * 1000;

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
        if let Some(due) = due(&channel, now())
            && is_ours(house, &format!("digest/{place}"), due).await?
        {
            day(house, &place, &channel).await?;
        }
        if let Some(due) = report::due(&channel, now())
            && is_ours(house, &format!("report/{place}"), due).await?
        {
            week(house, &place, &channel).await?;
        }
    }
    Ok(())
}

/// Whether one that is due is to be told by us. Who notes it tells it: one that is lost is not told again, for there is
/// another one soon.
async fn is_ours(house: &House, key: &str, due: Millis) -> Result<bool, ClientError> {
    let claim = |last: &mut Millis| {
        let is_ours = *last < due;
        *last = due.max(*last);
        is_ours
    };
    Ok(house.shelf.change(key, KEPT, claim).await?.1)
}

/// The time at which the newest one was to be told, where that was lately.
fn due(channel: &Channel, now: Millis) -> Option<Millis> {
    let minutes = channel.digest?;
    let due = channel.next(minutes, now - LATE);
    (due <= now).then_some(due)
}

async fn day(house: &House, place: &Place, channel: &Channel) -> Result<(), ClientError> {
    let (found, of, page) = statistics(house, channel, 2).await?;
    say(house, place, &message(&found, &of, &page)).await
}

async fn week(house: &House, place: &Place, channel: &Channel) -> Result<(), ClientError> {
    let (found, of, page) = statistics(house, channel, 14).await?;
    let noise = report::noise(house, place, now()).await?;
    say(house, place, &report::message(&found, &noise, &of, &page, &house.command)).await
}

/// How the repository of a channel went, or all of them: with what they are called, and their page.
async fn statistics(house: &House, channel: &Channel, days: u64) -> Result<(Statistics, String, String), ClientError> {
    let repo = channel.repo.as_deref().and_then(|repo| repo.rsplit('/').next());
    let found = match repo {
        Some(repo) => house.own().repo(repo).statistics(Some(days)).await?,
        None => house.own().statistics(Some(days)).await?,
    };
    let page = match repo {
        Some(repo) => format!("{}/o/{}/r/{repo}/statistics", house.api.url(), house.org),
        None => format!("{}/o/{}/statistics", house.api.url(), house.org),
    };
    let of = repo.map_or_else(|| house.org.clone(), |repo| format!("{}/{repo}", house.org));
    Ok((found, of, page))
}

async fn say(house: &House, place: &Place, message: &Message) -> Result<(), ClientError> {
    let Some(workspace) = house.workspaces.get(&place.team).await? else { return Ok(()) };
    let body = json!({ "channel": place.channel, "text": message.text, "blocks": message.blocks,
                       "unfurl_links": false, "unfurl_media": false });
    if let Err(error) = house.slack.call(&workspace.token, "chat.postMessage", &body).await {
        tracing::warn!(%place, %error, "a channel cannot be told in sum");
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
