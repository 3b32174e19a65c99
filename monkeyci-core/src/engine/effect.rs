use std::path::Path;
use std::sync::Arc;

use monkeyci_model::{BuildId, BuildStatus, Event, EventKind};

use super::call::Call;
use super::desk::Desk;
use super::loading::Loading;
use super::{EngineError, LoadError, Loaded};
use crate::build::Phase;
use crate::log::LogId;
use crate::script::SCRIPT_DIR;
use crate::secret::Secrets;
use crate::source::Checkout;

/// What follows from a fact once it is durable. Each of these may be done again after a crash: a checkout begins with an
/// empty folder, a script is only read, a lease is known by its fence, and what is cleaned twice is clean.
impl Desk {
    pub(super) fn act(&mut self, event: &Arc<Event>) {
        let id = &event.subject;
        let Some(open) = self.builds.get_mut(id) else { return };
        open.events = event.seq;
        let fence = |job: &str| open.build.job(job).map_or(0, crate::build::JobState::fence);
        let claims = &self.shared.claims;
        match &event.kind {
            EventKind::BuildInitializing {} => self.fetch(id),
            EventKind::ScriptInitializing { .. } => self.load(id),
            // Whoever follows what the script printed comes to its end.
            EventKind::ScriptStart { .. } | EventKind::ScriptEnd { .. } => self.shared.logs.close(&LogId::script(id)),
            EventKind::BuildCanceled { .. } => {
                open.build.jobs().iter().for_each(|job| claims.cancel(job.fence()));
                open.cancel.cancel();
            }
            EventKind::JobCanceled { job_id, .. } => claims.cancel(fence(job_id.as_str())),
            // Also one of which no worker will tell the end, since its build broke.
            EventKind::JobEnd { job_id, .. } | EventKind::JobSkipped { job_id, .. } => {
                claims.revoke(fence(job_id.as_str()));
                // Somebody may wait for the log of a first attempt that never came.
                let attempt = open.build.job(job_id.as_str()).map_or(1, |job| job.attempt().max(1));
                self.shared.logs.close(&LogId { build: id.clone(), job: job_id.clone(), attempt });
            }
            EventKind::BuildEnd { .. } => {
                open.cancel.cancel();
                self.shared.logs.close_all(|log| log.build == *id);
            }
            _ => {}
        }
    }

    /// Fetches the source of a build into an empty folder.
    pub(super) fn fetch(&mut self, id: &BuildId) {
        let (Some(open), Some(calls)) = (self.builds.get(id), self.calls.upgrade()) else { return };
        let Some(request) = &open.request else {
            return self.fail(id, BuildStatus::Error, "its source is not known any more: build it anew".into());
        };
        let (source, cancel) = (Arc::clone(&request.source), open.cancel.clone());
        let (build, checkout) = (id.clone(), self.shared.checkout(id));
        let (keeper, trigger) = (Arc::clone(&self.shared.keeper), open.build.trigger().cloned().unwrap_or_default());
        // Tracked as well: what is still being written when the engine is closed would be written into what the next one fetches.
        let loads = self.shared.loads.clone();
        tokio::spawn(async move {
            let fetched = loads.spawn(async move {
                empty(&checkout).await.map_err(|error| format!("cannot empty `{}`: {error}", checkout.display()))?;
                source.fetch(&checkout, cancel).await.map_err(|error| error.to_string())
            });
            let outcome = fetched.await.unwrap_or_else(|error| Err(broke("fetching the source", error)));
            let outcome = match keeper.secrets(&trigger).await {
                Ok(secrets) => without(&secrets, outcome),
                Err(why) => Err(why),
            };
            // The loop may be gone: then the next one fetches again.
            drop(calls.send(Call::Fetched { build, outcome: Box::new(outcome) }).await);
        });
    }

    pub(super) fn fetched(&mut self, id: &BuildId, outcome: Result<Checkout, String>) {
        let Some(open) = self.builds.get_mut(id).filter(|open| open.build.phase() == Phase::Fetching) else { return };
        match outcome {
            Ok(fetched) => {
                let mut trigger = open.build.trigger().map(|trigger| (**trigger).clone()).unwrap_or_default();
                trigger.git = fetched.git.or(trigger.git);
                // A forge that names the files of a push knows of all its commits; the checkout of the newest alone.
                trigger.changes = trigger.changes.or(fetched.changes);
                trigger.script = fetched.script.or(trigger.script);
                open.warnings = fetched.warnings;
                let start = EventKind::BuildStart { trigger: Some(Box::new(trigger)) };
                self.stage(id, start).expect("a build whose source is fetched can start");
                self.begin_script(id);
            }
            Err(message) => self.fail(id, BuildStatus::Error, message),
        }
    }

    /// Says that the script is being loaded; loading follows once that is durable.
    pub(super) fn begin_script(&mut self, id: &BuildId) {
        let Some(open) = self.builds.get(id) else { return };
        let named = open.request.as_ref().and_then(|request| request.script_dir.clone());
        let script_dir = named.unwrap_or_else(|| SCRIPT_DIR.to_owned());
        let begin = EventKind::ScriptInitializing { script_dir };
        self.stage(id, begin).expect("a build that has started can load its script");
    }

    /// Reads the jobs of a build, which may take its time.
    pub(super) fn load(&mut self, id: &BuildId) {
        let (Some(open), Some(calls)) = (self.builds.get(id), self.calls.upgrade()) else { return };
        let (Some(request), Some(trigger)) = (open.request.clone(), open.build.trigger().cloned()) else {
            return self.fail(id, BuildStatus::Error, "its script is not known any more: build it anew".into());
        };
        let (build, cancel) = (id.clone(), open.cancel.clone());
        let (keeper, known) = (Arc::clone(&self.shared.keeper), Arc::clone(&trigger));
        let loading = Loading { shared: Arc::clone(&self.shared), build: id.clone(), request, trigger, cancel };
        // Tracked to its very end, so that nothing of it runs or lies about when the engine is closed.
        let loaded = self.shared.loads.spawn(loading.jobs());
        tokio::spawn(async move {
            let outcome = match loaded.await {
                Ok(outcome) => outcome,
                Err(error) => {
                    // What a panic says may hold anything.
                    let message = match keeper.secrets(&known).await {
                        Ok(secrets) => secrets.masked(&broke("loading the script", error)),
                        Err(why) => why,
                    };
                    Err(LoadError { status: BuildStatus::Error, message })
                }
            };
            drop(calls.send(Call::Loaded { build, outcome }).await);
        });
    }

    pub(super) fn loaded(&mut self, id: &BuildId, outcome: Result<(Loaded, Vec<EventKind>), LoadError>) {
        let Some(open) = self.builds.get_mut(id).filter(|open| open.build.phase() == Phase::Loading) else { return };
        match outcome {
            Ok((Loaded { jobs, warnings, tests, pipeline }, taken)) => {
                let warnings = std::mem::take(&mut open.warnings).into_iter().chain(warnings).collect();
                for job in taken {
                    self.stage(id, job).expect("a build whose script is loaded can take jobs over");
                }
                match self.stage(id, EventKind::ScriptStart { jobs, warnings, tests, pipeline }) {
                    Ok(()) => {}
                    // Jobs that are no build: unknown or repeated ids, a cycle.
                    Err(EngineError::Illegal { source, .. }) => {
                        self.fail(id, BuildStatus::Failure, source.to_string());
                    }
                    Err(error) => self.fail(id, BuildStatus::Error, error.to_string()),
                }
            }
            Err(LoadError { status, message }) => self.fail(id, status, message),
        }
    }

    /// Removes what an ended build needed on disk.
    pub(super) fn clean(&self, id: &BuildId) {
        if self.shared.keep {
            return;
        }
        let dir = self.shared.build_dir(id);
        tokio::task::spawn_blocking(move || {
            if let Err(error) = std::fs::remove_dir_all(&dir)
                && error.kind() != std::io::ErrorKind::NotFound
            {
                tracing::warn!(dir = %dir.display(), %error, "cannot remove what a build left");
            }
        });
    }
}

async fn empty(dir: &Path) -> std::io::Result<()> {
    match tokio::fs::remove_dir_all(dir).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    match dir.parent() {
        Some(parent) => tokio::fs::create_dir_all(parent).await,
        None => Ok(()),
    }
}

fn broke(what: &str, error: tokio::task::JoinError) -> String {
    let panic = error.try_into_panic().ok();
    let text = panic.as_ref().and_then(|panic| {
        panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str))
    });
    format!("{what} broke: {}", text.unwrap_or("it was stopped"))
}

/// What was fetched, with what is said of it masked.
fn without(secrets: &Secrets, outcome: Result<Checkout, String>) -> Result<Checkout, String> {
    match outcome {
        Ok(mut checkout) => {
            checkout.warnings = checkout.warnings.iter().map(|warning| secrets.masked(warning)).collect();
            Ok(checkout)
        }
        Err(message) => Err(secrets.masked(&message)),
    }
}
