use std::io::Read as _;
use std::path::PathBuf;

use monkeyci_client::rest::validate::Kind;
use monkeyci_client::{Client, ClientError};
use serde_json::{Map, Value};

use crate::error::{CliError, Exit};
use crate::remote::ServerArgs;
use crate::runtime::Runtime;

/// Look whether a server would take something, and change nothing
///
/// Each field that is wrong is named with a JSON pointer. `monkeyci verify` looks at the scripts of a checkout instead.
#[derive(Debug, clap::Args)]
pub struct ValidateArgs {
    /// What it is: org, repo, param, param-set, ssh-key, pipeline, job, schedule, trigger, environment, subscription, build,
    /// cron, ref
    #[arg(value_name = "KIND", value_parser = kind)]
    kind: Kind,
    /// Its JSON, as the API takes it; `-` reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The name that it is to have
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

/// Asks the server.
pub fn run(args: &ValidateArgs) -> Result<Exit, CliError> {
    let body = read(&args.file)?;
    Runtime::new()?.block_on(async {
        let client: Client = args.server.connect()?.client;
        let shown = args.file.display();
        match client.validate(args.kind, args.name.as_deref(), &body).await {
            Ok(()) => super::print(&format!("`{shown}` can be used as `{}`\n", args.kind.as_str())),
            Err(ClientError::Refused(problem)) if problem.status == 422 && !problem.errors.is_empty() => {
                let wrong = problem.errors.iter().map(|error| {
                    let place = if error.pointer.is_empty() { "the whole" } else { &error.pointer };
                    format!("{}: {}", super::safe(place), super::safe(&error.detail))
                });
                Err(CliError::failed(format!("`{shown}`: {}", wrong.collect::<Vec<_>>().join("\n  "))))
            }
            Err(error) => Err(error.into()),
        }
    })
}

fn kind(word: &str) -> Result<Kind, String> {
    serde_json::from_value(word.into()).map_err(|_| "no kind that a server looks at".into())
}

fn read(file: &std::path::Path) -> Result<Map<String, Value>, CliError> {
    let shown = file.display();
    let unreadable = |error: std::io::Error| CliError::usage(format!("`{shown}`: {error}"));
    let text = if file.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(unreadable)?;
        text
    } else {
        std::fs::read_to_string(file).map_err(unreadable)?
    };
    serde_json::from_str(&text).map_err(|error| CliError::usage(format!("`{shown}` is no object of JSON: {error}")))
}
