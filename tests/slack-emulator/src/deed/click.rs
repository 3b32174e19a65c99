//! Somebody presses a button, or chooses from a menu.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::element::filled;
use super::{Answered, Impossible, channel, hook, interaction, person};
use crate::slack::Slack;
use crate::world::{App, Channel, Message, Outgoing, Person, View, What, World};

/// Which button or menu, and what is chosen.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Click {
    /// Who.
    pub user: String,
    /// In which channel; not given for a button of a modal or a home tab.
    pub channel: String,
    /// Of which message; else the last one that has it.
    pub ts: Option<String>,
    /// Of which view; else the one that the person sees, where no channel is given.
    pub view: Option<String>,
    /// Which element.
    pub action_id: String,
    /// In which block, where several have such an element.
    pub block_id: Option<String>,
    /// What is chosen: the value of an option, a person, a date …
    pub choose: Option<Value>,
    /// Whether the person says no when they are asked whether they are sure.
    pub declines: bool,
}

/// Where the element is.
enum Place {
    Message { channel: Box<Channel>, message: Box<Message>, unfurled: Option<String> },
    View(Box<View>),
}

impl Slack {
    /// Somebody presses a button or chooses from a menu.
    ///
    /// # Errors
    ///
    /// When they do not see such a thing.
    pub async fn click(&self, click: &Click) -> Result<Answered, Impossible> {
        let now = self.now();
        let outgoing = self.change(|world| {
            let person = person(world, &click.user)?.clone();
            let (place, block_id, element) = find(world, &person, click)?;
            let kind = element["type"].as_str().unwrap_or_default().to_owned();
            if click.declines {
                return if element.get("confirm").is_some() {
                    Err(Impossible::from("declined"))
                } else {
                    Err(format!("`{}` does not ask whether one is sure", click.action_id).into())
                };
            }
            let app = app_of(world, &place)?;
            if app.interactivity.is_none() && !app.socket {
                return Err("this app is not configured to handle interactive responses".into());
            }
            let mut action = json!({ "action_id": click.action_id, "block_id": block_id, "type": kind });
            let buttons = ["button", "workflow_button", "icon_button"];
            let mut state = Map::new();
            if buttons.contains(&kind.as_str()) {
                for name in ["text", "value", "style", "url"] {
                    if let Some(value) = element.get(name) {
                        action[name] = value.clone();
                    }
                }
            } else {
                let held = filled(&element, click.choose.as_ref())?;
                for (name, value) in held.as_object().into_iter().flatten() {
                    action[name] = value.clone();
                }
                if kind != "overflow" {
                    state.insert(block_id.clone(), json!({ click.action_id.clone(): held }));
                }
            }
            action["action_ts"] = json!(world.ts(now));
            let mut payload = interaction(world, "block_actions", &app, &person, now);
            payload["actions"] = json!([action]);
            payload["state"] = json!({ "values": state });
            said_where(world, &mut payload, &place, &app, &person, &state, now);
            Ok::<_, Impossible>(Outgoing { app: app.id, what: What::Interaction, payload })
        })?;
        let (number, attempt) = self.deliver(&outgoing).await;
        Ok(Answered::of(number, &attempt))
    }
}

/// Says where it was done, and where the app may answer.
fn said_where(
    world: &mut World,
    payload: &mut Value,
    place: &Place,
    app: &App,
    person: &Person,
    state: &Map<String, Value>,
    now: std::time::Duration,
) {
    match place {
        Place::Message { channel, message, unfurled } => {
            let mut hook = hook("actions", app, person, &channel.id, now);
            hook.ts = Some(message.ts.clone());
            hook.thread_ts.clone_from(&message.thread_ts);
            payload["container"] = json!({
                "type": "message", "message_ts": message.ts, "channel_id": channel.id,
                "is_ephemeral": message.only.is_some(),
            });
            if let Some(thread) = &message.thread_ts {
                payload["container"]["thread_ts"] = json!(thread);
            }
            if let Some(url) = unfurled {
                payload["container"]["type"] = json!("message_attachment");
                payload["container"]["is_app_unfurl"] = json!(true);
                payload["container"]["app_unfurl_url"] = json!(url);
            }
            payload["channel"] = json!({ "id": channel.id, "name": super::command::shown_name(channel) });
            // What only one sees is not shown to the app either.
            if message.only.is_none() {
                payload["message"] = channel.message_json(message);
            }
            payload["response_url"] = json!(world.hook(hook));
        }
        Place::View(view) => {
            if let Some(view) = world.views.get_mut(&view.id) {
                for (block, actions) in state {
                    view.state[block] = actions.clone();
                }
            }
            let bot = world.bot(&app.id, &person.team).and_then(|bot| bot.bot_id.clone()).unwrap_or_default();
            let view = world.views.get(&view.id).map_or(Value::Null, |view| view.json(&bot));
            payload["container"] = json!({ "type": "view", "view_id": view["id"] });
            payload["view"] = view;
        }
    }
}

fn app_of(world: &World, place: &Place) -> Result<App, Impossible> {
    let id = match place {
        Place::View(view) => view.app.clone(),
        Place::Message { message, unfurled, .. } => {
            let preview = |url: &String| message.attachments.iter().find(|one| one["from_url"] == url.as_str());
            let app = unfurled.as_ref().and_then(preview).and_then(|one| one["app_id"].as_str());
            let app = app.map(str::to_owned).or_else(|| message.author.as_ref().map(|author| author.app.clone()));
            app.ok_or("no app has written that")?
        }
    };
    world.apps.get(&id).cloned().ok_or_else(|| format!("there is no app `{id}`").into())
}

/// The element, and where it is.
fn find(world: &World, person: &Person, click: &Click) -> Result<(Place, String, Value), Impossible> {
    if click.channel.is_empty() {
        let mut views: Vec<_> = world.views.values().filter(|view| view.user == person.id).collect();
        views.sort_by_key(|view| (!view.is_home(), view.id.clone()));
        let wanted = |view: &&&View| click.view.as_ref().is_none_or(|id| *id == view.id);
        let views = views.iter().rev().filter(wanted);
        for view in views {
            let blocks = view.body["blocks"].as_array();
            if let Some((block, element)) = blocks.and_then(|blocks| element(blocks, click)) {
                return Ok((Place::View(Box::new((*view).clone())), block, element));
            }
        }
        return Err(format!("`{}` sees no view with `{}`", person.name, click.action_id).into());
    }
    let channel = channel(world, person, &click.channel)?;
    for message in channel.messages.iter().rev() {
        let is_seen = message.only.as_ref().is_none_or(|only| *only == person.id);
        if !is_seen || click.ts.as_ref().is_some_and(|ts| *ts != message.ts) {
            continue;
        }
        let attached = message
            .attachments
            .iter()
            .filter_map(|one| Some((one["from_url"].as_str().map(str::to_owned), one.get("blocks")?.as_array()?)));
        for (unfurled, blocks) in std::iter::once((None, &message.blocks)).chain(attached) {
            if let Some((block, element)) = element(blocks, click) {
                let place =
                    Place::Message { channel: Box::new(channel.clone()), message: Box::new(message.clone()), unfurled };
                return Ok((place, block, element));
            }
        }
    }
    Err(format!("`{}` sees no `{}` in `{}`", person.name, click.action_id, click.channel).into())
}

fn element(blocks: &[Value], click: &Click) -> Option<(String, Value)> {
    let wanted = |block: &&Value| click.block_id.as_ref().is_none_or(|id| block["block_id"] == id.as_str());
    blocks.iter().filter(wanted).find_map(|block| {
        let many = block["elements"].as_array().into_iter().flatten();
        let mut all = many.chain(block.get("accessory")).chain(block.get("element"));
        let found = all.find(|element| element["action_id"] == click.action_id.as_str())?;
        Some((block["block_id"].as_str()?.to_owned(), found.clone()))
    })
}
