//! What workers elsewhere are given beside their leases. Whoever serves them has checked who asks: a worker sees nothing
//! but what belongs to an attempt that it holds.

use std::path::PathBuf;
use std::sync::Arc;

use monkeyci_model::Text;
use tokio_util::sync::CancellationToken;

use super::call::Call;
use super::{Engine, EngineError};
use crate::blob::archive::{self, Limits};
use crate::executor::RegistryAuth;
use crate::lease::Lease;
use crate::program::{self, Asked};
use crate::secret::{self, Secrets};

/// The name of a packed checkout, beside the checkout.
const PACKED: &str = "checkout.tar.zst";

impl Engine {
    /// What a worker elsewhere holds under this fence; nothing when it does not, or no more.
    #[must_use]
    pub fn held(&self, worker: &str, fence: u64) -> Option<Lease> {
        self.shared.claims.held(worker, fence)
    }

    /// All that a worker holds.
    #[must_use]
    pub fn held_by(&self, worker: &str) -> Vec<crate::attempt::Attempt> {
        self.shared.claims.of(worker)
    }

    /// Whether it ends, so that claims are stale that the next engine will take up.
    #[must_use]
    pub fn is_ending(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// The label on everything that is made for its jobs.
    #[must_use]
    pub fn instance(&self) -> &str {
        &self.shared.instance
    }

    /// How long a worker elsewhere may be silent before its jobs are lost.
    #[must_use]
    pub fn lease_time(&self) -> std::time::Duration {
        self.shared.lease
    }

    /// Bytes of log that one attempt may write.
    #[must_use]
    pub fn log_limit(&self) -> u64 {
        self.shared.log_limit
    }

    /// Says that a worker is no more: what it held is lost, and the rules of its jobs say what follows.
    ///
    /// # Errors
    /// When the engine has stopped.
    pub async fn gone(&self, worker: &str, why: &str) -> Result<(), EngineError> {
        let call = Call::Gone { worker: worker.to_owned(), why: why.to_owned() };
        self.calls.send(call).await.map_err(|_| EngineError::Stopped)
    }

    /// The checkout of a lease as a file: tar in zstd, for [`archive::unpack`] with [`Limits::of_checkouts`]. It is packed
    /// once for each build. Links that lead out of the checkout are not in it.
    ///
    /// # Errors
    /// Why it cannot be packed, for people.
    pub async fn packed(&self, lease: &Lease) -> Result<PathBuf, String> {
        let dir = self.shared.build_dir(&lease.attempt.build);
        let (packed, checkout) = (dir.join(PACKED), lease.checkout.clone());
        // One at a time: many jobs of a build are leased at once, and all want the same.
        let _turn = self.shared.packing.lock().await;
        let done = tokio::task::spawn_blocking(move || {
            if packed.is_file() {
                return Ok(packed);
            }
            let mut file = tempfile::NamedTempFile::new_in(&dir).map_err(|error| error.to_string())?;
            let done = archive::pack(&checkout, ".", &Limits::of_checkouts(), file.as_file_mut());
            let done = done.map_err(|error| error.to_string())?;
            for left in &done.left_out {
                tracing::debug!(path = left.path, why = %left.why, "not in the checkout of a worker elsewhere");
            }
            file.persist(&packed).map_err(|error| error.to_string())?;
            Ok(packed)
        });
        let done = done.await.unwrap_or_else(|error| Err(error.to_string()));
        done.map_err(|why| format!("the checkout cannot be packed: {why}"))
    }

    /// The secrets that the job of a lease may know: those that it names, its ID tokens, and those among the params of its build where
    /// the script's program has a part in it.
    ///
    /// # Errors
    /// Why they cannot be had, for people.
    pub async fn secrets_for(&self, lease: &Lease) -> Result<Secrets, String> {
        let mut secrets = Secrets::new();
        if lease.trigger.fork {
            return Ok(secrets);
        }
        let known = self.shared.keeper.of_job(&lease.attempt, &lease.trigger, &lease.job).await?;
        let params = lease.trigger.params.values().filter(|_| has_part(lease));
        let named = lease.job.texts().chain(params).flat_map(Text::secrets).cloned();
        for secret in named.chain(lease.job.id_tokens.keys().map(|variable| secret::id_token(variable))) {
            if let Some(value) = known.value(&secret) {
                let value = value.to_owned();
                secrets.insert(secret, value);
            }
        }
        Ok(secrets)
    }

    /// Who the worker is at the registries of the images that the job of a lease names; of a job that names none, which runs
    /// in the image of its worker, at all that its build is known at.
    ///
    /// # Errors
    /// Why that cannot be had, for people.
    pub async fn registries_for(&self, lease: &Lease) -> Result<Vec<RegistryAuth>, String> {
        let mut known = self.shared.keeper.registries(&lease.attempt.build, &lease.trigger).await?;
        let services = lease.job.services.iter().map(|service| service.image.as_str());
        let images: Vec<&str> = lease.job.image.as_deref().into_iter().chain(services).collect();
        if lease.job.image.is_some() {
            known.retain(|known| images.iter().any(|image| known.is_for(image)));
        }
        Ok(known)
    }

    /// The compiled program of a lease's script, where it has a part in the job.
    ///
    /// # Errors
    /// Why it cannot be had, for people.
    pub async fn program_for(&self, lease: &Lease) -> Result<Option<PathBuf>, String> {
        let asked = Asked {
            checkout: &lease.checkout,
            script_dir: Some(&lease.script_dir),
            build: Some(&lease.attempt.build),
            trigger: &lease.trigger,
            in_place: false,
        };
        let Some(programs) = self.shared.programs.as_ref().filter(|_| has_part(lease) && program::has_program(asked))
        else {
            return Ok(None);
        };
        let known = self.shared.keeper.secrets(&lease.trigger).await?;
        let registries = self.shared.keeper.registries(&lease.attempt.build, &lease.trigger).await?;
        let programs = programs.knowing(Arc::clone(&known)).known_at(registries);
        let compiled = programs.program_of(asked, &CancellationToken::new()).await;
        compiled.map(Some).map_err(|error| known.masked(&error.to_string()))
    }
}

/// Whether the script's program has a part in the job.
fn has_part(lease: &Lease) -> bool {
    (lease.job.image.is_none() && program::is_action(&lease.job)) || !lease.job.hooks.is_empty()
}
