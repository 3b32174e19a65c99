use monkeyci_client::rest::{NewToken, Role, Scope, ServiceAccount, ServiceAccountBody};
use monkeyci_client::{ClientError, ServiceAccountRef};

use super::token::{DAY, role, row as token_row};
use crate::error::{CliError, Exit};
use crate::remote::{NameArgs, OrgArgs};
use crate::runtime::Runtime;
use crate::ui::{table, when};

/// Accounts of programs in an organisation, and their tokens
#[derive(Debug, clap::Args)]
pub struct ServiceAccountArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List them
    List {
        #[command(flatten)]
        org: OrgArgs,
    },
    /// Make one, or change what is said of it
    Set(SetArgs),
    /// Let its tokens be good for nothing for now
    Disable(NameArgs),
    /// Let them be good again
    Enable(NameArgs),
    /// Remove one with its tokens and all that it keeps
    Remove(NameArgs),
    /// List its tokens
    Tokens(NameArgs),
    /// Make a token for it, and print its secret this once
    Token(TokenArgs),
    /// Make a token of it good for nothing
    Revoke {
        #[command(flatten)]
        of: NameArgs,
        /// The token's id
        #[arg(value_name = "ID")]
        id: String,
    },
}

#[derive(Debug, clap::Args)]
struct SetArgs {
    #[command(flatten)]
    of: NameArgs,
    /// What it may do: viewer, developer, maintainer or owner
    #[arg(value_name = "ROLE", value_parser = role)]
    role: Role,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Whether it is an integration: it may act for people whose chat is linked, and keeps values
    #[arg(long, value_name = "YES", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    integration: Option<bool>,
}

#[derive(Debug, clap::Args)]
struct TokenArgs {
    #[command(flatten)]
    of: NameArgs,
    /// What it is for
    #[arg(value_name = "DESCRIPTION")]
    description: String,
    /// What it may do at the most, also for people that it acts for [default: what the account may]
    #[arg(long, value_name = "ROLE", value_parser = role)]
    role: Option<Role>,
    /// Good for so many days [default: as the server has it]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..))]
    days: Option<u16>,
}

/// Lists, makes or changes service accounts and their tokens.
pub fn run(args: &ServiceAccountArgs) -> Result<Exit, CliError> {
    Runtime::new()?.block_on(async {
        match &args.command {
            Command::List { org } => list(org).await,
            Command::Set(args) => set(args).await,
            Command::Disable(of) => disable(of, true).await,
            Command::Enable(of) => disable(of, false).await,
            Command::Remove(of) => {
                find(of)?.delete().await?;
                super::print(&format!("Removed `{}`\n", of.name))
            }
            Command::Tokens(of) => tokens(of).await,
            Command::Token(args) => token(args).await,
            Command::Revoke { of, id } => {
                find(of)?.token(id).revoke().await?;
                super::print(&format!("Revoked `{id}`\n"))
            }
        }
    })
}

/// The service account, to be asked.
fn find(of: &NameArgs) -> Result<ServiceAccountRef, CliError> {
    Ok(of.org.find()?.service_account(&of.name))
}

async fn list(org: &OrgArgs) -> Result<Exit, CliError> {
    let found = org.find()?.service_accounts().all().await?;
    org.output.print(&found, |style| {
        let rows: Vec<_> = found.iter().map(row).collect();
        table::list("No service accounts", ["NAME", "ROLE", "FOR", ""], &rows, style)
    })
}

fn row(account: &ServiceAccount) -> [String; 4] {
    let ServiceAccountBody { role, description, integration, disabled } = &account.body;
    let words = [(*integration, "integration"), (*disabled, "disabled")];
    let words: Vec<_> = words.iter().filter(|(is_so, _)| *is_so).map(|(_, word)| *word).collect();
    let about = description.clone().unwrap_or_default();
    [account.name.clone(), role.as_str().to_owned(), about, words.join(", ")]
}

async fn set(args: &SetArgs) -> Result<Exit, CliError> {
    let account = find(&args.of)?;
    // What is not said stays.
    let before = match account.get().await {
        Ok(before) => Some(before),
        Err(ClientError::NotFound(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let stays = before.as_ref().map(|before| before.body.clone());
    let body = ServiceAccountBody {
        role: args.role,
        description: args.description.clone().or_else(|| stays.as_ref()?.description.clone()),
        integration: args.integration.or(stays.as_ref().map(|body| body.integration)).unwrap_or_default(),
        disabled: stays.is_some_and(|body| body.disabled),
    };
    let set = match before {
        Some(before) => account.put_if(&body, before.revision).await?,
        None => account.put(&body).await?,
    };
    args.of.org.output.print(&set, |_| format!("Set `{}`: {}\n", args.of.name, args.role.as_str()))
}

async fn disable(of: &NameArgs, disabled: bool) -> Result<Exit, CliError> {
    let account = find(of)?;
    let ServiceAccount { body, revision, .. } = account.get().await?;
    let set = account.put_if(&ServiceAccountBody { disabled, ..body }, revision).await?;
    let told = if disabled { "is let in no more" } else { "is let in again" };
    of.org.output.print(&set, |_| format!("`{}` {told}\n", of.name))
}

async fn tokens(of: &NameArgs) -> Result<Exit, CliError> {
    let tokens = find(of)?.tokens().all().await?;
    of.org.output.print(&tokens, |style| {
        let now = when::now();
        let rows: Vec<_> = tokens.iter().map(|token| token_row(token, now)).collect();
        table::list("No tokens", ["ID", "FOR", "MAY", "USED", "ENDS"], &rows, style)
    })
}

async fn token(args: &TokenArgs) -> Result<Exit, CliError> {
    let scope = args.role.map(|role| Scope { org: args.of.org.org.clone(), role });
    let expires = args.days.map(|days| when::now() + i64::from(days) * DAY);
    let wanted = NewToken { description: args.description.clone(), scope, expires, secret: None };
    let made = find(&args.of)?.make_token(&wanted).await?;
    // Alone on standard output, so that it can be piped to where it is needed.
    args.of.org.output.print(&made, |_| format!("{}\n", super::safe(&made.secret)))
}
