//! A job's files on their way through a depot, and what it says on its way back.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use monkeyci_core::job_dir::frame::Kind;
use monkeyci_core::job_dir::report::Reader;
use monkeyci_core::job_dir::{JobDir, Program};
use monkeyci_core::sidecar::{Attendant, Collected, Host, HttpDepot, Order, VARIABLES, entry};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::depot::Depot;
use crate::measure::{Goal, Outcome, amount, pairs, rounds, setting, skipped, timed};
use crate::program::{is_on_path, path, well};

/// Files of the workspace.
const FILES: usize = 2_000;
/// Lines whose way is measured.
const LINES: usize = 20;
/// Kilobytes of memory that a sidecar may take.
const MEMORY: u64 = 20_000;

pub fn run() -> Outcome {
    if !is_on_path("zstd") || !is_on_path("tar") {
        return skipped("zstd", "there is no `zstd` or `tar` to compare with");
    }
    let bytes = setting("BYTES", 200_000_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let home = tempfile::tempdir()?;
    let job = Job::new(home.path(), vec![b"true".to_vec()], vec![".".into()])?;
    fill(&job.dir.work(), bytes)?;

    let packed = home.path().join("by-hand.tar.zst");
    let what = format!("send a workspace of {} MB", bytes / 1_000_000);
    let theirs = || timed(|| by_hand("tar -C \"$1\" -c . | zstd -q -3 -f -o \"$2\"", &[&job.dir.work(), &packed]));
    let ours = || timed(|| Ok(runtime.block_on(job.host()?.prepare(&job.order))?));
    pairs(&what, rounds(5), &Goal::Times(2.0), theirs, ours)?;

    let (unpacked, volume) = (home.path().join("by-hand"), home.path().join("volume"));
    let theirs = || {
        afresh(&unpacked)?;
        timed(|| by_hand("zstd -q -d -c \"$2\" | tar -C \"$1\" -x", &[&unpacked, &packed]))
    };
    let ours = || {
        afresh(&volume)?;
        timed(|| Ok(runtime.block_on(job.attendant()?.fill())?))
    };
    pairs("fill the job directory with it", rounds(5), &Goal::Times(2.0), theirs, ours)?;

    afresh(&volume)?;
    let most = memory(&runtime, &job)?;
    amount("memory of a sidecar that does both", "", &format!("{} kB", most), &format!("{MEMORY} kB"), most <= MEMORY);
    latency(&runtime)
}

/// How long what a job says takes to its host, and what that costs.
fn latency(runtime: &Runtime) -> Outcome {
    let line = format!("n=0; while test $n -lt {LINES}; do n=$((n + 1)); date +%s%N; sleep 0.7; done");
    let home = tempfile::tempdir()?;
    let job = Job::new(home.path(), vec![line.into_bytes()], Vec::new())?;
    runtime.block_on(job.host()?.prepare(&job.order))?;
    let (mut sidecar, mut container, began) = (job.sidecar()?, job.container()?, Instant::now());
    let (host, order) = (job.host()?, job.order.clone());
    let mirroring = runtime.spawn(async move { host.mirror(&order, &CancellationToken::new()).await });
    let mut reader = Reader::open(&job.dir)?;
    let mut took = Vec::new();
    while took.len() < LINES {
        for frame in reader.read()? {
            if let Kind::Output(_, bytes) = frame.kind {
                let said: u64 = String::from_utf8_lossy(&bytes).trim().parse()?;
                let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
                took.push(Duration::from_nanos(u64::try_from(now)?.saturating_sub(said)));
            }
        }
        std::thread::sleep(Duration::from_millis(2)); // poll
        if began.elapsed() > Duration::from_secs(120) {
            return Err("the job's lines do not come".into());
        }
    }
    runtime.block_on(mirroring)??;
    let (seconds, asked) = (began.elapsed().as_secs_f64(), job.depot.state().asked.len());
    sidecar.wait()?;
    container.wait()?;
    took.sort_unstable();
    let (median, last) = (took[LINES / 2], took[LINES - 1]);
    let limit = Duration::from_secs(1);
    amount("a line's way to its host, at most", "", &format!("{last:.0?}"), "1 s", last <= limit);
    amount("the same, median", "", &format!("{median:.0?}"), "1 s", median <= limit);
    amount(
        "requests of the sidecar in a second",
        "",
        &format!("{:.1}", asked as f64 / seconds),
        "5",
        asked as f64 / seconds <= 5.0,
    );
    Ok(())
}

/// A job, its host's folder and its volume.
struct Job {
    dir: JobDir,
    order: Order,
    depot: Depot,
    file: std::path::PathBuf,
}

impl Job {
    fn new(home: &Path, lines: Vec<Vec<u8>>, collect: Vec<String>) -> Outcome<Self> {
        let dir = JobDir::create(home.join("host"))?;
        fs::create_dir(dir.work())?;
        let program = Program { lines, root: home.join("volume/work"), ..Program::default() };
        dir.write(&program)?;
        let depot = Depot::start();
        let mut order = Order::new(depot.for_sidecar(), &program, collect);
        (order.job_dir, order.work) = (home.join("volume/job"), home.join("volume/work"));
        let file = home.join("order.json");
        fs::write(&file, order.to_json())?;
        Ok(Self { dir, order, depot, file })
    }

    fn host(&self) -> Outcome<Host> {
        Ok(Host::new(Arc::new(HttpDepot::new(&self.depot.for_host(), None)?), self.dir.clone()))
    }

    fn attendant(&self) -> Outcome<Attendant> {
        let depot = HttpDepot::new(&self.depot.for_sidecar(), None)?;
        Ok(Attendant::new(self.order.clone(), Arc::new(depot), "/usr/local/lib/monkeyci"))
    }

    fn sidecar(&self) -> Outcome<Child> {
        let mut command = Command::new(path()?);
        command.args(["sidecar", "--order"]).arg(&self.file).envs(VARIABLES);
        Ok(command.stdin(Stdio::null()).stderr(Stdio::null()).spawn()?)
    }

    /// What runs in the job's container.
    fn container(&self) -> Outcome<Child> {
        let command = entry::waiting(&self.order.job_dir, Duration::from_secs(60));
        Ok(Command::new(&command[0]).args(&command[1..]).stdin(Stdio::null()).spawn()?)
    }
}

/// The most memory, in kilobytes, that a sidecar takes which fills the job directory, runs the job, and sends the workspace back.
fn memory(runtime: &Runtime, job: &Job) -> Outcome<u64> {
    let (mut sidecar, mut container) = (job.sidecar()?, job.container()?);
    let (host, order) = (job.host()?, job.order.clone());
    let mirroring = runtime.spawn(async move { host.mirror(&order, &CancellationToken::new()).await });
    let mut most = 0;
    loop {
        let status = fs::read_to_string(format!("/proc/{}/status", sidecar.id())).unwrap_or_default();
        let told = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        most = most.max(told.and_then(|told| told.trim().parse().ok()).unwrap_or(0));
        match sidecar.try_wait()? {
            Some(ended) if ended.success() => break,
            Some(ended) => return Err(format!("the sidecar: {ended}").into()),
            None => std::thread::sleep(Duration::from_millis(5)), // poll
        }
    }
    let end = runtime.block_on(mirroring)??;
    container.wait()?;
    match end.collected[..] {
        [Collected::Sent] => Ok(most),
        _ => Err(format!("the workspace does not come back: {end:?}").into()),
    }
}

fn by_hand(line: &str, paths: &[&Path]) -> Outcome {
    well(Command::new("sh").args(["-c", line, "by-hand"]).args(paths))
}

fn afresh(folder: &Path) -> Outcome {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(fs::create_dir(folder)?)
}

/// Files that can be packed to about a half, as sources and programs can.
fn fill(root: &Path, bytes: usize) -> Outcome {
    let mut state = 0x9e37_79b9_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let each = bytes / FILES;
    for number in 0..FILES {
        let folder = root.join(format!("{:02}", number / 100));
        if number % 100 == 0 {
            fs::create_dir_all(&folder)?;
        }
        let content: Vec<u8> =
            std::iter::repeat_with(&mut next).flat_map(|n| [n as u8, (n >> 8) as u8, b' ', b' ']).take(each).collect();
        fs::write(folder.join(format!("{:02}", number % 100)), content)?;
    }
    Ok(())
}
