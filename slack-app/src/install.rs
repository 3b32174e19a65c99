//! Workspaces install the app by OAuth.

use std::sync::Arc;

use serde_json::Value;

use crate::house::word;
use crate::place::is_id;
use crate::shelf::Shelf;
use crate::slack::{Secret, Slack};
use crate::workspace::{Workspace, Workspaces};

/// Seconds that somebody has to say yes.
const LASTS: u32 = 600;

/// What Slack knows the app by.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: Secret,
    /// What it asks for.
    pub scopes: String,
    /// Where Slack's page sends people back, where that is to be said.
    pub redirect: Option<String>,
}

/// Installs the app in workspaces.
pub struct Installer {
    /// Slack.
    pub slack: Slack,
    /// What the app keeps.
    pub shelf: Shelf,
    /// The workspaces that it is installed in.
    pub workspaces: Arc<Workspaces>,
    /// What Slack knows it by; nothing where one workspace was set by its operator.
    pub credentials: Option<Credentials>,
    /// The page on which people say yes.
    pub page: String,
}

impl Installer {
    /// Where somebody says that the app may be installed.
    ///
    /// # Errors
    /// Why it may not, for them.
    pub async fn begin(&self) -> Result<String, String> {
        let known = self.credentials.as_ref().ok_or("this app is set up for one workspace; nobody installs it")?;
        let state = word();
        let kept = self.shelf.write(&format!("install/{state}"), &true, None, Some(LASTS)).await;
        kept.map_err(|error| format!("the server cannot be asked: {error}"))?;
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("client_id", &known.id).append_pair("scope", &known.scopes).append_pair("state", &state);
        if let Some(redirect) = &known.redirect {
            query.append_pair("redirect_uri", redirect);
        }
        Ok(format!("{}?{}", self.page, query.finish()))
    }

    /// Installs it where they said so. Returns what the workspace is called.
    ///
    /// # Errors
    /// Why it is not, for them.
    pub async fn finish(&self, code: &str, state: &str) -> Result<String, String> {
        let known = self.credentials.as_ref().ok_or("this app is set up for one workspace; nobody installs it")?;
        let over = || "this was not begun here, or is over: begin again at /slack/install".to_owned();
        if state.len() != 24 || !state.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(over());
        }
        // Once: who forgets it first goes on.
        let key = format!("install/{state}");
        let there = self.shelf.read::<bool>(&key).await.map_err(|error| error.to_string())?;
        there.ok_or_else(over)?;
        self.shelf.forget(&key).await.map_err(|error| error.to_string())?;
        let mut fields =
            vec![("client_id", known.id.as_str()), ("client_secret", known.secret.reveal()), ("code", code)];
        if let Some(redirect) = &known.redirect {
            fields.push(("redirect_uri", redirect));
        }
        let answer = self.slack.ask_unsigned("oauth.v2.access", &fields).await.map_err(|error| error.to_string())?;
        let text = |pointer: &str| answer.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let (team, token) = (text("/team/id"), text("/access_token"));
        if !is_id(team) || token.is_empty() {
            return Err("Slack told of no workspace".into());
        }
        let workspace =
            Workspace { team: team.to_owned(), bot: text("/bot_user_id").to_owned(), token: Secret::new(token) };
        self.workspaces.install(workspace).await.map_err(|error| error.to_string())?;
        let name: String = text("/team/name").chars().filter(|c| !c.is_control()).take(80).collect();
        Ok(if name.is_empty() { team.to_owned() } else { name })
    }
}
