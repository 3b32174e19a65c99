use monkeyci_client::rest::{Delivery, Hook, HookSecret, NewHook};

use crate::error::{CliError, Exit};
use crate::remote::AtArgs;
use crate::runtime::Runtime;
use crate::ui::{table, when};

/// Webhooks, by which forges start builds of a repository
#[derive(Debug, clap::Args)]
pub struct WebhookArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List them
    List {
        #[command(flatten)]
        at: AtArgs,
    },
    /// Make one, and print the url and the secret to enter at the forge
    Add {
        /// github, gitlab, bitbucket, bitbucket-server, gitea or forgejo
        #[arg(value_name = "FORGE")]
        forge: String,
        /// Its name here [default: the forge]
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        #[command(flatten)]
        at: AtArgs,
    },
    /// Give one a new secret; the former is good for a while
    Rotate {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        at: AtArgs,
    },
    /// Remove one
    Remove {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        at: AtArgs,
    },
    /// List what came, newest first, and what became of it
    Deliveries {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        /// At most N
        #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
        limit: usize,
        #[command(flatten)]
        at: AtArgs,
    },
    /// Look at what came once more, as if it came now
    Redeliver {
        /// The webhook's name
        #[arg(value_name = "NAME")]
        name: String,
        /// The delivery's id
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        at: AtArgs,
    },
}

/// Lists or changes webhooks.
pub fn run(args: &WebhookArgs) -> Result<Exit, CliError> {
    Runtime::new()?.block_on(async {
        match &args.command {
            Command::List { at } => list(at).await,
            Command::Add { forge, name, at } => {
                let wanted = NewHook { name: name.clone(), forge: forge.clone(), secret: None };
                let made = at.repo().await?.make_hook(&wanted).await?;
                at.output.print(&made, |_| secret(&made))
            }
            Command::Rotate { name, at } => {
                let rotated = at.repo().await?.hook(name).rotate().await?;
                at.output.print(&rotated, |_| secret(&rotated))
            }
            Command::Remove { name, at } => {
                at.repo().await?.hook(name).delete().await?;
                super::print(&format!("Removed `{name}`\n"))
            }
            Command::Deliveries { name, limit, at } => deliveries(at, name, *limit).await,
            Command::Redeliver { name, id, at } => {
                let again = at.repo().await?.hook(name).delivery(id).redeliver().await?;
                at.output.print(&again, |_| format!("Delivered again, as `{}`\n", super::safe(&again.id)))
            }
        }
    })
}

/// What to enter at the forge.
fn secret(hook: &HookSecret) -> String {
    format!(
        "Enter this at the forge; the secret is told this once:\n  url     {}\n  secret  {}\n",
        super::safe(&hook.hook.url),
        super::safe(&hook.secret)
    )
}

async fn list(at: &AtArgs) -> Result<Exit, CliError> {
    let hooks = at.repo().await?.hooks().all().await?;
    at.output.print(&hooks, |style| {
        let now = when::now();
        let row = |hook: &Hook| {
            let last = hook.last_delivery.map_or_else(|| "never".into(), |last| when::about(last, now));
            let rotating = if hook.rotating { "the former secret is good as well" } else { "" };
            [hook.name.clone(), hook.forge.clone(), last, rotating.to_owned(), hook.url.clone()]
        };
        let rows: Vec<_> = hooks.iter().map(row).collect();
        table::list("No webhooks", ["NAME", "FORGE", "CALLED", "", "URL"], &rows, style)
    })
}

async fn deliveries(at: &AtArgs, name: &str, limit: usize) -> Result<Exit, CliError> {
    let deliveries = at.repo().await?.hook(name).deliveries().first(limit).await?;
    at.output.print(&deliveries, |style| {
        let now = when::now();
        let rows: Vec<_> = deliveries.iter().map(|delivery| row(delivery, now)).collect();
        table::list("No deliveries", ["ID", "EVENT", "CAME", "STATE", "BUILDS", ""], &rows, style)
    })
}

fn row(delivery: &Delivery, now: i64) -> [String; 6] {
    let builds: Vec<_> = delivery.builds.iter().map(|build| build.number.to_string()).collect();
    [
        delivery.id.clone(),
        delivery.event.clone(),
        when::about(delivery.received, now),
        delivery.state.as_str().to_owned(),
        builds.join(", "),
        delivery.message.clone().unwrap_or_default(),
    ]
}
