//! Links above a channel.

use serde_json::json;

use super::answer::{Answer, refused};
use super::ask::Ask;
use crate::world::Bookmark;

pub(super) fn add(ask: &mut Ask) -> Answer {
    let (kind, link) = (ask.text("type"), ask.args.text("link"));
    if kind != "link" {
        return Err(refused("invalid_bookmark_type"));
    }
    let is_link = |link: &String| link.starts_with("https://") || link.starts_with("http://");
    if !link.as_ref().is_some_and(is_link) {
        return Err(refused("invalid_link"));
    }
    let channel = ask.channel("channel_id")?;
    if channel.bookmarks.len() >= 100 {
        return Err(refused("too_many_bookmarks"));
    }
    let bookmark = Bookmark {
        channel_id: channel.id.clone(),
        id: ask.world.ids.next("Bk"),
        title: ask.text("title"),
        link,
        emoji: ask.args.text("emoji"),
        kind,
    };
    ask.channel_mut("channel_id")?.bookmarks.push(bookmark.clone());
    Ok(json!({ "bookmark": bookmark }))
}

pub(super) fn edit(ask: &mut Ask) -> Answer {
    let (id, title) = (ask.text("bookmark_id"), ask.args.text("title"));
    let (link, emoji) = (ask.args.text("link"), ask.args.text("emoji"));
    let channel = ask.channel_mut("channel_id")?;
    let bookmark = channel.bookmarks.iter_mut().find(|one| one.id == id).ok_or_else(|| refused("not_found"))?;
    bookmark.title = title.unwrap_or_else(|| bookmark.title.clone());
    bookmark.link = link.or_else(|| bookmark.link.clone());
    bookmark.emoji = emoji.or_else(|| bookmark.emoji.clone());
    Ok(json!({ "bookmark": bookmark }))
}

pub(super) fn remove(ask: &mut Ask) -> Answer {
    let id = ask.text("bookmark_id");
    let channel = ask.channel_mut("channel_id")?;
    let before = channel.bookmarks.len();
    channel.bookmarks.retain(|one| one.id != id);
    if channel.bookmarks.len() == before { Err(refused("not_found")) } else { Ok(json!({})) }
}

pub(super) fn list(ask: &mut Ask) -> Answer {
    Ok(json!({ "bookmarks": ask.channel("channel_id")?.bookmarks }))
}
