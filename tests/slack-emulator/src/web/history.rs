//! What was said in a channel.

use serde_json::{Value, json};

use super::answer::{Answer, Refusal, refused};
use super::ask::Ask;
use super::conversations::page;
use crate::world::{Kind, Message};

/// Messages that an app which is not in the Marketplace gets at once.
const CUT: usize = 15;

/// A moment as microseconds, so that `1700000000` and `1700000000.000000` are one.
fn moment(text: &str) -> Option<u128> {
    let (seconds, rest) = text.split_once('.').unwrap_or((text, ""));
    let micros = format!("{rest:0<6}");
    Some(seconds.parse::<u128>().ok()? * 1_000_000 + micros.get(..6)?.parse::<u128>().ok()?)
}

/// Whether a message is in the span that was asked for.
fn span(ask: &Ask) -> Result<impl Fn(&Message) -> bool + use<>, Refusal> {
    let read = |name: &str, error: &str| match ask.args.text(name) {
        None => Ok(None),
        Some(text) => moment(&text).map(Some).ok_or_else(|| refused(error)),
    };
    let (oldest, latest) = (read("oldest", "invalid_ts_oldest")?, read("latest", "invalid_ts_latest")?);
    let inclusive = ask.args.flag("inclusive");
    Ok(move |message: &Message| {
        let at = moment(&message.ts).unwrap_or_default();
        let after = oldest.is_none_or(|oldest| at > oldest || (inclusive && at == oldest));
        let before = latest.is_none_or(|latest| at < latest || (inclusive && at == latest));
        after && before
    })
}

/// Metadata is for those who ask for it.
fn shown(ask: &Ask, mut message: Value) -> Value {
    if !ask.args.flag("include_all_metadata")
        && let Some(fields) = message.as_object_mut()
    {
        fields.remove("metadata");
    }
    message
}

fn answer(ask: &Ask, all: Vec<Value>) -> Answer {
    let most = if ask.world.habits.cut_history { CUT } else { 999 };
    let (messages, next) = page(ask, all, 100.min(most), most)?;
    Ok(json!({
        "messages": messages, "has_more": !next.is_empty(), "pin_count": 0,
        "response_metadata": { "next_cursor": next },
    }))
}

pub(super) fn history(ask: &mut Ask) -> Answer {
    let channel = ask.channel("channel")?;
    ask.needs(channel.kind, "history")?;
    if !ask.is_in(channel) {
        return Err(refused(if channel.kind == Kind::Public { "not_in_channel" } else { "channel_not_found" }));
    }
    let is_wanted = span(ask)?;
    let all = channel.messages.iter().rev().filter(|message| {
        message.only.is_none() && (message.thread_ts.is_none() || message.is_broadcast) && is_wanted(message)
    });
    let all = all.map(|message| shown(ask, channel.message_json(message))).collect();
    answer(ask, all)
}

pub(super) fn replies(ask: &mut Ask) -> Answer {
    let channel = ask.channel("channel")?;
    ask.needs(channel.kind, "history")?;
    let ts = ask.text("ts");
    let root = channel.message(&ts).filter(|message| message.only.is_none());
    let root = root.ok_or_else(|| refused("thread_not_found"))?;
    let is_wanted = span(ask)?;
    let all = std::iter::once(root).chain(channel.replies(&ts).filter(|message| is_wanted(message)));
    let all = all.map(|message| shown(ask, channel.message_json(message))).collect();
    answer(ask, all)
}

pub(super) fn permalink(ask: &mut Ask) -> Answer {
    let (channel, ts) = (ask.channel("channel")?, ask.text("message_ts"));
    let message = channel.message(&ts).filter(|message| message.only.is_none());
    let message = message.ok_or_else(|| refused("message_not_found"))?;
    let domain = ask.world.workspaces.get(&ask.grant.team).map_or("", |team| team.domain.as_str());
    let mut url = format!("https://{domain}.slack.com/archives/{}/p{}", channel.id, ts.replace('.', ""));
    if let Some(thread) = &message.thread_ts {
        url.push_str(&format!("?thread_ts={thread}&cid={}", channel.id));
    }
    Ok(json!({ "channel": channel.id, "permalink": url }))
}
