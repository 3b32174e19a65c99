//! Forms: to begin a build, to say why not, to set what is secret.

mod run;

use monkeyci_client::model::BuildId;
use monkeyci_client::rest::ParamBody;
use serde_json::{Map, Value, json};

use crate::app::App;
use crate::command::{Answer, Asking, Refusal, Target, sentence, target_of};
use crate::house::House;
use crate::message::block::plain;
use crate::message::text::{clip, code};
use crate::receive::payload::{Shortcut, Submit, Suggest};

pub use run::{chosen, form as run, is_choice};

/// Choices that a menu has, at most.
const CHOICES: usize = 100;

fn view(callback: &str, title: &str, submit: &str, private: &Value, blocks: &[Value]) -> Value {
    json!({ "type": "modal", "callback_id": callback, "title": plain(title, 24), "submit": plain(submit, 24),
            "close": plain("Cancel", 24), "private_metadata": private.to_string(), "blocks": blocks })
}

fn input(id: &str, label: &str, optional: bool, element: Value) -> Value {
    let mut element = element;
    element["action_id"] = id.into();
    json!({ "type": "input", "block_id": id, "optional": optional, "label": plain(label, 75), "element": element })
}

fn option(text: &str) -> Value {
    json!({ "text": plain(text, 75), "value": text })
}

/// Says why a job is not to go on.
#[must_use]
pub fn reject(channel: &str, value: &str, id: &BuildId, job: &str) -> Value {
    let words = format!("{} of {}/{} #{} will not run.", code(job, 60), id.org, id.repo, id.number);
    let reason = json!({ "type": "plain_text_input", "multiline": true, "max_length": 500 });
    let blocks = [crate::message::block::section(&words), input("reason", "Why?", true, reason)];
    view("reject", "Reject", "Reject", &json!({ "channel": channel, "value": value }), &blocks)
}

/// Sets a param that may be secret.
#[must_use]
pub fn param(channel: &str, repo: Option<&str>, name: &str) -> Value {
    let value = json!({ "type": "plain_text_input", "multiline": true, "max_length": 3000 });
    let kind = json!({ "type": "static_select", "options": [option("secret"), option("plain")], "initial_option": option("secret") });
    let words = format!("{} of {}", code(name, 60), code(repo.unwrap_or("the organisation"), 60));
    let blocks = [
        crate::message::block::section(&words),
        input("value", "Value", false, value),
        input("kind", "Kind", false, kind),
    ];
    view("param", "Set a param", "Set", &json!({ "channel": channel, "repo": repo, "name": name }), &blocks)
}

/// What is wrong in a form, by block; it stays open then.
#[must_use]
pub fn errors(submit: &Submit) -> Option<Map<String, Value>> {
    let wrong = if submit.callback == "run" { run::errors(submit) } else { Map::new() };
    (!wrong.is_empty()).then_some(wrong)
}

/// Whether what was written in a form is for nobody to read, also sealed.
#[must_use]
pub fn is_secret(submit: &Submit) -> bool {
    submit.callback == "param"
}

/// Why what a form says was not done, by the block that is meant.
#[must_use]
pub fn wrong(submit: &Submit, refusal: &Refusal) -> Map<String, Value> {
    let problem = match refusal {
        Refusal::Server(error) => error.problem(),
        Refusal::Told(_) => None,
    };
    let pointer = problem.and_then(|problem| problem.errors.first()).map_or("", |error| error.pointer.as_str());
    let block = match (submit.callback.as_str(), pointer) {
        ("run", "/branch" | "/tag" | "/commit") => "ref",
        ("run", pointer) if pointer.starts_with("/params") => "params",
        ("run", _) => "repo",
        ("reject", _) => "reason",
        _ => "value",
    };
    let words = match refusal {
        Refusal::Server(error) => sentence(error),
        Refusal::Told(words) => words.clone(),
    };
    Map::from_iter([(block.to_owned(), clip(&words, 300).into())])
}

/// What is said in a form where the server takes its time.
#[must_use]
pub fn slow(submit: &Submit) -> Map<String, Value> {
    let words = "MonkeyCI takes its time, and tells you here what comes of this. Sent again as it is, it is done once.";
    wrong(submit, &Refusal::Told(words.into()))
}

/// What somebody may choose from: repositories that they may see.
pub async fn choices(house: &House, suggest: &Suggest) -> Vec<Value> {
    if suggest.action != "repo" {
        return Vec::new();
    }
    let Ok(client) = house.acting(&suggest.by.place.team, &suggest.by.user) else { return Vec::new() };
    let Ok(repos) = client.org(&house.org).repos().all().await else { return Vec::new() };
    let typed = suggest.value.to_lowercase();
    let is_meant = |id: &str| id.to_lowercase().contains(&typed);
    repos.iter().map(|repo| repo.id.as_str()).filter(|id| is_meant(id)).take(CHOICES).map(option).collect()
}

/// Does what a form says: once for each `id`.
///
/// # Errors
/// Why it was not done.
pub async fn done(app: &App, submit: &Submit, id: &str) -> Result<Answer, Refusal> {
    let by = submit.asker();
    let asking = Asking::new(&app.house, &by, None)?.once(id)?;
    let client = &asking.client;
    let text = |name: &str| submit.private[name].as_str();
    let broken = || Refusal::Told("This form is of another version of the app; open it again.".into());
    match submit.callback.as_str() {
        "run" => run::begin(&asking, submit).await,
        "reject" => {
            let target = text("value").and_then(Target::of).ok_or_else(broken)?;
            let job = target.job.ok_or_else(broken)?;
            let id = target.build;
            let reason = submit.value("reason");
            client.org(&id.org).repo(&id.repo).build(id.number).job(&job).reject(reason.as_deref()).await?;
            Ok(Answer::said(&format!(":no_entry_sign: {} of #{} is rejected.", code(&job, 60), id.number)))
        }
        "param" => {
            let name = text("name").ok_or_else(broken)?;
            let secret = submit.value("kind").as_deref() != Some("plain");
            let body =
                ParamBody { value: Some(submit.value("value").ok_or_else(broken)?), secret, ..ParamBody::default() };
            asking.put_param(text("repo"), name, &body).await?;
            Ok(Answer::said(&format!(":white_check_mark: {} is set.", code(name, 60))))
        }
        _ => Err(broken()),
    }
}

/// Does what a shortcut says: begins a build, like that of a message where it is used on one.
///
/// # Errors
/// Why no form was opened.
pub async fn shortcut(app: &App, shortcut: &Shortcut) -> Result<(), Refusal> {
    let Some(trigger) = shortcut.trigger.as_deref() else { return Ok(()) };
    let asking = Asking::new(&app.house, &shortcut.by, None)?;
    let channel = &shortcut.by.place.channel;
    let view = match &shortcut.message {
        Some(ts) => {
            let none = || Refusal::Told("This message tells of no build of mine.".into());
            let (id, _) = target_of(&app.house, &shortcut.by.place, ts).await.ok_or_else(none)?;
            let build = asking.client.org(&id.org).repo(&id.repo).build(id.number).get().await?.build;
            run(&asking, channel, Some(id.repo.as_str()), Some(&build)).await
        }
        None => run(&asking, channel, None, None).await,
    };
    app.open(&shortcut.by, trigger, &view).await
}
