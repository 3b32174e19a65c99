//! What people wait for at a server: its start, its page, the first line of a build, and lines while they are written.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::json;
use tempfile::TempDir;

use crate::buildbot::Buildbot;
use crate::measure::{Goal, Outcome, amount, pairs, rounds, setting, skipped, timed};
use crate::program::well;
use crate::server::Server;
use crate::statistics;

/// Lines whose way is timed.
const LINES: usize = 200;

/// What a page may weigh as it is sent, with all that it loads.
const PAGE: usize = 100_000;

pub fn run() -> Outcome {
    // Many follow a log at once; the server gets our limits.
    let limit = format!("--nofile={}", setting("FOLLOWERS", 1_000) * 2 + 1_000);
    well(Command::new("prlimit").args(["--pid", &std::process::id().to_string(), &limit]))?;
    let server = Server::start()?;
    let idle = memory(server.pid())?;
    amount("memory of an idle server", "", &format!("{:.1} MB", idle as f64 / 1e6), "30 MB", idle <= 30_000_000);
    let start = || {
        timed(|| {
            let server = Server::start()?;
            server.get("/healthz")?;
            Ok(server)
        })
    };
    let within = Goal::Within(Duration::from_millis(50));
    pairs(
        "start of a new server, to its first answer",
        rounds(11),
        &within,
        || timed(|| well(&mut Command::new("true"))),
        start,
    )?;
    if let Some(buildbot) = Buildbot::start()? {
        let text = |bytes: u64| format!("{:.1} MB", bytes as f64 / 1e6);
        let peer = memory(buildbot.pid())?;
        amount("memory, beside Buildbot's master", &text(peer), &text(idle), "as much", idle <= peer);
        let ours = start()?;
        let text = |took: Duration| format!("{:.0} ms", took.as_secs_f64() * 1e3);
        amount("start, beside Buildbot's master", &text(buildbot.took), &text(ours), "as long", ours <= buildbot.took);
    } else {
        skipped("buildbot", "no `buildbot` on PATH (`pip install buildbot buildbot-www`)")?;
    }
    page(&server)?;
    let works = Works::with(&server)?;
    works.first_line()?;
    works.tail()?;
    works.followers()?;
    statistics::run()
}

/// The page and what it loads at once, by one browser that knows nothing yet.
fn page(server: &Server) -> Outcome {
    let mut bytes = 0;
    let ours = || {
        timed(|| {
            let shell = server.get("/")?;
            bytes = shell.len();
            let plain = String::from_utf8_lossy(&server.get_plain("/")?).into_owned();
            for path in plain.split('"').filter(|part| part.starts_with("/-/")) {
                bytes += server.get(path)?.len();
            }
            Ok(())
        })
    };
    let floor = || timed(|| server.get("/healthz"));
    pairs(
        "the page and its files, beside one answer",
        rounds(11),
        &Goal::Within(Duration::from_millis(100)),
        floor,
        ours,
    )?;
    amount("what they weigh, as they are sent", "", &format!("{:.0} KB", bytes as f64 / 1e3), "100 KB", bytes <= PAGE);
    Ok(())
}

/// A repository of the server that says when its jobs run.
struct Works<'a> {
    server: &'a Server,
    dir: TempDir,
}

impl<'a> Works<'a> {
    fn with(server: &'a Server) -> Outcome<Self> {
        let works = Self { server, dir: tempfile::tempdir()? };
        fs::create_dir_all(works.repository().join(".monkeyci"))?;
        well(Command::new("mkfifo").arg(works.signal()).arg(works.go()))?;
        well(works.git().args(["init", "--quiet", "--initial-branch=main"]))?;
        server.ask("PUT", "/v1/orgs/acme", &json!({}))?;
        let url = format!("file://{}", works.repository().display());
        server.ask("PUT", "/v1/orgs/acme/repos/web", &json!({ "url": url }))?;
        Ok(works)
    }

    fn repository(&self) -> PathBuf {
        self.dir.path().join("repository")
    }

    /// A pipe that jobs write to when they run.
    fn signal(&self) -> PathBuf {
        self.dir.path().join("signal")
    }

    /// A pipe that jobs read from before they go on.
    fn go(&self) -> PathBuf {
        self.dir.path().join("go")
    }

    fn git(&self) -> Command {
        let mut git = Command::new("git");
        git.arg("-C").arg(self.repository()).args(["-c", "user.name=Ann Example", "-c", "user.email=ann@example.com"]);
        git
    }

    /// Commits a script of one job.
    fn commit(&self, lines: &[String]) -> Outcome {
        let script = serde_json::to_string(&json!([{ "id": "job", "script": lines }]))?;
        fs::write(self.repository().join(".monkeyci/build.yaml"), script)?;
        well(self.git().args(["add", "--all"]))?;
        well(self.git().args(["commit", "--quiet", "--message", "another script"]))
    }

    /// Starts a build; its number.
    fn build(&self) -> Outcome<u64> {
        let build = self.server.ask("POST", "/v1/orgs/acme/repos/web/builds", &json!({}))?;
        build["number"].as_u64().ok_or_else(|| "a build has a number".into())
    }

    /// Waits until a job says that it runs.
    fn wait(&self) -> Outcome {
        fs::read(self.signal())?;
        Ok(())
    }

    /// From a trigger to the first line of the script, in a clone that the server has already; beside a clone and a shell.
    fn first_line(&self) -> Outcome {
        let line = format!("echo > {}", self.signal().display());
        self.commit(std::slice::from_ref(&line))?;
        let floor = || {
            let clone = self.dir.path().join("clone");
            let took = timed(|| {
                well(Command::new("git").args(["clone", "--quiet", "--shared"]).arg(self.repository()).arg(&clone))?;
                let mut shell = Command::new("sh").args(["-c", &line]).current_dir(&clone).spawn()?;
                self.wait()?;
                Ok(shell.wait()?)
            });
            fs::remove_dir_all(&clone)?;
            took
        };
        let ours = || {
            timed(|| {
                self.build()?;
                self.wait()
            })
        };
        let within = Goal::Within(Duration::from_millis(150));
        pairs("trigger to first line, beside clone and shell", rounds(11), &within, floor, ours)?;
        Ok(())
    }

    /// How old lines are when somebody who follows the log reads them.
    fn tail(&self) -> Outcome {
        let lines = "date +%s%N; sleep 0.02; ".repeat(LINES);
        let script = Command::new("sh").args(["-c", &lines]).stdout(Stdio::piped()).spawn()?;
        let floor = ages(BufReader::new(script.stdout.ok_or("piped")?))?;
        self.commit(&[format!("echo > {}", self.signal().display()), lines])?;
        let build = self.build()?;
        self.wait()?;
        let ours = ages(BufReader::new(self.follow(build)?))?;
        for (what, part, most) in [("half of all lines", 0.5, 0.1), ("99 of 100 lines", 0.99, 0.5)] {
            let (floor, ours) = (at(&floor, part), at(&ours, part));
            let text = |age: f64| format!("{:.1} ms", age * 1e3);
            amount(&format!("age of a followed line, {what}"), &text(floor), &text(ours), &text(most), ours <= most);
        }
        Ok(())
    }

    /// Many who follow one log: what each costs, and when the last of them has a line.
    fn followers(&self) -> Outcome {
        let count = setting("FOLLOWERS", 1_000);
        let (signal, go) = (self.signal(), self.go());
        self.commit(&[format!("echo > {}; cat {}; date +%s%N", signal.display(), go.display())])?;
        let build = self.build()?;
        self.wait()?;
        let before = memory(self.server.pid())?;
        let mut followers = Vec::with_capacity(count);
        for _ in 0..count {
            followers.push(self.follow(build)?);
        }
        let after = memory(self.server.pid())?;
        let each = after.saturating_sub(before) as f64 / count as f64 / 1e3;
        amount(&format!("memory for each of {count} followers"), "", &format!("{each:.1} KB"), "40 KB", each <= 40.0);
        fs::write(go, "go\n")?;
        let begin = Instant::now();
        for follower in followers {
            ages(BufReader::new(follower))?;
        }
        let took = begin.elapsed().as_secs_f64();
        amount("until the last of them has read the end", "", &format!("{:.0} ms", took * 1e3), "2000 ms", took <= 2.0);
        Ok(())
    }

    /// The log of a build's job while it is written, once the answer has begun.
    fn follow(&self, build: u64) -> Outcome<TcpStream> {
        let path = format!("/v1/orgs/acme/repos/web/builds/{build}/jobs/job/attempts/1/log?follow=true");
        let stream = self.server.send("GET", &path, "Connection: close\r\n", "")?;
        let mut begun = [0; 12];
        stream.peek(&mut begun)?;
        if &begun[..] != b"HTTP/1.1 200" {
            return Err(format!("the log is refused: {}", String::from_utf8_lossy(&begun)).into());
        }
        Ok(stream)
    }
}

/// How old each line was when it was read, in seconds, of those that are a time in nanoseconds; from young to old.
fn ages(lines: impl BufRead) -> Outcome<Vec<f64>> {
    let mut ages = Vec::new();
    for line in lines.lines() {
        let line = line?;
        if let Some(written) = line.trim().parse::<u64>().ok().filter(|nanos| *nanos > 1_000_000_000_000_000_000) {
            let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
            ages.push(now.saturating_sub(Duration::from_nanos(written)).as_secs_f64());
        }
    }
    ages.sort_by(f64::total_cmp);
    if ages.is_empty() {
        return Err("no line came".into());
    }
    Ok(ages)
}

fn at(sorted: &[f64], part: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * part) as usize]
}

/// Bytes of memory that a process has now.
fn memory(pid: u32) -> Outcome<u64> {
    let status = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("the system tells it")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse::<u64>()? * 1024)
}
