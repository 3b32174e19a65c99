//! Channels as people see them: they read, write, and press buttons.

mod allow;
mod block;
mod element;
mod emoji;
mod html;
mod markup;
mod message;
mod rich;

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::{Path, Query, RawForm, State};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::deed::{Click, Close, Submit};
use crate::slack::Slack;
use crate::world::{Channel, Kind, Person, View, World};
use element::Form;
use html::{escaped, hidden};

pub(crate) fn routes() -> Router<Slack> {
    Router::new()
        .route("/", get(index))
        .route("/c/{channel}", get(channel))
        .route("/home/{app}", get(home))
        .route("/say", post(say))
        .route("/click", post(click))
        .route("/modal", post(modal))
        .route("/oauth/v2/authorize", get(allow::ask).post(allow::allow))
}

#[derive(Deserialize)]
struct Looks {
    #[serde(default, rename = "as")]
    viewer: Option<String>,
    #[serde(default)]
    thread: Option<String>,
    /// What did not go as somebody wanted.
    #[serde(default)]
    note: Option<String>,
}

/// A page: what stands in its three columns.
fn page(title: &str, version: u64, columns: &str) -> Html<String> {
    let (style, script) = (include_str!("style.css"), include_str!("live.js"));
    Html(format!(
        r#"<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{}</title><style>{style}</style><body data-version="{version}">{columns}<script type="module">{script}</script></body></html>"#,
        escaped(title)
    ))
}

async fn index(State(slack): State<Slack>) -> Response {
    let first = slack.look(|world| {
        world.channels.values().find(|channel| channel.kind == Kind::Public).map(|channel| channel.id.clone())
    });
    match first {
        Some(id) => Redirect::to(&format!("/c/{id}")).into_response(),
        None => {
            page("Slack", 0, "<nav></nav><main><div class=note>There is no channel yet.</div></main>").into_response()
        }
    }
}

/// Who looks: somebody of the workspace, the first unless another is named.
fn viewer<'w>(world: &'w World, team: &str, name: Option<&str>) -> Option<&'w Person> {
    let of_team = |person: &&Person| person.team == team && person.app.is_none();
    name.and_then(|name| world.person(name)).filter(of_team).or_else(|| world.people.values().find(of_team))
}

async fn channel(State(slack): State<Slack>, Path(id): Path<String>, Query(looks): Query<Looks>) -> Response {
    let version = *slack.version().borrow();
    let shown = slack.look(|world| {
        let channel = world.channels.get(&id)?;
        let person = viewer(world, &channel.team, looks.viewer.as_deref())?;
        let is_seen = |one: &&crate::world::Message| one.only.as_ref().is_none_or(|only| *only == person.id);
        let all: String = channel
            .messages
            .iter()
            .filter(|one| one.thread_ts.is_none() || one.is_broadcast || one.only.is_some())
            .filter(is_seen)
            .map(|one| message::message(world, channel, one, &person.name, true))
            .collect();
        let note = looks.note.as_ref().map(|note| format!(r#"<div class="note">{}</div>"#, escaped(note)));
        let main = format!(
            r#"<main><header><h2>{}</h2><small>{} members · as {}</small></header><div class="messages">{all}</div>{}{}</main>"#,
            escaped(&name(world, channel, person)),
            channel.members.len(),
            escaped(&person.name),
            note.unwrap_or_default(),
            composer(channel, person, None),
        );
        let thread = looks.thread.as_ref().and_then(|ts| thread(world, channel, person, ts)).unwrap_or_default();
        Some((name(world, channel, person), format!("{}{main}{thread}{}", side(world, person, &id), dialog(world, person))))
    });
    match shown {
        Some((title, columns)) => page(&title, version, &columns).into_response(),
        None => (StatusCode::NOT_FOUND, "there is no such channel, or nobody to look at it").into_response(),
    }
}

/// How somebody knows a channel.
fn name(world: &World, channel: &Channel, person: &Person) -> String {
    match channel.kind {
        Kind::Direct => {
            let other = channel.members.iter().find(|member| **member != person.id);
            other.and_then(|id| world.people.get(id)).map_or_else(String::new, |other| other.real_name.clone())
        }
        _ => format!("# {}", channel.name),
    }
}

fn side(world: &World, person: &Person, here: &str) -> String {
    let team = world.workspaces.get(&person.team).map_or("", |team| team.name.as_str());
    let entry = |to: String, name: &str, is_here: bool| {
        let current = if is_here { r#" aria-current="page""# } else { "" };
        format!(r#"<a href="{}?as={}"{current}>{}</a>"#, escaped(&to), escaped(&person.name), escaped(name))
    };
    let list = |is_direct: bool| {
        let own = world.channels.values().filter(|channel| {
            channel.team == person.team
                && (channel.kind == Kind::Direct) == is_direct
                && (channel.kind == Kind::Public || channel.members.contains(&person.id))
        });
        own.map(|channel| entry(format!("/c/{}", channel.id), &name(world, channel, person), channel.id == here))
            .collect::<String>()
    };
    let apps = world.apps.values().filter(|app| app.has_home && world.bot(&app.id, &person.team).is_some());
    let apps: String = apps.map(|app| entry(format!("/home/{}", app.id), &app.name, app.id == here)).collect();
    format!(
        "<nav><h1>{}</h1><h2>Channels</h2>{}<h2>Direct messages</h2>{}<h2>Apps</h2>{apps}</nav>",
        escaped(team),
        list(false),
        list(true)
    )
}

fn composer(channel: &Channel, person: &Person, thread: Option<&str>) -> String {
    let fields = hidden(&[("user", &person.name), ("channel", &channel.id), ("thread", thread.unwrap_or_default())]);
    let hint = if thread.is_some() { "Reply…" } else { "Message, or /command" };
    format!(
        r#"<div class="composer"><form method="post" action="/say">{fields}<input name="text" autocomplete="off" placeholder="{hint}" aria-label="{hint}"><button>Send</button></form></div>"#
    )
}

fn thread(world: &World, channel: &Channel, person: &Person, ts: &str) -> Option<String> {
    let root = channel.message(ts)?;
    let all = std::iter::once(root).chain(channel.replies(ts));
    let all: String = all.map(|one| message::message(world, channel, one, &person.name, false)).collect();
    let composer = composer(channel, person, Some(ts));
    Some(format!(r#"<aside><header><h2>Thread</h2></header><div class="messages">{all}</div>{composer}</aside>"#))
}

/// The uppermost modal that somebody sees.
fn dialog(world: &World, person: &Person) -> String {
    let seen = world.views.values().filter(|view| view.user == person.id && !view.is_home());
    let Some(view) = seen.max_by(|one, other| one.id.cmp(&other.id)) else { return String::new() };
    let text =
        |name: &str, usual: &str| view.body.get(name).map_or_else(|| escaped(usual), |text| block::text(world, text));
    let form = form_of(view, person, true);
    let blocks = block::blocks(world, view.body["blocks"].as_array().map_or(&[], Vec::as_slice), &form);
    let fields = hidden(&[("user", &person.name), ("view", &view.id)]);
    let submit = view.body.get("submit").map(|text| {
        format!(r#"<button class="primary" name="do" value="submit">{}</button>"#, block::text(world, text))
    });
    format!(
        r#"<dialog><form method="post" action="/modal">{fields}<h2>{}</h2>{blocks}<div class="feet"><button name="do" value="close" formnovalidate>{}</button>{}</div></form></dialog>"#,
        text("title", ""),
        text("close", "Cancel"),
        submit.unwrap_or_default()
    )
}

fn form_of(view: &View, person: &Person, is_inside: bool) -> Form {
    Form { user: person.name.clone(), channel: String::new(), ts: String::new(), view: view.id.clone(), is_inside }
}

async fn home(State(slack): State<Slack>, Path(app): Path<String>, Query(looks): Query<Looks>) -> Response {
    let person = slack.look(|world| {
        let team = world.people.values().find(|person| person.app.as_ref() == Some(&app))?.team.clone();
        viewer(world, &team, looks.viewer.as_deref()).cloned()
    });
    let Some(person) = person else { return (StatusCode::NOT_FOUND, "there is no such app").into_response() };
    let is_new = slack.home(&person.id, &app).is_none();
    if is_new {
        // An app that does not hear of it shows nothing.
        let _unheard = slack.open_home(&person.id, &app);
    }
    let version = *slack.version().borrow();
    let shown = slack.look(|world| {
        let view = world.views.values().find(|view| view.app == app && view.user == person.id && view.is_home());
        let blocks = view.map(|view| {
            let all = view.body["blocks"].as_array().map_or(&[][..], Vec::as_slice);
            block::blocks(world, all, &form_of(view, &person, false))
        });
        let name = world.apps.get(&app).map_or("", |app| app.name.as_str());
        let blocks = blocks.unwrap_or_else(|| "This app has shown nothing yet.".to_owned());
        let main = format!(
            r#"<main><header><h2>{}</h2><small>Home</small></header><div class="home">{blocks}</div></main>"#,
            escaped(name)
        );
        format!("{}{main}{}", side(world, &person, &app), dialog(world, &person))
    });
    page("Home", version, &shown).into_response()
}

/// What a form says. Where a name comes more than once, its values are joined by lines.
fn fields(form: &RawForm) -> BTreeMap<String, String> {
    let mut all = BTreeMap::<String, String>::new();
    for (name, value) in form_urlencoded::parse(&form.0) {
        let entry = all.entry(name.into_owned()).or_default();
        if !entry.is_empty() {
            entry.push('\n');
        }
        entry.push_str(&value);
    }
    all
}

/// Back to where somebody was, with what went wrong.
fn back(fields: &BTreeMap<String, String>, slack: &Slack, note: Option<String>) -> Redirect {
    let get = |name: &str| fields.get(name).map_or("", String::as_str);
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("as", get("user"));
    if !get("thread").is_empty() {
        query.append_pair("thread", get("thread"));
    }
    if let Some(note) = note {
        query.append_pair("note", &note);
    }
    let view =
        slack.look(|world| world.views.get(get("view")).filter(|view| view.is_home()).map(|view| view.app.clone()));
    let place = match (get("channel"), view) {
        ("", Some(app)) => format!("/home/{app}"),
        ("", None) => "/".to_owned(),
        (channel, _) => format!("/c/{channel}"),
    };
    Redirect::to(&format!("{place}?{}", query.finish()))
}

async fn say(State(slack): State<Slack>, form: RawForm) -> Redirect {
    let fields = fields(&form);
    let get = |name: &str| fields.get(name).map_or("", String::as_str);
    let thread = Some(get("thread")).filter(|thread| !thread.is_empty());
    let done = if get("text").starts_with('/') {
        slack.command(get("user"), get("channel"), get("text")).await.map(|_| ())
    } else {
        slack.say(get("user"), get("channel"), get("text"), thread).map(|_| ())
    };
    back(&fields, &slack, done.err().map(|why| why.to_string()))
}

async fn click(State(slack): State<Slack>, form: RawForm) -> Redirect {
    let fields = fields(&form);
    let given = |name: &str| fields.get(name).filter(|value| !value.is_empty()).cloned();
    let click = Click {
        user: given("user").unwrap_or_default(),
        channel: given("channel").unwrap_or_default(),
        ts: given("ts"),
        view: given("view"),
        action_id: given("action_id").unwrap_or_default(),
        block_id: given("block_id"),
        choose: given("choose").map(|value| json!(value)),
        declines: false,
    };
    let note = match slack.click(&click).await {
        Ok(answered) => answered.error,
        Err(why) => Some(why.to_string()),
    };
    back(&fields, &slack, note)
}

async fn modal(State(slack): State<Slack>, form: RawForm) -> Redirect {
    let fields = fields(&form);
    let get = |name: &str| fields.get(name).map_or("", String::as_str);
    let (user, view) = (get("user").to_owned(), Some(get("view").to_owned()));
    let blocks = slack.look(|world| world.views.get(get("view")).map(|view| view.body["blocks"].clone()));
    let note = if get("do") == "close" {
        slack.close(&Close { user, view, all: false }).await.err().map(|why| why.to_string())
    } else {
        let values = filled(&fields, blocks.as_ref().and_then(Value::as_array).map_or(&[], Vec::as_slice));
        match slack.submit(&Submit { user, view, values }).await {
            Ok(answered) if answered.answer["errors"].is_object() => Some(answered.answer["errors"].to_string()),
            Ok(answered) => answered.error,
            Err(why) => Some(why.to_string()),
        }
    };
    back(&fields, &slack, note)
}

/// The fields of a modal: lists where an element takes several.
fn filled(fields: &BTreeMap<String, String>, blocks: &[Value]) -> Map<String, Value> {
    let value = |(name, value): (&String, &String)| {
        let id = name.strip_prefix("field:")?;
        let block = blocks.iter().find(|block| block["block_id"] == id)?;
        let kind = block["element"]["type"].as_str().unwrap_or_default();
        let is_list = kind.starts_with("multi_") || kind == "checkboxes";
        let value = match (is_list, value.is_empty()) {
            (true, _) => json!(value.lines().collect::<Vec<_>>()),
            (false, true) => Value::Null,
            (false, false) => json!(value),
        };
        Some((id.to_owned(), value))
    };
    fields.iter().filter_map(value).collect()
}
