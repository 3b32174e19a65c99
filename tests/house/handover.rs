//! Jobs in container instances outlive the controller that began them: the next one, on another machine, goes on with them.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use oracle_emulator::Oracle;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::program::{Home, Said, finish, has, monkeyci, signal, until};

/// The image of the job, which is only a name to the double: the machine's own files are in it.
const IMAGE: &str = "registry.example.com/tools:1";
/// The image of the sidecar, which is the program itself.
const SIDECAR: &str = "registry.example.com/monkeyci:1";

/// A cloud with a bucket for builds and one for jobs, and machines with controllers that share nothing else.
struct Shop {
    home: Home,
    oracle: Oracle,
    /// The job goes on once somebody listens there: containers share nothing with us but the network.
    port: u16,
    // Containers die with the threads that began them.
    _runtime: Runtime,
}

impl Shop {
    /// Nothing where containers cannot be made of processes.
    fn open() -> Option<Self> {
        let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
        if !has("root", is_root, "the double of Oracle Cloud makes containers of processes, which takes root") {
            return None;
        }
        let runtime = Runtime::new().expect("threads");
        let oracle = runtime.block_on(async { runtime.spawn(Oracle::start()).await.expect("no panic") });
        let home = Home::new();
        let port = crate::port::port();
        let domains = {
            let mut world = oracle.state();
            world.bucket("jobs");
            world.bucket("builds");
            world.settings.entrypoints.insert(SIDECAR.into(), vec![monkeyci().display().to_string()]);
            world.settings.availability_domains.clone()
        };
        let config = oracle.user().write(&home.file("oci")).expect("a configuration file");
        let url = oracle.url();
        let settings = format!(
            "compartment = \"ocid1.compartment.oc1..ci\"\navailability-domains = {domains:?}\n\
             shapes = [\"CI.Standard.E4.Flex\"]\nsubnets = [\"ocid1.subnet.oc1.eu-frankfurt-1.jobs\"]\n\
             sidecar-image = \"{SIDECAR}\"\nbucket = \"jobs\"\npoll-seconds = 1\n\
             instances-endpoint = \"{url}\"\nstorage-endpoint = \"{url}\"\n[account]\nconfig-file = \"{}\"\n",
            config.display()
        );
        std::fs::write(home.file("oci.toml"), settings).expect("written");
        let waits = format!("until bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}' 2>/dev/null; do sleep 0.05; done");
        home.committed(&format!(
            "- id: job\n  image: {IMAGE}\n  retry: never\n  script:\n  - echo one\n  - \"{waits}\"\n  \
             - echo two; mkdir out; echo made > out/file\n  save-artifacts: [{{id: out, path: out}}]\n"
        ));
        Some(Self { home, oracle, port, _runtime: runtime })
    }

    fn store(&self) -> String {
        format!("oci://{}/builds/ci", self.oracle.state().settings.namespace)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.home.command(args);
        command.env("MONKEYCI_OCI_CONFIG", self.home.file("oci.toml")).env("XDG_CONFIG_HOME", self.home.file("config"));
        command.env("OCI_CLI_CONFIG_FILE", self.home.file("oci/config")).env("OCI_CLI_ENDPOINT", self.oracle.url());
        command
    }

    /// A controller on a machine of this name.
    fn controller(&self, machine: &str) -> Command {
        let url = format!("file://{}", self.home.file("repo").display());
        let trigger = json!({ "version": 1, "key": "push/1", "org": "acme", "repo": "web", "received": 0,
            "trigger": { "source": "cli", "git": { "url": url, "ref": "refs/heads/main" } } });
        let path = self.home.file("trigger.json");
        std::fs::write(&path, trigger.to_string()).expect("written");
        let store = self.store();
        let run = ["run-build", "--json", "--executor", "oci", "--takeover", "15", "--allow-file", "--store", &store];
        let mut command = self.command(&[&run, &[path.to_str().expect("plain")][..]].concat());
        command.env("XDG_DATA_HOME", self.home.file(machine));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// One whose job has begun.
    fn started(&self, machine: &str) -> Child {
        let child = self.controller(machine).spawn().expect("it starts");
        until("the job says something", || self.log().contains("one"));
        child
    }

    /// What the job has said as far as the store knows.
    fn log(&self) -> String {
        finish(self.command(&["--store", &self.store(), "logs", "acme/web/1", "job"])).out
    }

    fn let_go(&self) -> TcpListener {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).expect("it was free");
        let listens = listener.try_clone().expect("a copy");
        std::thread::spawn(move || listens.incoming().for_each(drop));
        listener
    }

    /// The job ran once, and nothing is left of it.
    fn assert_ran_once(&self, said: &Said) {
        assert_eq!(said.code, Some(0), "{}", said.both());
        assert_eq!(said.jobs().get("job").map(String::as_str), Some("success"), "{}", said.both());
        assert_eq!(self.log(), "one\ntwo\n");
        let out = self.home.file("had").display().to_string();
        let had = finish(self.command(&["--store", &self.store(), "artifacts", "acme/web/1", "-x", "-o", &out]));
        assert_eq!((had.code, self.home.text("had/out/file").as_str()), (Some(0), "made\n"), "{}", had.both());
        let world = self.oracle.state();
        assert_eq!(world.container_instances_created(), 1, "{}", said.both());
        assert_eq!(world.objects("jobs"), [] as [String; 0]);
    }
}

#[test]
fn a_job_goes_on_while_its_controller_dies_and_another_machine_takes_it_up() {
    let Some(shop) = Shop::open() else { return };
    let mut dead = shop.started("first");
    dead.kill().expect("killed");
    dead.wait().expect("it is dead");
    let next = shop.controller("second").spawn().expect("it starts");
    // It follows the job from its beginning, before that ends.
    let _listens = shop.let_go();
    let said = Said::of(&next.wait_with_output().expect("it ends"));
    shop.assert_ran_once(&said);
}

#[test]
fn a_controller_that_stood_still_removes_nothing_of_the_one_that_took_over() {
    let Some(shop) = Shop::open() else { return };
    let still = shop.started("first");
    signal(&still, "STOP");
    let mut next = shop.controller("second").spawn().expect("it starts");
    // Whoever holds a build has a folder for it.
    until("the next one holds the build", || shop.home.file("second/monkeyci/controllers").exists());
    // It comes back while the job still runs, and looks around for as long as it wants to.
    signal(&still, "CONT");
    let still = Said::of(&still.wait_with_output().expect("it ends"));
    assert_eq!(still.code, Some(0), "{}", still.both());
    assert!(still.both().contains("run by another process"), "{}", still.both());
    assert!(next.try_wait().expect("asked").is_none(), "the job goes on");
    let _listens = shop.let_go();
    let said = Said::of(&next.wait_with_output().expect("it ends"));
    shop.assert_ran_once(&said);
}
