//! Forms: to begin a build, to say why not, to set what is secret.

use monkeyci_client::model::BuildId;
use monkeyci_client::rest::{Build, ParamBody};
use monkeyci_grammar::{At, RepoName};
use serde_json::{Map, Value, json};

use crate::app::App;
use crate::command::{Answer, Asking, Refusal, Target, target_of};
use crate::house::House;
use crate::message::block::plain;
use crate::message::text::{clip, code, link};
use crate::place::Place;
use crate::receive::payload::{Asker, Back, Shortcut, Submit, Suggest};

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

/// Begins a build; with what another had, where one is done again.
#[must_use]
pub fn run(channel: &str, repo: Option<&str>, like: Option<&Build>) -> Value {
    let mut choose =
        json!({ "type": "external_select", "min_query_length": 0, "placeholder": plain("a repository", 75) });
    if let Some(repo) = repo.and_then(|repo| repo.rsplit('/').next()) {
        choose["initial_option"] = option(repo);
    }
    let trigger = like.map(|build| &build.trigger);
    let at = trigger.and_then(|trigger| trigger.tag().or_else(|| trigger.branch()));
    let mut place =
        json!({ "type": "plain_text_input", "max_length": 250, "placeholder": plain("the default branch", 75) });
    if let Some(at) = at.filter(|at| at.chars().count() <= 250) {
        place["initial_value"] = at.into();
    }
    let said: Vec<String> = trigger
        .into_iter()
        .flat_map(|trigger| &trigger.params)
        // What is secret is a reference, and is given to builds anyway.
        .filter_map(|(name, value)| Some(format!("{name}={}", value.as_plain().filter(|value| !value.contains('\n'))?)))
        .collect();
    let mut params = json!({ "type": "plain_text_input", "multiline": true, "max_length": 3000 });
    let said = said.join("\n");
    if !said.is_empty() && said.chars().count() <= 3000 {
        params["initial_value"] = said.into();
    }
    let mut params = input("params", "Params (KEY=value in each line)", true, params);
    params["hint"] = plain("Values go to the build alone; they are not said in Slack.", 150);
    let blocks =
        [input("repo", "Repository", false, choose), input("ref", "Branch, tag or commit", true, place), params];
    view("run", "Run a build", "Run", &json!({ "channel": channel }), &blocks)
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
    let mut wrong = Map::new();
    if submit.callback == "run" {
        if submit.value("repo").and_then(|repo| RepoName::of(&repo)).is_none() {
            wrong.insert("repo".into(), "Choose a repository.".into());
        }
        if let Err(why) = params(&submit.value("params").unwrap_or_default()) {
            wrong.insert("params".into(), why.into());
        }
    }
    (!wrong.is_empty()).then_some(wrong)
}

/// Params, one in each line.
fn params(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut found: Vec<(String, String)> = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = || format!("Line {} is no `KEY=value`.", index + 1);
        let (name, value) = line.split_once('=').ok_or_else(wrong)?;
        let name = name.trim();
        let is_name = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
        if name.is_empty() || !name.chars().all(is_name) {
            return Err(wrong());
        }
        if found.iter().any(|(there, _)| there == name) {
            return Err(format!("Line {} says `{}` again.", index + 1, clip(name, 40)));
        }
        found.push((name.to_owned(), value.trim().to_owned()));
    }
    Ok(found)
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

/// Does what a form says.
pub async fn submitted(app: &App, submit: &Submit) {
    // What is said of it is said where the form was opened.
    let channel = submit.private["channel"].as_str().filter(|channel| crate::place::is_id(channel));
    let place = channel.map_or_else(|| submit.by.place.clone(), |channel| Place::new(&submit.by.place.team, channel));
    let by = Asker { place, user: submit.by.user.clone() };
    let answer = match done(app, submit, &by).await {
        Ok(answer) => answer,
        Err(refusal) => refusal.told(&app.house, &by, "").await,
    };
    app.answer(&by, &Back::Channel(None), &answer).await;
}

async fn done(app: &App, submit: &Submit, by: &Asker) -> Result<Answer, Refusal> {
    let asking = Asking::new(&app.house, by, None)?;
    let client = &asking.client;
    let text = |name: &str| submit.private[name].as_str();
    let broken = || Refusal::Told("This form is of another version of the app; open it again.".into());
    match submit.callback.as_str() {
        "run" => {
            let repo = submit.value("repo").ok_or_else(broken)?;
            let params = params(&submit.value("params").unwrap_or_default()).map_err(Refusal::Told)?;
            let at = submit.value("ref").map(|at| At(at.trim().to_owned())).filter(|At(at)| !at.is_empty());
            let wanted = crate::command::new_build(at.as_ref(), params);
            let build = client.org(&app.house.org).repo(&repo).start(&wanted).await?.build;
            let page = format!("{}/o/{}/r/{}/b/{}", client.url(), build.org, build.repo, build.number);
            Ok(Answer::said(&format!(
                ":large_blue_circle: {} runs.",
                link(&page, &format!("{}/{} #{}", build.org, build.repo, build.number))
            )))
        }
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
pub async fn shortcut(app: &App, shortcut: &Shortcut) {
    if let Err(refusal) = shown(app, shortcut).await {
        let answer = refusal.told(&app.house, &shortcut.by, "").await;
        app.answer(&shortcut.by, &Back::Channel(None), &answer).await;
    }
}

async fn shown(app: &App, shortcut: &Shortcut) -> Result<(), Refusal> {
    let Some(trigger) = shortcut.trigger.as_deref() else { return Ok(()) };
    let asking = Asking::new(&app.house, &shortcut.by, None)?;
    let channel = &shortcut.by.place.channel;
    let view = match &shortcut.message {
        Some(ts) => {
            let none = || Refusal::Told("This message tells of no build of mine.".into());
            let (id, _) = target_of(&app.house, &shortcut.by.place, ts).await.ok_or_else(none)?;
            let build = asking.client.org(&id.org).repo(&id.repo).build(id.number).get().await?.build;
            run(channel, Some(id.repo.as_str()), Some(&build))
        }
        None => run(channel, None, None),
    };
    app.open(&shortcut.by, trigger, &view).await
}
