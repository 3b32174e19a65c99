//! From the inputs of a program to the program.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::cargo::Cargo;
use super::inputs::Inputs;
use super::log::Step;
use super::prune::{self, Limits};
use super::toolchain::{Toolchain, toolchain};
use super::{Asked, ProgramError, Programs, blocking, sdk};
use crate::job_dir::frame::Stream;
use crate::scope::Scope;
use crate::script::SCRIPT_DIR;

/// How often is looked whether another compilation in the same folder has ended.
const LOOK: Duration = Duration::from_millis(50);

/// What of the way to compile is part of a program's name, beside its inputs.
const RECIPE: &[u8] = b"monkeyci script program 1";

/// The file of a program in its folder of the cache.
pub(super) const PROGRAM: &str = "program";

/// The words to cargo that compile a program.
const BUILD: [&str; 2] = ["build", "--message-format=json-render-diagnostics"];

/// A script's program, ready to be asked.
pub(super) struct Ready {
    pub(super) program: PathBuf,
    /// Tests that passed just now; none where they were not asked for, or had passed before.
    pub(super) tests: Option<u64>,
}

/// Where a program is kept, and beside it whether its tests have passed.
///
/// Those of branches and those of forks are kept apart: they may use what protected builds have, and those use nothing
/// of theirs. All branches have one folder, and all forks another, because each compiles its dependencies anew.
pub(super) struct Place {
    name: String,
    cache: PathBuf,
    /// The folder in which it compiles.
    pub(super) scope: PathBuf,
}

impl Place {
    pub(super) fn new(cache: &Path, inputs: &Inputs, toolchain: &Toolchain, scope: &Scope) -> Self {
        let scope = match scope {
            Scope::Protected => cache.to_owned(),
            Scope::Branch(_) => cache.join("branch"),
            Scope::Fork(_) => cache.join("fork"),
        };
        Self { name: name(inputs, toolchain), cache: cache.to_owned(), scope }
    }

    /// Its folder.
    fn own(&self) -> PathBuf {
        self.scope.join(&self.name)
    }

    fn program(&self) -> Option<PathBuf> {
        self.first(|folder| folder.join(&self.name).join(PROGRAM))
    }

    /// Whether its tests have passed.
    pub(super) fn is_tested(&self) -> bool {
        self.first(|folder| prune::marker(&folder.join(&self.name))).is_some()
    }

    /// Keeps in mind that its tests have passed.
    pub(super) fn mark_tested(&self) -> Result<(), ProgramError> {
        let marker = prune::marker(&self.own());
        fs::write(&marker, "").map_err(ProgramError::io("cannot write", &marker))
    }

    fn first(&self, file: impl Fn(&Path) -> PathBuf) -> Option<PathBuf> {
        [&self.cache, &self.scope].into_iter().map(|folder| file(folder)).find(|file| file.is_file())
    }
}

impl Programs {
    /// The compiled program of a script, from the cache or compiled now.
    ///
    /// # Errors
    /// When it does not compile.
    pub(crate) async fn compile(
        &self,
        checkout: &Path,
        script_dir: Option<&str>,
        scope: &Scope,
        cancel: &CancellationToken,
    ) -> Result<PathBuf, ProgramError> {
        let (inputs, toolchain) = self.inputs(checkout, script_dir).await?;
        self.ready(inputs, &toolchain, scope, false, cancel).await.map(|ready| ready.program)
    }

    /// The same for a script whose tests have passed, where that is asked for.
    pub(super) async fn tested(
        &self,
        asked: Asked<'_>,
        tests: bool,
        cancel: &CancellationToken,
    ) -> Result<Ready, ProgramError> {
        let (inputs, toolchain) = self.inputs(asked.checkout, asked.script_dir).await?;
        self.ready(inputs, &toolchain, &Scope::of(asked.trigger), tests, cancel).await
    }

    /// What a script's program is made of, and by what.
    pub(super) async fn inputs(
        &self,
        checkout: &Path,
        script_dir: Option<&str>,
    ) -> Result<(Inputs, Toolchain), ProgramError> {
        let (checkout, dir) = (checkout.to_owned(), PathBuf::from(script_dir.unwrap_or(SCRIPT_DIR)));
        let inputs = blocking(move || Inputs::find(&checkout, &dir)).await?;
        Ok((inputs, toolchain(&self.shared.cache).await?))
    }

    async fn ready(
        &self,
        inputs: Inputs,
        toolchain: &Toolchain,
        scope: &Scope,
        tests: bool,
        cancel: &CancellationToken,
    ) -> Result<Ready, ProgramError> {
        let place = Place::new(&self.shared.cache, &inputs, toolchain, scope);
        let is_tested = || !tests || place.is_tested();
        if let Some(program) = place.program()
            && is_tested()
        {
            prune::touch(&program);
            return Ok(Ready { program, tests: None });
        }
        // One at a time: they share a folder of sources, so that cargo compiles dependencies once for all of them.
        let _lock = self.lock(&place.scope, cancel).await?;
        let (program, is_tested) = (place.program(), is_tested());
        let mut ready = Ready { program: place.own().join(PROGRAM), tests: None };
        let is_compiled = program.is_some();
        if let Some(program) = program {
            prune::touch(&program);
            ready.program = program;
        }
        if is_compiled && is_tested {
            return Ok(ready);
        }
        let manifest = inputs.manifest();
        let looked = move || {
            let may_have_tests = !is_tested && inputs.may_have_tests();
            Ok((inputs, may_have_tests))
        };
        let (inputs, may_have_tests) = blocking(looked).await?;
        if !is_compiled || may_have_tests {
            let cargo = self.unpack(inputs, toolchain, &place.scope).await?;
            if !is_compiled {
                self.during(Step::Compile, self.build(&cargo, &manifest, &place.own(), cancel)).await?;
            }
            if may_have_tests {
                let ran = self.during(Step::Test, self.pass(&cargo, &manifest, cancel)).await?;
                ready.tests = Some(ran).filter(|passed| *passed > 0);
            }
        }
        if !is_tested {
            place.mark_tested()?;
        }
        let (cache, scope) = (place.cache, place.scope);
        let pruned = move || {
            prune::prune(&cache, &scope, &Limits::default());
            Ok(())
        };
        blocking(pruned).await?;
        Ok(ready)
    }

    async fn build(
        &self,
        cargo: &Cargo,
        manifest: &Path,
        into: &Path,
        cancel: &CancellationToken,
    ) -> Result<(), ProgramError> {
        let failed = |how: String, output| ProgramError::Compile { manifest: manifest.to_owned(), how, output };
        let ran = self.cargo(cargo, &BUILD, &[], cancel).await?;
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
    pub(super) async fn unpack(
        &self,
        inputs: Inputs,
        toolchain: &Toolchain,
        scope: &Path,
    ) -> Result<Cargo, ProgramError> {
        let (source, target) = (scope.join("source"), scope.join("target"));
        let (dir, ours, named) = (inputs.dir.clone(), inputs.ours.clone(), !inputs.ours.is_empty());
        let (copy, cache) = (source.clone(), self.shared.cache.clone());
        let (scope, version) = (scope.to_owned(), toolchain.version.clone());
        let sdk = blocking(move || {
            let emptied = match fs::remove_dir_all(&copy) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => fs::create_dir_all(&copy),
            };
            emptied.map_err(ProgramError::io("cannot empty", &copy))?;
            inputs.copy(&copy)?;
            prune::renew(&scope, &version).map_err(ProgramError::io("cannot empty the folder of cargo in", &scope))?;
            let unpack = || sdk::unpacked(&cache).map_err(ProgramError::io("cannot write the SDK into", &cache));
            named.then(unpack).transpose()
        })
        .await?;
        let folder = |package| Some((package, sdk.as_ref()?.join(sdk::folder_of(package)?)));
        let ours = ours.into_iter().filter_map(folder).collect();
        Ok(Cargo { program: toolchain.cargo.clone(), source, dir, target, ours })
    }

    /// Waits until nobody else compiles in the folder `scope`, which is made.
    pub(super) async fn lock(&self, scope: &Path, cancel: &CancellationToken) -> Result<File, ProgramError> {
        fs::create_dir_all(scope).map_err(ProgramError::io("cannot make", scope))?;
        let path = scope.join("lock");
        let file = File::create(&path).map_err(ProgramError::io("cannot make", &path))?;
        let mut has_waited = false;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(error)) => return Err(ProgramError::io("cannot lock", &path)(error)),
                Err(TryLockError::WouldBlock) => {}
            }
            if let Some(log) = self.log.as_ref().filter(|_| !std::mem::replace(&mut has_waited, true)) {
                log.write(Stream::Stderr, b"waiting until another script is compiled\n");
            }
            tokio::select! {
                () = cancel.cancelled() => return Err(ProgramError::Canceled),
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }
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
