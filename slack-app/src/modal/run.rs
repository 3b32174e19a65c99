//! The form that begins a build: with a field for each param that builds of the repository get.

use std::time::Duration;

use monkeyci_client::rest::{Build, EffectiveParam};
use monkeyci_grammar::{At, RepoName, is_param};
use serde_json::{Map, Value, json};

use super::{input, option, view};
use crate::app::App;
use crate::command::{Answer, Asking, Refusal};
use crate::message::block::{context, plain};
use crate::message::text::{clip, code, link};
use crate::receive::payload::{Click, Submit};

/// So long the server has to say which params there are: the form opens within three seconds or never.
const PATIENCE: Duration = Duration::from_millis(1000);

/// Fields for params, at most: a form with more is a burden.
const FIELDS: usize = 20;

/// Characters of a text in a form.
const TEXT: usize = 3000;

/// The form. A repository may be chosen already; `like` is a build that is to be done again with other params.
pub async fn form(asking: &Asking<'_>, channel: &str, repo: Option<&str>, like: Option<&Build>) -> Value {
    let params = match repo {
        Some(repo) => params_of(asking, repo).await,
        None => Vec::new(),
    };
    drawn(channel, repo, like, &params)
}

/// The params that builds of a repository get, where the server says so in time.
async fn params_of(asking: &Asking<'_>, repo: &str) -> Vec<EffectiveParam> {
    let params = asking.client.org(&asking.house.org).repo(repo).effective_params();
    match tokio::time::timeout(PATIENCE, params.all()).await {
        Ok(Ok(params)) => params,
        // They may not see them, or it takes too long: a form without them begins a build as well.
        Ok(Err(_)) | Err(_) => Vec::new(),
    }
}

fn drawn(channel: &str, repo: Option<&str>, like: Option<&Build>, params: &[EffectiveParam]) -> Value {
    let mut choose =
        json!({ "type": "external_select", "min_query_length": 0, "placeholder": plain("a repository", 75) });
    if let Some(repo) = repo {
        choose["initial_option"] = option(repo);
    }
    let mut choose = input("repo", "Repository", false, choose);
    // Another repository has other params.
    choose["dispatch_action"] = true.into();
    let trigger = like.map(|build| &build.trigger);
    let at = trigger.and_then(|trigger| trigger.tag().or_else(|| trigger.branch()));
    let mut place =
        json!({ "type": "plain_text_input", "max_length": 250, "placeholder": plain("the default branch", 75) });
    if let Some(at) = at.filter(|at| at.chars().count() <= 250) {
        place["initial_value"] = at.into();
    }
    let mut blocks = vec![choose, input("ref", "Branch, tag or commit", true, place)];

    // What is secret is a reference, and is given to builds anyway.
    let of_like = trigger.into_iter().flat_map(|trigger| &trigger.params);
    let mut said: Vec<(&str, &str)> =
        of_like.filter_map(|(name, value)| Some((name.as_str(), value.as_plain()?))).collect();
    let (secret, known): (Vec<_>, Vec<_>) = params.iter().partition(|param| param.param.secret);
    let known = known.into_iter().filter_map(|param| Some((&param.param, param.param.value.as_deref()?)));
    for (param, value) in known.filter(|(_, value)| value.chars().count() <= TEXT).take(FIELDS) {
        let before = said.iter().position(|(name, _)| *name == param.name).map(|at| said.remove(at).1);
        let mut field = input(&block(repo, before.is_some(), &param.name), &param.name, true, element(before, value));
        if let Some(description) = &param.description {
            field["hint"] = plain(description, 150);
        }
        blocks.push(field);
    }
    if !secret.is_empty() {
        let names: Vec<String> = secret.iter().take(10).map(|param| code(&param.param.name, 60)).collect();
        blocks.push(context(&[format!(":lock: Secret, and given as they are: {}", names.join(", "))]));
    }

    let mut more = json!({ "type": "plain_text_input", "multiline": true, "max_length": TEXT });
    let lines: Vec<String> =
        said.iter().filter(|(_, value)| !value.contains('\n')).map(|(name, value)| format!("{name}={value}")).collect();
    let lines = lines.join("\n");
    if !lines.is_empty() && lines.chars().count() <= TEXT {
        more["initial_value"] = lines.into();
    }
    let label = if params.is_empty() { "Params" } else { "More params" };
    let mut more = input("params", &format!("{label} (KEY=value in each line)"), true, more);
    more["hint"] = plain("Values go to the build alone; they are not said in Slack.", 150);
    blocks.push(more);
    view("run", "Run a build", "Run", &json!({ "channel": channel }), &blocks)
}

/// The block of a param: another one for each repository, so that nothing written for one is taken for another.
fn block(repo: Option<&str>, again: bool, name: &str) -> String {
    let kind = if again { "again" } else { "param" };
    format!("{kind}:{}:{name}", repo.unwrap_or_default())
}

/// The field of a param, by what its value is: a choice, a number, or text. What another build had stands in it already.
fn element(before: Option<&str>, value: &str) -> Value {
    let now = before.unwrap_or(value);
    let is_truth = |text: &str| matches!(text, "true" | "false");
    let is_number = |text: &str| {
        text.len() <= 15 && text.parse::<f64>().is_ok_and(|number| number.is_finite() && !text.contains('e'))
    };
    if is_truth(value) && is_truth(now) {
        return json!({ "type": "static_select", "options": [option("true"), option("false")], "initial_option": option(now) });
    }
    if is_number(value) && is_number(now) {
        return json!({ "type": "number_input", "is_decimal_allowed": value.contains('.') || now.contains('.'), "initial_value": now });
    }
    let now = clip(now, TEXT);
    let mut text = json!({ "type": "plain_text_input", "multiline": now.contains('\n'), "max_length": TEXT });
    if !now.is_empty() {
        text["initial_value"] = now.into();
    }
    text
}

/// Whether somebody chose another repository in the form.
#[must_use]
pub fn is_choice(click: &Click) -> bool {
    click.action == "repo" && click.view.as_ref().is_some_and(|view| !view.is_home)
}

/// Draws the form anew for the repository that somebody chose.
pub async fn chosen(app: &App, click: &Click) {
    let Some(view) = &click.view else { return };
    let Ok(asking) = Asking::new(&app.house, &click.by, None) else { return };
    let channel = view.private["channel"].as_str().unwrap_or(&click.by.user);
    let form = form(&asking, channel, Some(&click.value), None).await;
    let Ok(Some(workspace)) = app.house.workspaces.get(&click.by.place.team).await else { return };
    // Where they chose once more meanwhile, that is drawn.
    let body = json!({ "view_id": view.id, "hash": view.hash, "view": form });
    if let Err(error) = app.house.slack.call(&workspace.token, "views.update", &body).await {
        tracing::debug!(%error, "a form stays as it was");
    }
}

/// What is wrong in it, by block.
pub(super) fn errors(submit: &Submit) -> Map<String, Value> {
    let mut wrong = Map::new();
    if submit.value("repo").and_then(|repo| RepoName::of(&repo)).is_none() {
        wrong.insert("repo".into(), "Choose a repository.".into());
    }
    if let Err(why) = lines(&submit.value("params").unwrap_or_default()) {
        wrong.insert("params".into(), why.into());
    }
    wrong
}

/// Begins the build.
pub(super) async fn begin(asking: &Asking<'_>, submit: &Submit) -> Result<Answer, Refusal> {
    let broken = || Refusal::Told("This form is of another version of the app; open it again.".into());
    let repo = submit.value("repo").ok_or_else(broken)?;
    let mut params = lines(&submit.value("params").unwrap_or_default()).map_err(Refusal::Told)?;
    for (name, value) in fields(submit, &repo) {
        if !params.iter().any(|(there, _)| *there == name) {
            params.push((name, value));
        }
    }
    let at = submit.value("ref").map(|at| At(at.trim().to_owned())).filter(|At(at)| !at.is_empty());
    let wanted = crate::command::new_build(at.as_ref(), params);
    let client = &asking.client;
    let build = client.org(&asking.house.org).repo(&repo).start(&wanted).await?.build;
    let page = format!("{}/o/{}/r/{}/b/{}", client.url(), build.org, build.repo, build.number);
    let name = format!("{}/{} #{}", build.org, build.repo, build.number);
    Ok(Answer::said(&format!(":large_blue_circle: {} runs.", link(&page, &name))))
}

/// Params that somebody gave another value than the repository has, and those that another build had.
fn fields(submit: &Submit, repo: &str) -> Vec<(String, String)> {
    let blocks = submit.blocks.as_array().map(Vec::as_slice).unwrap_or_default();
    let found = blocks.iter().filter_map(|block| {
        let id = block["block_id"].as_str()?;
        let (kind, rest) = id.split_once(':')?;
        let name = rest.strip_prefix(repo)?.strip_prefix(':')?;
        let value = submit.value(id)?;
        let element = &block["element"];
        let before = element["initial_value"].as_str().or_else(|| element["initial_option"]["value"].as_str());
        let is_wanted = kind == "again" || kind == "param" && before != Some(value.as_str());
        is_wanted.then(|| (name.to_owned(), value))
    });
    found.collect()
}

/// Params, one in each line.
fn lines(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut found: Vec<(String, String)> = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = || format!("Line {} is no `KEY=value`.", index + 1);
        let (name, value) = line.split_once('=').ok_or_else(wrong)?;
        let name = name.trim();
        if !is_param(name) {
            return Err(wrong());
        }
        if found.iter().any(|(there, _)| there == name) {
            return Err(format!("Line {} says `{}` again.", index + 1, clip(name, 40)));
        }
        found.push((name.to_owned(), value.trim().to_owned()));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn param(name: &str, value: Option<&str>) -> EffectiveParam {
        serde_json::from_value(
            json!({ "name": name, "secret": value.is_none(), "value": value, "version": 1, "updated": 0,
            "from": "/v1/orgs/acme/params/x" }),
        )
        .expect("a param")
    }

    fn kinds(view: &Value) -> Vec<(String, String)> {
        let blocks = view["blocks"].as_array().expect("blocks").iter().filter(|block| block["type"] == "input");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        blocks.map(|block| (text(&block["block_id"]), text(&block["element"]["type"]))).collect()
    }

    #[test]
    fn a_param_has_a_field_by_what_its_value_is_and_a_secret_has_none() {
        let params = [
            param("DEBUG", Some("true")),
            param("COUNT", Some("3")),
            param("REGION", Some("eu")),
            param("TOKEN", None),
        ];
        let view = drawn("C12", Some("web"), None, &params);
        let kinds = kinds(&view);
        let kinds: Vec<_> = kinds.iter().map(|(id, kind)| (id.as_str(), kind.as_str())).collect();
        let wanted = [
            ("repo", "external_select"),
            ("ref", "plain_text_input"),
            ("param:web:DEBUG", "static_select"),
            ("param:web:COUNT", "number_input"),
            ("param:web:REGION", "plain_text_input"),
            ("params", "plain_text_input"),
        ];
        assert_eq!(kinds, wanted);
        assert!(view.to_string().contains("given as they are: `TOKEN`"));
        let many: Vec<_> = (0..40).map(|number| param(&format!("P{number}"), Some("x"))).collect();
        assert_eq!(drawn("C12", Some("web"), None, &many)["blocks"].as_array().map(Vec::len), Some(3 + FIELDS));
    }

    #[test]
    fn only_what_somebody_changed_is_given_to_the_build() {
        let view = drawn("C12", Some("web"), None, &[param("DEBUG", Some("true")), param("REGION", Some("eu"))]);
        let value = |text: &str| json!({ "x": { "type": "plain_text_input", "value": text } });
        let submit = |values: Value| Submit {
            by: crate::receive::payload::Asker { place: crate::place::Place::new("T12", "C12"), user: "U12".into() },
            callback: "run".into(),
            private: Value::Null,
            values,
            view: "V1".into(),
            blocks: view["blocks"].clone(),
        };
        let choice = json!({ "x": { "type": "static_select", "selected_option": option("false") } });
        let changed = submit(json!({ "param:web:DEBUG": choice, "param:web:REGION": value("eu") }));
        assert_eq!(fields(&changed, "web"), [("DEBUG".to_owned(), "false".to_owned())]);
        assert!(fields(&changed, "api").is_empty(), "what was written for another repository is not given");
        let none = json!({ "x": { "type": "plain_text_input", "value": null } });
        assert!(fields(&submit(json!({ "param:web:REGION": none })), "web").is_empty());
    }

    #[test]
    fn params_are_written_one_in_each_line() {
        assert_eq!(lines("A=1\n\n B = x=y "), Ok(vec![("A".into(), "1".into()), ("B".into(), "x=y".into())]));
        for (text, why) in [("A", "Line 1"), ("A=1\nB C=2", "Line 2"), ("A=1\nA=2", "Line 2 says `A` again.")] {
            assert!(lines(text).expect_err("wrong").contains(why), "{text}");
        }
    }
}
