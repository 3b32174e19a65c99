//! The program itself, run on job directories.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use monkeyci_supervisor::control::Program;
use monkeyci_supervisor::frame::{Decoder, Frame, Kind, Stream};
use monkeyci_supervisor::outcome::{Guarantee, Outcome, Reason};
use monkeyci_supervisor::{LENGTH, PACKED};

/// The program on disk, once for all tests.
fn supervisor() -> &'static Path {
    static PATH: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    &PATH
        .get_or_init(|| {
            let dir = tempfile::tempdir().expect("a folder");
            fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).expect("permissions");
            let path = dir.path().join("monkeyci-supervisor");
            let mut file = fs::File::create(&path).expect("a file");
            std::io::copy(&mut GzDecoder::new(PACKED), &mut file).expect("unpacked");
            drop(file);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("permissions");
            // Another test that begins a program just now holds for a moment what was being written.
            let is_busy = |error: &std::io::Error| error.kind() == std::io::ErrorKind::ExecutableFileBusy;
            while Command::new(&path).output().as_ref().is_err_and(is_busy) {
                std::thread::yield_now();
            }
            (dir, path)
        })
        .1
}

/// A job directory, and a mark by which its processes are known.
struct Story {
    home: tempfile::TempDir,
    mark: String,
}

impl Story {
    fn new(program: Program) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let story = Self { mark: home.path().file_name().expect("a name").to_string_lossy().into_owned(), home };
        for folder in ["control", "control/lines", "report", "work"] {
            fs::create_dir(story.path(folder)).expect("a folder");
        }
        let mut program = program;
        program.env.push(("STORY".into(), story.mark.clone().into_bytes()));
        for (name, bytes) in program.files().expect("a fit program") {
            fs::write(story.path("control").join(name), bytes).expect("a file");
        }
        story
    }

    fn lines<const N: usize>(lines: [&str; N]) -> Self {
        Self::new(Program { lines: lines.map(|line| line.as_bytes().to_vec()).to_vec(), ..Program::default() })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn spawn(&self, options: &[&str]) -> Child {
        self.spawn_by(Command::new(supervisor()), options)
    }

    fn spawn_by(&self, mut command: Command, options: &[&str]) -> Child {
        fs::write(self.path("control/start"), "").expect("a file");
        command.arg("run").args(options).arg(self.home.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs")
    }

    fn run(&self, options: &[&str]) -> Outcome {
        let output = self.spawn(options).wait_with_output().expect("it ends");
        assert!(output.status.success(), "{output:?}");
        assert_eq!(self.alive(), Vec::<String>::new(), "left behind by {options:?}");
        self.outcome().expect("a result")
    }

    fn outcome(&self) -> Option<Outcome> {
        Outcome::decode(&fs::read(self.path("report/result")).ok()?)
    }

    fn frames(&self) -> Vec<Frame> {
        let mut decoder = Decoder::default();
        decoder.push(&fs::read(self.path("report/frames")).expect("frames"));
        std::iter::from_fn(|| decoder.next_frame().expect("frames")).collect()
    }

    fn output(&self) -> String {
        let bytes = self.frames().into_iter().filter_map(|frame| match frame.kind {
            Kind::Output(_, bytes) => Some(bytes),
            _ => None,
        });
        String::from_utf8_lossy(&bytes.collect::<Vec<_>>().concat()).into_owned()
    }

    /// Processes of the job that live, zombies aside, by their command lines.
    fn alive(&self) -> Vec<String> {
        let mark = format!("STORY={}", self.mark).into_bytes();
        let entries = fs::read_dir("/proc").expect("/proc").flatten().map(|entry| entry.path());
        entries
            .filter(|path| {
                let env = fs::read(path.join("environ")).unwrap_or_default();
                env.split(|byte| *byte == 0).any(|variable| variable == mark)
            })
            .filter(|path| {
                let stat = fs::read_to_string(path.join("stat")).unwrap_or_default();
                stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['Z', 'X']))
            })
            .map(|path| String::from_utf8_lossy(&fs::read(path.join("cmdline")).unwrap_or_default()).replace('\0', " "))
            .collect()
    }

    fn wait_for(&self, what: &str, so: impl Fn(&Self) -> bool) {
        let limit = Instant::now() + Duration::from_secs(60);
        while !so(self) {
            assert!(Instant::now() < limit, "{what} did not come; alive: {:?}", self.alive());
            std::thread::sleep(Duration::from_millis(2)); // poll
        }
    }
}

/// Both holds on the processes of a job that a test can ask for.
const HOLDS: [&[&str]; 2] = [&["--process"], &["--process", "--without-namespaces"]];

/// Whether namespaces are allowed here.
fn namespaces(test: &str) -> bool {
    static ALLOWED: OnceLock<bool> = OnceLock::new();
    let allowed =
        *ALLOWED.get_or_init(|| Story::lines(["true"]).run(&["--process"]).guarantee == Guarantee::PidNamespace);
    if !allowed {
        skip("namespaces", &format!("they are refused here, and {test} is about them"));
    }
    allowed
}

/// Says that what `name` stands for is missing. Fails instead when `MONKEYCI_TEST_REQUIRE` names it.
fn skip(name: &str, why: &str) {
    let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|required| [name, "all"].contains(&required)), "{name} is required: {why}");
    println!("skipped: {name}: {why}");
}

fn kill(pid: u32, signal: &str) {
    let done = Command::new("kill").args([&format!("-{signal}"), &pid.to_string()]).status().expect("kill runs");
    assert!(done.success());
}

#[test]
fn each_line_has_a_shell_of_its_own_and_the_first_that_fails_ends_the_job() {
    for hold in HOLDS {
        let story = Story::lines(["X=1; cd /; echo one", "echo \"two$X\"\npwd", "(exit 7)", "echo never"]);
        let outcome = story.run(hold);
        assert_eq!((outcome.reason, outcome.code, outcome.line), (Reason::Exited, Some(7), Some(2)));
        assert_eq!(story.output(), format!("one\ntwo\n{}\n", story.path("work").display()));
        let marks: Vec<_> = story
            .frames()
            .into_iter()
            .filter(|frame| !matches!(frame.kind, Kind::Output(..)))
            .map(|frame| frame.kind)
            .collect();
        assert!(matches!(marks[0], Kind::Started(_)));
        let lines = [(0, 0), (1, 0), (2, 7)];
        assert_eq!(marks[1..], lines.map(|(line, code)| [Kind::LineStart(line), Kind::LineEnd(line, code)]).concat());
    }
}

#[test]
fn a_signal_is_128_and_its_number() {
    assert_eq!(Story::lines(["kill -9 $$"]).run(HOLDS[0]).code, Some(137));
}

#[test]
fn what_whoever_started_it_ignores_interrupts_the_job_all_the_same() {
    let story = Story::lines(["kill -INT $$; echo on"]);
    fs::write(story.path("control/start"), "").expect("a file");
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "trap '' INT HUP; exec \"$0\" run --process \"$1\""]).arg(supervisor()).arg(story.home.path());
    let output = command.stdin(Stdio::null()).output().expect("it runs");
    assert!(output.status.success(), "{output:?}");
    assert_eq!((story.outcome().and_then(|outcome| outcome.code), story.output()), (Some(130), String::new()));
}

#[test]
fn a_command_runs_without_a_shell() {
    let command = ["printf", "%s|", "a b", "$HOME"].map(|word| word.as_bytes().to_vec()).to_vec();
    let story = Story::new(Program { command, shell: "/no/shell".into(), ..Program::default() });
    assert_eq!(story.run(HOLDS[0]).code, Some(0));
    assert_eq!(story.output(), "a b|$HOME|");
}

#[test]
fn what_is_missing_is_named() {
    let cannot = |program: Program| {
        let outcome = Story::new(program).run(HOLDS[0]);
        assert_eq!(outcome.reason, Reason::CannotStart);
        outcome.message
    };
    let lines = vec![b"true".to_vec()];
    let message = cannot(Program { shell: "/no/shell".into(), lines: lines.clone(), ..Program::default() });
    assert!(message.contains("`/no/shell`") && message.contains("`command`"), "{message}");
    let message = cannot(Program { work_dir: "nowhere".into(), lines, ..Program::default() });
    assert_eq!(message, "its work dir `nowhere` is not a folder of the checkout");
    let message = cannot(Program { command: vec![b"no-such-program".to_vec()], ..Program::default() });
    assert!(message.contains("`no-such-program`"), "{message}");
    let message = cannot(Program { lines: vec![b"rmdir \"$PWD\"".to_vec(), b"true".to_vec()], ..Program::default() });
    assert_eq!(message, "line 2 cannot run: the job itself removed its work dir `.`");
}

/// Case X4: the file of its variables, read once more.
#[test]
fn variables_come_as_they_are_and_their_file_goes() {
    let story = Story::new(Program {
        lines: vec![b"printf %s \"$ODD\"".to_vec()],
        env: vec![("ODD".into(), b"a=b 'c' \"d\"\n$e".to_vec())],
        ..Program::default()
    });
    story.run(HOLDS[0]);
    assert_eq!(story.output(), "a=b 'c' \"d\"\n$e");
    assert!(!story.path("control/env").exists());
}

/// Case X3: secrets of a script in the list of processes.
#[test]
fn lines_are_not_seen_in_the_list_of_processes() {
    let story = Story::lines(["grep -lae 's3c[r]3t' /proc/[0-9]*/cmdline | wc -l; : s3cr3t"]);
    story.run(HOLDS[0]);
    assert_eq!(story.output().trim(), "0");
}

#[test]
fn both_streams_keep_their_order() {
    // Each write waits until the one before is in the report, as a person who watches would see it.
    let seen = "seen() { until grep -qa \"$1\" ../report/frames; do :; done; }\n";
    let story =
        Story::lines([&format!("{seen}for n in 1 2 3; do echo out$n; seen out$n; echo err$n >&2; seen err$n; done")]);
    story.run(HOLDS[0]);
    assert_eq!(story.output(), "out1\nerr1\nout2\nerr2\nout3\nerr3\n");
    let errors = story.frames().into_iter().filter(|frame| matches!(frame.kind, Kind::Output(Stream::Stderr, _)));
    assert_eq!(errors.count(), 3);
}

const ESCAPEES: &str = "
for n in 1 2 3 4 5; do
  setsid sh -c 'setsid sleep 600 & setsid sleep 601 & :' &
  nohup sleep 602 >/dev/null 2>&1 &
  sh -c 'trap \"\" TERM HUP INT; while :; do sleep 603; done' &
  (sleep 604 &) &
done
until [ $(cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -ao 'sleep 60[0-4]' | wc -l) -ge 25 ]; do :; done
echo escaped";

/// Case X2: sessions of their own, double forks, ignored signals.
#[test]
fn nobody_escapes_the_end_of_the_job() {
    for hold in HOLDS {
        let story = Story::lines([ESCAPEES]);
        let began = Instant::now();
        let outcome = story.run(hold);
        assert_eq!((outcome.reason, outcome.code), (Reason::Exited, Some(0)));
        assert_eq!(story.output(), "escaped\n");
        assert!(began.elapsed() < Duration::from_secs(60));
    }
}

#[test]
fn what_a_line_leaves_running_is_there_for_the_next() {
    let before = "(until [ -e go ]; do sleep 0.01; done; echo from before; touch gone) &";
    let story = Story::lines([before, "touch go; until [ -e gone ]; do sleep 0.01; done"]);
    story.run(HOLDS[0]);
    assert_eq!(story.output(), "from before\n");
}

#[test]
fn cancel_asks_first_and_then_kills() {
    for hold in HOLDS {
        let polite = Story::lines(["trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.01; done"]);
        let child = polite.spawn(hold);
        polite.wait_for("ready", |story| story.path("report/frames").exists() && story.output().contains("ready"));
        kill(child.id(), "TERM");
        assert!(child.wait_with_output().expect("it ends").status.success());
        assert_eq!(polite.outcome().expect("a result").reason, Reason::Canceled);
        assert!(polite.output().contains("bye\n"), "{}", polite.output());

        let stubborn = Story::new(Program {
            lines: vec![b"trap '' TERM; setsid sleep 600 & echo ready; while :; do sleep 600; done".to_vec()],
            grace_ms: 300,
            ..Program::default()
        });
        let child = stubborn.spawn(hold);
        stubborn.wait_for("ready", |story| story.path("report/frames").exists() && story.output().contains("ready"));
        let asked = Instant::now();
        fs::write(stubborn.path("control/cancel"), "").expect("a file");
        assert!(child.wait_with_output().expect("it ends").status.success());
        assert!(asked.elapsed() >= Duration::from_millis(300) && asked.elapsed() < Duration::from_secs(60));
        assert_eq!(stubborn.outcome().expect("a result").reason, Reason::Canceled);
        assert_eq!(stubborn.alive(), Vec::<String>::new());
    }
}

#[test]
fn a_job_that_was_canceled_before_it_began_does_not_begin() {
    let story = Story::lines(["echo never"]);
    fs::write(story.path("control/cancel"), "").expect("a file");
    assert_eq!(story.run(HOLDS[0]).reason, Reason::Canceled);
    assert_eq!(story.output(), "");
}

#[test]
fn time_lease_and_log_have_limits() {
    let program = |line: &str| Program { lines: vec![line.into()], grace_ms: 100, ..Program::default() };
    let late = Story::new(Program { timeout_ms: 200, ..program("echo begun; sleep 600") });
    let outcome = late.run(HOLDS[0]);
    assert_eq!((outcome.reason, outcome.line), (Reason::Timeout, Some(0)));
    assert_eq!(outcome.message, "it ran longer than its timeout of 200 ms");

    let alone = Story::new(Program { lease_ms: 200, ..program("sleep 600") });
    assert_eq!(alone.run(HOLDS[0]).reason, Reason::LeaseOver);

    let loud = Story::new(Program { log_limit: 100_000, ..program("yes monkey") });
    assert_eq!(loud.run(HOLDS[0]).reason, Reason::LogLimit);
    assert_eq!(loud.output().len(), 100_000);
    assert!(loud.output().starts_with("monkey\nmonkey\n"));
}

#[test]
fn a_lease_that_is_renewed_goes_on() {
    let line = "for n in $(seq 20); do sleep 0.2; echo 3000 > ../control/lease; done";
    let story = Story::new(Program { lines: vec![line.into()], lease_ms: 3_000, ..Program::default() });
    assert_eq!(story.run(HOLDS[0]).reason, Reason::Exited);
}

/// Case R10: a pipe where its lease was.
#[test]
fn a_lease_that_became_a_fifo_holds_nobody_up() {
    let line = "mkfifo ../control/lease; sleep 600";
    let story = Story::new(Program { lines: vec![line.into()], lease_ms: 500, ..Program::default() });
    assert_eq!(story.run(&[]).reason, Reason::LeaseOver);
}

#[test]
fn a_tethered_job_ends_with_whoever_started_it() {
    for hold in HOLDS {
        let story = Story::lines(["trap '' TERM; setsid sleep 600 & echo ready; sleep 600"]);
        let mut child = story.spawn(&[hold, &["--tethered"]].concat());
        story.wait_for("ready", |story| story.path("report/frames").exists() && story.output().contains("ready"));
        drop(child.stdin.take());
        child.wait().expect("it ends");
        assert_eq!(story.alive(), Vec::<String>::new());
        assert_eq!(story.outcome().expect("a result").reason, Reason::LeaseOver);
    }
}

/// Case X1: whoever watches it is killed.
#[test]
fn a_killed_supervisor_leaves_nothing() {
    if !namespaces("a_killed_supervisor_leaves_nothing") {
        return;
    }
    let story = Story::lines([&format!("{ESCAPEES}; sleep 600")]);
    let mut child = story.spawn(HOLDS[0]);
    story.wait_for("ready", |story| story.path("report/frames").exists() && story.output().contains("escaped"));
    kill(child.id(), "KILL");
    assert_eq!(child.wait().expect("it ends").signal(), Some(9));
    story.wait_for("the end of all", |story| story.alive().is_empty());
}

/// Case X5: the same by an ordinary user.
#[test]
fn an_ordinary_user_has_namespaces_too() {
    if !namespaces("an_ordinary_user_has_namespaces_too") {
        return;
    }
    if Command::new("setpriv").arg("--version").output().is_err() {
        return skip("setpriv", "no such program");
    }
    let story =
        Story::lines(["id -u; cat /proc/sys/kernel/pid_max >/dev/null && readlink /proc/self >/dev/null && echo $$"]);
    let done = Command::new("chown").args(["-R", "65534:65534"]).arg(story.home.path()).status().expect("chown runs");
    if !done.success() {
        return skip("setpriv", "only root can become somebody else");
    }
    fs::write(story.path("control/start"), "").expect("a file");
    let run = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(supervisor())
        .args(["run", "--process"])
        .arg(story.home.path())
        .output()
        .expect("it runs");
    assert!(run.status.success(), "{run:?}");
    assert_eq!(story.outcome().expect("a result").guarantee, Guarantee::PidNamespace);
    assert_eq!(story.output(), "65534\n2\n");
}

#[test]
fn a_log_without_an_end_of_line_costs_no_memory() {
    const BYTES: usize = 350_000_000;
    let line = format!("head -c {BYTES} /dev/zero; grep VmHWM /proc/1/status >&2");
    let story = Story::lines([&line]);
    let outcome = story.run(HOLDS[0]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let (mut bytes, mut peak) = (0, String::new());
    for frame in story.frames() {
        match frame.kind {
            Kind::Output(Stream::Stdout, piece) => bytes += piece.len(),
            Kind::Output(Stream::Stderr, piece) => peak = String::from_utf8_lossy(&piece).into_owned(),
            _ => {}
        }
    }
    assert_eq!(bytes, BYTES);
    if outcome.guarantee == Guarantee::PidNamespace {
        let peak: u64 = peak.split_whitespace().nth(1).and_then(|kb| kb.parse().ok()).expect("VmHWM in kB");
        assert!(peak < 4096, "the supervisor took {peak} kB");
    }
}

/// Case R11: a result of its own making.
#[test]
fn a_result_that_the_job_put_there_is_replaced() {
    for forgery in
        ["ln -s /etc/passwd result; ln -s /etc/passwd result.new", "mkdir -p result/x result.new", "mkfifo result"]
    {
        let story = Story::lines([&format!("cd ../report; {forgery}; exit 5")]);
        assert_eq!(story.run(HOLDS[0]).code, Some(5), "{forgery}");
    }
    let story = Story::lines(["cd ..; mv report elsewhere; ln -s /nowhere report; exit 5"]);
    assert_eq!(story.run(HOLDS[0]).code, Some(5));
}

#[test]
fn a_job_does_not_start_twice() {
    let story = Story::lines(["echo once"]);
    story.run(HOLDS[0]);
    let again = story.spawn(HOLDS[0]).wait_with_output().expect("it ends");
    assert!(!again.status.success() && String::from_utf8_lossy(&again.stderr).contains("cannot begin the report"));
    assert_eq!(story.output(), "once\n");
}

#[test]
fn a_follower_copies_all_of_the_report() {
    let story = Story::lines(["for n in $(seq 1000); do echo $n; done; sleep 0.05; echo end"]);
    let follower =
        Command::new(supervisor()).arg("follow").arg(story.home.path()).arg("0").stdout(Stdio::piped()).spawn();
    story.run(HOLDS[0]);
    let copied = follower.expect("it runs").wait_with_output().expect("it ends");
    assert!(copied.stdout == fs::read(story.path("report/frames")).expect("frames"));
    let from = copied.stdout.len() - 10;
    let tail = Command::new(supervisor()).arg("follow").arg(story.home.path()).arg(from.to_string()).output();
    assert_eq!(tail.expect("it runs").stdout, copied.stdout[from..]);
}

/// What runs on this machine under the emulator of another is all that a job of another processor starts with.
#[test]
fn it_is_compiled_for_another_processor_and_runs_there() {
    let emulator = "qemu-aarch64-static";
    if cfg!(target_arch = "aarch64") {
        return;
    }
    if let Err(error) = Command::new(emulator).arg("--version").output() {
        return skip("arm64", &format!("{emulator}: {error}"));
    }
    let dir = tempfile::tempdir().expect("a folder");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging/supervisor/build");
    let built = Command::new(script).arg("arm64").arg(dir.path()).output().expect("a shell");
    match built.status.code() {
        Some(0) => {}
        Some(3) => return skip("arm64", String::from_utf8_lossy(&built.stderr).trim()),
        _ => panic!("{}", String::from_utf8_lossy(&built.stderr)),
    }
    let story = Story::lines(["echo out; echo err >&2; cat", "trap 'echo trapped' TERM; exit 7"]);
    let mut command = Command::new(emulator);
    command.arg(dir.path().join("monkeyci-supervisor-arm64"));
    let output = story.spawn_by(command, &["--process", "--without-namespaces"]).wait_with_output().expect("it ends");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(story.outcome().expect("a result").code, Some(7));
    assert_eq!(story.output(), "out\nerr\n");
    assert_eq!(story.alive(), Vec::<String>::new());
}

#[test]
fn the_program_is_small() {
    std::io::stdout().write_all(format!("{LENGTH} bytes, {} packed\n", PACKED.len()).as_bytes()).expect("written");
    assert!(LENGTH <= 1_300_000 && PACKED.len() <= 600_000);
}
