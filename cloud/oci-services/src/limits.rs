//! Limits (version 20190729): how much of what a tenancy may have, and what is left of it.

use reqwest::Method;
use serde::Deserialize;

use crate::error::Error;
use crate::page::Page;
use crate::service::{Service, in_region};

/// The version of the service, which begins all paths.
const VERSION: &str = "20190729";

/// Limits of a tenancy in one region.
#[derive(Debug, Clone)]
pub struct Limits {
    service: Service,
}

/// How much of something there may be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LimitValue {
    /// Its name, as `standard-e4-core-count`.
    pub name: String,
    /// Where it holds: `AD`, `REGION` or `GLOBAL`.
    #[serde(default)]
    pub scope_type: String,
    /// The availability domain, where it holds in one.
    #[serde(default)]
    pub availability_domain: Option<String>,
    /// How much.
    #[serde(default)]
    pub value: Option<i64>,
}

/// What is left of a limit. Not each limit is counted: then nothing is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Availability {
    /// How much of it the compartment uses.
    pub used: Option<i64>,
    /// How much more there may be: less than the limit where other compartments use some of it, or a quota says so.
    pub available: Option<i64>,
    /// What a quota of the compartment allows, where there is one.
    pub effective_quota_value: Option<f64>,
}

in_region!(Limits, "limits", VERSION);

impl Limits {
    /// All limits of a service, as `compute`, which a whole tenancy has.
    ///
    /// # Errors
    /// When the service refuses.
    pub async fn values(&self, tenancy: &str, service: &str) -> Result<Vec<LimitValue>, Error> {
        let name = "ListLimitValues";
        Page::all(name, |page| async move {
            let call = self.service.call(name, Method::GET, &["limitValues"]);
            let call = call.query("compartmentId", Some(tenancy)).query("serviceName", Some(service));
            Page::of_array(call.query("page", page)).await
        })
        .await
    }

    /// What is left of a limit, for a compartment. A limit that holds in an availability domain is asked for there.
    ///
    /// # Errors
    /// When the service refuses, or does not count that limit: its status is 404 then.
    pub async fn availability(
        &self,
        service: &str,
        limit: &str,
        compartment: &str,
        domain: Option<&str>,
    ) -> Result<Availability, Error> {
        let path = ["services", service, "limits", limit, "resourceAvailability"];
        let call = self.service.call("GetResourceAvailability", Method::GET, &path);
        call.query("compartmentId", Some(compartment)).query("availabilityDomain", domain).value().await
    }
}
