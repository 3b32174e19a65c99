//! What MonkeyCI costs beside what cannot be had for less: `cargo bench -p monkeyci-tests [-- SECTION …]`.
//!
//! Every figure stands beside a floor that was measured in the same run, in turns with it (floor, ours, floor, ours …);
//! the ratio is the median over the pairs, because on a shared machine times alone say little. `docs/benchmarks.md`
//! says what each figure means.

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

mod buildbot;
mod containers;
#[path = "../../cli/tests/sidecar/depot.rs"]
#[expect(dead_code, reason = "tests have it fail as well")]
mod depot;
mod embedded;
mod engine;
mod hook;
mod instances;
mod logs;
mod measure;
mod plan;
mod plugin;
#[path = "../fixture/postgres.rs"]
#[expect(dead_code, reason = "tests kill it as well")]
mod postgres;
mod processes;
mod program;
mod server;
mod serving;
mod sidecar;
mod slack;
mod start;
mod statistics;
mod terraform;
mod text;
mod webhooks;
mod workspaces;

use measure::Outcome;

/// A section: its name, what it is about, and the program for it.
type Section = (&'static str, &'static str, fn() -> Outcome);

const SECTIONS: &[Section] = &[
    ("processes", "Builds of processes, the whole program", processes::run),
    ("docker", "A job in a container", containers::run),
    ("workspace", "A private copy of the checkout for each job", workspaces::run),
    ("sidecar", "A job that sees nothing of ours", sidecar::run),
    ("oci", "A job in a container instance of Oracle Cloud", instances::run),
    ("engine", "Jobs that do nothing, through the durable engine", engine::run),
    ("plan", "Many jobs through the build machine", plan::run),
    ("logs", "What jobs write", logs::run),
    ("webhooks", "What forges deliver to a server", webhooks::run),
    ("hook", "What forges deliver where no server runs", hook::run),
    ("serving", "What people wait for at a server", serving::run),
    ("terraform", "The Terraform provider, and many objects", terraform::run),
    ("slack", "The Slack app", slack::run),
    ("text", "Masking and script files", text::run),
    ("start", "The program itself", start::run),
];

fn main() -> Outcome {
    // Cargo passes `--bench`; what is left are names.
    let mut names: Vec<String> = std::env::args().skip(1).filter(|name| name != "--bench").collect();
    if names.first().is_some_and(|name| name == logs::CHILD) {
        return logs::child(&names.split_off(1));
    }
    if let Some(unknown) = names.iter().find(|name| !SECTIONS.iter().any(|(section, ..)| section == name)) {
        let known: Vec<_> = SECTIONS.iter().map(|(section, ..)| *section).collect();
        return Err(format!("there is no section `{unknown}`; there are {}", known.join(", ")).into());
    }
    for (name, about, run) in SECTIONS {
        if names.is_empty() || names.iter().any(|wanted| wanted == name) {
            measure::title(name, about);
            run()?;
        }
    }
    Ok(())
}
