//! From the inputs of a program to the program.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::inputs::Inputs;
use super::output::CargoOutput;
use super::run::{Errand, Ran, value};
use super::toolchain::{Toolchain, toolchain};
use super::{COMPILE, ProgramError, Programs, blocking, sdk};
use crate::job_dir::Program;
use crate::script::SCRIPT_DIR;

/// How often is looked whether another compilation in the same folder has ended.
const LOOK: Duration = Duration::from_millis(50);

/// Bytes that cargo may print.
const LOG_BYTES: u64 = 64 * 1024 * 1024;

/// What of the way to compile is part of a program's name, beside its inputs.
const RECIPE: &[u8] = b"monkeyci script program 1";

/// The file of a program in its folder of the cache.
const PROGRAM: &str = "program";

impl Programs {
    /// The compiled program of a script, from the cache or compiled now. A fork's is kept apart: it may use what
    /// others have compiled, and nobody uses what it has.
    ///
    /// # Errors
    /// When it does not compile.
    pub(crate) async fn compile(
        &self,
        checkout: &Path,
        script_dir: Option<&str>,
        fork: bool,
        cancel: &CancellationToken,
    ) -> Result<PathBuf, ProgramError> {
        let cache = &self.shared.cache;
        let (checkout, dir) = (checkout.to_owned(), PathBuf::from(script_dir.unwrap_or(SCRIPT_DIR)));
        let inputs = blocking(move || Inputs::find(&checkout, &dir)).await?;
        let toolchain = toolchain(cache).await?;
        let name = name(&inputs, &toolchain);
        let scope = if fork { cache.join("fork") } else { cache.clone() };
        let (shared, own) = (cache.join(&name).join(PROGRAM), scope.join(&name).join(PROGRAM));
        if let Some(program) = [shared, own.clone()].into_iter().find(|program| program.is_file()) {
            return Ok(program);
        }
        fs::create_dir_all(&scope).map_err(ProgramError::io("cannot make", &scope))?;
        // One at a time: they share a folder of sources, so that cargo compiles dependencies once for all of them.
        let _lock = lock(&scope.join("lock"), cancel).await?;
        if !own.is_file() {
            self.build(inputs, &toolchain, &scope, &scope.join(name), cancel).await?;
        }
        Ok(own)
    }

    async fn build(
        &self,
        inputs: Inputs,
        toolchain: &Toolchain,
        scope: &Path,
        into: &Path,
        cancel: &CancellationToken,
    ) -> Result<(), ProgramError> {
        let source = scope.join("source");
        let (manifest, dir, uses_sdk) = (inputs.manifest(), inputs.dir.clone(), inputs.uses_sdk);
        let (copy, cache) = (source.clone(), self.shared.cache.clone());
        let sdk = blocking(move || {
            let emptied = match fs::remove_dir_all(&copy) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => fs::create_dir_all(&copy),
            };
            emptied.map_err(ProgramError::io("cannot empty", &copy))?;
            inputs.copy(&copy)?;
            let unpack = || sdk::unpacked(&cache).map_err(ProgramError::io("cannot write the SDK into", &cache));
            uses_sdk.then(unpack).transpose()
        })
        .await?;
        let target = scope.join("target");
        let cargo = async |offline| {
            let mut output = CargoOutput::new(&self.shared.secrets);
            let program = program(&toolchain.cargo, &source, &dir, &target, sdk.as_deref(), offline);
            let errand = Errand { id: "compile", limit: COMPILE, log_limit: LOG_BYTES, answer_limit: None };
            let ran = self.shared.run(&errand, move |_| Ok(program), &mut output, cancel).await?;
            Ok::<_, ProgramError>((ran, output))
        };
        let (mut ran, mut output) = cargo(true).await?;
        let mut said = output.people.finish();
        // What is there already is quickest, and the same tomorrow; cargo says by this flag's name what is not.
        if ran.how.is_some() && said.contains("--offline") {
            (ran, output) = cargo(false).await?;
            said = output.people.finish();
        }
        let failed = |how: String, output| ProgramError::Compile { manifest: manifest.clone(), how, output };
        if let Ran { how: Some(how), .. } = ran {
            return Err(failed(format!("cargo: {how}"), said));
        }
        let built: Vec<_> = output.executables.iter().map(PathBuf::from).filter(|p| p.starts_with(&target)).collect();
        let [program] = built.as_slice() else {
            let names = built.iter().filter_map(|program| program.file_name()?.to_str());
            let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
            let how = match names.is_empty() {
                true => "it has no program: add `src/main.rs`".to_owned(),
                false => format!("it has the programs {}: a script is exactly one", names.join(", ")),
            };
            return Err(failed(how, said));
        };
        keep(program, &target, into).map_err(ProgramError::io("cannot keep the program in", into))
    }
}

/// What a program is called in the cache: its inputs, the compiler, the SDK, and how it is compiled.
fn name(inputs: &Inputs, toolchain: &Toolchain) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(RECIPE).update(inputs.hash.as_bytes()).update(blake3::hash(toolchain.version.as_bytes()).as_bytes());
    if inputs.uses_sdk {
        hasher.update(sdk::HASH.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// How cargo is called.
fn program(cargo: &Path, source: &Path, dir: &Path, target: &Path, sdk: Option<&Path>, offline: bool) -> Program {
    let mut command: Vec<Vec<u8>> = vec![value(cargo)];
    command.extend(["build", "--quiet", "--message-format=json-render-diagnostics"].map(Into::into));
    if offline {
        command.push("--offline".into());
    }
    if let Some(sdk) = sdk {
        let path = toml::Value::String(sdk.to_string_lossy().into_owned());
        command.extend(["--config".into(), format!("patch.crates-io.monkeyci-sdk.path={path}").into_bytes()]);
    }
    let fixed = [
        ("CARGO_INCREMENTAL", "0"),
        ("CARGO_TERM_COLOR", "never"),
        // Lines in a backtrace are all that is wanted of it, and half the time to link.
        ("CARGO_PROFILE_DEV_DEBUG", "line-tables-only"),
    ];
    let mut env: Vec<(String, Vec<u8>)> = fixed.map(|(name, value)| (name.to_owned(), value.into())).into();
    env.push(("CARGO_TARGET_DIR".to_owned(), value(target)));
    Program { command, env, root: source.to_owned(), work_dir: dir.to_owned(), ..Program::default() }
}

/// Moves a program out of cargo's folder into one of its own, which is whole as soon as it has its name.
fn keep(program: &Path, target: &Path, into: &Path) -> io::Result<()> {
    let parent = into.parent().unwrap_or(into);
    let new = tempfile::Builder::new().prefix("new-").tempdir_in(parent)?;
    // Moved and not copied: a file that this process has just written may still be open in a child that it is about
    // to start, and could then not be run.
    fs::rename(program, new.path().join(PROGRAM))?;
    // Cargo keeps a second name of it, through which the next compilation would write.
    let inode = fs::metadata(new.path().join(PROGRAM))?.ino();
    for entry in fs::read_dir(target.join("debug/deps")).into_iter().flatten() {
        let entry = entry?;
        if entry.metadata().is_ok_and(|data| data.ino() == inode) {
            fs::remove_file(entry.path())?;
        }
    }
    match fs::rename(new.path(), into) {
        Err(_) if into.join(PROGRAM).is_file() => Ok(()),
        moved => moved,
    }
}

/// Waits until nobody else compiles there.
async fn lock(path: &Path, cancel: &CancellationToken) -> Result<File, ProgramError> {
    let file = File::create(path).map_err(ProgramError::io("cannot make", path))?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(ProgramError::io("cannot lock", path)(error)),
            Err(TryLockError::WouldBlock) => {}
        }
        tokio::select! {
            () = cancel.cancelled() => return Err(ProgramError::Canceled),
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}
