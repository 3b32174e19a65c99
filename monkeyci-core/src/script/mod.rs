//! How the files of `.monkeyci/` become jobs.
//!
//! Every format is read into one tree of nodes with places, checked there, and converted by hand, so that every
//! mistake is shown where it stands; all of them at once. What a checkout holds is not trusted: size, depth, aliases
//! and the product of matrices are limited, and no file outside the checkout is read.
//!
//! ```
//! use monkeyci_core::model::Trigger;
//! use monkeyci_core::script::{self, Extensions, Format};
//!
//! let text = "- id: test\n  image: docker.io/rust:1\n  script: [cargo test]\n";
//! let script = script::parse(Format::Yaml, "build.yaml", text, &Trigger::default(), &Extensions::none())?;
//! assert_eq!(script.jobs[0].id.as_str(), "test");
//!
//! let wrong = script::parse(Format::Yaml, "build.yaml", "scirpt: [ls]", &Trigger::default(), &Extensions::none());
//! assert!(wrong.unwrap_err().to_string().contains("did you mean `script`?"));
//! # Ok::<(), script::ScriptError>(())
//! ```

mod artifacts;
mod assemble;
mod check;
mod condition;
mod convert;
mod defaults;
mod dependencies;
mod diagnostic;
mod error;
mod extensions;
mod file;
mod find;
mod matrix;
pub(crate) mod nearest;
mod node;
mod open;
mod pattern;
mod placeholder;
mod problems;
mod read;
mod schema;
#[cfg(test)]
mod tests;

use std::path::{Component, Path, PathBuf};

use monkeyci_model::{Job, JobId, Plan, Trigger};

pub use check::{Mistake, check};
pub use diagnostic::{Diagnostic, Place};
pub use error::{ScriptError, Unrunnable};
pub use extensions::Extensions;
pub use monkeyci_model::script::SCRIPT_DIR;
pub use read::{Format, is_deeper};
pub use schema::schema;

use file::ScriptFile;
use problems::Problems;

/// The jobs of a build, as its script says.
#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    /// The jobs that belong to the build, in the order of the script.
    pub jobs: Vec<Job>,
    /// What the author should know, though the build goes on.
    pub warnings: Vec<String>,
    /// The files that were read, from the root of the checkout.
    pub files: Vec<PathBuf>,
    /// Jobs whose condition does not hold. Nothing depends on them any more.
    pub left_out: Vec<JobId>,
}

impl From<Script> for Plan {
    fn from(script: Script) -> Self {
        Self { warnings: script.warnings, ..script.jobs.into() }
    }
}

/// Loads the script of `checkout` from its folder `script_dir`, or from [`SCRIPT_DIR`], for the build that `trigger`
/// causes. All files that exist are loaded and their jobs joined. Reads a few small files, and blocks meanwhile.
///
/// Runs nothing: a script with a program is loaded by [`Programs::load`](crate::program::Programs::load).
///
/// # Errors
/// When there is no script or none that can be loaded so, and when the script has mistakes.
pub fn load(
    checkout: &Path,
    script_dir: Option<&str>,
    trigger: &Trigger,
    extensions: &Extensions,
) -> Result<Script, ScriptError> {
    match declared(checkout, script_dir, trigger, extensions)? {
        (script, None) => Ok(script),
        (_, Some(path)) => Err(ScriptError::NotRunnable { files: vec![Unrunnable { path, kind: "a Rust script" }] }),
    }
}

/// The same for what can be read without running anything; where there is a program as well, its manifest is told.
///
/// Jobs may then depend on such as the program has: whether they are there is seen when all are joined.
pub(crate) fn declared(
    checkout: &Path,
    script_dir: Option<&str>,
    trigger: &Trigger,
    extensions: &Extensions,
) -> Result<(Script, Option<PathBuf>), ScriptError> {
    let dir = folder(script_dir)?;
    let unreadable = |source| ScriptError::Unreadable { path: checkout.to_owned(), source };
    let root = std::fs::canonicalize(checkout).map_err(unreadable)?;
    let found = find::find(&root, dir)?;
    let opened = found.files.into_iter().map(|(path, format)| (format, open::open(&root, &path)));
    let mut script = read(opened.collect(), trigger, extensions, found.program.is_some())?;
    if let Some(other) = found.left_aside.first() {
        let (dir, path) = (dir.display(), other.path.display());
        script.warnings.push(format!("`{dir}` is the script of this build; `{path}` ({}) is not run", other.kind));
    }
    Ok((script, found.program))
}

/// The folder of a script, from the root of the checkout.
fn folder(script_dir: Option<&str>) -> Result<&Path, ScriptError> {
    let dir = Path::new(script_dir.unwrap_or(SCRIPT_DIR));
    if dir.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Ok(dir);
    }
    Err(ScriptError::Outside(diagnostic::shown(&dir.to_string_lossy())))
}

/// Whether the checkout has a script of its own, be it one that this version cannot run.
pub(crate) fn is_there(checkout: &Path, script_dir: Option<&str>) -> Result<bool, ScriptError> {
    Ok(find::is_there(checkout, folder(script_dir)?))
}

/// The first file of another CI tool in the checkout, if there is one.
pub(crate) fn other(checkout: &Path) -> Option<Unrunnable> {
    find::others(checkout).into_iter().next()
}

/// Reads a script that is at hand as text; `name` is the file's name in error messages.
///
/// # Errors
/// When the script has mistakes.
pub fn parse(
    format: Format,
    name: &str,
    text: &str,
    trigger: &Trigger,
    extensions: &Extensions,
) -> Result<Script, ScriptError> {
    let file = open::decode(Path::new(name), text.as_bytes().to_vec());
    read(vec![(format, file)], trigger, extensions, false)
}

fn read(
    opened: Vec<(Format, Result<ScriptFile, Box<Diagnostic>>)>,
    trigger: &Trigger,
    extensions: &Extensions,
    has_others: bool,
) -> Result<Script, ScriptError> {
    let (mut files, mut formats, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for (format, file) in opened {
        match file {
            Ok(file) => {
                files.push(file);
                formats.push(format);
            }
            Err(error) => errors.push(*error),
        }
    }
    let mut problems = Problems::new(&files);
    let mut trees = Vec::new();
    for ((number, file), format) in (0..).zip(&files).zip(formats) {
        match format.read(&file.text, number) {
            Ok(tree) => {
                read::check_keys(&tree, &mut problems);
                trees.push(tree);
            }
            Err(flaw) => problems.add(flaw),
        }
    }
    let (jobs, left_out) = assemble::assemble(trees, trigger, extensions, has_others, &mut problems);
    let (found, warnings) = problems.into_parts();
    errors.extend(found);
    if !errors.is_empty() {
        return Err(ScriptError::Invalid(errors));
    }
    Ok(Script { jobs, warnings, files: files.into_iter().map(|file| file.path).collect(), left_out })
}
