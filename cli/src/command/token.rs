use std::path::PathBuf;

use monkeyci_client::Client;
use monkeyci_client::rest::{NewToken, Proof, Role, Scope, Token};
use monkeyci_core::model::OrgId;

use crate::error::{CliError, Exit};
use crate::remote::{OrgArgs, OutputArgs};
use crate::runtime::Runtime;
use crate::ui::{table, when};

/// Milliseconds of a day.
pub(super) const DAY: i64 = 24 * 60 * 60 * 1000;

/// Your tokens on the server
#[derive(Debug, clap::Args)]
pub struct TokenArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List them
    List {
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Make one, and print its secret this once
    Create(CreateArgs),
    /// Exchange an ID token of a CI system for one of a service account, and print that
    Exchange(ExchangeArgs),
    /// Make one good for nothing
    Revoke {
        /// Its id
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        output: OutputArgs,
    },
}

#[derive(Debug, clap::Args)]
struct CreateArgs {
    /// What it is for
    #[arg(value_name = "DESCRIPTION")]
    description: String,
    /// For this organisation only
    #[arg(long, value_name = "ORG", requires = "role")]
    org: Option<OrgId>,
    /// What it may do there, at the most
    #[arg(long, value_name = "ROLE", value_parser = role, requires = "org")]
    role: Option<Role>,
    /// Good for so many days [default: as the server has it]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..))]
    days: Option<u16>,
    #[command(flatten)]
    output: OutputArgs,
}

/// The ID token is read from the variable MONKEYCI_ID_TOKEN, or from a file: arguments are seen by others on the machine.
#[derive(Debug, clap::Args)]
struct ExchangeArgs {
    /// The service account
    #[arg(value_name = "ACCOUNT")]
    account: String,
    /// The file that holds the ID token [default: the variable MONKEYCI_ID_TOKEN]
    #[arg(long, value_name = "FILE")]
    id_token_file: Option<PathBuf>,
    #[command(flatten)]
    org: OrgArgs,
}

/// Lists, makes, exchanges or revokes tokens.
pub fn run(args: &TokenArgs) -> Result<Exit, CliError> {
    Runtime::new()?.block_on(async {
        match &args.command {
            Command::List { output } => list(output).await,
            Command::Create(args) => create(args).await,
            Command::Exchange(args) => exchange(args).await,
            Command::Revoke { id, output } => {
                output.connect()?.client.token(id).revoke().await?;
                super::print(&format!("Revoked `{id}`\n"))
            }
        }
    })
}

async fn list(output: &OutputArgs) -> Result<Exit, CliError> {
    let tokens = output.connect()?.client.tokens().all().await?;
    output.print(&tokens, |style| {
        let now = when::now();
        let rows: Vec<_> = tokens.iter().map(|token| row(token, now)).collect();
        table::list("No tokens", ["ID", "FOR", "MAY", "USED", "ENDS"], &rows, style)
    })
}

/// A token in a list.
pub(super) fn row(token: &Token, now: i64) -> [String; 5] {
    let may = match &token.scope {
        Some(scope) => format!("{} in {}", scope.role.as_str(), scope.org),
        None => "what you may".into(),
    };
    let used = token.used.map_or_else(|| "never".into(), |used| when::about(used, now));
    let ends = token.expires.map_or_else(|| "never".into(), |ends| when::about(ends, now));
    [token.id.clone(), token.description.clone(), may, used, ends]
}

async fn create(args: &CreateArgs) -> Result<Exit, CliError> {
    let scope = args.org.clone().zip(args.role).map(|(org, role)| Scope { org, role });
    let expires = args.days.map(|days| when::now() + i64::from(days) * DAY);
    let wanted = NewToken { description: args.description.clone(), scope, expires, secret: None };
    let made = args.output.connect()?.client.make_token(&wanted).await?;
    // Alone on standard output, so that it can be piped to where it is needed.
    args.output.print(&made, |_| format!("{}\n", super::safe(&made.secret)))
}

async fn exchange(args: &ExchangeArgs) -> Result<Exit, CliError> {
    let id_token = match &args.id_token_file {
        Some(file) => {
            std::fs::read_to_string(file).map_err(|error| CliError::usage(format!("`{}`: {error}", file.display())))?
        }
        None => std::env::var("MONKEYCI_ID_TOKEN").unwrap_or_default(),
    };
    if id_token.trim().is_empty() {
        let error = CliError::usage("there is no ID token");
        return Err(error.hint("put it into the variable MONKEYCI_ID_TOKEN, or name its file with `--id-token-file`"));
    }
    // What a login keeps is for somebody else, and goes nowhere with this.
    let client = Client::new(args.org.output.connect()?.client.url(), None)?;
    let proof = Proof { id_token: id_token.trim().to_owned() };
    let made = client.org(&args.org.org).service_account(&args.account).exchange(&proof).await?;
    args.org.output.print(&made, |_| format!("{}\n", super::safe(&made.secret)))
}

/// A role by its word.
pub(super) fn role(text: &str) -> Result<Role, String> {
    let unknown = |_| "a role is one of viewer, developer, maintainer, owner".to_owned();
    serde_json::from_value(text.into()).map_err(unknown)
}
