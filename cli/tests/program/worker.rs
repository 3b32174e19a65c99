//! Jobs that run elsewhere: a server that runs none itself, and workers, each a process of its own.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::process::{Pid, Signal, kill_process};

use crate::place::{Place, wait_for};
use crate::rust;
use crate::served::Served;
use crate::shell::{self, until};

/// Nothing runs inside the server. A lease is long beside what a busy machine needs to start a worker again.
const ELSEWHERE: &str = "jobs = 0\nlease-seconds = 20\n[executor]\nscript-programs = true\n";

/// A line that goes on until the test lets it, or has gone.
const HOLD: &str = "n=0; while ! test -e MARKER && test $n -lt 900; do n=$((n + 1)); sleep 0.1; done";

/// A worker of a server; ends with this value.
struct Worker {
    process: Child,
    log: PathBuf,
}

impl Worker {
    /// Adds a worker to the server, and starts it.
    fn add(served: &Served, name: &str) -> Self {
        let token = served.does(&["workers", "add", name]);
        std::fs::write(folder(served, name).with_extension("token"), token).expect("written");
        Self::start(served, name, &served.url, &[])
    }

    /// Starts a worker that was added, and waits until it takes jobs.
    fn start(served: &Served, name: &str, url: &str, more: &[&str]) -> Self {
        let (dir, log) = (folder(served, name), folder(served, name).with_extension("log"));
        let token = dir.with_extension("token").display().to_string();
        let state = dir.display().to_string();
        let arguments = [
            "worker",
            "--server",
            url,
            "--token-file",
            &token,
            "--state",
            &state,
            "--processes",
            "*/*",
            "--engine",
            "none",
        ];
        let file = std::fs::File::options().create(true).append(true).open(&log).expect("a file");
        let mut command = served.place.command(&arguments);
        let mut process = command.args(more).stdout(Stdio::piped()).stderr(file).spawn().expect("starts");
        let mut first = String::new();
        BufReader::new(process.stdout.take().expect("piped")).read_line(&mut first).expect("reads");
        let told = || std::fs::read_to_string(&log).unwrap_or_default();
        assert!(first.contains("takes jobs of"), "{first}{}", told());
        Self { process, log }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).expect("it lives");
    }

    fn kill(mut self) {
        self.process.kill().and_then(|()| self.process.wait()).expect("it lived");
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Twice, so that it stops its jobs; it may have ended by itself.
        for _ in 0..2 {
            let _ = kill_process(Pid::from_child(&self.process), Signal::TERM);
        }
        let _ = self.process.wait();
    }
}

fn folder(served: &Served, name: &str) -> PathBuf {
    served.place.data().join(format!("worker-{name}"))
}

/// Begins the build of a script, which is run elsewhere.
fn begin(served: &Served) -> Child {
    served.place.command(&["run", "acme/web"]).stdout(Stdio::piped()).spawn().expect("starts")
}

fn ended(mut run: Child) -> String {
    let mut text = String::new();
    run.stdout.take().expect("piped").read_to_string(&mut text).expect("text");
    run.wait().expect("ends");
    text
}

fn let_go(served: &Served) {
    std::fs::write(served.place.marker(), "").expect("written");
}

/// The job as the API shows it.
fn job(served: &Served, build: &str, job: &str) -> serde_json::Value {
    let shown: serde_json::Value = serde_json::from_str(&served.run(&["show", build, "--json"]).stdout).expect("JSON");
    let jobs = shown["jobs"].as_array().expect("jobs").clone();
    jobs.into_iter().find(|shown| shown["job"]["id"] == job || shown["id"] == job).unwrap_or_else(|| panic!("{shown}"))
}

#[test]
fn a_job_elsewhere_goes_on_while_its_server_is_killed_and_all_of_it_comes_back() {
    let script = format!(
        "- {{id: unit, params: [TOKEN], script: ['echo one $TOKEN; echo made > out.txt; mkdir -p kept; echo 1 >> kept/runs; \
         touch MARKER.began; {HOLD}; echo two; cat file'],
   save-artifacts: [{{id: out, path: out.txt}}], caches: [{{id: kept, path: kept}}]}}
- {{id: take, dependencies: [unit], restore-artifacts: [{{id: out, path: back.txt}}], script: [cat back.txt]}}
- {{id: again, dependencies: [take], caches: [{{id: kept, path: kept}}], script: [cat kept/runs]}}
"
    );
    let place = Place::empty();
    let marker = place.marker().display().to_string();
    place.write(".monkeyci/build.yaml", &script.replace("MARKER", &marker));
    place.write("file", "of the checkout\n");
    let mut served = Served::of(place, ELSEWHERE);
    let mut secret = served.place.command(&["params", "set", "TOKEN", "--secret", "-r", "acme/web"]);
    let mut secret = secret.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("starts");
    writeln!(secret.stdin.take().expect("piped"), "hunter22-hunter22").expect("written");
    assert!(secret.wait().expect("ends").success());
    let worker = Worker::add(&served, "one");
    let run = begin(&served);
    wait_for(&served.place.marker().with_extension("began"));
    until("its first line is not here", || served.run(&["logs", "acme/web/1", "unit"]).stdout.contains("one"));

    served.kill_and_start();
    assert!(served.does(&["workers", "list"]).contains("acme/web/1 unit"), "it is still the worker's");
    let_go(&served);
    let told = ended(run);
    for once in ["[unit] one ***\n", "[unit] two\n", "Build succeeded"] {
        assert_eq!(told.matches(once).count(), 1, "{once}: {told}{}", worker.log());
    }
    assert_eq!(job(&served, "acme/web/1", "unit")["attempt"], 1, "the same attempt went on");
    assert_eq!(served.does(&["logs", "acme/web/1", "unit"]), "one ***\ntwo\nof the checkout\n");
    assert_eq!(served.does(&["logs", "acme/web/1", "take"]), "made\n");
    assert_eq!(served.does(&["logs", "acme/web/1", "again"]), "1\n", "the cache came back");
    assert!(!worker.log().contains("hunter22"), "{}", worker.log());
}

#[test]
fn a_killed_worker_goes_on_when_it_is_there_again_and_another_takes_over_when_it_is_not() {
    let script = format!("- {{id: unit, script: ['echo one; touch MARKER.began; {HOLD}; echo two']}}\n");
    let served = Served::with_config(&script, ELSEWHERE);
    let first = Worker::add(&served, "first");
    let run = begin(&served);
    wait_for(&served.place.marker().with_extension("began"));
    first.kill();
    let first = Worker::start(&served, "first", &served.url, &[]);
    until("it is not its job", || served.does(&["workers", "list"]).contains("acme/web/1 unit"));
    assert_eq!(job(&served, "acme/web/1", "unit")["attempt"], 1);

    let second = Worker::add(&served, "second");
    first.kill();
    until("nobody takes over", || job(&served, "acme/web/1", "unit")["attempt"] == 2);
    let_go(&served);
    let told = ended(run);
    assert!(told.contains("starts again") && told.contains("Build succeeded"), "{told}{}", second.log());
    assert_eq!(served.does(&["logs", "acme/web/1", "unit"]), "one\ntwo\n");
}

#[test]
fn people_come_to_a_job_elsewhere_over_the_server_and_leave_nothing_when_that_or_the_worker_is_killed() {
    let script = "- {id: unit, env: {GREETING: hello}, script: ['touch MARKER.began; HOLD; exit 3']}\n";
    let mut served = Served::with_config(&script.replace("HOLD", HOLD), ELSEWHERE);
    let first = Worker::add(&served, "first");
    served.does(&["run", "acme/web", "--no-wait"]);
    wait_for(&served.place.marker().with_extension("began"));
    let input = "echo $GREETING; echo oops >&2; exit 7\n";
    let ran = shell::piped(&served, &["acme/web/1", "unit"], input);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(7), "hello\n"), "{}{}", ran.stderr, first.log());
    assert!(ran.stderr.ends_with("oops\n"), "{}", ran.stderr);

    // Killed in the middle: the server, then the worker.
    let nap = shell::nap(&served);
    let open = |served: &Served| {
        let mut open = shell::debug(served, &["acme/web/1", "unit"]);
        writeln!(open.stdin.as_mut().expect("a pipe"), "sleep {nap} & sleep {nap}").expect("typed");
        until("it does not sleep", || shell::is_alive(&nap));
        open
    };
    let mut before = open(&served);
    served.kill_and_start();
    until("its shell goes on", || !shell::is_alive(&nap));
    assert_eq!(before.wait().expect("ends").code(), Some(4));
    until("nobody is let in", || shell::piped(&served, &["acme/web/1", "unit"], "echo in\n").stdout == "in\n");
    let mut before = open(&served);
    first.kill();
    until("its shell goes on", || !shell::is_alive(&nap));
    assert_eq!(before.wait().expect("ends").code(), Some(1));
    let first = Worker::start(&served, "first", &served.url, &[]);
    let_go(&served);
    until("it does not end", || served.run(&["show", "acme/web/1"]).stdout.contains("failure"));

    // And it is held there.
    let ran = shell::piped(&served, &["acme/web/1", "unit", "--hold", "5"], "basename $PWD; exit 4\n");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(4), "work\n"), "{}{}", ran.stderr, first.log());
    assert!(ran.stderr.contains("ended with code 3"), "{}", ran.stderr);
    served.does(&["cancel", "acme/web/2"]);
}

#[test]
fn a_worker_that_is_told_to_end_ends_its_jobs_first_and_takes_no_more() {
    let script = format!(
        "- {{id: unit, script: ['touch MARKER.began; {HOLD}']}}\n- {{id: next, dependencies: [unit], script: [echo next]}}\n"
    );
    let served = Served::with_config(&script, ELSEWHERE);
    let mut first = Worker::add(&served, "first");
    let run = begin(&served);
    wait_for(&served.place.marker().with_extension("began"));
    first.signal(Signal::TERM);
    until("it does not say so", || first.log().contains("takes no more jobs"));
    let_go(&served);
    assert!(first.process.wait().expect("ends").success(), "{}", first.log());
    let waits = || served.does(&["show", "acme/web/1"]);
    until("its job has not ended", || waits().contains("unit  success"));
    assert!(waits().contains("next  queued"), "{}", waits());
    let _second = Worker::add(&served, "second");
    assert!(ended(run).contains("Build succeeded"));
}

#[test]
fn a_job_goes_to_a_worker_with_its_labels_and_until_there_is_one_says_so() {
    let served = Served::with_config("- {id: unit, labels: {gpu: a100}, script: [echo fast]}\n", ELSEWHERE);
    let _plain = Worker::add(&served, "plain");
    let run = begin(&served);
    let why = "there is no worker with label `gpu=a100`";
    until("it does not say why", || served.run(&["show", "acme/web/1"]).stdout.contains(why));
    let token = served.does(&["workers", "add", "gpu"]);
    std::fs::write(folder(&served, "gpu").with_extension("token"), token).expect("written");
    let _gpu = Worker::start(&served, "gpu", &served.url, &["--label", "gpu=a100"]);
    assert!(ended(run).contains("Build succeeded"));
    assert!(served.does(&["workers", "list"]).contains("gpu=a100"));
}

#[test]
fn a_removed_worker_is_refused_and_a_paused_one_gets_nothing() {
    let served = Served::with_config("- {id: unit, script: [echo done]}\n", ELSEWHERE);
    let mut worker = Worker::add(&served, "one");
    assert!(served.does(&["workers", "drain", "one"]).contains("takes no more jobs"));
    let run = begin(&served);
    until("it is not queued", || served.run(&["show", "acme/web/1"]).stdout.contains("queued"));
    assert!(served.does(&["workers", "list"]).contains("drained"));
    served.does(&["workers", "resume", "one"]);
    assert!(ended(run).contains("Build succeeded"));
    served.does(&["workers", "remove", "one"]);
    assert_eq!(worker.process.wait().expect("ends").code(), Some(4));
    assert!(worker.log().contains("was removed"), "{}", worker.log());
}

#[test]
fn an_action_of_a_script_in_rust_runs_elsewhere() {
    if Command::new("cargo").arg("--version").output().is_err() {
        let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
        assert!(!required.split(',').any(|name| name == "cargo"), "cargo is required and not on the PATH");
        eprintln!("skipped: an_action_of_a_script_in_rust_runs_elsewhere: there is no cargo here");
        return;
    }
    let place = Place::empty();
    place.write(".monkeyci/Cargo.toml", rust::MANIFEST);
    place.write(".monkeyci/src/main.rs", rust::MAIN);
    let served = Served::of(place, ELSEWHERE);
    let worker = Worker::add(&served, "one");
    let told = ended(begin(&served));
    assert!(told.contains("Build succeeded"), "{told}{}", worker.log());
    let greet = job(&served, "acme/web/1", "greet");
    assert_eq!(greet["result"]["values"]["answer"], 42, "{greet}");
}

#[test]
fn nothing_is_done_twice_where_answers_are_lost_on_their_way() {
    let script = "\
- {id: loud, script: ['i=0; while test $i -lt 2000; do echo line $i; i=$((i + 1)); done; head -c 300000 /dev/zero > big'],
   save-artifacts: [{id: big, path: big}]}
- {id: a, script: [echo a]}
- {id: b, script: [echo b]}
- {id: last, dependencies: [loud, a, b], restore-artifacts: [{id: big, path: big}], script: [wc -c < big]}
";
    let served = Served::with_config(script, "jobs = 0\nlease-seconds = 60\n");
    let token = served.does(&["workers", "add", "far"]);
    std::fs::write(folder(&served, "far").with_extension("token"), token).expect("written");
    let (url, cuts) = lossy(served.port);
    let worker = Worker::start(&served, "far", &url, &["--jobs", "3"]);
    let told = ended(begin(&served));
    assert!(told.contains("Build succeeded"), "{told}{}", worker.log());
    let lines: String = (0..2000).map(|number| format!("line {number}\n")).collect();
    assert_eq!(served.does(&["logs", "acme/web/1", "loud"]), lines);
    assert_eq!(served.does(&["logs", "acme/web/1", "last"]).trim(), "300000");
    for id in ["loud", "a", "b", "last"] {
        assert_eq!(job(&served, "acme/web/1", id)["attempt"], 1, "{id} was leased once");
    }
    assert!(cuts.load(Ordering::Relaxed) > 5, "answers were lost");
}

/// A proxy that passes requests on and cuts most connections in the middle of an answer; and how often it did.
fn lossy(port: u16) -> (String, &'static AtomicUsize) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let cuts: &'static AtomicUsize = Box::leak(Box::default());
    std::thread::spawn(move || {
        // Bytes of answers that come through: some not at all, some in part, some whole.
        let mut rooms = [0_usize, 900, 30, 5_000, 0, 200, 400_000, 450].into_iter().cycle();
        for client in listener.incoming().map_while(Result::ok) {
            let (Ok(server), Some(room)) = (TcpStream::connect(("127.0.0.1", port)), rooms.next()) else { continue };
            let (Ok(from), Ok(to)) = (client.try_clone(), server.try_clone()) else { continue };
            std::thread::spawn(move || pass(from, to, usize::MAX));
            std::thread::spawn(move || {
                if pass(server, client, room) {
                    cuts.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    (url, cuts)
}

/// Passes so many bytes on, and then cuts both; tells whether there were more.
fn pass(mut from: TcpStream, mut to: TcpStream, mut room: usize) -> bool {
    let mut buffer = [0; 4096];
    let is_cut = loop {
        let Ok(read @ 1..) = from.read(&mut buffer) else { break false };
        let passed = read.min(room);
        if to.write_all(&buffer[..passed]).is_err() {
            break false;
        }
        room -= passed;
        if passed < read {
            break true;
        }
    };
    for stream in [from, to] {
        // It may be closed already.
        let _ = stream.shutdown(Shutdown::Both);
    }
    is_cut
}

#[test]
fn an_id_token_of_a_job_elsewhere_comes_from_the_server_and_stands_in_no_log() {
    let script = "- {id: ship, script: ['printf %s \"$CLOUD\" > MARKER.token; echo \"it is $CLOUD\"'],
   id-tokens: {CLOUD: {audience: sts.amazonaws.com}}}\n";
    let served = Served::with_config(script, ELSEWHERE);
    let worker = Worker::add(&served, "one");
    let run = served.does(&["run", "acme/web"]);
    assert!(run.contains("[ship] it is ***") && run.contains("Build succeeded"), "{run}{}", worker.log());
    let token = std::fs::read_to_string(served.place.marker().with_extension("token")).expect("the job wrote it");
    assert_eq!(token.split('.').count(), 3, "{token}");
    let signature = token.rsplit('.').next().expect("a signature");
    assert!(!worker.log().contains(signature) && !run.contains(signature));

    let keys = served.does(&["signing-key", "list"]);
    assert!(keys.contains("once another follows"), "{keys}");
    assert!(served.does(&["signing-key", "rotate"]).contains("signs in an hour"));
    assert_eq!(served.does(&["signing-key", "list"]).lines().count(), 3);
    served.does(&["signing-key", "rotate", "--at-once"]);
    assert_eq!(served.does(&["signing-key", "list"]).lines().count(), 2);
}
