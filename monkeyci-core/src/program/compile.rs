//! From the inputs of a program to the program.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::inputs::Inputs;
use super::output::CargoOutput;
use super::run::{Errand, value};
use super::toolchain::{Toolchain, toolchain};
use super::{Asked, COMPILE, MANIFEST, ProgramError, Programs, blocking, sdk};
use crate::job_dir::Program;
use crate::script::{SCRIPT_DIR, ScriptError};

/// How often is looked whether another compilation in the same folder has ended.
const LOOK: Duration = Duration::from_millis(50);

/// Bytes that cargo may print.
const LOG_BYTES: u64 = 64 * 1024 * 1024;

/// What of the way to compile is part of a program's name, beside its inputs.
const RECIPE: &[u8] = b"monkeyci script program 1";

/// The file of a program in its folder of the cache.
const PROGRAM: &str = "program";

/// How the tests of a script ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tested {
    /// Whether all of them passed.
    pub passed: bool,
    /// What cargo and the tests printed: its beginning and its end, where it is much; and how they ended, if not well.
    pub output: String,
}

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

    /// Runs the tests of a script's program, as `cargo test` does.
    ///
    /// # Errors
    /// When there is no program, or its tests cannot be run. Tests that fail are no error.
    pub async fn test(&self, asked: Asked<'_>, cancel: &CancellationToken) -> Result<Tested, ProgramError> {
        let cache = &self.shared.cache;
        let (checkout, dir) = (asked.checkout.to_owned(), PathBuf::from(asked.script_dir.unwrap_or(SCRIPT_DIR)));
        let manifest = dir.join(MANIFEST);
        if !checkout.join(&manifest).is_file() {
            return Err(ProgramError::Script(ScriptError::NotFound { looked_for: vec![manifest] }));
        }
        let inputs = blocking(move || Inputs::find(&checkout, &dir)).await?;
        let toolchain = toolchain(cache).await?;
        fs::create_dir_all(cache).map_err(ProgramError::io("cannot make", cache))?;
        let _lock = lock(&cache.join("lock"), cancel).await?;
        let cargo = self.unpack(inputs, &toolchain, cache).await?;
        let ran = self.cargo(&cargo, &["test"], cancel).await?;
        let how = ran.how.as_ref().map(|how| format!("error: the tests: {how}\n"));
        Ok(Tested { passed: ran.how.is_none(), output: ran.said + how.as_deref().unwrap_or_default() })
    }

    async fn build(
        &self,
        inputs: Inputs,
        toolchain: &Toolchain,
        scope: &Path,
        into: &Path,
        cancel: &CancellationToken,
    ) -> Result<(), ProgramError> {
        let manifest = inputs.manifest();
        let failed = |how: String, output| ProgramError::Compile { manifest: manifest.clone(), how, output };
        let cargo = self.unpack(inputs, toolchain, scope).await?;
        let ran = self.cargo(&cargo, &BUILD, cancel).await?;
        if let Some(how) = ran.how {
            return Err(failed(format!("cargo: {how}"), ran.said));
        }
        let target = &cargo.target;
        let built: Vec<_> = ran.executables.iter().map(PathBuf::from).filter(|p| p.starts_with(target)).collect();
        let [program] = built.as_slice() else {
            let names = built.iter().filter_map(|program| program.file_name()?.to_str());
            let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
            let how = match names.is_empty() {
                true => "it has no program: add `src/main.rs`".to_owned(),
                false => format!("it has the programs {}: a script is exactly one", names.join(", ")),
            };
            return Err(failed(how, ran.said));
        };
        keep(program, target, into).map_err(ProgramError::io("cannot keep the program in", into))
    }

    /// Puts the inputs where cargo finds them and nothing else. Whoever calls has the folder's lock.
    async fn unpack(&self, inputs: Inputs, toolchain: &Toolchain, scope: &Path) -> Result<Cargo, ProgramError> {
        let (source, target) = (scope.join("source"), scope.join("target"));
        let (dir, ours, named) = (inputs.dir.clone(), inputs.ours.clone(), !inputs.ours.is_empty());
        let (copy, cache) = (source.clone(), self.shared.cache.clone());
        let sdk = blocking(move || {
            let emptied = match fs::remove_dir_all(&copy) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => fs::create_dir_all(&copy),
            };
            emptied.map_err(ProgramError::io("cannot empty", &copy))?;
            inputs.copy(&copy)?;
            let unpack = || sdk::unpacked(&cache).map_err(ProgramError::io("cannot write the SDK into", &cache));
            named.then(unpack).transpose()
        })
        .await?;
        let folder = |package| Some((package, sdk.as_ref()?.join(sdk::folder_of(package)?)));
        let ours = ours.into_iter().filter_map(folder).collect();
        Ok(Cargo { program: toolchain.cargo.clone(), source, dir, target, ours })
    }

    /// Runs cargo on inputs that are unpacked.
    async fn cargo(&self, cargo: &Cargo, words: &[&str], cancel: &CancellationToken) -> Result<CargoRan, ProgramError> {
        let once = async |offline| {
            let mut output = CargoOutput::new(&self.shared.secrets);
            let program = cargo.command(words, offline);
            let errand = Errand { id: "compile", limit: COMPILE, log_limit: LOG_BYTES, answer_limit: None };
            let ran = self.shared.run(&errand, move |_| Ok(program), &mut output, cancel).await?;
            let (said, executables) = (output.people.finish(), output.executables);
            Ok::<_, ProgramError>(CargoRan { how: ran.how, said, executables })
        };
        let ran = once(true).await?;
        // What is there already is quickest, and the same tomorrow; cargo says by this flag's name what is not.
        if ran.how.is_some() && ran.said.contains("--offline") { once(false).await } else { Ok(ran) }
    }
}

/// The words to cargo that compile a program.
const BUILD: [&str; 3] = ["build", "--quiet", "--message-format=json-render-diagnostics"];

/// Cargo, and where it finds what it works on.
struct Cargo {
    program: PathBuf,
    source: PathBuf,
    /// The folder of the script, from `source`.
    dir: PathBuf,
    target: PathBuf,
    /// The packages of ours that the script names, with their folders.
    ours: Vec<(&'static str, PathBuf)>,
}

/// How cargo ended.
struct CargoRan {
    /// Why not well, in half a sentence.
    how: Option<String>,
    said: String,
    executables: Vec<String>,
}

/// What a program is called in the cache: its inputs, the compiler, the SDK, and how it is compiled.
fn name(inputs: &Inputs, toolchain: &Toolchain) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(RECIPE).update(inputs.hash.as_bytes()).update(blake3::hash(toolchain.version.as_bytes()).as_bytes());
    if !inputs.ours.is_empty() {
        hasher.update(sdk::HASH.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

impl Cargo {
    /// How it is called.
    fn command(&self, words: &[&str], offline: bool) -> Program {
        let mut command: Vec<Vec<u8>> = vec![value(&self.program)];
        command.extend(words.iter().map(|&word| word.into()));
        if offline {
            command.push("--offline".into());
        }
        for (package, folder) in &self.ours {
            let path = toml::Value::String(folder.to_string_lossy().into_owned());
            command.extend(["--config".into(), format!("patch.crates-io.{package}.path={path}").into_bytes()]);
        }
        let fixed = [
            ("CARGO_INCREMENTAL", "0"),
            ("CARGO_TERM_COLOR", "never"),
            // Lines in a backtrace are all that is wanted of it, and half the time to link.
            ("CARGO_PROFILE_DEV_DEBUG", "line-tables-only"),
        ];
        let mut env: Vec<(String, Vec<u8>)> = fixed.map(|(name, value)| (name.to_owned(), value.into())).into();
        env.push(("CARGO_TARGET_DIR".to_owned(), value(&self.target)));
        Program { command, env, root: self.source.clone(), work_dir: self.dir.clone(), ..Program::default() }
    }
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
