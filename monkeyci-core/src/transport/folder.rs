//! Messages as objects under a prefix: a folder of this machine, or a bucket.
//!
//! `waiting/ID.json` is a message, created where there is none of that id: one that is published twice waits once. Who
//! receives it creates `held/ID/N`, which says until when it is theirs; whoever comes after that creates the next `N`. An
//! object that is there already is the fence, so that no two hold the same at once.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use futures::TryStreamExt as _;
use monkeyci_model::Millis;
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::{Error, ObjectMeta, ObjectStore, ObjectStoreExt as _, PutMode, PutPayload};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use super::{Message, Parcel, Transport, TransportError, written};
use crate::blob::store::fit;

/// The first pause before it is looked again; each further one is twice as long.
const SOON: Duration = Duration::from_millis(50);

/// No pause is longer.
const LATE: Duration = Duration::from_secs(2);

/// Messages as objects under a prefix.
pub struct Folder {
    store: Arc<dyn ObjectStore>,
    prefix: ObjectPath,
    hold: Duration,
}

/// Until when a message is somebody's.
#[derive(Serialize, Deserialize)]
struct Held {
    until: Millis,
}

/// A message that waits, and what is known of who held it.
struct Waiting {
    object: ObjectMeta,
    name: String,
    /// The newest number under which it was held; 0 where it never was.
    newest: u32,
}

impl Folder {
    /// Bytes that a message may have.
    const LONGEST: usize = 4 * 1024 * 1024;

    /// Messages beneath `prefix` of a store, held for so long. The store has to know objects that are created where there are
    /// none ([`PutMode::Create`]).
    #[must_use]
    pub fn new(store: Arc<dyn ObjectStore>, prefix: &str, hold: Duration) -> Self {
        Self { store, prefix: ObjectPath::from(prefix), hold }
    }

    /// Messages in a folder of this machine, which is made. They are on its disk when they are published.
    ///
    /// # Errors
    /// When the folder cannot be made or used.
    pub fn at(path: &Path, hold: Duration) -> Result<Self, TransportError> {
        let failed = |error: &dyn std::fmt::Display| TransportError::failed(format!("`{}`", path.display()), error);
        std::fs::create_dir_all(path).map_err(|error| failed(&error))?;
        let store = LocalFileSystem::new_with_prefix(path).map_err(|error| failed(&error))?;
        Ok(Self::new(Arc::new(store.with_fsync(true)), "", hold))
    }

    fn failed(&self, error: &Error) -> TransportError {
        TransportError::failed(format!("messages in `{}`", self.prefix), error)
    }

    fn path(&self, kind: &str, name: &str) -> ObjectPath {
        self.prefix.clone().join(kind).join(name)
    }

    fn waiting(&self, name: &str) -> ObjectPath {
        self.path("waiting", &format!("{name}.json"))
    }

    fn held(&self, name: &str, number: u32) -> ObjectPath {
        self.path("held", name).join(format!("{number:010}"))
    }

    /// Creates an object; false where there is one.
    async fn create(&self, path: &ObjectPath, text: String) -> Result<bool, TransportError> {
        match self.store.put_opts(path, PutPayload::from(text), PutMode::Create.into()).await {
            Ok(_) => Ok(true),
            Err(Error::AlreadyExists { .. }) => Ok(false),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Reads an object; nothing where it is gone.
    async fn read(&self, path: &ObjectPath) -> Result<Option<String>, TransportError> {
        let read = async { self.store.get(path).await?.bytes().await };
        match read.await {
            Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed(&error)),
        }
    }

    async fn delete(&self, path: &ObjectPath) -> Result<(), TransportError> {
        match self.store.delete(path).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.failed(&error)),
        }
    }

    async fn list(&self, kind: &str) -> Result<Vec<ObjectMeta>, TransportError> {
        let objects = self.store.list(Some(&self.prefix.clone().join(kind))).try_collect().await;
        objects.map_err(|error| self.failed(&error))
    }

    /// What waits, oldest first, and the names of what is held and does not wait any more.
    async fn look(&self) -> Result<(Vec<Waiting>, BTreeMap<String, u32>), TransportError> {
        // In this order: a message that is removed meanwhile is found held no more, or waits no more.
        let (waiting, held) = (self.list("waiting").await?, self.list("held").await?);
        let mut numbers: BTreeMap<String, u32> = BTreeMap::new();
        for object in &held {
            let mut parts = object.location.as_ref().rsplit('/');
            let (number, name) = (parts.next().and_then(|number| number.parse::<u32>().ok()), parts.next());
            if let (Some(number), Some(name)) = (number, name) {
                let newest = numbers.entry(name.to_owned()).or_default();
                *newest = number.max(*newest);
            }
        }
        let mut found: Vec<Waiting> = waiting
            .into_iter()
            .filter_map(|object| {
                let name = object.location.filename()?.strip_suffix(".json")?.to_owned();
                let newest = numbers.remove(&name).unwrap_or_default();
                Some(Waiting { object, name, newest })
            })
            .collect();
        found.sort_by(|one, other| {
            (one.object.last_modified, &one.name).cmp(&(other.object.last_modified, &other.name))
        });
        Ok((found, numbers))
    }

    /// Receives a message, where it is nobody's.
    async fn take(&self, waiting: &Waiting) -> Result<Option<Parcel>, TransportError> {
        if self.is_held(waiting).await? {
            return Ok(None);
        }
        let Waiting { name, newest, .. } = waiting;
        let number = newest.saturating_add(1);
        if !self.create(&self.held(name, number), self.until()).await? {
            return Ok(None);
        }
        let Some(text) = self.read(&waiting.object.location).await? else {
            // It was removed in between.
            self.delete(&self.held(name, number)).await?;
            return Ok(None);
        };
        Ok(Some(Parcel { text, receipt: format!("{name}/{number}"), deliveries: number }))
    }

    async fn is_held(&self, waiting: &Waiting) -> Result<bool, TransportError> {
        if waiting.newest == 0 {
            return Ok(false);
        }
        let text = self.read(&self.held(&waiting.name, waiting.newest)).await?;
        // What cannot be read was not written whole, and is as good as over.
        let held = text.and_then(|text| serde_json::from_str::<Held>(&text).ok());
        Ok(held.is_some_and(|held| held.until > now()))
    }

    fn until(&self) -> String {
        let hold = Millis::try_from(self.hold.as_millis()).unwrap_or(Millis::MAX);
        serde_json::to_string(&Held { until: now().saturating_add(hold) }).expect("a number is JSON")
    }

    async fn let_go(&self, name: &str, newest: u32) -> Result<(), TransportError> {
        for number in 1..=newest {
            self.delete(&self.held(name, number)).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Transport for Folder {
    fn longest(&self) -> usize {
        Self::LONGEST
    }

    fn hold(&self) -> Duration {
        self.hold
    }

    async fn publish(&self, messages: &[Message]) -> Result<(), TransportError> {
        for (message, text) in messages.iter().zip(written(messages, Self::LONGEST)?) {
            self.create(&self.waiting(&fit(&message.id)), text).await?;
        }
        Ok(())
    }

    async fn receive(&self, most: usize, patience: Duration) -> Result<Vec<Parcel>, TransportError> {
        let (end, mut pause) = (Instant::now() + patience, SOON);
        loop {
            let (waiting, left) = self.look().await?;
            let mut taken = Vec::new();
            for waiting in &waiting {
                if taken.len() == most {
                    break;
                }
                taken.extend(self.take(waiting).await?);
            }
            if !taken.is_empty() {
                return Ok(taken);
            }
            // Who removed them was ended before it was done.
            for (name, newest) in left {
                self.let_go(&name, newest).await?;
            }
            if Instant::now() + pause >= end {
                return Ok(taken);
            }
            sleep(pause).await;
            pause = (pause * 2).min(LATE);
        }
    }

    async fn extend(&self, parcels: &[Parcel]) -> Result<(), TransportError> {
        for parcel in parcels {
            let (name, number) = receipt(parcel)?;
            // Only who created this object writes it again, unless somebody has created the next.
            let (held, next) = (self.held(name, number), self.held(name, number.saturating_add(1)));
            if self.read(&next).await?.is_some() || self.read(&held).await?.is_none() {
                return Err(TransportError::Lost);
            }
            self.store.put(&held, PutPayload::from(self.until())).await.map_err(|error| self.failed(&error))?;
        }
        Ok(())
    }

    async fn waiting(&self) -> Result<Option<u64>, TransportError> {
        let (waiting, _) = self.look().await?;
        let mut free = 0;
        for waiting in &waiting {
            free += u64::from(!self.is_held(waiting).await?);
        }
        Ok(Some(free))
    }

    async fn remove(&self, parcels: &[Parcel]) -> Result<(), TransportError> {
        for parcel in parcels {
            let (name, number) = receipt(parcel)?;
            self.delete(&self.waiting(name)).await?;
            self.let_go(name, number).await?;
        }
        Ok(())
    }
}

/// What a receipt says: the name of a message and the number under which it is held.
fn receipt(parcel: &Parcel) -> Result<(&str, u32), TransportError> {
    let parts = parcel.receipt.rsplit_once('/').and_then(|(name, number)| Some((name, number.parse().ok()?)));
    parts.ok_or_else(|| TransportError::failed("a receipt", "it is none of a folder"))
}

fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}
