//! The program itself: its size and its start.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::measure::{Goal, Outcome, amount, pairs, rounds, timed};
use crate::program::{path, well};

pub fn run() -> Outcome {
    let program = path()?;
    let bytes = std::fs::metadata(program)?.len();
    amount("size of the program", "", &format!("{:.1} MB", bytes as f64 / 1e6), "25 MB", bytes <= 25_000_000);
    let start = |command: &mut Command| timed(|| well(command.stdin(Stdio::null()).stdout(Stdio::null())));
    let ours = || start(Command::new(program).arg("--version"));
    let within = Goal::Within(Duration::from_millis(10));
    pairs("`monkeyci --version`, beside `true`", rounds(21), &within, || start(&mut Command::new("true")), ours)?;
    Ok(())
}
