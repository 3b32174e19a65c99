//! A folder with a configuration, the real Terraform in it, and a server of its own.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use monkeyci_client::{Client, ClientError};
use tempfile::TempDir;
use tfplugin::Reattach;

use crate::certificate;
use crate::server::Server;

/// The address of the provider in configurations.
const ADDRESS: &str = "registry.test/monkeyci/monkeyci";

/// What the variable `secret` of a configuration holds.
pub const SECRET: &str = "open-sesame-and-nothing-else";

/// A configuration, with a server that has nothing yet.
pub struct Workspace {
    dir: TempDir,
    provider: Option<Reattach>,
    others: RefCell<Vec<String>>,
    runtime: tokio::runtime::Runtime,
    trusts: bool,
    pub server: Server,
    pub client: Client,
}

/// This machine, as packages are called after it.
pub fn platform() -> String {
    let arch = if std::env::consts::ARCH == "aarch64" { "arm64" } else { "amd64" };
    format!("{}_{arch}", std::env::consts::OS.replace("macos", "darwin"))
}

/// Whether Terraform is here; says so where it is not.
fn has_terraform() -> bool {
    let version = Command::new("terraform").arg("version").env("CHECKPOINT_DISABLE", "1").output();
    if version.is_ok_and(|ran| ran.status.success()) {
        return true;
    }
    let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|name| name == "terraform" || name == "all"), "required: terraform");
    eprintln!("skipped: terraform: it is not in PATH");
    false
}

/// The configuration of a server that runs jobs as plain processes.
const PROCESSES: &str = "[executor]\nprocesses = [\"acme/*\"]\n";

/// Has Terraform start the program that was compiled for this.
fn own_program() -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_terraform-provider-monkeyci"));
    let folder = program.parent().expect("a folder").display();
    format!("dev_overrides {{\n \"{ADDRESS}\" = \"{folder}\"\n }}\n")
}

impl Workspace {
    /// One with the provider in this process; nothing where there is no Terraform.
    pub fn new() -> Option<Self> {
        Self::with("", true)
    }

    /// The same, whose server runs jobs of the organisation `acme` as plain processes.
    pub fn with_processes() -> Option<Self> {
        if !has_terraform() {
            return None;
        }
        let dir = tempfile::tempdir().expect("a folder");
        let server = Server::start(dir.path(), PROCESSES);
        Some(Self::of(dir, server, None, true, ""))
    }

    /// One whose Terraform starts the program, once for each `provider` block.
    pub fn with_program() -> Option<Self> {
        Self::with(&own_program(), false)
    }

    /// One that installs the program from a folder that stands for a registry, under this address.
    pub fn with_mirror(address: &str) -> Option<Self> {
        let workspace = Self::with("filesystem_mirror {\n path = \"mirror\"\n }\n", false)?;
        let folder = workspace.path().join("mirror").join(address).join("0.1.0").join(platform());
        std::fs::create_dir_all(&folder).expect("a folder");
        let program = env!("CARGO_BIN_EXE_terraform-provider-monkeyci");
        std::fs::copy(program, folder.join("terraform-provider-monkeyci_v0.1.0")).expect("a copy");
        Some(workspace)
    }

    /// The same, whose server runs jobs as plain processes.
    pub fn with_program_and_processes() -> Option<Self> {
        if !has_terraform() {
            return None;
        }
        let dir = tempfile::tempdir().expect("a folder");
        let server = Server::start(dir.path(), PROCESSES);
        Some(Self::of(dir, server, None, false, &own_program()))
    }

    /// One that installs the program by these words of Terraform's configuration.
    pub fn installing(installation: &str) -> Option<Self> {
        Self::with(installation, false)
    }

    fn with(installation: &str, attaches: bool) -> Option<Self> {
        has_terraform().then(|| Self::made(installation, attaches))
    }

    /// One with the provider in this process, for who needs no Terraform.
    pub fn without_terraform() -> Self {
        Self::made("", true)
    }

    /// Where the provider in this process listens.
    pub fn socket(&self) -> PathBuf {
        self.provider.as_ref().expect("it is in this process").socket().to_owned()
    }

    fn made(installation: &str, attaches: bool) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let server = Server::start(dir.path(), "");
        Self::of(dir, server, None, attaches, installation)
    }

    /// One whose server has a certificate of an authority of its own, which Terraform trusts, and more of a configuration.
    pub fn with_tls(configuration: &str) -> Option<Self> {
        if !has_terraform() {
            return None;
        }
        let dir = tempfile::tempdir().expect("a folder");
        let authority = certificate::write(dir.path());
        let tls = "[tls]\ncertificate = \"tls.crt\"\nkey = \"tls.key\"\n";
        let server = Server::start(dir.path(), &format!("{configuration}\n{tls}"));
        Some(Self::of(dir, server, Some(&authority), false, ""))
    }

    fn of(dir: TempDir, server: Server, authority: Option<&str>, attaches: bool, installation: &str) -> Self {
        let token = Some(server.token.as_str());
        let client = Client::trusting(&server.url, token, authority.map(str::as_bytes)).expect("a client");
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let start = async { Reattach::start(monkeyci_provider::plugin()) };
        let provider = attaches.then(|| runtime.block_on(start).expect("it starts"));
        std::fs::create_dir(dir.path().join("config")).expect("a folder");
        let rc = format!("provider_installation {{\n {installation} direct {{\n exclude = [\"*/*/*\"]\n }}\n}}\n");
        std::fs::write(dir.path().join("terraformrc"), rc).expect("a file");
        let trusts = authority.is_some();
        let workspace = Self { dir, provider, others: RefCell::default(), runtime, server, client, trusts };
        workspace.goes_by(&workspace.server.url, "");
        workspace
    }

    /// Has the provider ask at this address, with these further options.
    pub fn goes_by(&self, url: &str, options: &str) {
        self.write(
            "provider.tf",
            &format!(
                "terraform {{\n  required_providers {{\n    monkeyci = {{ source = \"{ADDRESS}\" }}\n  }}\n}}\n\
                 variable \"token\" {{\n  ephemeral = true\n}}\n\
                 provider \"monkeyci\" {{\n  url   = \"{url}\"\n  token = var.token\n  org   = \"acme\"\n  {options}\n}}\n"
            ),
        );
    }

    /// Lets the provider stand in for others at these addresses, whose resources are only moved.
    pub fn attach_as(&self, addresses: &[&str]) {
        self.others.borrow_mut().extend(addresses.iter().map(|address| (*address).to_owned()));
    }

    /// The folder of everything.
    pub fn home(&self) -> &Path {
        self.dir.path()
    }

    /// The folder of the configuration.
    pub fn path(&self) -> PathBuf {
        self.dir.path().join("config")
    }

    /// Installs the program by these words from now on.
    pub fn installs(&self, installation: &str) {
        let rc = format!("provider_installation {{\n{installation}\n}}\n");
        std::fs::write(self.dir.path().join("terraformrc"), rc).expect("a file");
    }

    /// Writes a file of the configuration.
    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).expect("a file");
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).expect("it is there")
    }

    pub fn remove(&self, name: &str) {
        std::fs::remove_file(self.path().join(name)).expect("it was there");
    }

    /// Asks the server, as somebody beside Terraform does.
    #[track_caller]
    pub fn ask<T>(&self, question: impl Future<Output = Result<T, ClientError>>) -> T {
        self.runtime.block_on(question).expect("the server answers")
    }

    /// Does something that takes its time.
    pub fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// The same, where it may refuse.
    pub fn try_ask<T>(&self, question: impl Future<Output = Result<T, ClientError>>) -> Result<T, ClientError> {
        self.runtime.block_on(question)
    }

    /// Waits until the server answers.
    pub fn is_ready(&self) {
        let begun = std::time::Instant::now();
        while self.try_ask(self.client.readiness()).is_err() {
            assert!(begun.elapsed() < std::time::Duration::from_secs(60), "it does not answer");
            std::thread::sleep(std::time::Duration::from_millis(5)); // poll
        }
    }

    /// Requests for something of an organisation that the server has answered.
    pub fn requests(&self) -> u64 {
        let metrics = self.ask(self.client.metrics());
        let lines = metrics.lines().filter(|line| line.starts_with("monkeyci_http_requests_total{route=\"/v1/orgs"));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.path());
        command.env("TF_CLI_CONFIG_FILE", self.dir.path().join("terraformrc"));
        command.envs([("TF_IN_AUTOMATION", "1"), ("TF_INPUT", "0"), ("CHECKPOINT_DISABLE", "1"), ("NO_COLOR", "1")]);
        command.env("TF_CLI_ARGS", "-no-color").env("TF_VAR_token", &self.server.token);
        command.env("TF_VAR_secret", SECRET).env("TF_VAR_database_url", SECRET).env("TF_VAR_webhook_secret", SECRET);
        command.env("TF_VAR_registry_password", SECRET);
        command.env("TF_VAR_vault", format!("{{ DATABASE_URL = \"{SECRET}\", SMTP_PASSWORD = \"{SECRET}\" }}"));
        command.env("MONKEYCI_SERVER", &self.server.url).env("MONKEYCI_TOKEN", &self.server.token);
        if self.trusts {
            command.env("SSL_CERT_FILE", self.dir.path().join(certificate::AUTHORITY));
            // The first question packs the provider, and one that was compiled for tests is large.
            command.env("TF_REGISTRY_CLIENT_TIMEOUT", "120");
        }
        if let Some(provider) = &self.provider {
            let mut all: serde_json::Value = serde_json::from_str(&provider.env(ADDRESS)).expect("JSON");
            let own = all[ADDRESS].clone();
            self.others.borrow().iter().for_each(|other| all[other] = own.clone());
            command.env("TF_REATTACH_PROVIDERS", all.to_string());
        }
        command
    }

    pub fn terraform(&self, arguments: &[&str]) -> Output {
        self.command("terraform", arguments).output().expect("terraform runs")
    }

    /// Runs the commands of a shell.
    #[track_caller]
    pub fn shell(&self, script: &str) {
        let output = self.command("sh", &["-e", "-c", script]).output().expect("a shell runs");
        let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{script}:\n{stdout}\n{stderr}");
    }

    /// The same, and does not wait for its end.
    pub fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command("terraform", arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("terraform runs")
    }

    /// What it prints, where it succeeds.
    #[track_caller]
    pub fn succeeds(&self, arguments: &[&str]) -> String {
        let output = self.terraform(arguments);
        let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "terraform {arguments:?}:\n{stdout}\n{stderr}");
        stdout.into_owned()
    }

    /// What it complains of, where it fails.
    #[track_caller]
    pub fn fails(&self, arguments: &[&str]) -> String {
        let output = self.terraform(arguments);
        let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!output.status.success(), "terraform {arguments:?}:\n{stdout}\n{stderr}");
        // Terraform breaks lines in the middle of sentences.
        format!("{stdout}{stderr}").replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// What a plan finds wrong: each time the line that it points at, and what it says.
    pub fn complaints(&self) -> Vec<(String, String)> {
        let output = self.terraform(&["plan", "-json"]);
        let lines = String::from_utf8_lossy(&output.stdout).into_owned();
        let said = lines.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let found = said.filter(|said| said["type"] == "diagnostic").map(|mut said| said["diagnostic"].take());
        let words = |text: &serde_json::Value| {
            text.as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
        };
        found.map(|found| (words(&found["snippet"]["code"]), words(&found["detail"]))).collect()
    }

    /// A plan says this of a line that begins so.
    #[track_caller]
    pub fn is_told(&self, line: &str, said: &str) {
        let complaints = self.complaints();
        let is_there = complaints.iter().any(|(at, told)| at.starts_with(line) && told.contains(said));
        assert!(is_there, "{line}: {said}: {complaints:#?}");
    }

    #[track_caller]
    pub fn apply(&self) -> String {
        self.succeeds(&["apply", "-auto-approve"])
    }

    /// Nothing is to be done.
    #[track_caller]
    pub fn is_settled(&self) {
        let output = self.terraform(&["plan", "-detailed-exitcode"]);
        let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "terraform plan:\n{stdout}\n{stderr}");
    }

    /// Something is to be done; what.
    #[track_caller]
    pub fn is_unsettled(&self) -> String {
        let output = self.terraform(&["plan", "-detailed-exitcode"]);
        let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(2), "terraform plan:\n{stdout}\n{stderr}");
        stdout.into_owned()
    }

    /// Imports what others made into a state that is empty: nothing is to be done afterwards.
    #[track_caller]
    pub fn imports(&self, all: &[(&str, &str)]) {
        std::fs::remove_file(self.path().join("terraform.tfstate")).expect("there was a state");
        for (to, id) in all {
            self.succeeds(&["import", to, id]);
        }
        self.is_settled();
    }

    /// No file of Terraform's holds this.
    #[track_caller]
    pub fn holds_no(&self, secret: &str) {
        self.succeeds(&["plan", "-out=saved"]);
        let shown = self.succeeds(&["show", "-json", "saved"]);
        let is_own = |path: &Path| path.extension().is_some_and(|extension| extension == "tf");
        let files = std::fs::read_dir(self.path()).expect("a folder").map(|entry| entry.expect("an entry").path());
        let contents: Vec<_> = files
            .filter(|path| path.is_file() && !is_own(path))
            .map(|path| (std::fs::read(&path).expect("a file"), path))
            .collect();
        assert!(contents.len() >= 2, "a state and a plan");
        for (bytes, path) in contents {
            let has = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!has, "{} holds the secret", path.display());
        }
        assert!(!shown.contains(secret), "the plan shows the secret");
    }
}
