//! The depot of an attempt: a prefix in a bucket, which a signed address opens for a while.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use oci_services::Error;
use oci_services::object_storage::{AccessType, Bucket, CreatePreauthenticatedRequest, Listing};

use super::record::Record;
use super::{Oci, handover, place};
use crate::executor::{ExecutorError, Order, Wanted};
use crate::job_dir::{JobDir, Program};
use crate::sidecar::series::Pieces;
use crate::sidecar::{self, Depot, DepotError, HttpDepot};

/// What the names of all objects of jobs begin with.
pub(super) const JOBS: &str = "jobs/";

/// The name that the sidecar's order is kept under, beside the halves of the job directory: it holds the signed address.
const FILE: &str = "oci-order";

/// How long an address is good beyond what the job may take: its image is pulled, and what it made is fetched.
const SLACK: Duration = Duration::from_secs(12 * 60 * 60);
/// How long it is good at most, as where the job may take for ever.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Objects that are deleted at once.
const ABREAST: usize = 16;

/// The depot of an attempt. Objects go by its signed address, as those of the sidecar do; what takes more is asked in our
/// own name.
struct Prefix {
    bucket: Bucket,
    prefix: String,
    address: HttpDepot,
}

/// The prefix of an attempt, by its name.
pub(super) fn prefix(name: &str) -> String {
    format!("{JOBS}{name}/")
}

impl Oci {
    /// The order of an attempt's sidecar: the one that was given before, else a new one. It is kept before anybody is told.
    pub(super) async fn sidecar_order(&self, order: &Order) -> Result<sidecar::Order, ExecutorError> {
        let io = |source| ExecutorError::Io { what: "reading what the job runs", source };
        if let Some(kept) = kept(&order.dir)? {
            return Ok(kept);
        }
        let program = Program::read(&order.dir.control()).map_err(io)?;
        let ends = match program.timeout_ms {
            0 => LONGEST,
            millis => Duration::from_millis(millis).saturating_add(self.settings.patience + SLACK).min(LONGEST),
        };
        let name = order.attempt.name();
        let wanted = CreatePreauthenticatedRequest {
            name: &name,
            object_name: Some(&prefix(&name)),
            access_type: AccessType::AnyObjectReadWrite,
            expires: SystemTime::now() + ends,
            may_list: false,
        };
        let what = "opening a prefix of the bucket for the job";
        let made = self.bucket.create_preauthenticated(&wanted).await.map_err(|error| Self::broke(what, &error))?;
        self.keep(order, &Record { address: Some(made.id.clone()), ..Record::of(&order.dir)? }).await?;
        let address = self.bucket.address(&made).ok_or_else(|| ExecutorError::Engine {
            what,
            reason: "Object Storage did not say the address that it made".into(),
        })?;
        let mut wanted = sidecar::Order::new(format!("{address}{}", prefix(&name)), &program, order.collect.clone());
        // Its services are waited for before it begins.
        let services = place::patience(&order.job.services).as_millis();
        wanted.begin_ms = wanted.begin_ms.saturating_add(u64::try_from(services).unwrap_or(u64::MAX));
        keep(&order.dir, &wanted)?;
        Ok(wanted)
    }

    /// The depot of an attempt, by the order of its sidecar.
    pub(super) fn depot(&self, order: &Order, wanted: &sidecar::Order) -> Result<Arc<dyn Depot>, ExecutorError> {
        let address = HttpDepot::over(self.depots.clone(), &wanted.depot).map_err(|error| ExecutorError::Engine {
            what: "opening the depot of the job",
            reason: error.to_string(),
        })?;
        let prefix = prefix(&order.attempt.name());
        Ok(Arc::new(Prefix { bucket: self.bucket.clone(), prefix, address }))
    }

    /// What the sidecar is run with: where its order is, which it reads in the instance's own name. Nothing of it is secret.
    pub(super) fn sidecar_arguments(&self, order: &Order) -> Vec<String> {
        let place = format!("{}/{}", self.bucket.name(), prefix(&order.attempt.name()));
        let mut arguments = vec!["sidecar".to_owned(), "--oci".to_owned(), place];
        if let Some(endpoint) = &self.settings.storage_endpoint {
            arguments.extend(["--endpoint".to_owned(), endpoint.clone()]);
        }
        arguments
    }

    /// Removes all that went through the depot of an attempt, whose address it takes back first: a sidecar that is being ended
    /// cannot put anything there any more.
    pub(super) async fn clear_depot(&self, name: &str, address: Option<&str>) -> Result<(), Error> {
        if let Some(address) = address {
            self.bucket.delete_preauthenticated(address).await?;
            // There is another one where an answer was lost.
            for twin in self.bucket.preauthenticated(&prefix(name)).await? {
                self.bucket.delete_preauthenticated(&twin.id).await?;
            }
        }
        // What says that it is cleared stays until the next sweep.
        let stays = self.owner.as_ref().map(|_| handover::host(name));
        clear(&self.bucket, &prefix(name), stays.as_deref()).await
    }

    /// Removes what is left in the bucket of attempts of `instance` that are not among `wanted`.
    pub(super) async fn sweep_depots(&self, instance: &str, wanted: Wanted<'_>) -> Result<(), ExecutorError> {
        let broke = |error| Self::broke("looking for what jobs left in the bucket", &error);
        // As `Attempt::name` says it: the fence comes last.
        let ours = format!("{JOBS}mci-{instance}-");
        let fence = |name: &str| name.strip_prefix(&ours)?.trim_end_matches('/').parse::<u64>().ok();
        let unwanted = |name: &str| fence(name).is_some_and(|fence| !wanted(fence));
        for address in self.bucket.preauthenticated(&ours).await.map_err(broke)? {
            if unwanted(&prefix(&address.name)) {
                self.bucket.delete_preauthenticated(&address.id).await.map_err(broke)?;
            }
        }
        let mut start: Option<String> = None;
        loop {
            let listing =
                Listing { prefix: Some(&ours), delimiter: Some("/"), start: start.as_deref(), ..Listing::default() };
            let listed = self.bucket.list(listing).await.map_err(broke)?;
            for found in listed.prefixes.iter().filter(|found| unwanted(found)) {
                clear(&self.bucket, found, None).await.map_err(broke)?;
            }
            match listed.next_start_with {
                Some(next) if Some(&next) != start.as_ref() => start = Some(next),
                _ => return Ok(()),
            }
        }
    }
}

/// Whether a sidecar of this attempt was given an order.
pub(super) fn is_ordered(dir: &JobDir) -> Result<bool, ExecutorError> {
    kept(dir).map(|kept| kept.is_some())
}

/// Keeps the order of a sidecar.
pub(super) fn keep(dir: &JobDir, wanted: &sidecar::Order) -> Result<(), ExecutorError> {
    let io = |source| ExecutorError::Io { what: "keeping the order of the sidecar", source };
    dir.keep(FILE, &wanted.to_json()).map_err(io)
}

fn kept(dir: &JobDir) -> Result<Option<sidecar::Order>, ExecutorError> {
    let io = |source| ExecutorError::Io { what: "reading the order of the sidecar", source };
    let Some(bytes) = dir.kept(FILE).map_err(io)? else { return Ok(None) };
    sidecar::Order::from_json(&bytes).map(Some).map_err(|error| io(std::io::Error::other(error)))
}

/// Removes all objects whose names begin so, but for one that stays.
async fn clear(bucket: &Bucket, prefix: &str, stays: Option<&str>) -> Result<(), Error> {
    loop {
        let mut listed = bucket.list(Listing { prefix: Some(prefix), ..Listing::default() }).await?.objects;
        listed.retain(|object| Some(object.name.as_str()) != stays);
        if listed.is_empty() {
            return Ok(());
        }
        let deletions = listed.into_iter().map(|object| async move { bucket.delete(&object.name).await });
        let _all: Vec<bool> = stream::iter(deletions).buffer_unordered(ABREAST).try_collect().await?;
    }
}

#[async_trait]
impl Depot for Prefix {
    async fn put(&self, name: &str, bytes: Bytes) -> Result<(), DepotError> {
        self.address.put(name, bytes).await
    }

    async fn create(&self, name: &str, bytes: Bytes) -> Result<bool, DepotError> {
        self.address.create(name, bytes).await
    }

    async fn get(&self, name: &str, most: usize) -> Result<Option<Bytes>, DepotError> {
        self.address.get(name, most).await
    }

    async fn pour(&self, name: &str, most: usize, pieces: &Pieces) -> Result<Option<usize>, DepotError> {
        self.address.pour(name, most, pieces).await
    }

    async fn clear(&self) -> Result<(), DepotError> {
        let cleared = clear(&self.bucket, &self.prefix, None).await;
        cleared.map_err(|error| DepotError::Away { name: self.prefix.clone(), why: error.to_string() })
    }
}
