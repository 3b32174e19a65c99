//! A folder with a configuration, and the real Terraform in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value as Json;
use tempfile::TempDir;
use tfplugin::Reattach;

use crate::{files, program};

/// The address of the provider in configurations.
pub const ADDRESS: &str = "registry.test/example/files";

/// How Terraform comes to the provider.
pub enum Way {
    /// It attaches to the one in this process.
    Reattach,
    /// It starts the program from a folder of a developer's.
    Override,
    /// It installs the program from a folder that stands for the registry.
    Mirror,
}

/// A configuration of the provider, with a folder for its notes.
pub struct Workspace {
    dir: TempDir,
    reattach: Option<(Reattach, tokio::runtime::Runtime)>,
}

/// Whether Terraform is here; says so where it is not.
pub fn has_terraform() -> bool {
    if Command::new("terraform")
        .arg("version")
        .env("CHECKPOINT_DISABLE", "1")
        .output()
        .is_ok_and(|ran| ran.status.success())
    {
        return true;
    }
    let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|name| name == "terraform" || name == "all"), "required: terraform");
    eprintln!("skipped: terraform: it is not in PATH");
    false
}

impl Workspace {
    /// One with the provider at hand; nothing where there is no Terraform.
    pub fn new(way: &Way) -> Option<Self> {
        if !has_terraform() {
            return None;
        }
        let dir = tempfile::tempdir().expect("a folder");
        for folder in ["notes", "bin", "mirror"] {
            std::fs::create_dir(dir.path().join(folder)).expect("a folder");
        }
        let root = dir.path().display().to_string();
        let installation = match way {
            Way::Reattach => String::new(),
            Way::Override => {
                std::os::unix::fs::symlink(program::path(), dir.path().join("bin/terraform-provider-files"))
                    .expect("a link");
                format!("dev_overrides {{\n \"{ADDRESS}\" = \"{root}/bin\"\n }}")
            }
            Way::Mirror => {
                let platform = match std::env::consts::ARCH {
                    "aarch64" => "arm64",
                    _ => "amd64",
                };
                let place =
                    format!("mirror/{ADDRESS}/1.2.3/{}_{platform}", std::env::consts::OS.replace("macos", "darwin"));
                std::fs::create_dir_all(dir.path().join(&place)).expect("a folder");
                let program = dir.path().join(place).join("terraform-provider-files_v1.2.3");
                std::fs::copy(program::path(), program).expect("a copy");
                format!("filesystem_mirror {{\n path = \"{root}/mirror\"\n }}")
            }
        };
        let rc = format!("provider_installation {{\n {installation}\n direct {{\n exclude = [\"*/*/*\"]\n }}\n}}\n");
        std::fs::write(dir.path().join("terraformrc"), rc).expect("a file");
        let reattach = matches!(way, Way::Reattach).then(|| {
            let runtime = tokio::runtime::Runtime::new().expect("a runtime");
            let provider = runtime.block_on(async { Reattach::start(files::plugin()) }).expect("it starts");
            (provider, runtime)
        });
        let workspace = Self { dir, reattach };
        let header = format!(
            "terraform {{\n  required_providers {{\n    files = {{ source = \"{ADDRESS}\" }}\n  }}\n}}\n\
             provider \"files\" {{\n  folder = \"{root}/notes\"\n}}\n"
        );
        workspace.write("provider.tf", &header);
        Some(workspace)
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file of the configuration.
    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.dir.path().join(name), text).expect("a file");
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.dir.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Where a note lies.
    pub fn note(&self, name: &str) -> PathBuf {
        self.dir.path().join("notes").join(format!("{name}.note"))
    }

    pub fn terraform(&self, arguments: &[&str]) -> Output {
        self.terraform_with(arguments, &[])
    }

    pub fn terraform_with(&self, arguments: &[&str], env: &[(&str, &str)]) -> Output {
        let mut command = Command::new("terraform");
        command.args(arguments).current_dir(self.dir.path()).envs(env.iter().copied());
        command.env("TF_CLI_CONFIG_FILE", self.dir.path().join("terraformrc"));
        command.envs([("TF_IN_AUTOMATION", "1"), ("TF_INPUT", "0"), ("CHECKPOINT_DISABLE", "1"), ("NO_COLOR", "1")]);
        command.env("TF_CLI_ARGS", "-no-color");
        if let Some((provider, _)) = &self.reattach {
            command.env("TF_REATTACH_PROVIDERS", provider.env(ADDRESS));
        }
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

    /// Whether there is nothing to do.
    #[track_caller]
    pub fn is_settled(&self) -> bool {
        let output = self.terraform(&["plan", "-detailed-exitcode"]);
        let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        match output.status.code() {
            Some(0) => true,
            Some(2) => {
                eprintln!("{stdout}");
                false
            }
            _ => panic!("terraform plan:\n{stdout}\n{stderr}"),
        }
    }

    pub fn state(&self) -> Json {
        serde_json::from_str(&self.read("terraform.tfstate")).expect("a state")
    }
}
