//! The commands: one file each, and the list of them here.

mod approve;
mod artifacts;
mod backup;
pub mod build;
mod builds;
mod cancel;
mod completions;
mod config;
mod debug;
mod doctor;
mod environment;
mod hook;
mod init;
mod link;
mod login;
mod logout;
mod logs;
mod org;
mod params;
mod people;
mod pipeline;
mod plan;
mod registry;
mod repo;
mod retry;
mod role_binding;
mod run;
mod run_build;
mod schedule;
mod schema;
mod server;
mod service_account;
mod show;
mod sidecar;
mod signing_key;
mod ssh_key;
mod stats;
mod subscription;
mod test;
mod tf;
mod token;
mod trigger;
mod trust;
mod validate;
mod verify;
mod watch;
mod webhook;
mod whoami;
mod worker;
mod workers;

use std::ffi::OsString;
use std::io::{IsTerminal as _, Write as _};

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use monkeyci_core::model::{BuildId, Trigger};

use crate::error::{CliError, Exit};
use crate::ui::escape::{Colours, neutral};
use crate::ui::picture;
use crate::ui::style::{Style, Tone};

/// Run builds: the same on a laptop as on the server
#[derive(Debug, Parser)]
#[command(name = "monkeyci", version, propagate_version = true, disable_help_subcommand = true, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
#[command(defer = true)]
enum Command {
    Init(init::InitArgs),
    Build(Box<build::BuildArgs>),
    Debug(Box<debug::DebugArgs>),
    Verify(verify::VerifyArgs),
    Plan(plan::PlanArgs),
    Test(test::TestArgs),
    Server(Box<server::ServerArgs>),
    Worker(Box<worker::WorkerArgs>),
    Hook(hook::HookArgs),
    Config(config::ConfigArgs),
    Doctor(doctor::DoctorArgs),
    Backup(backup::BackupArgs),
    Restore(backup::RestoreArgs),
    Login(login::LoginArgs),
    Logout(logout::LogoutArgs),
    Whoami(whoami::WhoamiArgs),
    Run(run::RunArgs),
    Builds(builds::BuildsArgs),
    Show(show::ShowArgs),
    Stats(stats::StatsArgs),
    Watch(watch::WatchArgs),
    Logs(logs::LogsArgs),
    Artifacts(artifacts::ArtifactsArgs),
    Cancel(cancel::CancelArgs),
    Retry(retry::RetryArgs),
    Approve(approve::ApproveArgs),
    ApproveScript(approve::ApproveScriptArgs),
    Reject(approve::RejectArgs),
    Repo(repo::RepoArgs),
    Params(params::ParamsArgs),
    Pipeline(pipeline::PipelineArgs),
    SshKey(ssh_key::SshKeyArgs),
    Registry(registry::RegistryArgs),
    Webhook(webhook::WebhookArgs),
    Subscription(Box<subscription::SubscriptionArgs>),
    Schedule(schedule::ScheduleArgs),
    Trigger(trigger::TriggerArgs),
    Environment(environment::EnvironmentArgs),
    Org(org::OrgArgs),
    RoleBinding(role_binding::RoleBindingArgs),
    ServiceAccount(service_account::ServiceAccountArgs),
    Trust(Box<trust::TrustArgs>),
    Token(token::TokenArgs),
    Tf(tf::TfArgs),
    Link(link::LinkArgs),
    Unlink(link::UnlinkArgs),
    People(people::PeopleArgs),
    Workers(workers::WorkersArgs),
    RunBuild(Box<run_build::RunBuildArgs>),
    Validate(validate::ValidateArgs),
    SigningKey(signing_key::SigningKeyArgs),
    Schema(schema::SchemaArgs),
    Completions(completions::CompletionsArgs),
    #[command(hide = true)]
    Sidecar(sidecar::SidecarArgs),
}

/// Reads the command line, obeys it, and tells what went wrong.
pub fn main() -> Exit {
    // clap ends the program by itself on usage errors, with the code of `Exit::Usage`, and on `--help`.
    let args = store_after_command(std::env::args_os());
    let matches = commands(&args).get_matches_from(args);
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let result = match cli.command {
        Command::Init(args) => init::run(&args),
        Command::Build(args) => build::run(&args),
        Command::Debug(args) => debug::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Plan(args) => plan::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Server(args) => server::run(&args),
        Command::Worker(args) => worker::run(&args),
        Command::Hook(args) => hook::run(&args),
        Command::Config(args) => config::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Backup(args) => backup::backup(&args),
        Command::Restore(args) => backup::restore(&args),
        Command::Login(args) => login::run(&args),
        Command::Logout(args) => logout::run(&args),
        Command::Whoami(args) => whoami::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Builds(args) => builds::run(&args),
        Command::Show(args) => show::run(&args),
        Command::Stats(args) => stats::run(&args),
        Command::Watch(args) => watch::run(&args),
        Command::Logs(args) => logs::run(&args),
        Command::Artifacts(args) => artifacts::run(&args),
        Command::Cancel(args) => cancel::run(&args),
        Command::Retry(args) => retry::run(&args),
        Command::Approve(args) => approve::approve(&args),
        Command::ApproveScript(args) => approve::approve_script(&args),
        Command::Reject(args) => approve::reject(&args),
        Command::Repo(args) => repo::run(&args),
        Command::Params(args) => params::run(&args),
        Command::Pipeline(args) => pipeline::run(&args),
        Command::SshKey(args) => ssh_key::run(&args),
        Command::Registry(args) => registry::run(&args),
        Command::Webhook(args) => webhook::run(&args),
        Command::Subscription(args) => subscription::run(&args),
        Command::Schedule(args) => schedule::run(&args),
        Command::Trigger(args) => trigger::run(&args),
        Command::Environment(args) => environment::run(&args),
        Command::Org(args) => org::run(&args),
        Command::RoleBinding(args) => role_binding::run(&args),
        Command::ServiceAccount(args) => service_account::run(&args),
        Command::Trust(args) => trust::run(&args),
        Command::Token(args) => token::run(&args),
        Command::Tf(args) => tf::run(&args),
        Command::Link(args) => link::link(&args),
        Command::Unlink(args) => link::unlink(&args),
        Command::People(args) => people::run(&args),
        Command::Workers(args) => workers::run(&args),
        Command::RunBuild(args) => run_build::run(&args),
        Command::Validate(args) => validate::run(&args),
        Command::SigningKey(args) => signing_key::run(&args),
        Command::Schema(args) => schema::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Sidecar(args) => sidecar::run(&args),
    };
    result.unwrap_or_else(|error| {
        tell(&error);
        error.exit()
    })
}

/// The commands. What each of them takes is worked out for the one that is named; who names none is shown what all are for.
fn commands(args: &[OsString]) -> clap::Command {
    let mut commands = Cli::command();
    if args.get(1).is_none_or(|first| first.as_encoded_bytes().starts_with(b"-")) {
        commands.build();
    }
    commands
}

/// `monkeyci --store URL show …` is `monkeyci show --store URL …`.
fn store_after_command(args: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut args: Vec<_> = args.collect();
    let words = match args.get(1).and_then(|first| first.to_str()) {
        Some("--store") => 2,
        Some(first) if first.starts_with("--store=") => 1,
        _ => 0,
    };
    if words > 0 && args.len() > words + 1 {
        args[1..=words + 1].rotate_right(1);
    }
    args
}

/// Prints an error for a person.
fn tell(error: &CliError) {
    let stderr = std::io::stderr();
    let style = style_of(stderr.is_terminal());
    let mut stderr = stderr.lock();
    let message = error.to_string();
    if message.starts_with("error: ") {
        // Pictures of errors bring their own words.
        let _gone = stderr.write_all(picture::coloured(&message, style).as_bytes());
        return;
    }
    let mut word = style.paint(Tone::Bad, "error:");
    for line in message.lines() {
        let line = match line.strip_prefix("hint: ") {
            Some(hint) => format!("{} {}", style.paint(Tone::Busy, "hint:"), neutral(hint, Colours::Strip)),
            None => neutral(line, Colours::Strip).into_owned(),
        };
        let _gone = writeln!(stderr, "{word}{}{line}", if word.is_empty() { "" } else { " " });
        word.clear();
    }
}

/// Whether the terminal can do nothing but print.
pub fn is_dumb() -> bool {
    std::env::var_os("TERM").is_none_or(|term| term == "dumb")
}

/// The style that suits a stream.
pub fn style_of(is_terminal: bool) -> Style {
    Style::detect(is_terminal, |name| std::env::var_os(name))
}

/// A word of a server, without what a terminal would obey.
fn safe(text: &str) -> String {
    neutral(text, Colours::Strip).into_owned()
}

/// `acme/web/42`: shorter than as an id, and understood as well.
pub fn short(build: &BuildId) -> String {
    format!("{}/{}/{}", build.org, build.repo, build.number)
}

/// What a build is of: its pull request, branch or tag, and its commit, as far as that is known.
fn reference(trigger: &Trigger) -> String {
    let git = trigger.git.as_ref();
    let name = match &trigger.pull_request {
        Some(pull) => Some(format!("#{} {}", pull.number, pull.source_branch)),
        None => {
            let full = || git?.reference.as_deref();
            trigger.branch().or_else(|| trigger.tag()).or_else(full).map(str::to_owned)
        }
    };
    let commit = git.and_then(|git| Some(git.commit_id.as_deref()?.chars().take(7).collect()));
    [name, commit].into_iter().flatten().collect::<Vec<String>>().join(" ")
}

/// Writes `text` to standard output. A reader that went away wants no more, which is no error.
pub fn print(text: &str) -> Result<Exit, CliError> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(CliError::ours(format!("standard output cannot be written: {error}")))
        }
        _ => Ok(Exit::Success),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_store_may_be_named_before_the_command() {
        let order = |line: &str| {
            let args = store_after_command(line.split(' ').map(OsString::from));
            args.join(std::ffi::OsStr::new(" ")).into_string().expect("text")
        };
        assert_eq!(order("monkeyci --store file:///s show a/b/1"), "monkeyci show --store file:///s a/b/1");
        assert_eq!(order("monkeyci --store=file:///s show a/b/1"), "monkeyci show --store=file:///s a/b/1");
        for same in
            ["monkeyci show --store x", "monkeyci --store x", "monkeyci --store", "monkeyci", "monkeyci --version"]
        {
            assert_eq!(order(same), same);
        }
    }
}
