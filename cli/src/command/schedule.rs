use monkeyci_client::rest::{Schedule, ScheduleBody};

use crate::error::{CliError, Exit};
use crate::param;
use crate::remote::AtArgs;
use crate::runtime::Runtime;
use crate::ui::{table, when};

/// Builds of a repository by the clock
#[derive(Debug, clap::Args)]
pub struct ScheduleArgs {
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
    /// Set one
    Set(SetArgs),
    /// Remove one
    Remove {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        at: AtArgs,
    },
}

#[derive(Debug, clap::Args)]
struct SetArgs {
    /// Its name
    #[arg(value_name = "NAME")]
    name: String,
    /// Minute, hour, day of the month, month, day of the week, as cron has them: '0 3 * * *'
    #[arg(value_name = "CRON")]
    cron: String,
    /// The time zone, by its IANA name
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    timezone: String,
    /// The branch [default: the repository's default branch]
    #[arg(short, long, value_name = "NAME")]
    branch: Option<String>,
    /// Give its builds a parameter (repeatable)
    #[arg(short, long, value_name = "NAME=VALUE")]
    param: Vec<String>,
    /// Keep it without builds
    #[arg(long)]
    disabled: bool,
    #[command(flatten)]
    at: AtArgs,
}

/// Lists, sets or removes schedules.
pub fn run(args: &ScheduleArgs) -> Result<Exit, CliError> {
    Runtime::new()?.block_on(async {
        match &args.command {
            Command::List { at } => list(at).await,
            Command::Set(args) => set(args).await,
            Command::Remove { name, at } => {
                at.repo().await?.schedule(name).delete().await?;
                super::print(&format!("Removed `{name}`\n"))
            }
        }
    })
}

async fn list(at: &AtArgs) -> Result<Exit, CliError> {
    let schedules = at.repo().await?.schedules().all().await?;
    at.output.print(&schedules, |style| {
        let now = when::now();
        let rows: Vec<_> = schedules.iter().map(|schedule| row(schedule, now)).collect();
        table::list("No schedules", ["NAME", "CRON", "ZONE", "BRANCH", "LAST", "NEXT"], &rows, style)
    })
}

fn row(schedule: &Schedule, now: i64) -> [String; 6] {
    let body = &schedule.body;
    let at = |time: Option<i64>| time.map_or_else(|| "never".into(), |time| when::about(time, now));
    let next = if body.enabled { at(schedule.next) } else { "disabled".into() };
    let branch = body.branch.clone().unwrap_or_else(|| "default".into());
    [schedule.name.clone(), body.cron.clone(), body.timezone.clone(), branch, at(schedule.last), next]
}

async fn set(args: &SetArgs) -> Result<Exit, CliError> {
    let body = ScheduleBody {
        cron: args.cron.clone(),
        timezone: args.timezone.clone(),
        branch: args.branch.clone(),
        params: param::read(&[] as &[&str], &args.param)?,
        enabled: !args.disabled,
    };
    let set = args.at.repo().await?.schedule(&args.name).put(&body).await?;
    args.at.output.print(&set, |_| match set.next {
        Some(next) if set.body.enabled => format!("Set `{}`; it fires {}\n", args.name, when::about(next, when::now())),
        _ => format!("Set `{}`\n", args.name),
    })
}
