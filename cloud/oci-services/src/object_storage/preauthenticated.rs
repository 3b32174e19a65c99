//! Preauthenticated requests: addresses that let whoever has them in, until they end.

use std::fmt;
use std::time::SystemTime;

use jiff::Timestamp;
use reqwest::{Method, Url};
use serde::{Deserialize, Serialize};

use super::Bucket;
use crate::error::Error;
use crate::page::Page;

/// What an address lets do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum AccessType {
    /// Read one object.
    ObjectRead,
    /// Write one object.
    ObjectWrite,
    /// Read and write one object.
    ObjectReadWrite,
    /// Read all objects, or those whose names begin with its object name.
    AnyObjectRead,
    /// Write all of them.
    AnyObjectWrite,
    /// Read and write all of them.
    AnyObjectReadWrite,
}

/// An address that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatePreauthenticatedRequest<'a> {
    /// For people.
    pub name: &'a str,
    /// The object, or what the names of objects begin with. All objects of the bucket where it is absent.
    pub object_name: Option<&'a str>,
    /// What it lets do.
    pub access_type: AccessType,
    /// Until when. Seconds count.
    pub expires: SystemTime,
    /// Whether whoever reads may list, too.
    pub may_list: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Create<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_name: Option<&'a str>,
    access_type: AccessType,
    time_expires: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    bucket_listing_action: Option<&'a str>,
}

/// An address.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreauthenticatedRequest {
    /// By this it is taken back.
    pub id: String,
    /// For people.
    pub name: String,
    /// The address, from the host on: whoever has it is let in. It is told once.
    #[serde(default)]
    access_uri: Option<String>,
    /// The object, or what the names of objects begin with.
    #[serde(default)]
    pub object_name: Option<String>,
    /// What it lets do.
    pub access_type: AccessType,
    /// Until when.
    #[serde(default)]
    pub time_expires: Option<String>,
}

impl Bucket {
    /// Makes an address.
    ///
    /// # Errors
    /// When the service refuses, or no answer comes.
    pub async fn create_preauthenticated(
        &self,
        wanted: &CreatePreauthenticatedRequest<'_>,
    ) -> Result<PreauthenticatedRequest, Error> {
        let name = "CreatePreauthenticatedRequest";
        let wrong = |error: jiff::Error| Error::Asked { call: name, why: error.to_string() };
        let expires = Timestamp::try_from(wanted.expires).map_err(wrong)?;
        let expires = Timestamp::from_second(expires.as_second()).map_err(wrong)?;
        let body = Create {
            name: wanted.name,
            object_name: wanted.object_name,
            access_type: wanted.access_type,
            time_expires: expires.to_string(),
            bucket_listing_action: wanted.may_list.then_some("ListObjects"),
        };
        // One that is made twice is one more that ends by itself, and is shown among the others.
        self.call(name, Method::POST, "p", None).json(&body).harmless_twice(true).value().await
    }

    /// Those that there are for objects whose names begin so, without their addresses.
    ///
    /// # Errors
    /// When the service refuses, or no answer comes.
    pub async fn preauthenticated(&self, prefix: &str) -> Result<Vec<PreauthenticatedRequest>, Error> {
        let name = "ListPreauthenticatedRequests";
        let page = |next: Option<String>| {
            let call = self.call(name, Method::GET, "p", None).query("objectNamePrefix", Some(prefix));
            Page::of_array(call.query("page", next))
        };
        Page::all(name, page).await
    }

    /// Takes an address back. One that is not there is taken back already.
    ///
    /// # Errors
    /// When the service refuses, or no answer comes.
    pub async fn delete_preauthenticated(&self, id: &str) -> Result<(), Error> {
        match self.call("DeletePreauthenticatedRequest", Method::DELETE, "p", Some(id)).send().await {
            Ok(_) => Ok(()),
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The whole address, as it is told when it is made: what begins with it is let in.
    #[must_use]
    pub fn address(&self, request: &PreauthenticatedRequest) -> Option<Url> {
        self.service.base().join(request.access_uri.as_deref()?).ok()
    }
}

/// Without the address, by which anybody is let in.
impl fmt::Debug for PreauthenticatedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, name, object_name, access_type, time_expires, access_uri: _ } = self;
        f.debug_struct("PreauthenticatedRequest")
            .field("id", id)
            .field("name", name)
            .field("object_name", object_name)
            .field("access_type", access_type)
            .field("time_expires", time_expires)
            .finish_non_exhaustive()
    }
}
