//! A folder with a configuration, the real Terraform in it, and a server of its own.

use std::path::Path;
use std::process::{Command, Output};

use monkeyci_client::{Client, ClientError};
use tempfile::TempDir;
use tfplugin::Reattach;

use crate::server::Server;

/// The address of the provider in configurations.
const ADDRESS: &str = "registry.test/monkeyci/monkeyci";

/// A configuration, with a server that has nothing yet.
pub struct Workspace {
    dir: TempDir,
    provider: Reattach,
    runtime: tokio::runtime::Runtime,
    pub server: Server,
    pub client: Client,
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

impl Workspace {
    /// One with the provider in this process; nothing where there is no Terraform.
    pub fn new() -> Option<Self> {
        if !has_terraform() {
            return None;
        }
        let dir = tempfile::tempdir().expect("a folder");
        let server = Server::start(dir.path());
        let client = Client::new(&server.url, Some(&server.token)).expect("a client");
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let provider = runtime.block_on(async { Reattach::start(monkeyci_provider::plugin()) }).expect("it starts");
        std::fs::create_dir(dir.path().join("config")).expect("a folder");
        let rc = "provider_installation {\n direct {\n exclude = [\"*/*/*\"]\n }\n}\n";
        std::fs::write(dir.path().join("terraformrc"), rc).expect("a file");
        let workspace = Self { dir, provider, runtime, server, client };
        workspace.write(
            "provider.tf",
            &format!(
                "terraform {{\n  required_providers {{\n    monkeyci = {{ source = \"{ADDRESS}\" }}\n  }}\n}}\n\
                 variable \"token\" {{\n  ephemeral = true\n}}\n\
                 provider \"monkeyci\" {{\n  url   = \"{}\"\n  token = var.token\n  org   = \"acme\"\n}}\n",
                workspace.server.url
            ),
        );
        Some(workspace)
    }

    fn config(&self) -> std::path::PathBuf {
        self.dir.path().join("config")
    }

    /// Writes a file of the configuration.
    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.config().join(name), text).expect("a file");
    }

    /// Asks the server, as somebody beside Terraform does.
    #[track_caller]
    pub fn ask<T>(&self, question: impl Future<Output = Result<T, ClientError>>) -> T {
        self.runtime.block_on(question).expect("the server answers")
    }

    pub fn terraform(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("terraform");
        command.args(arguments).current_dir(self.config());
        command.env("TF_CLI_CONFIG_FILE", self.dir.path().join("terraformrc"));
        command.envs([("TF_IN_AUTOMATION", "1"), ("TF_INPUT", "0"), ("CHECKPOINT_DISABLE", "1"), ("NO_COLOR", "1")]);
        command.env("TF_CLI_ARGS", "-no-color").env("TF_VAR_token", &self.server.token);
        command.env("TF_REATTACH_PROVIDERS", self.provider.env(ADDRESS));
        command.output().expect("terraform runs")
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
        std::fs::remove_file(self.config().join("terraform.tfstate")).expect("there was a state");
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
        let files = std::fs::read_dir(self.config()).expect("a folder").map(|entry| entry.expect("an entry").path());
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
