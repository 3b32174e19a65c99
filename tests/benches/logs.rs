//! What jobs write: how fast it is carried, that nothing of it is lost, and what it costs in memory.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::Duration;

use monkeyci_core::executor::Process;

use crate::embedded::{Embedded, job};
use crate::measure::{Goal, Outcome, amount, pairs, rounds, setting, timed};
use crate::program::{Home, well};

/// The first argument of this program when it is to run a job that writes, and nothing else.
pub const CHILD: &str = "write-a-log";

/// Lines of the long log.
const LINES: usize = 1_000_000;
const LINE: &str = "a line of a log as a compiler would write it";

pub fn run() -> Outcome {
    let line = format!("yes '{LINE}' | head -n {LINES}");
    let home = Home::with(&format!("- id: talk\n  script:\n  - \"{line}\"\n"))?;
    let to = home.file("out");
    let floor = || timed(|| well(Command::new("sh").args(["-c", &format!("{line} | cat")]).stdout(File::create(&to)?)));
    let ours = || {
        let took = timed(|| well(home.build()?.stdout(File::create(&to)?)))?;
        let whole = BufReader::new(File::open(&to)?).lines().map_while(Result::ok).filter(|line| line.ends_with(LINE));
        match whole.count() {
            LINES => Ok(took),
            count => Err(format!("{count} lines of {LINES} came out").into()),
        }
    };
    pairs("10⁶ lines through a job and out again", rounds(5), &Goal::Within(Duration::from_secs(1)), floor, ours)?;
    memory()
}

/// Memory of a program with MonkeyCI in it while a job writes a lot, and while one writes nothing.
fn memory() -> Outcome {
    const MB: usize = 1_000_000;
    let bytes = setting("LOG", 1_000 * MB);
    let peak = |bytes: usize| -> Outcome<usize> {
        let mut command = Command::new(std::env::current_exe()?);
        peak_of(command.args([CHILD, &bytes.to_string()]).spawn()?)
    };
    let (quiet, loud) = (peak(0)?, peak(bytes)?);
    let more = loud.saturating_sub(quiet);
    let shown = |kib: usize| format!("{:.1} MB", kib as f64 * 1024.0 / 1e6);
    let what = format!("memory: nothing, then {} MB of log", bytes / MB);
    amount(&what, &shown(quiet), &shown(loud), "16 MB more", more * 1024 <= 16 * MB);

    let peak = |script: &str| -> Outcome<usize> {
        let home = Home::with(&format!("- {{id: talk, script: [\"{script}\"]}}\n"))?;
        peak_of(home.build()?.spawn()?)
    };
    let (quiet, loud) = (peak("true")?, peak("yes | head -c 250000000")?);
    let more = loud.saturating_sub(quiet);
    let what = "memory: `monkeyci build`, 250 MB of log";
    amount(what, &shown(quiet), &shown(loud), "16 MB more", more * 1024 <= 16 * MB);
    Ok(())
}

/// Runs a job that writes so many bytes, and checks that all of them were kept.
pub fn child(args: &[String]) -> Outcome {
    let bytes: u64 = args.first().ok_or("how many bytes?")?.parse()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let home = tempfile::tempdir()?;
    let process = Process::new(home.path());
    let embedded = Embedded::open(runtime, Arc::new(process), u64::MAX)?;
    embedded.build(vec![job("talk", &format!("yes '{LINE}' | head -c {bytes}"))])?;
    let kept = log_bytes(&embedded.state().join("logs"))?;
    if kept == bytes { Ok(()) } else { Err(format!("{kept} bytes of {bytes} were kept").into()) }
}

fn log_bytes(folder: &Path) -> Outcome<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        bytes += match entry.file_type()?.is_dir() {
            true => log_bytes(&entry.path())?,
            false if entry.path().extension().is_some_and(|kind| kind == "log") => entry.metadata()?.len(),
            false => 0,
        };
    }
    Ok(bytes)
}

/// The most memory, in KiB, that a program had at once.
fn peak_of(mut child: Child) -> Outcome<usize> {
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let ended = loop {
        // The kernel's own high-water mark (proc_pid_status(5)): it only rises, so that looking seldom misses little.
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or(peak);
        if let Some(ended) = child.try_wait()? {
            break ended;
        }
        std::thread::sleep(Duration::from_millis(2)); // poll
    };
    if ended.success() { Ok(peak) } else { Err(format!("it ended with {ended}").into()) }
}
