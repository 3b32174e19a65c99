use std::io::IsTerminal as _;

use monkeyci_core::model::Plan;

use crate::context::{ContextArgs, FolderArgs};
use crate::error::{CliError, Exit};
use crate::graph::{dot, mermaid, svg, table};
use crate::script;

/// Show the jobs of a build and what they wait for, without running them
#[derive(Debug, clap::Args)]
pub struct PlanArgs {
    #[command(flatten)]
    folder: FolderArgs,
    #[command(flatten)]
    context: ContextArgs,
    /// How to show them
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// How a plan is shown.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    /// A table
    Table,
    /// The jobs with all their properties
    Json,
    /// A graph for Graphviz
    Dot,
    /// A picture
    Svg,
    /// A graph for Mermaid
    Mermaid,
}

/// Prints the jobs of a build.
pub fn run(args: &PlanArgs) -> Result<Exit, CliError> {
    let folder = args.folder.path()?;
    let trigger = args.context.local_trigger(&folder)?;
    let script = script::load(&folder, &trigger).map_err(|error| script::error(&error))?;
    script::check(&script)?;
    let text = match args.format {
        Format::Table => table::draw(&script.jobs, super::style_of(std::io::stdout().is_terminal())),
        Format::Dot => dot::draw(&script.jobs),
        Format::Svg => svg::draw(&script.jobs),
        Format::Mermaid => mermaid::draw(&script.jobs),
        Format::Json => {
            let plan = serde_json::to_string_pretty(&Plan::from(script));
            plan.map_err(|error| CliError::ours(error.to_string()))? + "\n"
        }
    };
    super::print(&text)
}
