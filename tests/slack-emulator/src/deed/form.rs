//! Somebody fills in a modal, sends it, or closes it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::element::{filled, is_empty};
use super::{Answered, Impossible, interaction, person};
use crate::blocks::Violation;
use crate::shape::{Check, Kind};
use crate::slack::Slack;
use crate::web::views;
use crate::world::{App, Outgoing, Person, View, What, World};

/// What is filled in.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Submit {
    /// Who.
    pub user: String,
    /// Which modal; else the uppermost that the person sees.
    pub view: Option<String>,
    /// By `block_id`: a text, the value of an option, a list of them …
    pub values: Map<String, Value>,
}

/// Which modal is closed.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Close {
    /// Who.
    pub user: String,
    /// Which; else the uppermost that the person sees.
    pub view: Option<String>,
    /// Whether all of them are closed.
    pub all: bool,
}

/// What is typed into a menu whose options the app knows.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Suggest {
    /// Who.
    pub user: String,
    /// In which modal; else the uppermost that the person sees.
    pub view: Option<String>,
    /// Which menu.
    pub action_id: String,
    /// What is typed.
    pub value: String,
}

impl Slack {
    /// The modals that somebody sees, the lowest first.
    #[must_use]
    pub fn modals(&self, user: &str) -> Vec<View> {
        self.look(|world| {
            let Some(person) = world.person(user) else { return Vec::new() };
            let mut seen: Vec<_> =
                world.views.values().filter(|view| view.user == person.id && !view.is_home()).cloned().collect();
            seen.sort_by(|one, other| one.id.cmp(&other.id));
            seen
        })
    }

    /// Somebody sends a modal, whose fields hold what is given, or else what they held at first.
    ///
    /// # Errors
    ///
    /// When there is no such modal, or Slack's client would not send it: a field is empty that must not be.
    pub async fn submit(&self, submit: &Submit) -> Result<Answered, Impossible> {
        let now = self.now();
        let (outgoing, id) = self.change(|world| {
            let person = person(world, &submit.user)?.clone();
            let view = seen(world, &person, submit.view.as_deref())?.clone();
            let state = answers(&view, &submit.values)?;
            let app = app(world, &view)?;
            if let Some(view) = world.views.get_mut(&view.id) {
                view.state = state;
            }
            let mut payload = interaction(world, "view_submission", &app, &person, now);
            payload["view"] = shown(world, &view.id);
            payload["response_urls"] = json!([]);
            Ok::<_, Impossible>((Outgoing { app: app.id, what: What::Interaction, payload }, view.id))
        })?;
        let (number, attempt) = self.deliver(&outgoing).await;
        let mut answered = Answered::of(number, &attempt);
        if answered.ok {
            let done = self.change(|world| went(world, &id, &answered.answer));
            if let Err(why) = done {
                answered.failed(&why);
            }
        }
        Ok(answered)
    }

    /// Somebody closes a modal, or all of them. Where the app wants to know, it is told; nothing else is answered.
    ///
    /// # Errors
    ///
    /// When there is no such modal.
    pub async fn close(&self, close: &Close) -> Result<Option<Answered>, Impossible> {
        let now = self.now();
        let outgoing = self.change(|world| {
            let person = person(world, &close.user)?.clone();
            let view = seen(world, &person, close.view.as_deref())?.clone();
            let app = app(world, &view)?;
            let mut payload = interaction(world, "view_closed", &app, &person, now);
            payload["view"] = shown(world, &view.id);
            payload["is_cleared"] = json!(close.all);
            let stack = views::stack(world, &view.app, &person.id);
            let gone = stack.iter().filter(|other| close.all || other.id == view.id);
            gone.for_each(|view| drop(world.views.remove(&view.id)));
            let is_told = view.body["notify_on_close"] == true;
            Ok::<_, Impossible>(is_told.then_some(Outgoing { app: app.id, what: What::Interaction, payload }))
        })?;
        let Some(outgoing) = outgoing else { return Ok(None) };
        let (number, attempt) = self.deliver(&outgoing).await;
        Ok(Some(Answered::of(number, &attempt)))
    }

    /// Somebody types into a menu whose options the app knows; the answer has them.
    ///
    /// # Errors
    ///
    /// When there is no such menu, or it asks for more letters first.
    pub async fn suggest(&self, suggest: &Suggest) -> Result<Answered, Impossible> {
        let now = self.now();
        let outgoing = self.change(|world| {
            let person = person(world, &suggest.user)?.clone();
            let view = seen(world, &person, suggest.view.as_deref())?.clone();
            let blocks = view.body["blocks"].as_array().into_iter().flatten();
            let found = blocks.filter_map(|block| {
                let many = block["elements"].as_array().into_iter().flatten();
                let mut all = many.chain(block.get("accessory")).chain(block.get("element"));
                Some((block, all.find(|element| element["action_id"] == suggest.action_id.as_str())?))
            });
            let (block, element) =
                found.into_iter().next().ok_or_else(|| format!("there is no menu `{}`", suggest.action_id))?;
            if !element["type"].as_str().is_some_and(|kind| kind.contains("external")) {
                return Err(format!("the options of `{}` are known", suggest.action_id).into());
            }
            let least = element["min_query_length"].as_u64().unwrap_or(3);
            if (suggest.value.chars().count() as u64) < least {
                return Err(format!("`{}` asks from {least} letters on", suggest.action_id).into());
            }
            let app = app(world, &view)?;
            let mut payload = interaction(world, "block_suggestion", &app, &person, now);
            payload["action_id"] = json!(suggest.action_id);
            payload["block_id"] = block["block_id"].clone();
            payload["value"] = json!(suggest.value);
            payload["container"] = json!({ "type": "view", "view_id": view.id });
            payload["view"] = shown(world, &view.id);
            Ok::<_, Impossible>(Outgoing { app: app.id, what: What::Options, payload })
        })?;
        let (number, attempt) = self.deliver(&outgoing).await;
        let mut answered = Answered::of(number, &attempt);
        if answered.ok && !options(&answered.answer).is_empty() {
            answered.failed("invalid_options");
        }
        Ok(answered)
    }
}

/// What is wrong with options that an app gave.
fn options(answer: &Value) -> Vec<Violation> {
    let mut check = Check::new();
    let kind = Kind::Object(&crate::blocks::OPTIONS);
    check.value(&kind, answer, "");
    check.found
}

fn app(world: &World, view: &View) -> Result<App, Impossible> {
    world.apps.get(&view.app).cloned().ok_or_else(|| "the app is gone".into())
}

fn shown(world: &World, id: &str) -> Value {
    let Some(view) = world.views.get(id) else { return Value::Null };
    let bot = world.bot(&view.app, &view.team).and_then(|bot| bot.bot_id.clone()).unwrap_or_default();
    view.json(&bot)
}

/// The modal that somebody sees: by its id, or the uppermost.
fn seen<'w>(world: &'w World, person: &Person, id: Option<&str>) -> Result<&'w View, Impossible> {
    let own = world.views.values().filter(|view| view.user == person.id && !view.is_home());
    let found = match id {
        Some(id) => own.into_iter().find(|view| view.id == id),
        None => own.max_by(|one, other| one.id.cmp(&other.id)),
    };
    found.ok_or_else(|| format!("`{}` sees no modal", person.name).into())
}

/// What the fields of a modal hold, by block and action.
fn answers(view: &View, given: &Map<String, Value>) -> Result<Value, Impossible> {
    for id in given.keys() {
        let is_input = view.block(id).is_some_and(|block| block["type"] == "input" || block.get("accessory").is_some());
        if !is_input {
            return Err(format!("the modal has no field `{id}`").into());
        }
    }
    let mut state = view.state.clone();
    for block in view.body["blocks"].as_array().into_iter().flatten().filter(|block| block["type"] == "input") {
        let id = block["block_id"].as_str().unwrap_or_default();
        let action = block["element"]["action_id"].as_str().unwrap_or_default();
        let before = given.get(id).is_none() && !state[id][action].is_null();
        let held = if before { state[id][action].clone() } else { filled(&block["element"], given.get(id))? };
        if is_empty(&held) && block["optional"] != true {
            return Err(format!("please complete this required field: `{id}`").into());
        }
        state[id] = json!({ action: held });
    }
    Ok(state)
}

/// Does what an app answers to a modal.
fn went(world: &mut World, id: &str, answer: &Value) -> Result<(), String> {
    let Some(view) = world.views.get(id).cloned() else { return Ok(()) };
    let trouble = |why: &str| Err(format!("We had some trouble connecting. Try again? ({why})"));
    let new = |view: &Value| match views::checked(view) {
        Ok(()) => Ok(view.clone()),
        Err(refusal) => Err(refusal.body().to_string()),
    };
    match answer.get("response_action").and_then(Value::as_str) {
        None if answer.is_null() || answer.as_object().is_some_and(Map::is_empty) => {
            world.views.remove(id);
            Ok(())
        }
        None => trouble("the answer is neither empty nor has a `response_action`"),
        Some("clear") => {
            views::stack(world, &view.app, &view.user).iter().for_each(|view| drop(world.views.remove(&view.id)));
            Ok(())
        }
        Some("update") => {
            let body = new(&answer["view"])?;
            views::changed(world, id, &body).map(|_| ()).map_err(|refusal| refusal.error)
        }
        Some("push") => {
            let body = new(&answer["view"])?;
            let made = views::made(world, &body, &view.app, &view.team, &view.user, Some(&view));
            made.map(|_| ()).map_err(|refusal| refusal.error)
        }
        Some("errors") => {
            let errors = answer["errors"].as_object().filter(|errors| !errors.is_empty());
            let Some(errors) = errors else { return trouble("`errors` is empty") };
            let is_input = |id: &String| view.block(id).is_some_and(|block| block["type"] == "input");
            match errors.keys().find(|id| !is_input(id)) {
                Some(id) => trouble(&format!("`{id}` is no field of the modal")),
                None => Ok(()),
            }
        }
        Some(other) => trouble(&format!("`{other}` is no `response_action`")),
    }
}
