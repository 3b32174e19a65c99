//! Who and where: Identity, API 20160918.

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

pub(crate) const SERVICE: Service = Service {
    name: "identity",
    owns: |path| OWN.iter().any(|own| path.strip_prefix(BASE).is_some_and(|path| path.starts_with(own))),
    covers: everything,
    answer: |cloud, call| answer(cloud, call),
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
