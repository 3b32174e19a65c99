//! What a forge was told of a build that runs without a server.

use monkeyci_client::rest::Reported;
use monkeyci_core::model::{BuildId, BuildStatus};
use monkeyci_core::store::StoreError;
use monkeyci_core::store::object::Bucket;
use serde::{Deserialize, Serialize};

/// What a forge was told of a build, kept beside its facts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    /// How the build stands as far as the forge knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<BuildStatus>,
    /// How it stood when the forge would not be told so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<BuildStatus>,
    /// Why it does not know more, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Told {
    /// Reads it; nothing where no forge was to be told.
    pub async fn of(bucket: &Bucket, build: &BuildId) -> Result<Option<Self>, StoreError> {
        bucket.get_json(&key(build)).await
    }

    /// Keeps it.
    pub async fn keep(&self, bucket: &Bucket, build: &BuildId) -> Result<(), StoreError> {
        bucket.put_json(&key(build), self).await
    }

    /// As a server would show it.
    pub fn shown(self) -> Reported {
        Reported { told: self.told, next: None, note: self.note }
    }
}

fn key(build: &BuildId) -> String {
    Bucket::beneath(build, "told")
}
