use std::collections::BTreeMap;

use monkeyci_client::Object;
use monkeyci_client::rest::{Role, Trust, TrustBody};

use super::token::role;
use crate::error::{CliError, Exit};
use crate::remote::OrgArgs;
use crate::runtime::Runtime;
use crate::ui::table;

/// Programs elsewhere that are a service account, by what their CI system, cloud or cluster signs
#[derive(Debug, clap::Args)]
pub struct TrustArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List whom a service account trusts
    List {
        /// The service account
        #[arg(value_name = "ACCOUNT")]
        account: String,
        #[command(flatten)]
        org: OrgArgs,
    },
    /// Trust somebody, or say anew whom
    Set(SetArgs),
    /// Trust no more; tokens that were given out are good for nothing
    Remove(NameArgs),
}

/// Which trust is meant.
#[derive(Debug, clap::Args)]
struct NameArgs {
    /// The service account
    #[arg(value_name = "ACCOUNT")]
    account: String,
    /// Its name there
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    org: OrgArgs,
}

#[derive(Debug, clap::Args)]
struct SetArgs {
    #[command(flatten)]
    of: NameArgs,
    /// Who signs, as `https://token.actions.githubusercontent.com`
    #[arg(long, value_name = "URL")]
    issuer: String,
    /// For whom it is signed, or a glob (repeatable): `repo:acme/web:ref:refs/heads/main`
    #[arg(long = "subject", value_name = "GLOB", required = true)]
    subjects: Vec<String>,
    /// What else has to be signed, or a glob (repeatable)
    #[arg(long = "claim", value_name = "NAME=GLOB", value_parser = claim)]
    claims: Vec<(String, String)>,
    /// Who it has to be signed for [default: the server's address]
    #[arg(long, value_name = "AUDIENCE")]
    audience: Option<String>,
    /// What the tokens may do at the most [default: what the account may]
    #[arg(long, value_name = "ROLE", value_parser = role)]
    role: Option<Role>,
    /// How long they are good
    #[arg(long, value_name = "MINUTES", default_value = "60", value_parser = clap::value_parser!(u32).range(5..=720))]
    minutes: u32,
}

/// Lists, sets or removes whom service accounts trust.
pub fn run(args: &TrustArgs) -> Result<Exit, CliError> {
    Runtime::new()?.block_on(async {
        match &args.command {
            Command::List { account, org } => list(account, org).await,
            Command::Set(args) => set(args).await,
            Command::Remove(of) => {
                of.find()?.delete().await?;
                super::print(&format!("Removed `{}`\n", of.name))
            }
        }
    })
}

impl NameArgs {
    /// The trust, to be asked.
    fn find(&self) -> Result<Object<Trust, TrustBody>, CliError> {
        let client = self.org.output.connect()?.client;
        Ok(client.org(&self.org.org).service_account(&self.account).trust(&self.name))
    }
}

async fn list(account: &str, org: &OrgArgs) -> Result<Exit, CliError> {
    let found = org.find()?.service_account(account).trusts().all().await?;
    org.output.print(&found, |style| {
        let rows: Vec<_> = found.iter().map(row).collect();
        table::list("It trusts nobody", ["NAME", "ISSUER", "SUBJECTS", "CLAIMS"], &rows, style)
    })
}

fn row(Trust { name, body, .. }: &Trust) -> [String; 4] {
    let claims: Vec<_> = body.claims.iter().map(|(name, glob)| format!("{name}={glob}")).collect();
    [name.clone(), body.issuer.clone(), body.subjects.join(" "), claims.join(" ")]
}

async fn set(args: &SetArgs) -> Result<Exit, CliError> {
    let body = TrustBody {
        issuer: args.issuer.clone(),
        audience: args.audience.clone(),
        subjects: args.subjects.clone(),
        claims: args.claims.iter().cloned().collect::<BTreeMap<_, _>>(),
        role: args.role,
        minutes: args.minutes,
    };
    let set = args.of.find()?.put(&body).await?;
    let NameArgs { account, name, org } = &args.of;
    org.output.print(&set, |_| format!("`{account}` trusts `{name}`\n"))
}

fn claim(text: &str) -> Result<(String, String), String> {
    let (name, glob) = text.split_once('=').ok_or("a claim is NAME=GLOB, as in `environment=live`")?;
    Ok((name.into(), glob.into()))
}
