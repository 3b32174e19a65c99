//! From the inputs of a program to the program.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::bench::Bench;
use super::cargo::Cargo;
use super::inputs::Inputs;
use super::log::Step;
use super::prune::{self, Limits};
use super::toolchain::{Toolchain, toolchain};
use super::{Asked, ProgramError, Programs, blocking, sdk};
use crate::executor::Inner;
use crate::job_dir::JobDir;
use crate::job_dir::frame::Stream;
use crate::scope::Scope;
use crate::script::SCRIPT_DIR;
use crate::workspace::remove_tree;

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
    fork: bool,
}

impl Place {
    pub(super) fn new(cache: &Path, inputs: &Inputs, toolchain: &Toolchain, scope: &Scope) -> Self {
        let cache = if toolchain.image.is_some() { of_images(cache) } else { cache.to_owned() };
        let (folder, fork) = match scope {
            Scope::Protected => (cache.clone(), false),
            Scope::Branch(_) => (cache.join("branch"), false),
            Scope::Fork(_) => (cache.join("fork"), true),
        };
        Self { name: name(inputs, toolchain), cache, scope: folder, fork }
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
    pub(crate) async fn compile(&self, asked: Asked<'_>, cancel: &CancellationToken) -> Result<PathBuf, ProgramError> {
        let image = self.image(asked).await?;
        self.tested(asked, image, false, cancel).await.map(|ready| ready.program)
    }

    /// The same for a script whose tests have passed, where that is asked for, in this image.
    pub(super) async fn tested(
        &self,
        asked: Asked<'_>,
        image: Option<String>,
        tests: bool,
        cancel: &CancellationToken,
    ) -> Result<Ready, ProgramError> {
        let (inputs, toolchain) = self.inputs(asked, image, cancel).await?;
        self.ready(inputs, &toolchain, &Scope::of(asked.trigger), tests, cancel).await
    }

    /// What a script's program is made of, and by what.
    pub(super) async fn inputs(
        &self,
        asked: Asked<'_>,
        image: Option<String>,
        cancel: &CancellationToken,
    ) -> Result<(Inputs, Toolchain), ProgramError> {
        let (checkout, dir) = (asked.checkout.to_owned(), PathBuf::from(asked.script_dir.unwrap_or(SCRIPT_DIR)));
        let inputs = blocking(move || Inputs::find(&checkout, &dir)).await?;
        let cache = &self.shared.cache;
        let toolchain = match image {
            None => toolchain(cache).await?,
            Some(image) => self.toolchain_in(image, &of_images(cache), cancel).await?,
        };
        Ok((inputs, toolchain))
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
            let cargo = self.unpack(inputs, toolchain, &place).await?;
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
        let target = prune::target(&scope, toolchain.image.is_some());
        let pruned = move || {
            prune::prune(&cache, &scope, &target, &Limits::default());
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
        let kept = match &cargo.bench {
            Some(bench) => bench.keep(program, PROGRAM, into),
            None => keep(program, target, into),
        };
        kept.map_err(ProgramError::io("cannot keep the program in", into))
    }

    /// Puts the inputs where cargo finds them and nothing else. Whoever calls has the folder's lock.
    pub(super) async fn unpack(
        &self,
        inputs: Inputs,
        toolchain: &Toolchain,
        place: &Place,
    ) -> Result<Cargo, ProgramError> {
        let (scope, fork) = (place.scope.clone(), place.fork);
        let (source, cache, image) = (scope.join("source"), self.shared.cache.clone(), toolchain.image.clone());
        let (dir, ours, version) = (inputs.dir.clone(), inputs.ours.clone(), toolchain.version.clone());
        let program = toolchain.cargo.clone();
        blocking(move || {
            let emptied = remove_tree(&source).and_then(|()| fs::create_dir_all(&source));
            emptied.map_err(ProgramError::io("cannot empty", &source))?;
            inputs.copy(&source)?;
            let target = prune::target(&scope, image.is_some());
            prune::renew(&scope, &target, &version)
                .map_err(ProgramError::io("cannot empty the folder of cargo in", &scope))?;
            let unpack = || sdk::unpacked(&cache).map_err(ProgramError::io("cannot write the SDK into", &cache));
            let sdk = (!inputs.ours.is_empty()).then(unpack).transpose()?;
            let Some(image) = image else {
                let folder = |package| Some((package, sdk.as_ref()?.join(sdk::folder_of(package)?)));
                let ours = ours.into_iter().filter_map(folder).collect();
                return Ok(Cargo { program, source, dir, target, ours, bench: None, fork });
            };
            let bench = Bench { image, folder: prune::bench(&scope), sdk };
            bench.put(&source)?;
            let control = Inner::of(&JobDir::at(""), true).control;
            let folder = |package| {
                let folder = Bench::package(bench.sdk.as_ref()?, &control, sdk::folder_of(package)?);
                Some((package, folder))
            };
            let ours = ours.into_iter().filter_map(folder).collect();
            let (source, target) = (Bench::inside("source"), Bench::inside("target"));
            Ok(Cargo { program, source, dir, target, ours, bench: Some(bench), fork })
        })
        .await
    }

    /// Waits until nobody else compiles in the folder `scope`, which is made.
    pub(super) async fn lock(&self, scope: &Path, cancel: &CancellationToken) -> Result<File, ProgramError> {
        // What others leave in there is nobody's to run on this host.
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(scope);
        made.map_err(ProgramError::io("cannot make", scope))?;
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

/// The folder of what is compiled in images, by no other's name.
fn of_images(cache: &Path) -> PathBuf {
    cache.join("image")
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
