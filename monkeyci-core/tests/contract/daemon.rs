//! What becomes of a job when its engine's daemon is killed. Takes minutes.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use monkeyci_core::executor::{Docker, Engine, ExecutorError};
use monkeyci_core::job_dir::Program;
use monkeyci_core::model::Cause;
use rustix::process::geteuid;
use tempfile::TempDir;

use crate::engines::Opened;
use crate::fixture::{Fixture, Running, alive};
use crate::{gate, image};

/// How long a daemon may take to listen.
const BEGIN: Duration = Duration::from_secs(60);
/// How often it is looked whether one that does not answer is still there.
const LOOK: Duration = Duration::from_secs(2);
/// How long a job may take to end once its daemon is gone.
const END: Duration = Duration::from_secs(120);

/// Does what it is told, word by word, until its input ends; all that it began ends with its namespace.
const KEEPER: &str = "cd \"$1\" && begin() { rm -f pid docker.sock; dockerd --host \"unix://$PWD/docker.sock\" \
    --data-root \"$PWD/data\" --exec-root \"$PWD/exec\" --pidfile \"$PWD/pid\" \
    --bridge none --iptables=false --ip-forward=false --ip-masq=false >>said 2>&1 & }; \
    while read -r word; do case $word in begin) begin ;; again) readlink /proc/$!/exe >/dev/null || begin ;; \
    kill) kill -9 $! ; wait $! ;; esac; done";

/// A daemon of our own, in network, mount and process namespaces of its own.
struct Daemon {
    keeper: Child,
    home: TempDir,
}

impl Daemon {
    fn new() -> Result<Self, String> {
        if !geteuid().is_root() {
            return Err("only root can run a daemon of its own".into());
        }
        let version = Command::new("dockerd").arg("--version").stdout(Stdio::null()).status();
        version.map_err(|error| format!("dockerd: {error}"))?;
        let home = tempfile::tempdir().map_err(|error| error.to_string())?;
        let mut command = Command::new("unshare");
        command.args(["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", KEEPER, "sh"]);
        let keeper = command.arg(home.path()).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut daemon = Self { keeper: keeper.map_err(|error| format!("unshare: {error}"))?, home };
        daemon.begin()?;
        Ok(daemon)
    }

    fn tell(&mut self, word: &str) {
        let input = self.keeper.stdin.as_mut().expect("it is piped");
        writeln!(input, "{word}").expect("it listens");
    }

    fn begin(&mut self) -> Result<(), String> {
        self.tell("begin");
        let (limit, mut look) = (Instant::now() + BEGIN, Instant::now() + LOOK);
        while !self.answers() {
            // What one that was killed left may end the next one; another finds it cleared.
            if Instant::now() > look {
                self.tell("again");
                look = Instant::now() + LOOK;
            }
            if Instant::now() > limit {
                let said = std::fs::read_to_string(self.home.path().join("said")).unwrap_or_default();
                let last: Vec<&str> = said.lines().rev().take(3).collect();
                return Err(format!("it does not listen: {}", last.join(" | ")));
            }
            std::thread::sleep(Duration::from_millis(20)); // poll
        }
        Ok(())
    }

    fn answers(&self) -> bool {
        let Ok(mut socket) = UnixStream::connect(self.home.path().join("docker.sock")) else { return false };
        let mut said = String::new();
        let asked = socket.set_read_timeout(Some(LOOK)).and_then(|()| socket.write_all(b"GET /_ping HTTP/1.0\r\n\r\n"));
        asked.and_then(|()| socket.read_to_string(&mut said)).is_ok() && said.contains("200 OK")
    }

    /// Kills it, and returns when it is dead.
    fn kill(&mut self) {
        self.tell("kill");
        while UnixStream::connect(self.home.path().join("docker.sock")).is_ok() {
            std::thread::sleep(Duration::from_millis(5)); // poll
        }
    }

    async fn fixture(&self) -> Result<Fixture, String> {
        let home = tempfile::tempdir().map_err(|error| error.to_string())?;
        let host = format!("unix://{}", self.home.path().join("docker.sock").display());
        let docker = Docker::connect_to(Engine::Docker, &host, home.path().join("programs")).await;
        let docker = docker.map_err(|error| error.to_string())?;
        image::make(docker.api()).await?;
        Ok(Fixture::of_containers(Opened { docker, home, turn: None }))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// A job that runs in a daemon of its own; none, said in the output, when that cannot be here.
async fn running() -> Option<(Daemon, Fixture, Running)> {
    if !gate::long() {
        eprintln!("skipped: dockerd: it takes long, and MONKEYCI_TEST_LONG is not set");
        return None;
    }
    let begun = async {
        let daemon = Daemon::new()?;
        let fixture = daemon.fixture().await?;
        Ok::<_, String>((daemon, fixture))
    };
    let (daemon, fixture) = match begun.await {
        Ok(begun) => begun,
        Err(why) => {
            gate::skip("dockerd", why);
            return None;
        }
    };
    let running = fixture.start(fixture.order(fixture.job("long", ["sleep 600"]), Program::default()));
    running.has_started().await;
    Some((daemon, fixture, running))
}

async fn error(running: Running) -> ExecutorError {
    let ended = tokio::time::timeout(END, running.task).await.expect("it ends").expect("no panic");
    ended.expect_err("its daemon was killed")
}

#[tokio::test]
async fn a_job_ends_when_its_daemon_comes_back_without_it() {
    let Some((mut daemon, fixture, running)) = running().await else { return };
    let dir = running.dir.clone();
    daemon.kill();
    daemon.begin().expect("it begins again");
    let error = error(running).await;
    assert_eq!(error.cause(), Cause::Infrastructure);
    assert!(error.to_string().contains("something outside of the job"), "{error}");
    assert_eq!(fixture.left().await, Vec::<String>::new());
    assert_eq!(alive(&dir), Vec::<String>::new());
}

#[tokio::test]
async fn a_job_ends_when_its_daemon_stays_away_and_is_swept_when_it_is_back() {
    let Some((mut daemon, fixture, running)) = running().await else { return };
    let (dir, name) = (running.dir.clone(), running.attempt.name());
    daemon.kill();
    let error = error(running).await;
    assert_eq!(error.cause(), Cause::Infrastructure);
    assert!(error.to_string().contains("has not answered for 60 s"), "{error}");
    daemon.begin().expect("it begins again");
    assert_eq!(fixture.executor.sweep(&fixture.instance, &|_| false).await.expect("swept"), [name]);
    assert_eq!(fixture.left().await, Vec::<String>::new());
    assert_eq!(alive(&dir), Vec::<String>::new());
}
