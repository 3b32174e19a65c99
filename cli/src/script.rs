//! The script of a folder, and what is wrong with it, for people.

use std::path::Path;
use std::sync::Arc;

use monkeyci_core::build::Graph;
use monkeyci_core::executor::Process;
use monkeyci_core::log::Chunk;
use monkeyci_core::model::Trigger;
use monkeyci_core::program::{Asked, ProgramError, Programs};
use monkeyci_core::script::{Extensions, Script, ScriptError};
use tokio_util::sync::CancellationToken;

use crate::error::CliError;
use crate::state::Folders;
use crate::ui::lines::Lines;

/// What one does who has no script yet.
pub const FIRST: &str = "write `.monkeyci/build.yaml`, for example `[{id: test, script: [make test]}]`";

/// What one does whose script fails its tests.
pub const FAILING: &str = "`monkeyci test` runs them alone, `--no-script-tests` builds without them";

/// Loads the script of a folder for the build that `trigger` would cause. A program is compiled where it is not in the
/// cache, and runs in the folder itself; Ctrl-C stops it. What is printed meanwhile goes to standard error, and is not
/// in the error.
pub fn load(folder: &Path, trigger: &Trigger) -> Result<Script, ProgramError> {
    let extensions = Extensions::none();
    let lines = Lines::of_script();
    let hear = move |chunk: &Chunk| lines.hear(chunk);
    let load = async |programs: &Programs, asked: Asked<'_>, cancel: &CancellationToken| {
        programs.load(asked, &extensions, cancel).await.map_err(ProgramError::without_output)
    };
    with_programs(folder, trigger, hear, load)
}

/// Lends what the program of a folder is loaded and tested by; Ctrl-C cancels. `hear` is told what is printed.
pub fn with_programs<T>(
    folder: &Path,
    trigger: &Trigger,
    hear: impl Fn(&Chunk) + Send + Sync + 'static,
    work: impl AsyncFnOnce(&Programs, Asked<'_>, &CancellationToken) -> Result<T, ProgramError>,
) -> Result<T, ProgramError> {
    let ours = |what, path: &Path| {
        let path = path.to_owned();
        move |source| ProgramError::Io { what, path, source }
    };
    let folders = Folders::from_env(|name| std::env::var_os(name)).map_err(ours("cannot find", Path::new("cache")))?;
    let home = tempfile::Builder::new().prefix("monkeyci-").tempdir();
    let home = home.map_err(ours("cannot make a folder in", &std::env::temp_dir()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(ours("cannot run", folder))?;
    let process = Process::new(home.path().join("process")).programs(folders.cache.join("bin"));
    let (cache, runs) = (folders.cache.join("scripts"), home.path().join("runs"));
    let programs = Programs::new(cache, runs, "plan", Arc::new(process), Arc::default()).logged(0, hear);
    let asked = Asked { checkout: folder, script_dir: None, build: None, trigger, in_place: true };
    runtime.block_on(async {
        let cancel = CancellationToken::new();
        let heard = cancel.clone();
        tokio::spawn(async move {
            // Without a handler Ctrl-C ends this program, and with it the script's.
            if tokio::signal::ctrl_c().await.is_ok() {
                heard.cancel();
            }
        });
        work(&programs, asked, &cancel).await
    })
}

/// Checks what only all jobs together can show.
pub fn check(script: &Script) -> Result<(), CliError> {
    Graph::new(&script.jobs).map(drop).map_err(|error| CliError::failed(error.to_string()))
}

/// The error of a command that needed the script.
pub fn error(error: &ProgramError) -> CliError {
    match error {
        ProgramError::Script(ScriptError::NotFound { .. }) => CliError::no_script(error.to_string()).hint(FIRST),
        ProgramError::Script(ScriptError::Invalid(_)) => CliError::failed(error.to_string()),
        ProgramError::Script(script) if script.is_no_script() => CliError::no_script(error.to_string()),
        ProgramError::Script(_) => CliError::ours(error.to_string()),
        ProgramError::Canceled => CliError::interrupted(error.to_string()),
        error if error.is_ours() => CliError::ours(error.to_string()),
        error => CliError::failed(error.to_string()),
    }
}
