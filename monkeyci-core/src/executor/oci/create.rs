//! Creating a job's instance: where there is room, and once.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oci_services::Error;
use oci_services::retry::jitter;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::record::Record;
use super::shape::{Candidate, candidates};
use super::{Oci, instance};
use crate::attempt::Attempt;
use crate::executor::{ExecutorError, Order};

/// The longest pauses between two attempts at one place, at first and at last.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Attempts after which an instance that may or may not be there is left to the sweep, when the job was cancelled.
const UNSURE: u32 = 3;

/// How an attempt to create an instance ended that did not succeed.
enum Refused {
    /// There is no room: another place may have some.
    Full(Error),
    /// The same may succeed later. It may also have succeeded already, and the answer was lost.
    Busy(Error),
    Final(ExecutorError),
}

impl Oci {
    /// Creates the instance of an order, or finds that it is there. None when the job was cancelled before there was one.
    ///
    /// Each place has its own retry token, which follows from the attempt: whoever asks again, in this process or after it,
    /// gets the instance that was made the first time. Another place is only asked once this one has said that it made none.
    pub(super) async fn create(
        &self,
        order: &Order,
        sidecar: &[String],
        cancel: &CancellationToken,
    ) -> Result<Option<Record>, ExecutorError> {
        let places = candidates(&self.settings, &order.job)?;
        let begun = Instant::now();
        let (mut place, mut busy, mut full) = (0, 0, 0);
        let known = Record::of(&order.dir)?;
        if known.id.is_some() {
            return Ok(Some(known));
        }
        if let Some(candidate) = known.candidate {
            // Somebody before us asked there, and we do not know what came of it.
            (place, busy) = (candidate.min(places.len() - 1), 1);
        }
        loop {
            if cancel.is_cancelled() && (busy == 0 || busy > UNSURE) {
                return Ok(None);
            }
            let record = Record { candidate: Some(place), ..known.clone() };
            self.keep(order, &record).await?;
            let (error, limit) = match self.ask_for(order, sidecar, &places[place], record).await {
                Ok(record) => {
                    self.keep(order, &record).await?;
                    return Ok(Some(record));
                }
                Err(Refused::Final(error)) => return Err(error),
                Err(Refused::Busy(error)) => {
                    busy += 1;
                    (error, PAUSE * (1 << busy.min(5)))
                }
                Err(Refused::Full(error)) => {
                    (place, busy, full) = ((place + 1) % places.len(), 0, full + 1);
                    // One round through all places costs nothing; the next one waits for somebody to leave.
                    let rounds = u32::try_from(full / places.len()).unwrap_or(u32::MAX);
                    (error, if place == 0 { PAUSE * (2 << rounds.min(4)) } else { Duration::ZERO })
                }
            };
            if begun.elapsed() > self.settings.patience {
                return Err(no_room(order, &places, begun.elapsed(), &error));
            }
            let pause = tokio::time::sleep(jitter(limit.min(LONGEST_PAUSE)));
            cancel.run_until_cancelled(pause).await;
        }
    }

    async fn ask_for(
        &self,
        order: &Order,
        sidecar: &[String],
        place: &Candidate,
        record: Record,
    ) -> Result<Record, Refused> {
        let wanted = instance::wanted(order, &self.settings, place, sidecar).map_err(Refused::Final)?;
        // A thousand jobs that begin at once do not ask at once.
        let _turn = self.turns.acquire().await;
        if !self.is_ours().await {
            let reason = "another process has taken the job up".into();
            return Err(Refused::Final(ExecutorError::Engine { what: "creating a container instance", reason }));
        }
        match self.create.create(&wanted, &token(&order.attempt, place)).await {
            Ok(created) => {
                let (id, work_request) = (Some(created.instance.id), created.work_request);
                Ok(Record { id, work_request, ..record })
            }
            Err(error) if error.is_capacity() || error.is_limit() => Err(Refused::Full(error)),
            Err(error) if error.may_pass(true) => Err(Refused::Busy(error)),
            // Something of the request has changed since, as a password of a registry, or the instance is gone.
            Err(error) if error.refusal().is_some_and(|refusal| refusal.code == "InvalidatedRetryToken") => {
                let found = self.find_own(&order.attempt).await.map_err(Refused::Final)?;
                let id = found.ok_or_else(|| Refused::Final(self.refused(&error)))?;
                Ok(Record { id: Some(id), ..record })
            }
            Err(error) => Err(Refused::Final(self.refused(&error))),
        }
    }

    /// The instance of this very attempt, by its tags.
    async fn find_own(&self, attempt: &Attempt) -> Result<Option<String>, ExecutorError> {
        let listed = self.instances.list_all(&self.settings.compartment).await;
        let listed = listed.map_err(|error| Self::broke("looking for the job's container instance", &error))?;
        let own = Some((attempt.instance.as_str(), attempt.fence));
        let mut found = listed.into_iter().filter(|one| !one.lifecycle_state.is_gone());
        Ok(found.find(|one| instance::owner(&one.freeform_tags) == own).map(|one| one.id))
    }

    /// A refusal that will not pass.
    fn refused(&self, error: &Error) -> ExecutorError {
        let what = "creating a container instance";
        let Some(refusal) = error.refusal() else {
            return ExecutorError::Engine { what, reason: error.to_string() };
        };
        let advice = match (refusal.status, refusal.code.as_str()) {
            (409, "InvalidatedRetryToken") => {
                "; the instance of this very attempt was there already, and something else than MonkeyCI deleted it"
            }
            (404, _) => {
                "; whoever MonkeyCI signs as needs `manage compute-container-family` in the compartment and \
                 `use virtual-network-family` in that of the subnet, or one of their ids is wrong"
            }
            (401, _) => "; the key that signs is not known any more: `monkeyci doctor oci` tells more",
            // What is in the request is the job's: its image, its amounts.
            (400, _) => return ExecutorError::Unsupported(format!("Oracle Cloud refuses the job: {refusal}")),
            _ => "",
        };
        ExecutorError::Engine { what, reason: format!("{refusal}{advice}") }
    }
}

fn no_room(order: &Order, places: &[Candidate], waited: Duration, error: &Error) -> ExecutorError {
    let tried: Vec<_> = places.iter().map(|place| format!("{} in {}", place.shape, place.domain)).collect();
    let (job, minutes) = (&order.job.id, waited.as_secs() / 60);
    let reason = format!(
        "job `{job}` has waited {minutes} min for room, as {}: {error}; name further shapes or availability domains, or \
         raise the limits of the tenancy",
        tried.join(", ")
    );
    ExecutorError::Engine { what: "creating a container instance", reason }
}

/// By this the service knows that it was asked for the same before: 43 characters of those 64 that it takes.
fn token(attempt: &Attempt, place: &Candidate) -> String {
    let Attempt { instance, build, job, number, fence } = attempt;
    let Candidate { domain, shape, .. } = place;
    let parts = [instance, &build.to_string(), job.as_str(), &number.to_string(), &fence.to_string(), domain, shape];
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        // With their lengths: no two attempts are one text.
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    URL_SAFE_NO_PAD.encode(hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use oci_services::container_instances::ShapeConfig;

    use super::*;

    fn attempt(fence: u64) -> Attempt {
        let (build, job) = ("acme/web/build-7".parse().expect("an id"), "test".parse().expect("an id"));
        Attempt { instance: "ci".into(), build, job, number: 1, fence }
    }

    fn place(domain: &str) -> Candidate {
        let config = ShapeConfig { ocpus: 1.0, memory_in_gbs: Some(2.0) };
        Candidate { domain: domain.into(), subnet: "s".into(), shape: "CI.Standard.E4.Flex".into(), config }
    }

    #[test]
    fn a_token_follows_from_the_attempt_and_the_place_alone() {
        let first = token(&attempt(1), &place("AD-1"));
        assert_eq!(first, token(&attempt(1), &place("AD-1")));
        assert_ne!(first, token(&attempt(2), &place("AD-1")));
        assert_ne!(first, token(&attempt(1), &place("AD-2")));
        assert!((1..=64).contains(&first.len()) && first.bytes().all(|byte| byte.is_ascii_graphic()), "{first}");
    }
}
