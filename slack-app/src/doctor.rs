//! Whether everything is set up as it must be.

use std::collections::BTreeMap;
use std::time::Duration;

use monkeyci_client::ClientError;
use serde_json::{Value, json};

use crate::house::{House, now, word};
use crate::place::Place;
use crate::receive::signature;
use crate::slack::{Secret, SlackError, Tested};
use crate::workspace::Workspace;

/// Seconds that our clock may be away from Slack's: what Slack signed is believed for five minutes.
const SKEW: i64 = 60;

/// So long the app has to answer at the address that Slack comes to.
const ANSWER: Duration = Duration::from_secs(3);

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

/// What is looked at beside the server.
#[derive(Debug, Default)]
pub struct Examined<'a> {
    /// What the app needs in Slack.
    pub scopes: Vec<&'static str>,
    /// The token of the one workspace.
    pub token: Option<Secret>,
    /// The app's own, for Socket Mode.
    pub socket: Option<Secret>,
    /// Where Slack comes to, and what it signs with.
    pub url: Option<&'a str>,
    /// The secret that it signs with.
    pub signing: Option<Secret>,
}

fn finding(what: &str, result: Result<String, String>) -> Finding {
    let fine = result.is_ok();
    Finding { fine, what: what.to_owned(), why: result.unwrap_or_else(|why| why) }
}

/// Looks at everything.
pub async fn examine(house: &House, examined: &Examined<'_>) -> Vec<Finding> {
    let mut found = vec![finding("server", server(house).await), finding("store", store(house).await)];
    let mut workspaces = BTreeMap::new();
    match &examined.token {
        Some(token) => found.extend(token_of(house, "token of the workspace", token, examined, &mut workspaces).await),
        None => {
            let kept = house.shelf.keys("workspace/").await.unwrap_or_default();
            let teams: Vec<&str> = kept.iter().filter_map(|(key, _)| key.strip_prefix("workspace/")).collect();
            if teams.is_empty() {
                let begin =
                    examined.url.map_or_else(|| "/slack/install".to_owned(), |url| format!("{url}/slack/install"));
                found.push(finding("workspaces", Err(format!("the app is in none yet: open {begin}"))));
            }
            for team in teams {
                let what = format!("workspace {team}");
                match house.workspaces.get(team).await {
                    Ok(Some(there)) => {
                        found.extend(token_of(house, &what, &there.token, examined, &mut workspaces).await);
                    }
                    Ok(None) => {
                        let why =
                            "its token cannot be opened: was the client secret changed? Install the app there again";
                        found.push(finding(&what, Err(why.into())));
                    }
                    Err(error) => found.push(finding(&what, Err(error.to_string()))),
                }
            }
        }
    }
    if let Some(socket) = &examined.socket {
        let opened = house.slack.call(socket, "apps.connections.open", &json!({})).await;
        let fine = |_| "Slack can be listened to".to_owned();
        found.push(finding("Socket Mode", opened.map(fine).map_err(|error| error.to_string())));
    }
    if let (Some(url), Some(secret)) = (examined.url, &examined.signing) {
        found.push(finding("address", address(url, secret).await));
    }
    found.extend(channels(house, &workspaces).await);
    found
}

async fn server(house: &House) -> Result<String, String> {
    let me = house.api.me().await.map_err(|error| error.to_string())?;
    let wanted = format!("{}/{}", house.org, house.name);
    match me.name == wanted {
        true => Ok(format!("{} answers, and knows us as {wanted}", house.api.url())),
        false => Err(format!(
            "the token is of `{}`; one of the service account `{wanted}` is wanted: `monkeyci service-account token {} 'Slack' --role maintainer --org {}`",
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

/// Looks at the token of a workspace, and by it at our clock.
async fn token_of(
    house: &House,
    what: &str,
    token: &Secret,
    examined: &Examined<'_>,
    workspaces: &mut BTreeMap<String, Workspace>,
) -> Vec<Finding> {
    let Tested { team, name, bot, scopes, time } = match house.slack.test(token).await {
        Ok(tested) => tested,
        Err(error) => return vec![finding(what, Err(error.to_string()))],
    };
    let mut found = vec![finding(what, Ok(format!("good for {name} ({team}), as {bot}")))];
    if let Some(scopes) = scopes {
        let missing = examined.scopes.iter().filter(|wanted| !scopes.iter().any(|scope| scope == *wanted));
        let missing: Vec<&str> = missing.copied().collect();
        let result = match missing.is_empty() {
            true => Ok("all that the features need".into()),
            false => Err(format!(
                "{} {} missing: put the manifest in again at api.slack.com/apps, and install the app anew",
                missing.join(", "),
                if missing.len() == 1 { "is" } else { "are" }
            )),
        };
        found.push(finding("scopes", result));
    }
    if let Some(time) = time {
        let skew = now() / 1000 - time;
        let result = match skew.abs() <= SKEW {
            true => Ok("as Slack's".into()),
            false => Err(format!("is {skew} s away from Slack's: beyond 300 s nothing of Slack's is believed")),
        };
        found.push(finding("clock", result));
    }
    workspaces.insert(team.clone(), Workspace { team, bot, token: token.clone() });
    found
}

/// Whether the app answers where Slack comes to, and believes what Slack would sign.
async fn address(url: &str, secret: &Secret) -> Result<String, String> {
    let url = format!("{}/slack/events", url.trim_end_matches('/'));
    let challenge = word();
    let body = json!({ "type": "url_verification", "challenge": challenge }).to_string();
    let time = (now() / 1000).to_string();
    let sign = signature::sign(secret, &time, body.as_bytes());
    let client = reqwest::Client::builder().timeout(ANSWER).redirect(reqwest::redirect::Policy::none());
    let client = client.build().map_err(|error| error.to_string())?;
    let request = client.post(&url).header("content-type", "application/json").body(body);
    let request = request.header("x-slack-request-timestamp", time).header("x-slack-signature", sign);
    let start = "is `monkeyci-slack serve` running, and does the proxy pass on /slack/?";
    let answer = request.send().await.map_err(|_| format!("{url} does not answer: {start}"))?;
    let status = answer.status().as_u16();
    let said: Value = serde_json::from_str(&answer.text().await.unwrap_or_default()).unwrap_or_default();
    match (status, said["challenge"] == challenge.as_str()) {
        (200, true) => Ok(format!("{url} answers, and believes what is signed with the signing secret")),
        (401, _) => {
            Err(format!("{url} does not believe what is signed with this signing secret: does it have the same?"))
        }
        (status, _) => Err(format!("{url} answers with {status}, and not as the app: {start}")),
    }
}

/// Whether the app is in the channels that are told of builds: those that were subscribed by it.
async fn channels(house: &House, workspaces: &BTreeMap<String, Workspace>) -> Vec<Finding> {
    let Ok(keys) = house.shelf.keys("channel/").await else { return Vec::new() };
    let mut found = Vec::new();
    for place in keys.iter().filter_map(|(key, _)| Place::of(key.strip_prefix("channel/")?)) {
        if let Some(workspace) = workspaces.get(&place.team) {
            found.push(finding(&format!("channel {place}"), channel(house, workspace, &place).await));
        }
    }
    found
}

async fn channel(house: &House, workspace: &Workspace, place: &Place) -> Result<String, String> {
    let fields = [("channel", place.channel.as_str())];
    let answer = match house.slack.ask(&workspace.token, "conversations.info", &fields).await {
        Ok(answer) => answer,
        Err(SlackError::Refused { code, .. }) if code == "channel_not_found" => {
            return Err("it is not there, or is a private one that the app is not in: `/invite` it there".into());
        }
        Err(error) => return Err(error.to_string()),
    };
    let channel = &answer["channel"];
    let name = channel["name"].as_str().map(|name| format!("#{name} ")).unwrap_or_default();
    let is = |what: &str| channel[what] == true;
    if is("is_archived") {
        return Err(format!("{name}is archived: `unsubscribe` it, or take it out of the archive"));
    }
    if !is("is_im") && !is("is_member") {
        return Err(format!("{name}does not have the app in it: `/invite` it there"));
    }
    if let Ok(Some(why)) = house.channel(place).await.map(|channel| channel.broken) {
        return Err(format!("{name}took no message lately: {why}"));
    }
    let shared = if is("is_ext_shared") { "; people of other companies read it too" } else { "" };
    Ok(format!("{name}can be told{shared}"))
}
