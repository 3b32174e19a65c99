//! How the app is set up: by flags, or by the environment as secrets are.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use monkeyci_client::Client;
use monkeyci_slack::app::App;
use monkeyci_slack::doctor::Examined;
use monkeyci_slack::house::{House, PREVIEWS};
use monkeyci_slack::inbox::Inbox;
use monkeyci_slack::install::{Credentials, Installer};
use monkeyci_slack::manifest::{Feature, Manifest};
use monkeyci_slack::seal::Seal;
use monkeyci_slack::serve::{Meeting, serve};
use monkeyci_slack::shelf::Shelf;
use monkeyci_slack::slack::{SLACK, Secret, Slack};
use monkeyci_slack::tell::{Outbox, Stories};
use monkeyci_slack::workspace::Workspaces;

/// How the app is set up.
#[derive(clap::Args)]
pub struct Settings {
    /// The server
    #[arg(long, env = "MONKEYCI_SERVER", value_name = "URL")]
    server: String,
    /// The organisation that it speaks for
    #[arg(long, env = "MONKEYCI_ORG", value_name = "ORG")]
    org: String,
    /// What its service account is called
    #[arg(long, env = "MONKEYCI_SLACK_ACCOUNT", value_name = "NAME", default_value = "slack")]
    account: String,
    /// A token of that account
    #[arg(long, env = "MONKEYCI_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    token: String,
    /// Where it listens for Slack; by Socket Mode alone it need not
    #[arg(long, env = "MONKEYCI_SLACK_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
    /// Where Slack reaches it
    #[arg(long, env = "MONKEYCI_SLACK_URL", value_name = "URL")]
    url: Option<String>,
    /// The command that people type
    #[arg(long, env = "MONKEYCI_SLACK_COMMAND", value_name = "WORD", default_value = "/build")]
    command: String,
    /// The secret that Slack signs with
    #[arg(long, env = "SLACK_SIGNING_SECRET", value_name = "SECRET", hide_env_values = true)]
    signing_secret: Option<String>,
    /// The token of the one workspace that it is in, xoxb-…
    #[arg(long, env = "SLACK_BOT_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    bot_token: Option<String>,
    /// Its own token, xapp-…, for Socket Mode
    #[arg(long, env = "SLACK_APP_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    app_token: Option<String>,
    /// What Slack knows it by, where workspaces install it
    #[arg(long, env = "SLACK_CLIENT_ID", value_name = "ID", requires = "client_secret")]
    client_id: Option<String>,
    /// Its secret then
    #[arg(long, env = "SLACK_CLIENT_SECRET", value_name = "SECRET", hide_env_values = true)]
    client_secret: Option<String>,
    /// Another Slack, as that of governments
    #[arg(long, env = "SLACK_API_URL", value_name = "URL", default_value = SLACK)]
    slack: String,
}

/// No secret is shown.
impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("server", &self.server).field("org", &self.org).finish_non_exhaustive()
    }
}

fn secret(value: Option<&String>) -> Option<Secret> {
    value.filter(|value| !value.trim().is_empty()).map(|value| Secret::new(value.trim()))
}

impl Settings {
    /// What the doctor looks at.
    pub fn examined(&self) -> Examined<'_> {
        Examined {
            scopes: self.manifest().scopes(),
            token: self.bot(),
            socket: self.socket(),
            url: self.url.as_deref(),
            signing: secret(self.signing_secret.as_ref()),
        }
    }

    /// The token of the one workspace.
    fn bot(&self) -> Option<Secret> {
        secret(self.bot_token.as_ref())
    }

    /// The app's own token.
    fn socket(&self) -> Option<Secret> {
        secret(self.app_token.as_ref())
    }

    /// What Slack was told of it.
    fn manifest(&self) -> Manifest<'_> {
        Manifest {
            url: self.url.as_deref(),
            server: &self.server,
            command: &self.command,
            features: &Feature::ALL,
            shared: self.client_id.is_some(),
        }
    }

    /// What all parts share, and what is to be told.
    ///
    /// # Errors
    /// What is wrong in how it is set up.
    pub fn house(&self) -> Result<(House, Outbox), String> {
        if !self.command.starts_with('/') || self.command.len() < 2 {
            return Err(format!("the command `{}` begins with no `/`", self.command.escape_debug()));
        }
        let api = Client::new(&self.server, Some(self.token.trim())).map_err(|error| error.to_string())?;
        let shelf = Shelf::new(api.org(&self.org).integration(&self.account));
        let slack = Slack::new(&self.slack).map_err(|error| error.to_string())?;
        let client_secret = secret(self.client_secret.as_ref());
        let workspaces = Workspaces::new(slack.clone(), shelf.clone(), self.bot(), client_secret.as_ref());
        let (outbox, wake) = Outbox::new();
        let house = House {
            stories: Arc::new(Stories::new(api.clone())),
            api,
            org: self.org.clone(),
            name: self.account.clone(),
            slack,
            workspaces: Arc::new(workspaces),
            shelf,
            names: Arc::default(),
            wake,
            command: self.command.clone(),
            previews: Arc::new(tokio::sync::Semaphore::new(PREVIEWS)),
        };
        Ok((house, outbox))
    }

    /// Where people say that the app may be installed: at the same Slack as its API.
    fn page(&self) -> String {
        let api = self.slack.trim_end_matches('/');
        format!("{}/oauth/v2/authorize", api.strip_suffix("/api").unwrap_or(api))
    }

    /// What seals what people asked: all replicas have the one or the other in common.
    fn seal(&self) -> Option<Seal> {
        let secret = secret(self.client_secret.as_ref()).or_else(|| self.bot())?;
        Some(Seal::new(&secret, "monkeyci-slack: what people asked"))
    }

    fn installer(&self, house: &House) -> Installer {
        let credentials = self.client_id.clone().zip(secret(self.client_secret.as_ref()));
        let credentials = credentials.map(|(id, secret)| Credentials {
            id,
            secret,
            scopes: self.manifest().scopes().join(","),
            redirect: self.url.as_ref().map(|url| format!("{}/slack/oauth", url.trim_end_matches('/'))),
        });
        Installer {
            slack: house.slack.clone(),
            shelf: house.shelf.clone(),
            workspaces: Arc::clone(&house.workspaces),
            credentials,
            page: self.page(),
        }
    }

    /// Runs the app until it is told to end.
    ///
    /// # Errors
    /// What is wrong in how it is set up, or on this machine.
    pub async fn serve(&self) -> Result<(), String> {
        let (house, outbox) = self.house()?;
        let (signing, socket) = (secret(self.signing_secret.as_ref()), self.socket());
        if signing.is_none() && socket.is_none() {
            return Err("how does Slack reach the app? `SLACK_SIGNING_SECRET` is for requests, `SLACK_APP_TOKEN` for Socket Mode".into());
        }
        let Some(seal) = self.seal() else {
            return Err("which workspace is it in? `SLACK_BOT_TOKEN` is for one, `SLACK_CLIENT_ID` and `SLACK_CLIENT_SECRET` for those that install it".into());
        };
        let listener = match signing {
            Some(secret) => {
                let listener = tokio::net::TcpListener::bind(self.listen).await;
                let listener = listener.map_err(|error| format!("cannot listen at {}: {error}", self.listen))?;
                let at = listener.local_addr().map_err(|error| error.to_string())?;
                writeln!(std::io::stdout(), "listening at http://{at}").map_err(|error| error.to_string())?;
                Some((listener, secret))
            }
            None => None,
        };
        let installer = self.installer(&house);
        let inbox = Inbox::new(&house.api, &house.org, &house.name, seal);
        let app = Arc::new(App::new(house, installer, inbox));
        let stop = async {
            let mut end =
                tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).expect("signals are heard");
            tokio::select! {
                _ = end.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        };
        serve(app, outbox, Meeting { listener, socket }, stop).await.map_err(|error| error.to_string())
    }
}
