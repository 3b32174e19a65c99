use std::collections::BTreeMap;

use monkeyci_client::SubscriptionRef;
use monkeyci_client::rest::{LabelFilters, Notice, Recipient, Subscription, SubscriptionBody};
use monkeyci_core::model::OrgId;

use crate::error::{CliError, Exit};
use crate::labels;
use crate::remote::OutputArgs;
use crate::ui::{table, when};

/// Who is told of what happens in builds of an organisation
#[derive(Debug, clap::Args)]
pub struct SubscriptionArgs {
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
    /// Send what happens to a webhook; its secret is printed this once
    Set(SetArgs),
    /// Print one as JSON
    Show(NameArgs),
    /// Give a webhook a new secret; for a day both sign
    Rotate(NameArgs),
    /// Remove one
    Remove(NameArgs),
    /// List what was sent, newest first, and how that went
    Deliveries {
        #[command(flatten)]
        of: NameArgs,
        /// At most N
        #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
        limit: usize,
    },
    /// Send something once more
    Redeliver {
        #[command(flatten)]
        of: NameArgs,
        /// The delivery's id
        #[arg(value_name = "ID")]
        id: String,
    },
}

/// Which organisation is meant.
#[derive(Debug, clap::Args)]
struct OrgArgs {
    /// The organisation
    #[arg(short, long, value_name = "ORG")]
    org: OrgId,
    #[command(flatten)]
    output: OutputArgs,
}

/// Which subscription is meant.
#[derive(Debug, clap::Args)]
struct NameArgs {
    /// Its name
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    org: OrgArgs,
}

#[derive(Debug, clap::Args)]
struct SetArgs {
    #[command(flatten)]
    of: NameArgs,
    /// Where it is sent
    #[arg(value_name = "URL")]
    url: String,
    /// Of repositories that fit this glob; with `!` before it, not of these (repeatable, as all of these)
    #[arg(short, long, value_name = "GLOB")]
    repo: Vec<String>,
    /// Of repositories with all of these labels (repeatable: those that fit one of them)
    #[arg(short, long, value_name = "NAME=VALUE,…", value_parser = labels::filter)]
    labels: Vec<BTreeMap<String, String>>,
    /// Of branches, tags, and pull requests as `pull/7`
    #[arg(long = "ref", value_name = "GLOB")]
    refs: Vec<String>,
    /// About these jobs
    #[arg(short, long, value_name = "GLOB")]
    job: Vec<String>,
    /// Caused by these
    #[arg(short, long, value_name = "GLOB")]
    actor: Vec<String>,
    /// What is told, of: failed, recovered, still-failing, succeeded, started, waiting, canceled [default:
    /// failed,recovered,waiting]
    #[arg(long, value_name = "MOMENT,…", value_delimiter = ',')]
    on: Vec<String>,
    /// Tell nothing for now
    #[arg(long)]
    paused: bool,
}

/// Lists, sets or removes subscriptions.
pub fn run(args: &SubscriptionArgs) -> Result<Exit, CliError> {
    super::runtime()?.block_on(async {
        match &args.command {
            Command::List { org } => list(org).await,
            Command::Set(args) => set(args).await,
            Command::Show(of) => {
                let shown = of.find()?.get().await?;
                let text = serde_json::to_string_pretty(&shown).map_err(|error| CliError::ours(error.to_string()))?;
                super::print(&format!("{text}\n"))
            }
            Command::Rotate(of) => {
                let rotated = of.find()?.rotate().await?;
                of.org.output.print(&rotated, |_| told("Rotated", &rotated))
            }
            Command::Remove(of) => {
                of.find()?.delete().await?;
                super::print(&format!("Removed `{}`\n", of.name))
            }
            Command::Deliveries { of, limit } => deliveries(of, *limit).await,
            Command::Redeliver { of, id } => {
                let again = of.find()?.delivery(id).redeliver().await?;
                of.org.output.print(&again, |_| format!("`{}` is sent again\n", super::safe(&again.id)))
            }
        }
    })
}

impl NameArgs {
    /// The subscription, to be asked.
    fn find(&self) -> Result<SubscriptionRef, CliError> {
        Ok(self.org.output.connect()?.client.org(&self.org.org).subscription(&self.name))
    }
}

async fn list(org: &OrgArgs) -> Result<Exit, CliError> {
    let found = org.output.connect()?.client.org(&org.org).subscriptions().all().await?;
    org.output.print(&found, |style| {
        let rows: Vec<_> = found.iter().map(row).collect();
        table::list("No subscriptions", ["NAME", "ON", "REPOS", "REFS", "TO", ""], &rows, style)
    })
}

fn row(subscription: &Subscription) -> [String; 6] {
    let body = &subscription.body;
    let on: Vec<_> = body.on.iter().map(|moment| moment.as_str()).collect();
    let globs = |globs: &[String]| if globs.is_empty() { "all".to_owned() } else { globs.join(", ") };
    let to = match &body.to {
        Recipient::Webhook { url } => url.clone(),
        Recipient::Chat { integration, place } => format!("{integration} {place}"),
    };
    let paused = if body.paused { "paused" } else { "" };
    [subscription.name.clone(), on.join(", "), globs(&body.repos), globs(&body.refs), to, paused.to_owned()]
}

async fn set(args: &SetArgs) -> Result<Exit, CliError> {
    let mut body = serde_json::json!({ "to": { "webhook": { "url": args.url } } });
    if !args.on.is_empty() {
        body["on"] = args.on.clone().into();
    }
    let body: SubscriptionBody =
        serde_json::from_value(body).map_err(|error| CliError::usage(format!("--on: {error}")))?;
    let body = SubscriptionBody {
        repos: args.repo.clone(),
        label_filters: LabelFilters(args.labels.clone()),
        refs: args.refs.clone(),
        jobs: args.job.clone(),
        actors: args.actor.clone(),
        paused: args.paused,
        ..body
    };
    let set = args.of.find()?.put(&body).await?;
    args.of.org.output.print(&set, |_| told("Set", &set))
}

/// What was done, with a secret that was made by it.
fn told(done: &str, subscription: &Subscription) -> String {
    let name = super::safe(&subscription.name);
    match &subscription.secret {
        Some(secret) => {
            let secret = super::safe(secret);
            format!("{done} `{name}`; verify what comes with this secret, which is told this once:\n  {secret}\n")
        }
        None => format!("{done} `{name}`\n"),
    }
}

async fn deliveries(of: &NameArgs, limit: usize) -> Result<Exit, CliError> {
    let found = of.find()?.deliveries().first(limit).await?;
    of.org.output.print(&found, |style| {
        let now = when::now();
        let row = |notice: &Notice| {
            [
                notice.id.clone(),
                notice.build.clone(),
                notice.on.as_str().to_owned(),
                when::about(notice.created, now),
                notice.state.as_str().to_owned(),
                notice.note.clone().unwrap_or_default(),
            ]
        };
        let rows: Vec<_> = found.iter().map(row).collect();
        table::list("Nothing was sent", ["ID", "BUILD", "ON", "NOTED", "STATE", ""], &rows, style)
    })
}
