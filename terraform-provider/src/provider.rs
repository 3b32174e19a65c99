//! The `provider` block.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use monkeyci_client::rest::Proof;
use monkeyci_client::{Client, Patience};
use tfplugin::check::{Check, between, length, text};
use tfplugin::{Diagnostic, Object, Provider, Result, Secret};
use tokio::process::Command;

use crate::function::seconds;
use crate::server::Server;
use crate::snapshot::Snapshots;
use crate::{address, refusal};

/// So long a program may take to print a token.
const PRINTS: Duration = Duration::from_secs(10);

/// Sets up a MonkeyCI server.
#[derive(Debug, Object)]
#[object(at_most_one_of(["token", "token_file", "token_command"]))]
pub struct MonkeyCi {
    /// The server's address, as `https://ci.example.com`. The variable `MONKEYCI_SERVER` when it is not set.
    url: Option<String>,
    /// The API token to ask with. The variable `MONKEYCI_TOKEN` when it is not set.
    token: Option<Secret>,
    /// A file that holds the token, and nothing else.
    token_file: Option<String>,
    /// A program and its arguments that print the token, where it is made anew for each run. It is run for each part of a
    /// command of Terraform, without a shell, and has ten seconds.
    #[attribute(check(length(1..=100)))]
    token_command: Option<Vec<String>>,
    /// The `id` of a service account to be: `acme/sa/terraform`. The variable `MONKEYCI_SERVICE_ACCOUNT` when it is not set. What
    /// `token`, `token_file`, `token_command` or the variable `MONKEYCI_ID_TOKEN` holds is then an ID token (a JWT) that
    /// somebody whom the account trusts (`monkeyci_trust`) has signed for whoever runs this, and it is exchanged for a
    /// token of the account that lasts for minutes.
    service_account: Option<String>,
    /// The organisation of objects that do not name theirs. The variable `MONKEYCI_ORG` when it is not set.
    org: Option<String>,
    /// A file with certificates in PEM of authorities that may have signed the server's, beside those that the system trusts.
    authorities: Option<String>,
    /// Labels that every `monkeyci_repo` gets which has no other of the same name.
    default_labels: Option<BTreeMap<String, String>>,
    /// How often a request is sent once more that the server did not answer as it should: it was not to be reached, took too
    /// long, was in trouble (5xx) or asked for patience (429). 0 to 20; 5 when it is not set. What was refused (4xx) is never
    /// sent again, and what changes something is sent so that it is done once.
    #[attribute(check(between(0..=20)))]
    max_retries: Option<u32>,
    /// The longest wait before that, as `30s`, which is what it is when it is not set. The first wait is half a second, each
    /// further one twice as long. A server that asks for a longer one is not waited for.
    #[attribute(check(time()))]
    max_retry_wait: Option<String>,
    /// How long an answer may take, as `30s`, which is what it is when it is not set.
    #[attribute(check(time()))]
    request_timeout: Option<String>,
    /// Requests that are on their way at the same time, whatever `-parallelism` is: 1 to 256; any number when it is not set.
    #[attribute(check(between(1..=256)))]
    parallelism: Option<u32>,
    /// Whether a refresh of more than a few objects of an organisation reads all of it at once, with `GET /v1/orgs/…/export`.
    /// So it is when it is not set.
    read_cache: Option<bool>,
}

/// A duration of a second to an hour.
fn time() -> Check {
    text(|given| match seconds(given) {
        Some(1..=3600) => Ok(()),
        Some(_) => Err(format!("is {given:?}, `1s` to `1h` are possible")),
        None => Err(format!("is {given:?}, and a duration is written as `30s` or `2m`")),
    })
}

impl Provider for MonkeyCi {
    type Client = Server;
    const NAME: &'static str = "monkeyci";

    async fn configure(self) -> Result<Server> {
        let url = self.url.or_else(|| variable("MONKEYCI_SERVER")).ok_or_else(|| {
            let detail = "Set `url`, or the variable MONKEYCI_SERVER, to the address of your MonkeyCI server.";
            Diagnostic::error("No server", detail).at("url")
        })?;
        let account = self.service_account.or_else(|| variable("MONKEYCI_SERVICE_ACCOUNT"));
        let known_by = if account.is_some() { "MONKEYCI_ID_TOKEN" } else { "MONKEYCI_TOKEN" };
        let token = match (self.token, &self.token_file, &self.token_command) {
            (Some(token), ..) => Some(token),
            (_, Some(file), _) => Some(Secret::new(read("token_file", file)?.trim())),
            (.., Some(command)) => Some(printed(command).await?),
            _ => variable(known_by).map(Secret::new),
        };
        let authorities = self.authorities.as_deref().map(|file| read("authorities", file)).transpose()?;
        let authorities = authorities.as_ref().map(String::as_bytes);
        // Its errors repeat neither the address, which may hold a password, nor the token.
        let client = |token: Option<&Secret>| {
            Client::trusting(&url, token.map(Secret::expose), authorities)
                .map_err(|error| Diagnostic::error("Provider cannot be configured", format!("{error}.")))
        };
        let usual = Patience::default();
        let time = |given: &Option<String>| given.as_deref().and_then(seconds).map(Duration::from_secs);
        let patience = Patience {
            retries: self.max_retries.unwrap_or(5),
            first: Duration::from_millis(500),
            longest: time(&self.max_retry_wait).unwrap_or(usual.longest),
            answer: time(&self.request_timeout).unwrap_or(usual.answer),
            parallel: self.parallelism.and_then(|most| usize::try_from(most).ok()),
        };
        let token = match &account {
            Some(account) => Some(exchanged(account, token, &client(None)?.with_patience(patience.clone())).await?),
            None => token,
        };
        let mut server =
            Server::new(client(token.as_ref())?.with_patience(patience), self.org.or_else(|| variable("MONKEYCI_ORG")));
        if self.read_cache == Some(false) {
            server.snapshots = Snapshots::off();
        }
        server.default_labels = self.default_labels.unwrap_or_default();
        Ok(server)
    }

    /// What waits to be asked once more is not asked any more.
    fn stop(server: &Server) {
        server.client.give_up();
    }
}

/// A token of a service account, for the ID token of whoever it trusts.
async fn exchanged(account: &str, id_token: Option<Secret>, client: &Client) -> Result<Secret> {
    let [org, name] = address::read("service_account", "ORG/sa/NAME", account)?;
    let id_token = id_token.ok_or_else(|| {
        let detail = "A CI system signs one for its jobs: put it into the variable MONKEYCI_ID_TOKEN, or set `token_file` or \
                      `token_command`.";
        Diagnostic::error("No ID token", detail).at("service_account")
    })?;
    let proof = Proof { id_token: id_token.expose().to_owned() };
    match client.org(org).service_account(name).exchange(&proof).await {
        Ok(made) => Ok(Secret::new(&made.secret)),
        Err(error) if error.problem().is_some() => {
            let summary = format!("Whoever runs this is not let in as {account}");
            Err(Diagnostic::error(summary, format!("{error}.")).at("service_account").into())
        }
        Err(error) => Err(refusal::whole("service account", &error).into()),
    }
}

/// A variable of the environment that is set to something.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The token that a program prints.
async fn printed(command: &[String]) -> Result<Secret> {
    let (program, arguments) = command.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
    let wrong = |why: String| {
        Diagnostic::error("No token", format!("`token_command` runs {program:?}, which {why}.")).at("token_command")
    };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    let ran = tokio::time::timeout(PRINTS, command.output()).await;
    let ran = ran.map_err(|_| wrong(format!("did not end within {} s", PRINTS.as_secs())))?;
    let ran = ran.map_err(|error| wrong(format!("cannot be run: {error}")))?;
    if !ran.status.success() {
        // What it has printed may be a token.
        let complaint = String::from_utf8_lossy(&ran.stderr).lines().next().unwrap_or_default().to_owned();
        return Err(wrong(format!("failed ({}): {complaint}", ran.status)).into());
    }
    let token = String::from_utf8(ran.stdout).map_err(|_| wrong("prints what is no text".to_owned()))?;
    match token.trim() {
        "" => Err(wrong("prints nothing".to_owned()).into()),
        token => Ok(Secret::new(token)),
    }
}

/// What a file holds that an attribute names.
fn read(attribute: &str, file: &str) -> Result<String> {
    let unreadable = |error| {
        Diagnostic::error("File cannot be read", format!("`{attribute}` names {file:?}: {error}.")).at(attribute)
    };
    Ok(std::fs::read_to_string(Path::new(file)).map_err(unreadable)?)
}
