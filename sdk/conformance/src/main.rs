//! Checks that a program speaks the protocol of MonkeyCI's build scripts, in whatever language it is written.
//!
//! ```text
//! monkeyci-conformance python3 my-script.py
//! ```
//!
//! The program is the script that `docs/protocol.md` describes, written in the language that is to be checked. It is
//! asked as MonkeyCI asks, in a folder of its own, and may ask a build that is played here. Each line that is printed is
//! one check; the program ends with 0 when all of them hold.

mod build;
mod check;
mod program;

use std::io::{self, Write};
use std::process::ExitCode;

use check::CHECKS;
use program::Program;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.is_empty() || words[0].starts_with('-') {
        tell(
            "usage: monkeyci-conformance PROGRAM [ARGUMENT...]\n\nChecks the script of docs/protocol.md in any language.",
        );
        return ExitCode::from(2);
    }
    let program = Program::new(words);
    let mut failed = 0;
    for (name, check) in CHECKS {
        match check(&program) {
            Ok(()) => tell(&format!("ok      {name}")),
            Err(why) => {
                failed += 1;
                tell(&format!("FAILED  {name}\n        {}", why.replace('\n', "\n        ")));
            }
        }
    }
    tell(&format!("\n{} passed, {failed} failed", CHECKS.len() - failed));
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell(text: &str) {
    // Nobody is left to tell when this fails.
    drop(writeln!(io::stdout(), "{text}"));
}
