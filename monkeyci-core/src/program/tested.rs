//! The tests of a script.

use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use super::cargo::{Cargo, CargoRan};
use super::compile::Place;
use super::log::Step;
use super::{Asked, MANIFEST, ProgramError, Programs};
use crate::scope::Scope;
use crate::script::{SCRIPT_DIR, ScriptError};

/// How the tests of a script ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tested {
    /// Whether all of them passed.
    pub passed: bool,
    /// How many did.
    pub count: u64,
    /// Why not all of them passed, in half a sentence.
    pub how: Option<String>,
    /// What cargo and the tests printed: its beginning and its end, where it is much.
    pub output: String,
}

impl Programs {
    /// Runs the tests of a script's program, as `cargo test -- ARGS` does, also when they have passed before.
    ///
    /// # Errors
    /// When there is no program, or its tests cannot be run. Tests that fail are no error.
    pub async fn test(
        &self,
        asked: Asked<'_>,
        args: &[String],
        cancel: &CancellationToken,
    ) -> Result<Tested, ProgramError> {
        let manifest = PathBuf::from(asked.script_dir.unwrap_or(SCRIPT_DIR)).join(MANIFEST);
        if !asked.checkout.join(&manifest).is_file() {
            return Err(ProgramError::Script(ScriptError::NotFound { looked_for: vec![manifest] }));
        }
        let image = self.image(asked).await?;
        let (inputs, toolchain) = self.inputs(asked, image, cancel).await?;
        let place = Place::new(&self.shared.cache, &inputs, &toolchain, &Scope::of(asked.trigger));
        let _lock = self.lock(&place.scope, cancel).await?;
        let cargo = self.unpack(inputs, &toolchain, &place).await?;
        let ran = self.during(Step::Test, self.cargo(&cargo, &["test"], args, cancel)).await?;
        // Some of them may have been left out by the arguments.
        if ran.how.is_none() && args.is_empty() {
            place.mark_tested()?;
        }
        Ok(Tested { passed: ran.how.is_none(), count: ran.passed, how: ran.how, output: ran.said })
    }

    /// Runs them before a build, and returns how many passed, which must be all.
    pub(super) async fn pass(
        &self,
        cargo: &Cargo,
        manifest: &Path,
        cancel: &CancellationToken,
    ) -> Result<u64, ProgramError> {
        let CargoRan { how, said, passed, failed, .. } = self.cargo(cargo, &["test"], &[], cancel).await?;
        match how {
            None => Ok(passed),
            Some(how) => Err(ProgramError::Tests {
                manifest: manifest.to_owned(),
                failed: failed.iter().map(|name| self.secrets.masked(name)).collect(),
                how: format!("cargo: {how}"),
                output: said,
            }),
        }
    }
}
