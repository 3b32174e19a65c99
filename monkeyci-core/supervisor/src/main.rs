//! Process 1 of every job. What it reads and writes is said in the library of this crate.

mod connect;
#[cfg_attr(not(test), expect(dead_code, reason = "the host writes what is read here"))]
mod control;
mod family;
mod follow;
#[cfg_attr(not(test), expect(dead_code, reason = "the host reads what is written here"))]
mod frame;
mod hang_up;
mod isolate;
mod job;
mod memory;
mod orders;
#[cfg_attr(not(test), expect(dead_code, reason = "the host reads what is written here"))]
mod outcome;
mod output;
mod own;
mod remove;
mod report;
mod sandbox;
mod sys;
mod terminal;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "usage: monkeyci-supervisor run [--process] [--tethered] [--interactive] [--without-namespaces]
                               [--user=UID:GID --jobdir=DIR --hide=DIR] JOBDIR
       monkeyci-supervisor follow JOBDIR OFFSET
       monkeyci-supervisor remove PATH…
       monkeyci-supervisor own UID:GID PATH…
       monkeyci-supervisor connect PORT…
       monkeyci-supervisor hang-up NAME=VALUE
       monkeyci-supervisor on-terminal PROGRAM [ARGUMENT…]";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["run", options @ .., dir] => match run_options(options) {
            // Absolute, because the lines run in another folder.
            Some(options) => std::path::absolute(dir).and_then(|dir| isolate::run(&dir, &options)),
            None => return usage(),
        },
        ["follow", dir, offset] => match offset.parse() {
            Ok(offset) => follow::follow(Path::new(dir), offset, &mut io::stdout()),
            Err(_) => return usage(),
        },
        ["remove", paths @ ..] if !paths.is_empty() => paths.iter().try_for_each(|path| remove::tree(Path::new(path))),
        ["own", owner, paths @ ..] if !paths.is_empty() => match ids(owner) {
            Some((uid, gid)) => paths.iter().try_for_each(|path| own::tree(Path::new(path), uid, gid)),
            None => return usage(),
        },
        ["connect", ports @ ..] if !ports.is_empty() => match ports.iter().map(|port| port.parse()).collect() {
            Ok::<Vec<u16>, _>(ports) => connect::ports(&ports),
            Err(_) => return usage(),
        },
        ["hang-up", mark] if mark.contains('=') => hang_up::all(mark),
        ["on-terminal", program, arguments @ ..] => Err(terminal::become_leader(program, arguments)),
        _ => return usage(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody may be there to read it.
            let _ = writeln!(io::stderr(), "monkeyci-supervisor: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run_options(words: &[&str]) -> Option<isolate::Options> {
    let mut options = isolate::Options::default();
    let (mut user, mut job, mut hidden) = (None, None, None);
    for word in words {
        match word.split_once('=') {
            Some(("--user", ids_of)) => user = Some(ids(ids_of)?),
            Some(("--jobdir", dir)) => job = Some(PathBuf::from(dir)),
            Some(("--hide", dir)) => hidden = Some(PathBuf::from(dir)),
            Some(_) => return None,
            None => {}
        }
        if word.contains('=') {
            continue;
        }
        match *word {
            "--process" => options.process = true,
            "--tethered" => options.tethered = true,
            "--interactive" => options.interactive = true,
            "--without-namespaces" => options.without_namespaces = true,
            _ => return None,
        }
    }
    options.sandbox = match (user, job, hidden) {
        (Some(user), Some(job), Some(hidden)) => Some(sandbox::Sandbox { user, job, hidden }),
        (None, None, None) => None,
        _ => return None,
    };
    Some(options)
}

fn ids(owner: &str) -> Option<(u32, u32)> {
    let (uid, gid) = owner.split_once(':')?;
    Some((uid.parse().ok()?, gid.parse().ok()?))
}

fn usage() -> ExitCode {
    eprintln!("{USAGE}");
    ExitCode::from(2)
}
