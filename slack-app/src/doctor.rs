//! Whether everything is set up as it must be.

use monkeyci_client::ClientError;
use serde_json::json;

use crate::house::{House, now};
use crate::slack::{Secret, SlackError};

/// What was looked at, and what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whether it is as it must be.
    pub fine: bool,
    /// What was looked at.
    pub what: String,
    /// What was found, and what to do.
    pub why: String,
}

fn finding(what: &str, result: Result<String, String>) -> Finding {
    let fine = result.is_ok();
    Finding { fine, what: what.to_owned(), why: result.unwrap_or_else(|why| why) }
}

/// Looks at everything. `scopes` is what the app needs in Slack.
pub async fn examine(house: &House, scopes: &[&str], token: Option<&Secret>, socket: Option<&Secret>) -> Vec<Finding> {
    let mut found = vec![finding("server", server(house).await), finding("store", store(house).await)];
    if let Some(token) = token {
        found.push(finding("token of the workspace", workspace(house, token).await));
        for scope in scopes {
            if let Some(missing) = lacks(house, token, scope).await {
                found.push(finding(&format!("scope {scope}"), Err(missing)));
            }
        }
    }
    if let Some(socket) = socket {
        let opened = house.slack.call(socket, "apps.connections.open", &json!({})).await;
        let fine = |_| "Slack can be listened to".to_owned();
        found.push(finding("Socket Mode", opened.map(fine).map_err(|error| error.to_string())));
    }
    found.extend(channels(house).await);
    found
}

async fn server(house: &House) -> Result<String, String> {
    let me = house.api.me().await.map_err(|error| error.to_string())?;
    let wanted = format!("{}/{}", house.org, house.name);
    match me.name == wanted {
        true => Ok(format!("{} answers, and knows us as {wanted}", house.api.url())),
        false => Err(format!(
            "the token is of `{}`; one of the service account `{wanted}` is wanted: `monkeyci service-account token {} 'Slack' --org {}`",
            me.name, house.name, house.org
        )),
    }
}

async fn store(house: &House) -> Result<String, String> {
    let written = house.shelf.change("doctor", 60, |there: &mut i64| *there = now()).await;
    match written {
        Ok(_) => Ok("can be written".into()),
        Err(ClientError::Refused(problem)) => Err(format!(
            "{}: `monkeyci service-account set {} viewer --integration --org {}`",
            problem.detail, house.name, house.org
        )),
        Err(error) => Err(error.to_string()),
    }
}

async fn workspace(house: &House, token: &Secret) -> Result<String, String> {
    let workspace = house.workspaces.who(token).await.map_err(|error| error.to_string())?;
    Ok(format!("good for the workspace {}, as {}", workspace.team, workspace.bot))
}

/// What says that a scope is missing, where one is: a call that needs it, and changes nothing.
async fn lacks(house: &House, token: &Secret, scope: &str) -> Option<String> {
    let (method, fields): (&str, &[(&str, &str)]) = match scope {
        "chat:write" => ("chat.postMessage", &[("channel", "C000000000")]),
        "channels:read" => ("conversations.list", &[("types", "public_channel"), ("limit", "1")]),
        "groups:read" => ("conversations.list", &[("types", "private_channel"), ("limit", "1")]),
        "users:read" => ("users.info", &[("user", "U000000000")]),
        "users:read.email" => ("users.lookupByEmail", &[("email", "nobody@example.com")]),
        _ => return None,
    };
    match house.slack.ask(token, method, fields).await {
        Err(SlackError::Refused { code, needed, .. }) if code == "missing_scope" => Some(format!(
            "is missing{}: install the app again with the manifest",
            needed.map(|needed| format!(" ({needed})")).unwrap_or_default()
        )),
        _ => None,
    }
}

/// Whether the app is in the channels that are told of builds.
async fn channels(house: &House) -> Vec<Finding> {
    let Ok(keys) = house.shelf.keys("channel/").await else { return Vec::new() };
    let mut found = Vec::new();
    for place in keys.iter().filter_map(|(key, _)| crate::place::Place::of(key.strip_prefix("channel/")?)) {
        let Ok(channel) = house.channel(&place).await else { continue };
        let fine = || Ok("can be told".to_owned());
        let result =
            channel.broken.map_or_else(fine, |why| Err(format!("Slack took no message: {why}; invite the app there")));
        found.push(finding(&format!("channel {place}"), result));
    }
    found
}
