//! Limits of a tenancy, API 20190729: those of `compute`, which virtual machines and container instances share.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::call::Call;
use crate::cloud::Cloud;
use crate::page;
use crate::refusal::Refusal;
use crate::reply::{Answer, Reply};
use crate::user::TENANCY;
use crate::world::World;

use super::{Service, container_instances, everything};

const BASE: &str = "/20190729";

/// The one service that has limits here.
const COMPUTE: &str = "compute";

/// What lists take, beside what they need.
const LIST: [&str; 9] = [
    "compartmentId",
    "serviceName",
    "name",
    "sortBy",
    "sortOrder",
    "limit",
    "page",
    "subscriptionId",
    "externalLocation",
];

pub(crate) const SERVICE: Service = Service {
    name: "limits",
    owns: |path| path.starts_with(BASE),
    covers: everything,
    answer: |cloud, call| answer(cloud, call),
};

fn answer(cloud: &Cloud, call: &Call) -> Answer {
    let segments = call.segments(BASE);
    let segments: Vec<_> = segments.iter().map(String::as_str).collect();
    let world = cloud.world();
    match (call.method.as_str(), segments.as_slice()) {
        ("GET", ["services"]) => {
            call.only(&LIST)?;
            root(call)?;
            page::array(call, &world.settings, vec![json!({ "name": COMPUTE, "description": "Compute" })])
        }
        ("GET", ["limitDefinitions"]) => definitions(&world, call),
        ("GET", ["limitValues"]) => values(&world, call),
        ("GET", ["services", COMPUTE, "limits", name, "resourceAvailability"]) => left(&world, call, name),
        _ => Err(Refusal::missing()),
    }
}

/// Limits are the tenancy's own: its root compartment is asked about.
fn root(call: &Call) -> Result<(), Refusal> {
    let compartment = call.required("compartmentId")?;
    if compartment == TENANCY { Ok(()) } else { Err(Refusal::missing()) }
}

/// One of these, where something is said.
fn one_of(call: &Call, name: &str, known: &[&str]) -> Result<Option<String>, Refusal> {
    let said = call.parameter(name);
    match &said {
        Some(value) if !known.contains(&value.as_str()) => {
            Err(Refusal::invalid(format!("{name} must be one of {known:?}, and is '{value}'.")))
        }
        _ => Ok(said),
    }
}

/// The names that a list is about, in its order.
fn names<'a>(world: &'a World, call: &Call, sorts: &[&str]) -> Result<Vec<(&'a String, &'a u64)>, Refusal> {
    let (wanted, _by) = (call.parameter("name"), one_of(call, "sortBy", sorts)?);
    let is_wanted = |name: &str| wanted.as_deref().is_none_or(|wanted| wanted == name);
    let mut all: Vec<_> = world.settings.limits.iter().filter(|(name, _)| is_wanted(name)).collect();
    if one_of(call, "sortOrder", &["ASC", "DESC"])?.as_deref() == Some("DESC") {
        all.reverse();
    }
    Ok(all)
}

fn definitions(world: &World, call: &Call) -> Answer {
    call.only(&LIST)?;
    root(call)?;
    if call.parameter("serviceName").is_some_and(|service| service != COMPUTE) {
        return page::array(call, &world.settings, Vec::new());
    }
    let rows = names(world, call, &["name", "description"])?.into_iter().map(|(name, _)| {
        let family = if name.contains("-memory-") { "compute-memory" } else { "compute-core" };
        json!({
            "name": name, "serviceName": COMPUTE, "description": name.replace('-', " "), "scopeType": "AD",
            "areQuotasSupported": true, "isResourceAvailabilitySupported": true, "isDeprecated": false,
            "isEligibleForLimitIncrease": true, "isDynamic": false, "supportedSubscriptions": [],
            "supportedQuotaFamilies": [family],
        })
    });
    page::array(call, &world.settings, rows.collect())
}

fn values(world: &World, call: &Call) -> Answer {
    call.only(&[&LIST[..], &["scopeType", "availabilityDomain"]].concat())?;
    root(call)?;
    let is_compute = call.required("serviceName")? == COMPUTE;
    let is_scope = one_of(call, "scopeType", &["GLOBAL", "REGION", "AD"])?.is_none_or(|scope| scope == "AD");
    let domain = call.parameter("availabilityDomain");
    let mut rows = Vec::new();
    for (name, value) in names(world, call, &["name"])? {
        let domains = world.settings.availability_domains.iter();
        let domains = domains.filter(|known| domain.as_ref().is_none_or(|wanted| wanted == *known));
        rows.extend(
            domains
                .map(|known| json!({ "name": name, "scopeType": "AD", "availabilityDomain": known, "value": value })),
        );
    }
    rows.retain(|_| is_compute && is_scope);
    page::array(call, &world.settings, rows)
}

/// What is left of a limit, all of which hold in an availability domain.
fn left(world: &World, call: &Call, name: &str) -> Answer {
    call.only(&["compartmentId", "availabilityDomain", "subscriptionId", "externalLocation"])?;
    let compartment = call.required("compartmentId")?;
    let limit = *world.settings.limits.get(name).ok_or_else(Refusal::missing)?;
    let domain = call.parameter("availabilityDomain").unwrap_or_default();
    if !world.settings.availability_domains.contains(&domain) {
        return Err(Refusal::invalid(format!(
            "The limit {name} is that of an availability domain, and '{domain}' is none."
        )));
    }
    let own = used(world, name, &domain, Some(&compartment));
    let mut available = limit as f64 - used(world, name, &domain, None);
    let quota = world.settings.quotas.get(name).copied();
    if let Some(quota) = quota {
        available = available.min(quota as f64 - own);
    }
    let mut said = json!({
        "used": own.ceil() as i64, "available": available.max(0.0).floor() as i64,
        "fractionalUsage": own, "fractionalAvailability": available.max(0.0),
    });
    // It is said only where there is one.
    if let Some(quota) = quota {
        said["effectiveQuotaValue"] = Value::from(quota as f64);
    }
    Ok(Reply::json(&said))
}

/// How much of a limit there is in an availability domain, in one compartment or all.
fn used(world: &World, name: &str, domain: &str, compartment: Option<&str>) -> f64 {
    container_instances::used(world, domain, compartment).get(name).copied().unwrap_or_default()
}

impl World {
    /// The limits that one more instance in a domain would exceed, by what it takes of each; and then whether it is quotas.
    pub(crate) fn exceeded(&self, domain: &str, compartment: &str, more: &[(&'static str, f64)]) -> Option<Refusal> {
        let over = |most: &BTreeMap<String, u64>, compartment: Option<&str>| -> Vec<&'static str> {
            let used = container_instances::used(self, domain, compartment);
            let is_over = |(name, more): &&(&'static str, f64)| {
                most.get(*name).is_some_and(|most| used.get(name).copied().unwrap_or_default() + more > *most as f64)
            };
            more.iter().filter(is_over).map(|(name, _)| *name).collect()
        };
        let limits = over(&self.settings.limits, None);
        if !limits.is_empty() {
            let message = format!(
                "The following service limits were exceeded: {}. Request a service limit increase from the service limits page \
                 in the console.",
                limits.join(", ")
            );
            return Some(Refusal::new(400, "LimitExceeded", message));
        }
        let quotas = over(&self.settings.quotas, Some(compartment));
        let message = format!("The following compartment quotas were exceeded: {}.", quotas.join(", "));
        (!quotas.is_empty()).then(|| Refusal::new(400, "QuotaExceeded", message))
    }
}
