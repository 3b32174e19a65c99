//! Where a browser is asked whether an app may come in: `/oauth/v2/authorize`.

use axum::extract::{Query, RawForm, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::StatusCode;
use serde::Deserialize;

use super::html::{escaped, hidden};
use super::{fields, page};
use crate::slack::Slack;

#[derive(Deserialize)]
pub(super) struct Asked {
    client_id: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    redirect_uri: String,
}

/// Asks somebody: who they are is chosen, for nobody signs in here.
pub(super) async fn ask(State(slack): State<Slack>, Query(asked): Query<Asked>) -> Response {
    let shown = slack.look(|world| {
        let app = world.apps.values().find(|app| app.client_id == asked.client_id)?;
        let scopes = asked.scope.split([',', ' ']).filter(|one| !one.is_empty());
        let scopes: String = scopes.map(|one| format!("<li><code>{}</code></li>", escaped(one))).collect();
        let person = |person: &crate::world::Person| {
            let team = world.workspaces.get(&person.team).map_or("", |team| team.name.as_str());
            let (id, name) = (escaped(&person.id), escaped(&person.name));
            format!(r#"<option value="{id}">{name}, {}</option>"#, escaped(team))
        };
        let people: String = world.people.values().filter(|one| one.app.is_none()).map(person).collect();
        let kept = hidden(&[
            ("client_id", &asked.client_id),
            ("scope", &asked.scope),
            ("state", &asked.state),
            ("redirect_uri", &asked.redirect_uri),
        ]);
        let name = escaped(&app.name);
        let form = format!(
            r#"<form method="post" action="/oauth/v2/authorize">{kept}<select name="user" aria-label="You are">{people}</select><button class="primary">Allow</button></form>"#
        );
        Some(format!(
            r#"<nav></nav><main><header><h2>{name} asks to come into a workspace</h2></header><div class="home"><p>It may then:</p><ul>{scopes}</ul>{form}</div></main>"#
        ))
    });
    match shown {
        Some(columns) => page("Allow", u64::MAX, &columns).into_response(),
        None => (StatusCode::BAD_REQUEST, "Invalid client_id parameter").into_response(),
    }
}

/// Lets it in, and sends the browser back to the app.
pub(super) async fn allow(State(slack): State<Slack>, form: RawForm) -> Response {
    let fields = fields(&form);
    let get = |name: &str| fields.get(name).map_or("", String::as_str);
    let redirect = Some(get("redirect_uri")).filter(|uri| !uri.is_empty());
    match slack.allow(get("user"), get("client_id"), get("scope"), redirect, get("state")) {
        Ok(to) => Redirect::to(&to).into_response(),
        Err(why) => (StatusCode::BAD_REQUEST, why.to_string()).into_response(),
    }
}
