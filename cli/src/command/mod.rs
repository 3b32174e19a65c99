//! The commands: one file each, and the list of them here.

mod build;
mod completions;
mod debug;
mod init;
mod plan;
mod schema;
mod server;
mod test;
mod verify;

use std::io::{IsTerminal as _, Write as _};

use clap::{Parser, Subcommand};
use tokio::runtime::Runtime;

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
enum Command {
    Init(init::InitArgs),
    Build(Box<build::BuildArgs>),
    Debug(Box<debug::DebugArgs>),
    Verify(verify::VerifyArgs),
    Plan(plan::PlanArgs),
    Test(test::TestArgs),
    Server(Box<server::ServerArgs>),
    Schema(schema::SchemaArgs),
    Completions(completions::CompletionsArgs),
}

/// Reads the command line, obeys it, and tells what went wrong.
pub fn main() -> Exit {
    // clap ends the program by itself on usage errors, with the code of `Exit::Usage`, and on `--help`.
    let cli = Cli::parse();
    let result = match cli.command {
        Command::Init(args) => init::run(&args),
        Command::Build(args) => build::run(&args),
        Command::Debug(args) => debug::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Plan(args) => plan::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Server(args) => server::run(&args),
        Command::Schema(args) => schema::run(&args),
        Command::Completions(args) => completions::run(&args),
    };
    result.unwrap_or_else(|error| {
        tell(&error);
        error.exit()
    })
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

/// What a build runs in. Two threads: one may be busy with files while the other hears of jobs.
fn runtime() -> Result<Runtime, CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(|error| CliError::ours(format!("threads: {error}")))
}

/// Whether the terminal can do nothing but print.
fn is_dumb() -> bool {
    std::env::var_os("TERM").is_none_or(|term| term == "dumb")
}

/// The style that suits a stream.
pub fn style_of(is_terminal: bool) -> Style {
    Style::detect(is_terminal, |name| std::env::var_os(name))
}

/// Writes `text` to standard output. A reader that went away wants no more, which is no error.
fn print(text: &str) -> Result<Exit, CliError> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(CliError::ours(format!("standard output cannot be written: {error}")))
        }
        _ => Ok(Exit::Success),
    }
}
