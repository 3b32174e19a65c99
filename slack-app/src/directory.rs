//! What the server is told of workspaces: who sets something up there finds channels by name. It has no tokens, and asks Slack
//! nothing itself.

use std::time::Duration;

use monkeyci_client::ClientError;
use monkeyci_client::rest::{SlackChannel, SlackWorkspaceBody};
use serde_json::Value;

use crate::house::House;
use crate::place::is_id;
use crate::slack::SlackError;
use crate::workspace::Workspace;

/// How often each is looked at: Slack tells of no name that was changed.
const AGAIN: Duration = Duration::from_secs(300);

/// Channels that the server takes of one workspace.
const MOST: usize = 2000;

/// Tells of all workspaces, for ever.
pub async fn tell(house: &House) {
    loop {
        match house.workspaces.all().await {
            Ok(all) => {
                for workspace in all {
                    tell_of(house, &workspace).await;
                }
            }
            Err(error) => tracing::warn!(%error, "the server cannot be asked for the workspaces"),
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Tells of one as it is now. What cannot be told is told the next time.
pub async fn tell_of(house: &House, workspace: &Workspace) {
    let body = match seen(house, workspace).await {
        Ok(body) => body,
        Err(error) => return tracing::warn!(team = workspace.team, %error, "a workspace cannot be looked at"),
    };
    if let Err(error) = house.own().slack_workspace(&workspace.team).put(&body).await {
        tracing::warn!(team = workspace.team, %error, "the server is not told of a workspace");
    }
}

/// Tells that the app was taken out of one.
pub async fn forget(house: &House, team: &str) {
    match house.own().slack_workspace(team).delete().await {
        Ok(()) | Err(ClientError::NotFound(_)) => {}
        Err(error) => tracing::warn!(team, %error, "the server is not told that a workspace is left"),
    }
}

async fn seen(house: &House, workspace: &Workspace) -> Result<SlackWorkspaceBody, SlackError> {
    let name = house.slack.test(&workspace.token).await?.name;
    let (mut channels, mut cursor) = (Vec::new(), String::new());
    loop {
        let fields = [
            ("types", "public_channel,private_channel"),
            ("exclude_archived", "true"),
            ("limit", "200"),
            ("cursor", cursor.as_str()),
        ];
        let page = house.slack.ask(&workspace.token, "users.conversations", &fields).await?;
        channels.extend(page["channels"].as_array().into_iter().flatten().filter_map(channel));
        cursor = page["response_metadata"]["next_cursor"].as_str().unwrap_or_default().to_owned();
        if cursor.is_empty() || channels.len() >= MOST {
            break;
        }
    }
    if channels.len() > MOST {
        tracing::warn!(team = workspace.team, MOST, "the server is told of no more channels");
        channels.truncate(MOST);
    }
    Ok(SlackWorkspaceBody { name, bot: workspace.bot.clone(), channels })
}

fn channel(seen: &Value) -> Option<SlackChannel> {
    let text = |name: &str| seen[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let id = text("id").filter(|id| is_id(id))?;
    Some(SlackChannel { name: text("name")?, id, private: seen["is_private"] == true })
}
