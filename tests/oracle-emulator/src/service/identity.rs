//! Who and where: Identity, API 20160918, and the limits of a tenancy, API 20190729.

use serde_json::{Value, json};

use crate::call::Call;
use crate::cloud::Cloud;
use crate::page;
use crate::refusal::Refusal;
use crate::reply::{Answer, Reply};
use crate::user::TENANCY;

use super::{Service, everything};

const BASE: &str = "/20160918";
/// Other services have the same version.
const OWN: [&str; 4] = ["/availabilityDomains", "/compartments/", "/tenancies/", "/users/"];
const LIMITS: &str = "/20190729";

pub(crate) const SERVICE: Service = Service {
    name: "identity",
    owns: |path| OWN.iter().any(|own| path.strip_prefix(BASE).is_some_and(|path| path.starts_with(own))),
    covers: everything,
    answer: |cloud, call| answer(cloud, call),
};

pub(crate) const LIMITS_SERVICE: Service = Service {
    name: "limits",
    owns: |path| path.starts_with(LIMITS),
    covers: everything,
    answer: |cloud, call| limits(cloud, call),
};

fn answer(cloud: &Cloud, call: &Call) -> Answer {
    let segments = call.segments(BASE);
    let segments: Vec<_> = segments.iter().map(String::as_str).collect();
    let world = cloud.world();
    match (call.method.as_str(), segments.as_slice()) {
        ("GET", ["availabilityDomains"]) => {
            let compartment = call.required("compartmentId")?;
            let all = world.settings.availability_domains.iter().enumerate();
            let all = all.map(|(index, name)| {
                json!({ "name": name, "id": format!("ocid1.availabilitydomain.oc1..{index}"), "compartmentId": compartment })
            });
            page::array(call, &world.settings, all.collect())
        }
        ("GET", ["tenancies", TENANCY]) => Ok(Reply::json(&json!({
            "id": TENANCY, "name": "double", "description": "", "homeRegionKey": "FRA", "freeformTags": {}, "definedTags": {},
        }))),
        ("GET", ["tenancies", TENANCY, "regionSubscriptions"]) => {
            let region = json!({
                "regionKey": "FRA", "regionName": world.settings.region, "status": "READY", "isHomeRegion": true,
            });
            Ok(Reply::json(&Value::Array(vec![region])))
        }
        ("GET", ["users", id]) if world.keys.keys().any(|known| known.split('/').nth(1) == Some(id)) => {
            Ok(Reply::json(&json!({
                "id": id, "compartmentId": TENANCY, "name": "somebody", "description": "", "lifecycleState": "ACTIVE",
                "timeCreated": "2026-01-01T00:00:00.000Z", "isMfaActivated": false,
            })))
        }
        ("GET", ["compartments", id]) if id.starts_with("ocid1.compartment.") || *id == TENANCY => {
            Ok(Reply::json(&json!({
                "id": id, "compartmentId": TENANCY, "name": "builds", "description": "", "lifecycleState": "ACTIVE",
                "timeCreated": "2026-01-01T00:00:00.000Z",
            })))
        }
        _ => Err(Refusal::missing()),
    }
}

/// How much of a limit is left. The only one that is counted is that of container instances.
fn limits(cloud: &Cloud, call: &Call) -> Answer {
    let segments = call.segments(LIMITS);
    let segments: Vec<_> = segments.iter().map(String::as_str).collect();
    let world = cloud.world();
    let most = world.settings.most_container_instances;
    match (call.method.as_str(), segments.as_slice()) {
        ("GET", ["services", "container-instances", "limits", _, "resourceAvailability"]) => {
            call.required("compartmentId")?;
            let used = world.container_instances().len();
            Ok(Reply::json(&json!({
                "used": used, "available": most.saturating_sub(used), "fractionalUsage": null,
                "fractionalAvailability": null, "effectiveQuotaValue": null,
            })))
        }
        ("GET", ["limitValues"]) => {
            call.required("compartmentId")?;
            call.required("serviceName")?;
            let rows = world.settings.availability_domains.iter().map(|domain| {
                json!({ "name": "container-instance-count", "scopeType": "AD", "availabilityDomain": domain, "value": most })
            });
            page::array(call, &world.settings, rows.collect())
        }
        _ => Err(Refusal::missing()),
    }
}
