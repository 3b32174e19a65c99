//! A double of Slack, to be looked at and for tests in other languages.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use serde_json::{Value, json};
use slack_emulator::setup::ChannelChange;
use slack_emulator::{Server, Slack};

/// A double of Slack for tests: Web API, deliveries, Socket Mode, and channels that people can look at
#[derive(Parser)]
struct Args {
    /// Where it is served
    #[arg(long, default_value = "127.0.0.1:8065")]
    listen: SocketAddr,
    /// The manifest of an app, as JSON, that is put into a workspace from the beginning
    #[arg(long)]
    manifest: Option<PathBuf>,
    /// What the workspace is called
    #[arg(long, default_value = "Acme")]
    workspace: String,
    /// Somebody in it; may be repeated
    #[arg(long = "person")]
    people: Vec<String>,
    /// A channel in it, with everybody and the app; may be repeated
    #[arg(long = "channel")]
    channels: Vec<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let server = match Server::listen(args.listen).await {
        Ok(server) => server,
        Err(error) => return failed(&format!("failed to listen at {}: {error}", args.listen)),
    };
    let said = match begin(server.slack(), &args) {
        Ok(said) => said,
        Err(why) => return failed(&why),
    };
    // Nobody is left to tell when this fails.
    drop(writeln!(io::stdout(), "{said}"));
    drop(tokio::signal::ctrl_c().await);
    ExitCode::SUCCESS
}

fn failed(why: &str) -> ExitCode {
    drop(writeln!(io::stderr(), "{why}"));
    ExitCode::FAILURE
}

/// Makes what was asked for; all that an app needs to know of it.
fn begin(slack: &Slack, args: &Args) -> Result<Value, String> {
    let url = slack.url();
    let mut said = json!({ "url": url, "api": format!("{url}/api/") });
    if args.people.is_empty() && args.channels.is_empty() && args.manifest.is_none() {
        return Ok(said);
    }
    let team = slack.workspace(&args.workspace);
    said["team_id"] = json!(team);
    for name in &args.people {
        said["people"][name] = json!(slack.person(&team, name).map_err(|why| why.to_string())?);
    }
    let people: Vec<_> = args.people.iter().map(String::as_str).collect();
    for name in &args.channels {
        said["channels"][name] = json!(slack.channel(&team, name, &people).map_err(|why| why.to_string())?);
    }
    let Some(path) = &args.manifest else { return Ok(said) };
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("failed to read `{}`: {error}", path.display()))?;
    let manifest = serde_json::from_str(&text).map_err(|error| format!("`{}` is not JSON: {error}", path.display()))?;
    let app = slack.app(&manifest).map_err(|found| {
        let lines: Vec<_> = found.iter().map(|one| format!("  {one}")).collect();
        format!("Slack would refuse `{}`:\n{}", path.display(), lines.join("\n"))
    })?;
    let grant = slack.install(&app.id, &team, None).map_err(|why| why.to_string())?;
    for id in said["channels"].as_object().into_iter().flatten().filter_map(|(_, id)| id.as_str()) {
        let change = ChannelChange { invite: vec![grant.user.clone()], ..ChannelChange::default() };
        slack.change_channel(id, &change).map_err(|why| why.to_string())?;
    }
    said["app_id"] = json!(app.id);
    said["client_id"] = json!(app.client_id);
    said["client_secret"] = json!(app.client_secret);
    said["signing_secret"] = json!(app.signing_secret);
    said["app_token"] = json!(app.app_token);
    said["bot_token"] = json!(grant.token);
    said["bot_user_id"] = json!(grant.user);
    Ok(said)
}
