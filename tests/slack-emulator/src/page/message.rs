//! Messages, as they are shown.

use std::fmt::Write as _;

use serde_json::Value;

use super::block;
use super::element::Form;
use super::emoji::emoji;
use super::html::{escaped, link};
use super::markup::marked;
use crate::world::{Channel, Message, World};

/// A message as HTML, as somebody sees it.
pub(super) fn message(world: &World, channel: &Channel, message: &Message, viewer: &str, with_thread: bool) -> String {
    let (name, is_app) = writer(world, message);
    let form = |is_inside| Form {
        user: viewer.to_owned(),
        channel: channel.id.clone(),
        ts: message.ts.clone(),
        view: String::new(),
        is_inside,
    };
    let whisper = if message.only.is_some() { " whisper" } else { "" };
    let mut html = format!(r#"<article class="message{whisper}" id="{}">"#, escaped(&message.ts));
    let initials: String = name.chars().filter(|c| c.is_alphanumeric()).take(1).flat_map(char::to_uppercase).collect();
    let hue = name.bytes().fold(7u32, |hue, byte| (hue * 31 + u32::from(byte)) % 360);
    let _written =
        write!(html, r#"<div class="face" style="--hue:{hue}">{}</div><div class="body">"#, escaped(&initials));
    if message.only.is_some() {
        html.push_str(r#"<div class="only">Only visible to you</div>"#);
    }
    let badge = if is_app { r#" <span class="badge">APP</span>"# } else { "" };
    let _written =
        write!(html, r#"<div class="who"><b>{}</b>{badge} <time>{}</time></div>"#, escaped(&name), clock(&message.ts));
    let edited = if message.edited.is_some() { r#" <span class="edited">(edited)</span>"# } else { "" };
    if message.blocks.is_empty() {
        let _written = write!(html, r#"<div class="said">{}{edited}</div>"#, marked(world, &message.text));
    } else {
        html.push_str(&block::blocks(world, &message.blocks, &form(false)));
    }
    for attachment in &message.attachments {
        html.push_str(&attached(world, attachment, &form(false)));
    }
    for file in &message.files {
        let _written = write!(html, r#"<div class="file">{}</div>"#, escaped(file["title"].as_str().unwrap_or("file")));
    }
    if !message.reactions.is_empty() {
        let one = |(name, users): &(String, Vec<String>)| format!("<span>{} {}</span>", emoji(name), users.len());
        let all: String = message.reactions.iter().map(one).collect();
        let _written = write!(html, r#"<div class="reactions">{all}</div>"#);
    }
    let replies = channel.replies(&message.ts).count();
    if with_thread && replies > 0 {
        let many = if replies == 1 { "1 reply".to_owned() } else { format!("{replies} replies") };
        let _written = write!(
            html,
            r#"<a class="replies" href="/c/{}?as={}&amp;thread={}">{many}</a>"#,
            channel.id,
            escaped(viewer),
            escaped(&message.ts)
        );
    }
    html + "</div></article>"
}

/// Under which name somebody wrote, and whether it is an app.
fn writer(world: &World, message: &Message) -> (String, bool) {
    if let Some(author) = &message.author {
        return (message.username.clone().unwrap_or_else(|| author.name.clone()), true);
    }
    match message.user.as_deref() {
        Some("USLACKBOT") | None => ("Slackbot".to_owned(), false),
        Some(id) => (world.people.get(id).map_or_else(|| id.to_owned(), |person| person.real_name.clone()), false),
    }
}

fn attached(world: &World, attachment: &Value, form: &Form) -> String {
    let word = |name: &str| attachment[name].as_str().unwrap_or_default();
    let mut html = format!(r#"<div class="attachment" style="--tone:{}">"#, colour(word("color")));
    if !word("title").is_empty() {
        let _written = write!(html, "<b>{}</b><br>", link(word("title_link"), &escaped(word("title"))));
    }
    if !word("text").is_empty() {
        html.push_str(&marked(world, word("text")));
    }
    if let Some(blocks) = attachment["blocks"].as_array() {
        html.push_str(&block::blocks(world, blocks, form));
    }
    html + "</div>"
}

fn colour(given: &str) -> String {
    let digits = given.trim_start_matches('#');
    let is_colour = digits.len() == 6 && digits.chars().all(|c| c.is_ascii_hexdigit());
    match given {
        "good" => "#2f9e58".to_owned(),
        "warning" => "#e0b01f".to_owned(),
        "danger" => "#d92b3a".to_owned(),
        _ if is_colour => format!("#{digits}"),
        _ => "var(--line)".to_owned(),
    }
}

/// The time of day, in UTC.
fn clock(ts: &str) -> String {
    let seconds: u64 = ts.split('.').next().and_then(|seconds| seconds.parse().ok()).unwrap_or_default();
    format!("{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60)
}
