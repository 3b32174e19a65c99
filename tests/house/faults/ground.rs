//! A cloud of one's own, and a machine that builds in it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::sync::OnceLock;

use oracle_emulator::Oracle;
use serde_json::json;
use tokio::runtime::Runtime;

use super::gate::Gate;
use crate::program::{Home, monkeyci};

/// The image of the job, which is only a name to the double: the machine's own files are in it.
pub const IMAGE: &str = "registry.example.com/tools:1";
/// The image of the sidecar, which is the program itself.
const SIDECAR: &str = "registry.example.com/monkeyci:1";
/// The bucket that jobs go through.
pub const JOBS: &str = "monkeyci";
/// The bucket of builds without a server.
const BUILDS: &str = "builds";

/// A cloud of one's own, and a machine that builds in it.
pub struct Ground {
    pub home: Home,
    pub oracle: Oracle,
    pub gate: Gate,
}

impl Ground {
    /// A new one, whose gate is open or not.
    pub fn new(is_open: bool) -> Self {
        static RUNTIME: OnceLock<Runtime> = OnceLock::new();
        // Containers die with the thread that began them, and these threads stay.
        let runtime = RUNTIME.get_or_init(|| Runtime::new().expect("threads"));
        let oracle = runtime.block_on(async { runtime.spawn(Oracle::start()).await.expect("no panic") });
        let (home, gate) = (Home::new(), Gate::new(is_open));
        {
            let mut world = oracle.state();
            world.bucket(JOBS);
            world.bucket(BUILDS);
            let program = vec![monkeyci().display().to_string()];
            world.settings.entrypoints.insert(SIDECAR.into(), program);
        }
        oracle.user().write(&home.file("oci")).expect("a configuration file");
        home.committed(&format!(
            "- id: job\n  image: {IMAGE}\n  script:\n  - echo one\n  - \"{}\"\n  - echo two; mkdir out; echo made > out/file\n  \
             save-artifacts: [{{id: out, path: out}}]\n",
            gate.line()
        ));
        let ground = Self { home, oracle, gate };
        std::fs::write(ground.home.file("oci.toml"), ground.settings("")).expect("written");
        let server = format!("[executor]\nengine = \"oci\"\n[executor.oci]\n{}", ground.settings("executor.oci."));
        std::fs::write(ground.home.file("server.toml"), server).expect("written");
        ground
    }

    /// Where in the cloud jobs run, for a table of this name.
    fn settings(&self, table: &str) -> String {
        let (url, domains) = (self.oracle.url(), self.oracle.state().settings.availability_domains.clone());
        format!(
            "compartment = \"ocid1.compartment.oc1..ci\"\navailability-domains = {domains:?}\n\
             shapes = [\"CI.Standard.E4.Flex\"]\nsubnets = [\"ocid1.subnet.oc1.eu-frankfurt-1.jobs\"]\n\
             sidecar-image = \"{SIDECAR}\"\nbucket = \"{JOBS}\"\nwait-minutes = 1\npoll-seconds = 1\n\
             instances-endpoint = \"{url}\"\nstorage-endpoint = \"{url}\"\n[{table}account]\nconfig-file = \"{}\"\n",
            self.home.file("oci/config").display()
        )
    }

    /// The store of builds without a server.
    pub fn store(&self) -> String {
        format!("oci://{}/{BUILDS}/ci", self.oracle.state().settings.namespace)
    }

    /// A trigger as a file.
    pub fn trigger(&self) -> String {
        let url = format!("file://{}", self.home.file("repo").display());
        let trigger = json!({ "version": 1, "key": "push/1", "org": "acme", "repo": "web", "received": 0,
            "trigger": { "source": "cli", "git": { "url": url, "ref": "refs/heads/main" } } });
        let path = self.home.file("trigger.json");
        std::fs::write(&path, trigger.to_string()).expect("written");
        path.display().to_string()
    }

    /// The program, which knows where in the cloud jobs run and who asks.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.home.command(args);
        command.env("MONKEYCI_OCI_CONFIG", self.home.file("oci.toml")).env("XDG_CONFIG_HOME", self.home.file("config"));
        command.env("OCI_CLI_CONFIG_FILE", self.home.file("oci/config")).env("OCI_CLI_ENDPOINT", self.oracle.url());
        command
    }

    /// Lets a job go on that is kept at a step.
    pub fn release(&self) {
        {
            let mut world = self.oracle.state();
            world.faults.clear();
            world.settings.step_ms = 20;
        }
        self.gate.open();
    }

    /// The instance that was made last.
    pub fn instance(&self) -> String {
        self.oracle.state().container_instances().pop().expect("there is an instance").0
    }

    /// Has the double do something to an instance: `fail` or `vanish`.
    pub fn have(&self, instance: &str, what: &str) {
        let body = r#"{"lifecycleDetails": "The host has a fault in its power supply."}"#;
        let mut stream = TcpStream::connect(self.oracle.address).expect("the double listens");
        let head = format!("POST /_control/instances/{instance}/{what} HTTP/1.1\r\nhost: {}", self.oracle.address);
        let request = format!("{head}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(request.as_bytes()).expect("asked");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    }

    /// What is there of jobs and is not being deleted.
    pub fn left(&self) -> Vec<String> {
        let world = self.oracle.state();
        let instances = world.container_instances().into_iter();
        let mut left: Vec<_> =
            instances.filter(|(_, state)| *state != "DELETING").map(|(id, state)| format!("{state} {id}")).collect();
        left.extend(world.objects(JOBS));
        left.extend(world.preauthenticated(JOBS).into_iter().map(|name| format!("the address of {name}")));
        left
    }
}
