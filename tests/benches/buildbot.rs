//! Buildbot, a peer: its master with a webhook, where it is installed.

use std::fs::{self, File};
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::measure::Outcome;
use crate::program::well;

/// How long its start may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A webhook's secret.
const SECRET: &str = "beside";

/// A master that runs for as long as this is there.
pub struct Buildbot {
    child: Child,
    /// Host and port.
    pub address: String,
    /// From its start to its first answer.
    pub took: Duration,
    state: TempDir,
}

impl Buildbot {
    /// The path of its webhook.
    pub const HOOK: &str = "/change_hook/github";

    /// A new one; nothing where it is not installed.
    pub fn start() -> Outcome<Option<Self>> {
        if Command::new("buildbot").arg("--version").output().is_err() {
            return Ok(None);
        }
        let state = tempfile::tempdir()?;
        let master = state.path().join("master");
        well(Command::new("buildbot").args(["create-master", "-q"]).arg(&master).stdout(Stdio::null()))?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let config = format!(
            "from buildbot.plugins import schedulers, util, worker\n\
             BuildmasterConfig = {{\n\
             'workers': [worker.Worker('one', 'password')],\n\
             'protocols': {{'pb': {{'port': 'tcp:0:interface=127.0.0.1'}}}},\n\
             'schedulers': [schedulers.ForceScheduler(name='force', builderNames=['build'])],\n\
             'builders': [util.BuilderConfig(name='build', workernames=['one'], factory=util.BuildFactory())],\n\
             'buildbotNetUsageData': None,\n\
             'www': {{'port': 'tcp:{}:interface=127.0.0.1',\n\
             'change_hook_dialects': {{'github': {{'secret': '{SECRET}', 'strict': True}}}}}},\n\
             }}\n",
            address.port()
        );
        fs::write(master.join("master.cfg"), config)?;
        let begin = Instant::now();
        let child = Command::new("twistd")
            .args(["--pidfile=", "--nodaemon", "--no_save", "--logfile=-", "--python=buildbot.tac"])
            .current_dir(&master)
            .stdout(File::create(state.path().join("log"))?)
            .spawn()?;
        let mut buildbot = Self { child, address: address.to_string(), took: Duration::ZERO, state };
        while TcpStream::connect(address).is_err() {
            if begin.elapsed() > PATIENCE || buildbot.child.try_wait()?.is_some() {
                let log = fs::read_to_string(buildbot.state.path().join("log")).unwrap_or_default();
                return Err(format!("Buildbot does not start: {log}").into());
            }
            std::thread::yield_now();
        }
        buildbot.took = begin.elapsed();
        Ok(Some(buildbot))
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The header by which it knows a delivery: GitHub's older one, with SHA-1, which is all that it reads.
    pub fn signature(&self, body: &str) -> Outcome<String> {
        let file = self.state.path().join("body");
        File::create(&file)?.write_all(body.as_bytes())?;
        let mac = Command::new("openssl").args(["dgst", "-sha1", "-hmac", SECRET, "-r"]).arg(&file).output()?;
        let mac = String::from_utf8(mac.stdout)?;
        let mac = mac.split_whitespace().next().ok_or("openssl prints a digest")?;
        Ok(format!("X-Hub-Signature: sha1={mac}"))
    }
}

impl Drop for Buildbot {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
