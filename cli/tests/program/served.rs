//! The program as the client of a real server: of itself.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::place::{Place, Ran};
use crate::port::port;
use crate::rust;

/// A server of one repository, `acme/web`; ends with this value.
pub struct Served {
    pub place: Place,
    process: Child,
    token: String,
    pub port: u16,
    pub url: String,
}

impl Served {
    /// Serves a repository with this script, in which `MARKER` is the path of a file, to somebody who is logged in.
    pub fn with_script(yaml: &str) -> Self {
        Self::with_config(yaml, "")
    }

    /// The same for a server that is configured so.
    pub fn with_config(yaml: &str, config: &str) -> Self {
        let place = Place::empty();
        place.write(".monkeyci/build.yaml", &yaml.replace("MARKER", &place.marker().display().to_string()));
        Self::of(place, config)
    }

    /// Serves what is in a place.
    pub fn of(place: Place, config: &str) -> Self {
        std::fs::create_dir_all(place.data()).expect("a folder");
        std::fs::write(config_of(&place), config).expect("written");
        for arguments in [
            &["init", "--quiet", "--initial-branch=main"][..],
            &["add", "."],
            &["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "--quiet", "-m", "Begin"],
        ] {
            let git = Command::new("git").args(arguments).current_dir(place.repo()).status();
            assert!(git.expect("git runs").success());
        }
        // It is listened on once more after the server was killed.
        let port = port();
        let (process, mut lines) = start(&place, port);
        let token = lines.next().and_then(|line| Some(line.rsplit_once('=')?.1.to_owned()));
        let token = token.expect("a first token");
        let served = Self { url: format!("http://127.0.0.1:{port}"), place, process, port, token };
        let mut login = served.place.command(&["login", &served.url, "--token-stdin"]);
        let mut login = login.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("starts");
        writeln!(login.stdin.take().expect("piped"), "{}", served.token).expect("written");
        assert!(login.wait().expect("ends").success());
        served.does(&["org", "add", "acme"]);
        let source = format!("file://{}", served.place.repo().canonicalize().expect("a folder").display());
        served.does(&["repo", "add", "acme/web", &source]);
        served
    }

    /// The token of the first person.
    pub fn token(&self) -> &str {
        &self.token
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.place.run(arguments)
    }

    /// Runs the program, which succeeds; what it printed, without times.
    pub fn does(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {}{}", ran.stdout, ran.stderr);
        self.place.tidy(&ran.stdout)
    }

    /// Kills the server as a loss of power would, and starts it again.
    pub fn kill_and_start(&mut self) {
        self.process.kill().and_then(|()| self.process.wait()).expect("it lives");
        (self.process, _) = start(&self.place, self.port);
    }

    /// Fails the power: holds the server still, has the disk of its state `taken` as it is by then, ends the server and all
    /// that works in its state, has the disk `given` back as it was taken, and starts the server again.
    pub fn lose_power(&mut self, taken: impl FnOnce(), given: impl FnOnce()) {
        kill_process(Pid::from_child(&self.process), Signal::STOP).expect("it lives");
        let tasks = format!("/proc/{}/task", self.process.id());
        let is_still = || {
            std::fs::read_dir(&tasks).expect("its threads").flatten().all(|task| {
                let stat = std::fs::read_to_string(task.path().join("stat")).unwrap_or_default();
                stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('T'))
            })
        };
        while !is_still() {
            std::thread::sleep(std::time::Duration::from_millis(1)); // poll
        }
        taken();
        self.process.kill().and_then(|()| self.process.wait()).expect("it lives");
        end_all_in(&self.place.data().join("server"));
        given();
        (self.process, _) = start(&self.place, self.port);
    }
}

/// Kills every process that has a folder in its command line, or works in it.
fn end_all_in(folder: &std::path::Path) {
    let word = folder.display().to_string();
    for entry in std::fs::read_dir("/proc").expect("processes").flatten() {
        let path = entry.path();
        let named = std::fs::read(path.join("cmdline")).map(|line| String::from_utf8_lossy(&line).contains(&word));
        let works = std::fs::read_link(path.join("cwd")).map(|there| there.starts_with(folder));
        let pid = entry.file_name().to_str().and_then(|pid| Pid::from_raw(pid.parse().ok()?));
        if let Some(pid) = pid.filter(|_| named.unwrap_or(false) || works.unwrap_or(false)) {
            // It may have ended by itself.
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // In good order, so that it ends its jobs; it may have ended by itself.
        let _ = kill_process(Pid::from_child(&self.process), Signal::TERM);
        let _ = self.process.wait();
    }
}

/// Where the server's configuration is.
fn config_of(place: &Place) -> std::path::PathBuf {
    place.data().join("server.toml")
}

/// Where the server logs.
fn log(place: &Place) -> std::path::PathBuf {
    place.data().with_extension("log")
}

/// Starts the server in a folder of the place, and waits until it listens. Then come the lines that it prints.
fn start(place: &Place, port: u16) -> (Child, impl Iterator<Item = String> + use<>) {
    let listen = format!("127.0.0.1:{port}");
    let state = place.data().join("server").display().to_string();
    let config = config_of(place).display().to_string();
    let arguments =
        ["server", "--config", &config, "--listen", &listen, "--state", &state, "--allow-file", "--processes", "*/*"];
    let mut command = rust::command(place, &arguments);
    // Its log goes to a file, as nobody reads it meanwhile.
    let log = std::fs::File::options().create(true).append(true).open(log(place)).expect("a file");
    command.args(["--log-format", "json"]).stdout(Stdio::piped()).stderr(log);
    let mut process = command.spawn().expect("the server starts");
    let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines().map_while(Result::ok);
    let first = lines.next().expect("it says where it serves");
    assert!(first.contains(&listen), "{first}");
    (process, lines)
}

#[test]
fn a_build_is_run_watched_and_looked_at_from_the_terminal() {
    let script = "\
- {id: unit, params: [REGION], script: [echo tested $REGION, 'echo oops >&2; echo report > report.txt'],
   save-artifacts: [{id: report, path: report.txt}]}
- {id: deploy, blocked: true, dependencies: [unit], script: [echo deployed]}
";
    let served = Served::with_script(script);
    served.does(&["params", "set", "REGION", "--value", "eu", "-r", "acme/web"]);
    assert!(served.does(&["params", "list", "-r", "acme/web"]).contains("REGION  eu"));

    let blocked = served.does(&["run", "acme/web"]);
    for line in [
        "[unit] tested eu",
        "[unit] oops",
        "[deploy] waits for approval",
        "To go on: monkeyci approve acme/web/1 deploy",
    ] {
        assert!(blocked.contains(line), "{line}: {blocked}");
    }
    assert_eq!(served.does(&["approve", "acme/web/1", "deploy"]), "Approved `deploy` of build acme/web/1\n");
    let watched = served.does(&["watch", "acme/web"]);
    assert!(watched.contains("[deploy] deployed") && watched.contains("Build succeeded"), "{watched}");
    assert_eq!(watched.matches("[unit] tested eu").count(), 1, "{watched}");

    assert!(served.does(&["builds", "acme/web"]).contains("success"));
    assert!(served.does(&["show", "acme/web/1"]).contains("unit    success"));
    assert_eq!(served.does(&["logs", "acme/web/1", "unit"]), "tested eu\noops\n");
    assert_eq!(served.does(&["logs", "acme/web"]), "[unit] tested eu\n[unit] oops\n[deploy] deployed\n");
    assert!(served.does(&["artifacts", "acme/web/1"]).contains("report"));
    served.does(&["artifacts", "acme/web/1", "-o", "out"]);
    let archives: Vec<_> = std::fs::read_dir(served.place.repo().join("out")).expect("a folder").collect();
    assert_eq!(archives.len(), 1);
    served.does(&["artifacts", "acme/web/1", "report", "-x", "-o", "unpacked"]);
    let report = std::fs::read_to_string(served.place.repo().join("unpacked/report.txt"));
    assert_eq!(report.expect("unpacked"), "report\n");

    let again = served.run(&["cancel", "acme/web/1"]);
    assert_eq!(again.code, Some(1), "what has ended cannot be canceled: {}", again.stderr);
    assert_eq!(served.run(&["show", "acme/web/9"]).code, Some(2));
}

#[test]
fn what_failed_is_done_again_and_ends_with_the_code_of_the_build() {
    let served = Served::with_script("- {id: good, script: [echo good]}\n- {id: bad, script: [test -e MARKER]}\n");
    let failed = served.run(&["run", "acme/web", "-b", "main"]);
    assert_eq!(failed.code, Some(1), "{}{}", failed.stdout, failed.stderr);
    std::fs::write(served.place.marker(), "").expect("written");
    let again = served.does(&["retry", "acme/web/1", "--failed"]);
    assert!(again.contains("Build acme/web/build-2") && again.contains("Build succeeded"), "{again}");
    assert_eq!(served.run(&["watch", "acme/web/1", "-q"]).code, Some(1), "the first build is what it was");
}

#[test]
fn who_watches_sees_every_line_once_while_the_server_is_killed_and_started_again() {
    // It ends by itself where the test does before it.
    let wait = "n=0; while ! test -e MARKER && test $n -lt 600; do n=$((n + 1)); sleep 0.1; done";
    let mut served = Served::with_script(&format!("- {{id: unit, script: ['echo one; {wait}; echo two']}}\n"));
    let mut watch = served.place.command(&["run", "acme/web"]).stdout(Stdio::piped()).spawn().expect("starts");
    let shown = BufReader::new(watch.stdout.take().expect("piped"));
    let mut text = String::new();
    for line in shown.lines().map_while(Result::ok) {
        text.push_str(&line);
        text.push('\n');
        if line == "[unit] one" {
            served.kill_and_start();
            std::fs::write(served.place.marker(), "").expect("written");
        }
    }
    assert_eq!(watch.wait().expect("ends").code(), Some(0), "{text}");
    for once in ["[unit] one\n", "[unit] two\n", "Build succeeded"] {
        assert_eq!(text.matches(once).count(), 1, "{once}: {text}");
    }
}

#[test]
fn every_request_is_a_line_of_json_in_the_log_that_gives_nothing_away() {
    let served = Served::with_script("[{id: unit, script: [echo done]}]");
    served.does(&["run", "acme/web"]);
    served.does(&["builds", "acme/web", "--limit", "7"]);
    let (place, log) = (&served.place, log(&served.place));
    let text = std::fs::read_to_string(log).expect("a log");
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect();
    let listed =
        lines.iter().find(|line| line["route"] == "/v1/orgs/{org}/repos/{repo}/builds" && line["method"] == "GET");
    let listed = listed.unwrap_or_else(|| panic!("{text}"));
    assert_eq!(listed["status"], 200, "{listed}");
    assert!(listed["millis"].as_f64() > Some(0.0), "{listed}");
    assert!(listed["span"]["id"].as_str().is_some_and(|id| !id.is_empty()), "{listed}");
    assert!(!text.contains("limit=7") && !text.contains("mci_"), "neither queries nor tokens: {text}");

    let wrong = place.command(&["server"]).env("RUST_LOG", "a=b=c").output().expect("runs");
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(wrong.status.code() == Some(2) && said.contains("RUST_LOG"), "{said}");
}

#[test]
fn a_server_is_saved_while_it_runs_and_restored_into_an_empty_folder() {
    let served = Served::with_script("[{id: unit, script: [echo done]}]");
    served.does(&["run", "acme/web"]);
    let state = served.place.data().join("server").display().to_string();
    let (file, other) = (format!("{state}.tar.zst"), format!("{state}-restored"));
    assert!(served.does(&["backup", &file, "--state", &state]).starts_with("Saved "));
    let restored = served.does(&["restore", &file, "--state", &other]);
    assert!(restored.contains("The master key is not in it"), "{restored}");
    let refused = served.run(&["restore", &file, "--state", &state]);
    assert!(refused.code == Some(2) && refused.stderr.contains("is not empty"), "{}", refused.stderr);
    let nothing = served.run(&["backup", &format!("{other}.tar.zst"), "--state", "nowhere"]);
    assert!(nothing.code == Some(2) && nothing.stderr.contains("nowhere"), "{}", nothing.stderr);
}
