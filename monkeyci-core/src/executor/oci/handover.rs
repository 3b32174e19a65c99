//! Attempts whose host may be another machine by and by.
//!
//! What a host keeps of an attempt lies beside its job directory, and is gone with the machine. Where builds are handed
//! over, it lies in the bucket as well: whoever takes an attempt up finds the instance there and the address of its depot,
//! and takes the report from its beginning. Whatever cannot be taken back is done by who runs the attempt now, and by nobody
//! who did so before and stood still.

use std::fmt;

use async_trait::async_trait;
use oci_services::object_storage::Only;

use super::record::Record;
use super::{Oci, depot};
use crate::executor::{ExecutorError, Order};
use crate::sidecar::{self, ORDER};

/// The object that what is known of an attempt is kept in, beneath its prefix.
const HOST: &str = "host.json";

/// Bytes that it may have, and that an order may have.
const MOST: usize = 1024 * 1024;

/// Who runs the attempts of an executor, as long as nobody else has taken them up.
#[async_trait]
pub trait Owner: fmt::Debug + Send + Sync {
    /// Whether they are still its own.
    async fn is_ours(&self) -> bool;
}

impl Oci {
    /// The same for attempts that may be handed over to another machine: what is known of them is kept in the bucket as well,
    /// and nothing is made or removed for one that is not `owner`'s any more.
    #[must_use]
    pub fn owned(mut self, owner: std::sync::Arc<dyn Owner>) -> Self {
        self.owner = Some(owner);
        self
    }

    pub(super) async fn is_ours(&self) -> bool {
        match &self.owner {
            Some(owner) => owner.is_ours().await,
            None => true,
        }
    }

    /// Keeps what is known of an attempt.
    pub(super) async fn keep(&self, order: &Order, record: &Record) -> Result<(), ExecutorError> {
        record.keep(&order.dir)?;
        if self.owner.is_none() {
            return Ok(());
        }
        let put = self.bucket.put(&host(&order.attempt.name()), record.to_json().into(), Only::Always).await;
        put.map(drop).map_err(|error| Self::broke("keeping in the bucket which instance the job has", &error))
    }

    /// Has here what another host kept of an attempt. Tells whether all was sent that its sidecar needs.
    pub(super) async fn take_up(&self, order: &Order) -> Result<bool, ExecutorError> {
        if self.owner.is_none() || Record::of(&order.dir)? != Record::default() {
            return Ok(false);
        }
        let Some(record) = self.read(&host(&order.attempt.name())).await? else { return Ok(false) };
        let record = Record::from_json(&record)?;
        let wanted = self.read(&format!("{}{ORDER}", depot::prefix(&order.attempt.name()))).await?;
        record.keep(&order.dir)?;
        let Some(wanted) = wanted.filter(|_| !record.cleared) else {
            if record.cleared || record.id.is_some() {
                let reason = "whoever ran it before us died once it had ended, and before anybody knew how";
                return Err(ExecutorError::Engine { what: "taking the job up", reason: reason.into() });
            }
            // Nobody knows that address: the next one is another.
            if let Some(address) = &record.address {
                let closed = self.bucket.delete_preauthenticated(address).await;
                closed.map_err(|error| Self::broke("closing a prefix of the bucket", &error))?;
            }
            Record { address: None, ..record }.keep(&order.dir)?;
            return Ok(false);
        };
        let wanted = sidecar::Order::from_json(&wanted).map_err(|error| ExecutorError::Io {
            what: "reading the order of the sidecar",
            source: std::io::Error::other(error),
        })?;
        depot::keep(&order.dir, &wanted)?;
        tracing::info!(attempt = %order.attempt, instance = record.id, "it is taken up from another machine");
        Ok(true)
    }

    /// Says that nothing is there of an attempt any more: whoever finds no more than that does not run it again.
    pub(super) async fn bury(&self, order: &Order) -> Result<(), ExecutorError> {
        match &self.owner {
            Some(_) => self.keep(order, &Record { cleared: true, ..Record::of(&order.dir)? }).await,
            None => Ok(()),
        }
    }

    async fn read(&self, name: &str) -> Result<Option<Vec<u8>>, ExecutorError> {
        let broke = |error| Self::broke("reading from the bucket which instance the job has", &error);
        let Some(found) = self.bucket.get(name, None, None).await.map_err(broke)? else { return Ok(None) };
        found.bytes(MOST).await.map(Some).map_err(broke)
    }
}

/// The object in which it is kept which instance an attempt has.
pub(super) fn host(name: &str) -> String {
    format!("{}{HOST}", depot::prefix(name))
}
