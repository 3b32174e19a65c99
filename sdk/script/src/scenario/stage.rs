//! What answers an action or a hook that runs in a scenario, in the place of a build.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;

use monkeyci_model::job::{Artifact, Cache};
use monkeyci_model::result::SavedFile;
use monkeyci_model::script::Answer;
use monkeyci_model::script::api::{JobView, Restored};

use super::files::Files;
use crate::action::Outcome;
use crate::api::{Api, ApiError};
use crate::context::Ctx;

/// One job of a scenario, while it runs.
pub(super) struct Stage {
    pub(super) ctx: Ctx,
    pub(super) dir: PathBuf,
    pub(super) files: Rc<RefCell<Files>>,
    pub(super) jobs: Vec<JobView>,
    pub(super) told: RefCell<Outcome>,
}

impl Api for Stage {
    fn params(&self) -> Result<BTreeMap<String, String>, ApiError> {
        Ok(self.ctx.params().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    fn jobs(&self) -> Result<Vec<JobView>, ApiError> {
        Ok(self.jobs.clone())
    }

    fn job(&self, id: &str) -> Result<Option<JobView>, ApiError> {
        Ok(self.jobs.iter().find(|job| job.job.id.as_str() == id).cloned())
    }

    fn log(&self, id: &str) -> Result<Option<Vec<u8>>, ApiError> {
        // Nothing is written where nothing runs.
        Ok(self.job(id)?.map(|_| Vec::new()))
    }

    fn save(&self, artifact: &Artifact) -> Result<Option<SavedFile>, ApiError> {
        let size = self.files.borrow_mut().save(artifact, &self.dir);
        let file =
            |size| SavedFile { id: artifact.id.clone(), path: artifact.path.clone(), size, digest: String::new() };
        Ok(size.map(file))
    }

    fn restore(&self, artifact: &Artifact) -> Result<bool, ApiError> {
        let restored = self.files.borrow().restore(artifact, &self.dir);
        restored.map_err(|error| ApiError::new(format!("artifact `{}`", artifact.id), error))
    }

    fn save_cache(&self, cache: &Cache) -> Result<(), ApiError> {
        let what = format!("cache `{}`", cache.id);
        if self.files.borrow_mut().save_cache(cache, &self.dir) {
            Ok(())
        } else {
            Err(ApiError::new(what, format!("there is nothing at `{}`", cache.path)))
        }
    }

    fn restore_cache(&self, cache: &Cache) -> Result<Restored, ApiError> {
        let restored = self.files.borrow().restore_cache(cache, &self.dir);
        restored.map_err(|error| ApiError::new(format!("cache `{}`", cache.id), error))
    }

    fn tell(&self, fields: &Answer) -> Result<(), ApiError> {
        self.told.replace_with(|told| told.clone().and(Outcome::from(fields.clone())));
        Ok(())
    }
}
