use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use monkeyci_core::script::SCRIPT_DIR;

use crate::context::FolderArgs;
use crate::error::{CliError, Exit};

/// Write a first build script
///
/// Never touches a file that is there.
#[derive(Debug, clap::Args)]
pub struct InitArgs {
    #[command(flatten)]
    folder: FolderArgs,
    /// What the script is written in
    #[arg(long, value_enum, default_value_t = Language::Yaml)]
    lang: Language,
    /// Depend on a plugin, in a script in Rust (repeatable)
    #[arg(long, value_enum, value_name = "PLUGIN")]
    plugin: Vec<Plugin>,
}

/// A plugin that comes with the program.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Plugin {
    /// Judge test reports and coverage
    Coverage,
    /// Build and push container images
    Image,
    /// Tell a chat or a service how a build ended
    Notify,
    /// Release on GitHub or GitLab
    Release,
}

impl Plugin {
    /// Its line among the dependencies.
    fn dependency(self) -> String {
        let value = clap::ValueEnum::to_possible_value(&self).expect("no plugin is hidden");
        format!("monkeyci-plugin-{} = \"0.1\"\n", value.get_name())
    }
}

/// What a script is written in.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Language {
    /// A list of jobs
    Yaml,
    /// A program with tests, as a Cargo package
    Rust,
}

impl Language {
    /// The files of a first script, from the script's folder.
    fn files(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Yaml => &[("build.yaml", include_str!("../../templates/yaml/build.yaml"))],
            Self::Rust => &[
                ("Cargo.toml", include_str!("../../templates/rust/Cargo.toml.in")),
                ("src/main.rs", include_str!("../../templates/rust/src/main.rs")),
                (".gitignore", include_str!("../../templates/rust/gitignore")),
            ],
        }
    }

    /// What to do next.
    fn next(self) -> &'static str {
        match self {
            Self::Yaml => "See its jobs with `monkeyci plan`, and run them with `monkeyci build`.",
            Self::Rust => {
                "See its jobs with `monkeyci plan`, run its tests with `monkeyci test` and its jobs with `monkeyci build`."
            }
        }
    }
}

/// Writes a first script.
pub fn run(args: &InitArgs) -> Result<Exit, CliError> {
    let dir = args.folder.path()?.join(SCRIPT_DIR);
    let files = args.lang.files();
    if let Some((name, _)) = files.iter().find(|(name, _)| fs::symlink_metadata(dir.join(name)).is_ok()) {
        let there = format!("`{SCRIPT_DIR}/{name}` is there already, and stays as it is");
        return Err(CliError::usage(there).hint("`monkeyci plan` shows the jobs of the script that is there"));
    }
    if !args.plugin.is_empty() && !matches!(args.lang, Language::Rust) {
        return Err(CliError::usage("only a script in Rust has plugins").hint("add `--lang rust`"));
    }
    let mut plugins: Vec<_> = args.plugin.iter().map(|plugin| plugin.dependency()).collect();
    plugins.sort();
    plugins.dedup();
    let dependencies = format!("[dependencies]\n{}", plugins.concat());
    let mut text = String::new();
    for (name, content) in files {
        write(&dir.join(name), &content.replace("[dependencies]\n", &dependencies))
            .map_err(|error| CliError::ours(format!("`{SCRIPT_DIR}/{name}` cannot be written: {error}")))?;
        text.push_str(&format!("Wrote {SCRIPT_DIR}/{name}\n"));
    }
    super::print(&format!("{text}{}\n", args.lang.next()))
}

fn write(path: &Path, content: &str) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    OpenOptions::new().write(true).create_new(true).open(path)?.write_all(content.as_bytes())
}
