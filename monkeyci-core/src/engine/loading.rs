use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use monkeyci_model::{BuildId, BuildStatus, EventKind, Job, JobId, Trigger};
use tokio_util::sync::CancellationToken;

use super::request::{Declared, Load};
use super::shared::Shared;
use super::{BuildRequest, LoadError, Loaded};
use crate::log::{Chunk, LogId};
use crate::program::{self, Asked, Programs};
use crate::script::nearest::did_you_mean;
use crate::script::{self, Extensions, Format, ScriptError};
use crate::secret::Secrets;

/// The script of a build, while its jobs are read.
pub(super) struct Loading {
    pub(super) shared: Arc<Shared>,
    pub(super) build: BuildId,
    pub(super) request: BuildRequest,
    pub(super) trigger: Arc<Trigger>,
    pub(super) cancel: CancellationToken,
}

impl Loading {
    /// The jobs of the script that the request asks for, with references in the place of secrets.
    ///
    /// With them comes what is taken over of the build that this one does once more.
    pub(super) async fn jobs(self) -> Result<(Loaded, Vec<EventKind>), LoadError> {
        let secrets = self.shared.keeper.secrets(&self.trigger).await;
        let secrets = secrets.map_err(|message| LoadError { status: BuildStatus::Error, message })?;
        let mut outcome = self.wanted(&secrets).await;
        // A picture of an error shows a line of the script, which may hold anything.
        match &mut outcome {
            Ok(loaded) => loaded.warnings = loaded.warnings.drain(..).map(|text| secrets.masked(&text)).collect(),
            Err(error) => error.message = secrets.masked(&error.message),
        }
        let loaded = self.admitted(outcome?).await?;
        let taken = self.taken_over(&loaded.jobs).await;
        Ok((loaded, taken))
    }

    /// What of it is let into the build.
    async fn admitted(&self, mut loaded: Loaded) -> Result<Loaded, LoadError> {
        let wrong = loaded.jobs.iter().find_map(|job| id_tokens_wrong(job, self.shared.keeper.gives_id_tokens()));
        if let Some(message) = wrong {
            return Err(LoadError { status: BuildStatus::Failure, message });
        }
        if let Some(gate) = &self.shared.gate {
            loaded.jobs = gate.admit(&self.build, &self.trigger, loaded.jobs).await?;
        }
        Ok(loaded)
    }

    async fn wanted(&self, secrets: &Arc<Secrets>) -> Result<Loaded, LoadError> {
        let mut loaded = self.all(secrets).await?;
        loaded.jobs.iter_mut().for_each(|job| secrets.take_in(job));
        if self.request.filter.is_empty() {
            return Ok(loaded);
        }
        let (mut wanted, mut in_vain) = (HashSet::new(), Vec::new());
        for glob in &self.request.filter {
            let ids = loaded.jobs.iter().map(|job| &job.id);
            let matching: Vec<_> = ids.filter(|id| glob.is_match(id.as_str())).cloned().collect();
            if matching.is_empty() {
                let text = glob.glob().glob();
                let near = did_you_mean(text, loaded.jobs.iter().map(|job| job.id.as_str()));
                let near = near.map(|near| format!(" ({near})")).unwrap_or_default();
                in_vain.push(match JobId::new(text) {
                    Ok(id) => format!("there is no job `{id}`{near}"),
                    Err(_) => format!("no job matches the filter `{text}`"),
                });
            }
            wanted.extend(matching);
        }
        if wanted.is_empty() {
            let known: Vec<_> = loaded.jobs.iter().take(20).map(|job| format!("`{}`", job.id)).collect();
            let message = format!("{}; the script has {}", in_vain.join("; "), known.join(", "));
            return Err(LoadError { status: BuildStatus::Failure, message });
        }
        loaded.warnings.extend(in_vain);
        let by_id: HashMap<_, _> = loaded.jobs.iter().map(|job| (&job.id, job)).collect();
        let mut open: Vec<_> = wanted.iter().cloned().collect();
        while let Some(job) = open.pop().and_then(|id| by_id.get(&id)) {
            open.extend(job.dependencies.iter().filter(|id| wanted.insert((*id).clone())).cloned());
        }
        loaded.jobs.retain(|job| wanted.contains(&job.id));
        Ok(loaded)
    }

    async fn all(&self, secrets: &Arc<Secrets>) -> Result<Loaded, LoadError> {
        let checkout = self.shared.checkout(&self.build);
        match &self.request.load {
            Load::Own(load) => {
                let (load, dir, trigger) =
                    (Arc::clone(load), self.request.script_dir.clone(), Arc::clone(&self.trigger));
                let loaded = tokio::task::spawn_blocking(move || load(&checkout, dir.as_deref(), &trigger));
                match loaded.await {
                    Ok(loaded) => loaded,
                    Err(error) => std::panic::resume_unwind(error.into_panic()),
                }
            }
            Load::Script { extensions, refused } => {
                if let Some(loaded) = self.instead(extensions).map_err(|error| refused(&error.into()))? {
                    return Ok(loaded);
                }
                let asked = Asked {
                    checkout: &checkout,
                    script_dir: self.request.script_dir.as_deref(),
                    build: Some(&self.build),
                    trigger: &self.trigger,
                    in_place: false,
                };
                let programs = match &self.shared.programs {
                    Some(programs) => {
                        let known = self.shared.keeper.registries(&self.build, &self.trigger).await;
                        let known = known.map_err(|message| LoadError { status: BuildStatus::Error, message })?;
                        Some(self.logged(&programs.knowing(Arc::clone(secrets)).known_at(known)))
                    }
                    None => None,
                };
                let loaded = match programs {
                    Some(programs) if self.request.script_tests => {
                        programs.load_tested(asked, extensions, &self.cancel).await
                    }
                    Some(programs) => programs.load(asked, extensions, &self.cancel).await.map(|script| (script, None)),
                    None => program::load_files(asked, extensions).await.map(|script| (script, None)),
                };
                let (script, tests) = loaded.map_err(|error| refused(&error))?;
                Ok(Loaded { jobs: script.jobs, warnings: script.warnings, tests, pipeline: None })
            }
        }
    }

    /// The jobs of what is declared elsewhere, where the checkout has no script of its own.
    fn instead(&self, extensions: &Extensions) -> Result<Option<Loaded>, ScriptError> {
        let Some(Declared { name, document }) = &self.request.declared else { return Ok(None) };
        let checkout = self.shared.checkout(&self.build);
        if script::is_there(&checkout, self.request.script_dir.as_deref())? {
            return Ok(None);
        }
        let mut script = script::parse(Format::Json, name, document, &self.trigger, extensions)?;
        if let Some(other) = script::other(&checkout) {
            let (path, kind) = (other.path.display(), other.kind);
            script
                .warnings
                .push(format!("pipeline `{name}` is the script of this build; `{path}` ({kind}) is not run"));
        }
        let pipeline = Some(name.clone());
        Ok(Some(Loaded { jobs: script.jobs, warnings: script.warnings, tests: None, pipeline }))
    }

    /// Keeps what the script prints as a log of the build, after what an engine before this one may have kept.
    fn logged(&self, programs: &Programs) -> Programs {
        let (logs, id) = (self.shared.logs.clone(), LogId::script(&self.build));
        let offset = logs.len(&id).unwrap_or_default();
        programs.logged(offset, move |chunk: &Chunk| {
            if let Err(error) = logs.append(&id, chunk) {
                // It is for eyes only, and no reason to end the build.
                tracing::warn!(build = %id.build, %error, "what the script prints is not kept");
            }
        })
    }
}

/// Why a job cannot have the ID tokens that it asks for, if it cannot.
fn id_tokens_wrong(job: &Job, are_given: bool) -> Option<String> {
    let id = &job.id;
    if !job.id_tokens.is_empty() && !are_given {
        let help = "run the build there, or leave the job out here, as by an `if`";
        return Some(format!("job `{id}` asks for ID tokens, which only a server gives: {help}"));
    }
    job.id_tokens.iter().find_map(|(variable, token)| {
        let shown = variable.escape_debug();
        if variable.is_empty() || variable.contains(['=', '\0']) {
            return Some(format!("job `{id}`: `{shown}` cannot be the variable of an ID token"));
        }
        if job.env.contains_key(variable) {
            return Some(format!(
                "job `{id}`: `{shown}` is a variable of the job already, and cannot be an ID token too"
            ));
        }
        token.wrong().map(|why| format!("job `{id}`, ID token `{shown}`: {why}"))
    })
}
