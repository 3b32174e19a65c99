use std::collections::{BTreeMap, BTreeSet};

use monkeyci_client::SubscriptionRef;
use monkeyci_client::rest::{
    LabelFilters, Match, Moment, Notice, Occasion, Recipient, SlackStyle, Subscription, SubscriptionBody,
};

use crate::error::{CliError, Exit};
use crate::labels;
use crate::remote::{BuildName, NameArgs, OrgArgs, OutputArgs};
use crate::runtime::Runtime;
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
    /// Tell a webhook, whose secret is printed this once, people by e-mail, or a channel of Slack
    Set(Box<SetArgs>),
    /// Print one as JSON
    Show(NameArgs),
    /// Tell nothing for now
    Pause(NameArgs),
    /// Tell what happens from now on, again
    Resume(NameArgs),
    /// Tell something that has not happened, to see whether it comes
    Test(NameArgs),
    /// Say which subscriptions are told of a build, and why, or why not
    Why {
        /// The build, as in `acme/web/42` or `42` [default: the newest]
        #[arg(value_name = "BUILD")]
        build: Option<BuildName>,
        #[command(flatten)]
        output: OutputArgs,
    },
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

#[derive(Debug, clap::Args)]
struct SetArgs {
    #[command(flatten)]
    of: NameArgs,
    /// The webhook that it is sent to
    #[arg(value_name = "URL", required_unless_present_any = ["mail", "mail_author", "mail_actor", "slack"],
        conflicts_with_all = ["mail", "mail_author", "mail_actor", "slack"])]
    url: Option<String>,
    /// Write to this address instead (repeatable)
    #[arg(long, value_name = "ADDRESS")]
    mail: Vec<String>,
    /// Write to the author of the commit
    #[arg(long)]
    mail_author: bool,
    /// Write to whoever caused the build
    #[arg(long)]
    mail_actor: bool,
    /// Tell a channel of Slack, as in `T0123ABCD/#builds` or `T0123ABCD/C0123ABCD`, which the Slack app looks after
    #[arg(long, value_name = "WORKSPACE/CHANNEL", conflicts_with_all = ["mail", "mail_author", "mail_actor"])]
    slack: Option<String>,
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
    /// Caused by these, of: push, tag, pull-request, schedule, build, manual [default: any]
    #[arg(short, long, value_name = "EVENT,…", value_delimiter = ',', value_parser = monkeyci_grammar::event)]
    event: Vec<Occasion>,
    /// What is told, of: failed, recovered, still-failing, succeeded, started, waiting, canceled, deployed, or
    /// all [default: failed,recovered,waiting]
    #[arg(long, value_name = "MOMENT,…", value_delimiter = ',', value_parser = Moments::of)]
    on: Vec<Moments>,
    /// Tell nothing for now
    #[arg(long)]
    paused: bool,
}

/// What a word says that happens to builds, as in a chat.
#[derive(Debug, Clone)]
struct Moments(Vec<Moment>);

impl Moments {
    fn of(word: &str) -> Result<Self, String> {
        monkeyci_grammar::moments(word).map(Self)
    }
}

/// Lists, sets or removes subscriptions.
pub fn run(args: &SubscriptionArgs) -> Result<Exit, CliError> {
    Runtime::new()?.block_on(async {
        match &args.command {
            Command::List { org } => list(org).await,
            Command::Set(args) => set(args).await,
            Command::Show(of) => {
                let shown = find(of)?.get().await?;
                let text = serde_json::to_string_pretty(&shown).map_err(|error| CliError::ours(error.to_string()))?;
                super::print(&format!("{text}\n"))
            }
            Command::Pause(of) => pause(of, true).await,
            Command::Resume(of) => pause(of, false).await,
            Command::Test(of) => test(of).await,
            Command::Why { build, output } => why(build.as_ref(), output).await,
            Command::Rotate(of) => {
                let rotated = find(of)?.rotate().await?;
                of.org.output.print(&rotated, |_| told("Rotated", &rotated))
            }
            Command::Remove(of) => {
                find(of)?.delete().await?;
                super::print(&format!("Removed `{}`\n", of.name))
            }
            Command::Deliveries { of, limit } => deliveries(of, *limit).await,
            Command::Redeliver { of, id } => {
                let again = find(of)?.delivery(id).redeliver().await?;
                of.org.output.print(&again, |_| format!("`{}` is sent again\n", super::safe(&again.id)))
            }
        }
    })
}

/// The subscription, to be asked.
fn find(of: &NameArgs) -> Result<SubscriptionRef, CliError> {
    Ok(of.org.find()?.subscription(&of.name))
}

async fn list(org: &OrgArgs) -> Result<Exit, CliError> {
    let found = org.find()?.subscriptions().all().await?;
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
        Recipient::Mail { to, author, actor } => {
            let people = [("the author", author), ("the actor", actor)];
            let people = people.iter().filter(|(_, is_told)| **is_told).map(|(who, _)| (*who).to_owned());
            to.iter().cloned().chain(people).collect::<Vec<_>>().join(", ")
        }
        Recipient::Chat { integration, place } => format!("{integration} {place}"),
        Recipient::Slack { workspace, channel, .. } => format!("slack {workspace} {channel}"),
    };
    let paused = if body.paused { "paused" } else { "" };
    [subscription.name.clone(), on.join(", "), globs(&body.repos), globs(&body.refs), to, paused.to_owned()]
}

async fn set(args: &SetArgs) -> Result<Exit, CliError> {
    let to = match (&args.url, &args.slack) {
        (Some(url), _) => Recipient::Webhook { url: url.clone() },
        (None, Some(place)) => {
            let (workspace, channel) = place.split_once('/').ok_or_else(|| {
                CliError::usage(format!("--slack {place}: no channel")).hint("`--slack 'T0123ABCD/#builds'`")
            })?;
            let (workspace, channel) = (workspace.to_owned(), channel.to_owned());
            Recipient::Slack { workspace, channel, style: SlackStyle::default() }
        }
        (None, None) => Recipient::Mail { to: args.mail.clone(), author: args.mail_author, actor: args.mail_actor },
    };
    let on: BTreeSet<Moment> = args.on.iter().flat_map(|Moments(all)| all).copied().collect();
    let body = SubscriptionBody {
        to,
        repos: args.repo.clone(),
        label_filters: LabelFilters(args.labels.clone()),
        refs: args.refs.clone(),
        jobs: args.job.clone(),
        actors: args.actor.clone(),
        events: args.event.iter().copied().collect(),
        on: if on.is_empty() { Moment::USUAL.into() } else { on },
        paused: args.paused,
    };
    let set = find(&args.of)?.put(&body).await?;
    args.of.org.output.print(&set, |_| told("Set", &set))
}

async fn pause(of: &NameArgs, paused: bool) -> Result<Exit, CliError> {
    let subscription = find(of)?;
    let found = subscription.get().await?;
    let changed = subscription.put_if(&SubscriptionBody { paused, ..found.body }, found.revision).await?;
    of.org.output.print(&changed, |_| told(if paused { "Paused" } else { "Resumed" }, &changed))
}

async fn test(of: &NameArgs) -> Result<Exit, CliError> {
    let noted = find(of)?.test().await?;
    of.org.output.print(&noted, |_| {
        let to: Vec<_> =
            noted.iter().map(|notice| super::safe(notice.to.as_deref().unwrap_or("the webhook"))).collect();
        let then = format!("`monkeyci subscription deliveries {} --org {}` says how that went", of.name, of.org.org);
        format!("A test is sent to {}; {then}\n", to.join(", "))
    })
}

async fn why(build: Option<&BuildName>, output: &OutputArgs) -> Result<Exit, CliError> {
    let (_, build) = output.connect()?.build(build).await?;
    let found = build.subscriptions(None).await?;
    output.print(&found, |style| {
        let row = |found: &Match| {
            let on = found.on.map_or("", |on| on.as_str());
            [found.subscription.clone(), on.to_owned(), found.why.clone()]
        };
        let rows: Vec<_> = found.iter().map(row).collect();
        table::list("Nobody is told", ["NAME", "TOLD", "WHY"], &rows, style)
    })
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
    let found = find(of)?.deliveries().first(limit).await?;
    of.org.output.print(&found, |style| {
        let now = when::now();
        let row = |notice: &Notice| {
            [
                notice.id.clone(),
                notice.build.clone(),
                notice.on.as_str().to_owned(),
                when::about(notice.created, now),
                notice.state.as_str().to_owned(),
                notice.to.clone().unwrap_or_default(),
                notice.note.clone().unwrap_or_default(),
            ]
        };
        let rows: Vec<_> = found.iter().map(row).collect();
        table::list("Nothing was sent", ["ID", "BUILD", "ON", "NOTED", "STATE", "TO", ""], &rows, style)
    })
}
