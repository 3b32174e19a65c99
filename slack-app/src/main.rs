//! The program `monkeyci-slack`.

mod settings;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use monkeyci_slack::doctor;
use monkeyci_slack::manifest::{Feature, Manifest};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use settings::Settings;

/// MonkeyCI in Slack
#[derive(Debug, Parser)]
#[command(name = "monkeyci-slack", version)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the app
    Serve(Box<Settings>),
    /// Print what Slack is told of the app: paste it at https://api.slack.com/apps?new_app=1
    Manifest(ManifestArgs),
    /// Look whether everything is set up
    Doctor(Box<Settings>),
}

#[derive(Debug, clap::Args)]
struct ManifestArgs {
    /// Where Slack reaches the app; without it, the app listens to Slack (Socket Mode)
    #[arg(long, env = "MONKEYCI_SLACK_URL", value_name = "URL")]
    url: Option<String>,
    /// The server, whose links are drawn
    #[arg(long, env = "MONKEYCI_SERVER", value_name = "URL")]
    server: String,
    /// The command that people type
    #[arg(long, env = "MONKEYCI_SLACK_COMMAND", value_name = "WORD", default_value = "/build")]
    command: String,
    /// What is switched on [default: all]
    #[arg(long, value_name = "FEATURE", value_delimiter = ',')]
    features: Vec<Feature>,
    /// Other workspaces install it
    #[arg(long)]
    shared: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let said = std::env::var("MONKEYCI_LOG").ok().and_then(|said| said.parse::<Targets>().ok());
    let filter = said.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    tracing_subscriber::registry().with(lines).with(filter).init();
    match run(args.command) {
        Ok(code) => code,
        Err(why) => {
            // Where nobody reads it, nobody needs to be told.
            let _ = writeln!(std::io::stderr(), "error: {why}");
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> Result<ExitCode, String> {
    match command {
        Command::Manifest(args) => {
            let features = if args.features.is_empty() { Feature::ALL.to_vec() } else { args.features };
            let manifest = Manifest {
                url: args.url.as_deref(),
                server: &args.server,
                command: &args.command,
                features: &features,
                shared: args.shared,
            };
            let json = serde_json::to_string_pretty(&manifest.json()).map_err(|error| error.to_string())?;
            writeln!(std::io::stdout(), "{json}").map_err(|error| error.to_string())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Serve(settings) => {
            runtime()?.block_on(settings.serve())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Doctor(settings) => {
            let found = runtime()?.block_on(async {
                let (house, _) = settings.house()?;
                Ok::<_, String>(doctor::examine(&house, &settings.examined()).await)
            })?;
            for one in &found {
                let sign = if one.fine { "ok   " } else { "wrong" };
                writeln!(std::io::stdout(), "{sign}  {}: {}", one.what, one.why).map_err(|error| error.to_string())?;
            }
            Ok(if found.iter().all(|one| one.fine) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, String> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| error.to_string())
}
