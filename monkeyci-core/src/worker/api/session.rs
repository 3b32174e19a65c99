use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use hyper::StatusCode;
use monkeyci_model::JobId;
use monkeyci_model::job::{Artifact, Cache, SaveWhen};
use monkeyci_model::result::SavedFile;
use monkeyci_model::script::Answer;
use monkeyci_model::script::api::{BODY_BYTES, Build, JobView, Place, Restored};
use serde::{Deserialize, Serialize};

use super::refusal::Refusal;
use crate::blob::cache;
use crate::job_dir::JobDir;
use crate::lease::Lease;
use crate::log::CHUNK_BYTES;
use crate::secret::Secrets;
use crate::worker::action;
use crate::worker::caches;
use crate::worker::halt::Halt;
use crate::worker::prepare::work_dir;
use crate::worker::settings::Ports;

/// What a running job asks and tells.
pub(in crate::worker) struct Session {
    pub(in crate::worker) ports: Ports,
    pub(in crate::worker) lease: Lease,
    /// The job directory. Beside its halves lies the file that keeps what was told.
    dir: JobDir,
    halt: Halt,
    /// Whether it may leave something for others.
    saves: bool,
    told: Mutex<Told>,
    /// Whose turn it is to tell.
    telling: tokio::sync::Mutex<()>,
}

/// What a running job told.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::worker) struct Told {
    /// Fields of its result.
    pub(in crate::worker) fields: Answer,
    /// Artifacts that it saved.
    pub(in crate::worker) artifacts: Vec<SavedFile>,
}

impl Session {
    /// The session of a lease, whose job directory is there. What was told before, to an earlier worker, is known.
    pub(in crate::worker) fn new(ports: Ports, lease: Lease, dir: JobDir, halt: Halt, saves: bool) -> Self {
        let told = dir.kept(TOLD).ok().flatten().and_then(|text| serde_json::from_slice(&text).ok());
        Self { ports, lease, dir, halt, saves, told: Mutex::new(told.unwrap_or_default()), telling: Default::default() }
    }

    /// The job's work dir as it is now: the job may have put anything in its place.
    fn work_dir(&self) -> Result<PathBuf, Refusal> {
        work_dir(&self.dir, self.lease.job.work_dir.as_deref()).map_err(refused)
    }

    /// That what it does may still take effect.
    fn counts(&self) -> Result<(), Refusal> {
        match self.saves {
            false => Err(refused("nothing is saved of a job that is only looked at")),
            true if self.halt.why().is_some() => Err(Refusal::over()),
            true => Ok(()),
        }
    }

    /// What was told so far.
    pub(in crate::worker) fn told(&self) -> Told {
        self.lock().clone()
    }

    pub(super) fn build(&self) -> Build {
        let Lease { attempt, trigger, .. } = &self.lease;
        let (id, job) = (attempt.build.clone(), attempt.job.clone());
        Build { id, job, attempt: attempt.number, trigger: (**trigger).clone() }
    }

    /// Params by their values. The code of a fork sees no secret.
    pub(super) fn params(&self) -> BTreeMap<String, String> {
        let trigger = &self.lease.trigger;
        let known = trigger.params.iter().filter(|(_, value)| !trigger.fork || value.as_plain().is_some());
        let known = known.filter_map(|(name, value)| Some((name, self.ports.secrets.resolve(value).ok()?)));
        known.map(|(name, value)| (name.clone(), value.as_str().to_owned())).collect()
    }

    pub(super) async fn jobs(&self) -> Result<Vec<JobView>, Refusal> {
        self.ports.leases.jobs(&self.lease.attempt, None).await.ok_or_else(Refusal::over)
    }

    pub(super) async fn job(&self, id: &str) -> Result<JobView, Refusal> {
        let id: JobId = id.parse().map_err(|_| no_job(id))?;
        let jobs = self.ports.leases.jobs(&self.lease.attempt, Some(&id)).await.ok_or_else(Refusal::over)?;
        jobs.into_iter().next().ok_or_else(|| no_job(id.as_str()))
    }

    pub(super) async fn log(&self, id: &str, offset: u64) -> Result<Bytes, Refusal> {
        let id: JobId = id.parse().map_err(|_| no_job(id))?;
        let read = self.ports.leases.read_log(&self.lease.attempt, &id, offset, CHUNK_BYTES).await;
        read.map_err(Refusal::failed)?.ok_or_else(|| no_job(id.as_str()))
    }

    pub(super) async fn save(&self, id: &str, place: Place) -> Result<SavedFile, Refusal> {
        self.counts()?;
        if [id, &place.path].iter().any(|text| self.ports.secrets.masked(text) != **text) {
            return Err(refused("an artifact whose id or path holds a secret would show it"));
        }
        let artifact = Artifact { id: id.to_owned(), path: place.path, save: SaveWhen::Always };
        match self.ports.artifacts.save(&self.lease.attempt, &artifact, &self.work_dir()?).await {
            Ok(saved) => {
                let file = saved.file.clone();
                self.change(|told| {
                    told.artifacts.retain(|other| other.id != file.id);
                    told.artifacts.push(file);
                })
                .await?;
                Ok(saved.file)
            }
            Err(error) if error.is_not_there() => Err(Refusal::not_there(error.to_string())),
            Err(error) => Err(refused(error)),
        }
    }

    pub(super) async fn restore(&self, id: &str, place: Place) -> Result<(), Refusal> {
        let artifact = Artifact { id: id.to_owned(), path: place.path, save: SaveWhen::Always };
        match self.ports.artifacts.restore(&self.lease.attempt.build, &artifact, &self.work_dir()?).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_not_there() => Err(Refusal::not_there(error.to_string())),
            Err(error) => Err(refused(error)),
        }
    }

    pub(super) async fn save_cache(&self, id: &str, place: Place) -> Result<(), Refusal> {
        self.counts()?;
        let (cache, caches, work_dir) = (of_place(id, place), &self.ports.caches, self.work_dir()?);
        let keys = caches::keys(caches, &self.lease, &cache, &work_dir).await.map_err(refused)?;
        match caches.save(&caches::place(&self.lease), &cache, &keys, &work_dir).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_not_there() => Err(Refusal::not_there(error.to_string())),
            Err(error) => Err(refused(error)),
        }
    }

    pub(super) async fn restore_cache(&self, id: &str, place: Place) -> Result<Restored, Refusal> {
        let (cache, caches, work_dir) = (of_place(id, place), &self.ports.caches, self.work_dir()?);
        let keys = caches::keys(caches, &self.lease, &cache, &work_dir).await.map_err(refused)?;
        let restored = caches.restore(&caches::place(&self.lease), &cache, &keys, &work_dir).await;
        Ok(match restored.map_err(refused)? {
            cache::Restored::Exact => Restored { found: true, exact: true },
            cache::Restored::Fallback(_) => Restored { found: true, exact: false },
            cache::Restored::Nothing => Restored { found: false, exact: false },
        })
    }

    pub(super) async fn tell(&self, fields: Answer) -> Result<(), Refusal> {
        self.change(|told| told.fields = std::mem::take(&mut told.fields).and(fields)).await
    }

    /// Changes what was told, and keeps it: a job that was answered may rely on it.
    async fn change(&self, change: impl FnOnce(&mut Told)) -> Result<(), Refusal> {
        // One after another. Nobody else waits meanwhile: a disk takes its time.
        let _turn = self.telling.lock().await;
        let mut told = self.told();
        change(&mut told);
        let (secrets, dir) = (Arc::clone(&self.ports.secrets), self.dir.clone());
        let kept = tokio::task::spawn_blocking(move || keep(told, &secrets, &dir));
        let told = kept.await.map_err(Refusal::failed)??;
        *self.lock() = told;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Told> {
        // Replaced as a whole.
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The file that keeps what was told.
const TOLD: &str = "told";

/// Bytes of all that a job may tell: it is kept with the events of its build.
const TOLD_BYTES: usize = 4 * BODY_BYTES;

/// Masks what was told, and keeps it.
fn keep(mut told: Told, secrets: &Secrets, dir: &JobDir) -> Result<Told, Refusal> {
    action::mask(secrets, &mut told.fields);
    let text = serde_json::to_vec(&told).expect("plain data can be JSON");
    if text.len() > TOLD_BYTES {
        let detail = format!("the job has told more than the {TOLD_BYTES} bytes that its result may have");
        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
    }
    dir.keep(TOLD, &text).map_err(Refusal::failed)?;
    Ok(told)
}

fn no_job(id: &str) -> Refusal {
    Refusal::not_there(format!("the build has no job `{id}`"))
}

/// What cannot be saved or restored.
fn refused(error: impl std::fmt::Display) -> Refusal {
    Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
}

fn of_place(id: &str, place: Place) -> Cache {
    let Place { path, key, fallbacks } = place;
    Cache { id: id.to_owned(), path, key, fallbacks, save: SaveWhen::Always }
}
