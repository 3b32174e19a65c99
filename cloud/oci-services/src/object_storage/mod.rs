//! Object Storage: objects by their names in buckets.

mod multipart;
mod object;
mod preauthenticated;
#[cfg(feature = "object-store")]
mod store;

use reqwest::Method;

pub use multipart::{Part, UploadId};
pub use object::{Download, Head, Listed, Listing, Only, Put, Range, Summary};
pub use preauthenticated::{AccessType, CreatePreauthenticatedRequest, PreauthenticatedRequest};
#[cfg(feature = "object-store")]
pub use store::BucketStore;

use crate::call::Call;
use crate::error::Error;
use crate::service::{Service, in_region};

/// Object Storage of one region. Its paths have no version.
#[derive(Debug, Clone)]
pub struct ObjectStorage {
    service: Service,
}

/// A bucket.
#[derive(Debug, Clone)]
pub struct Bucket {
    service: Service,
    namespace: String,
    name: String,
}

in_region!(ObjectStorage, "objectstorage", "");

impl ObjectStorage {
    /// The same over another service, which tries again in its own way.
    #[must_use]
    pub fn over(service: Service) -> Self {
        Self { service }
    }

    /// The namespace of the tenancy of whoever asks: what all its buckets are in.
    ///
    /// # Errors
    /// When the service refuses, or no answer comes.
    pub async fn namespace(&self) -> Result<String, Error> {
        self.service.call("GetNamespace", Method::GET, &["n"]).value().await
    }

    /// A bucket in a namespace. Nothing is asked.
    #[must_use]
    pub fn bucket(&self, namespace: impl Into<String>, name: impl Into<String>) -> Bucket {
        Bucket { service: self.service.clone(), namespace: namespace.into(), name: name.into() }
    }
}

impl Bucket {
    /// The namespace that it is in.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A call of something in it: `kind` is `o` for objects, `u` for uploads, `p` for preauthenticated requests.
    fn call(&self, name: &'static str, method: Method, kind: &str, rest: Option<&str>) -> Call<'_> {
        let mut path = vec!["n", &self.namespace, "b", &self.name, kind];
        path.extend(rest);
        self.service.call(name, method, &path)
    }
}
