//! Networks, API 20160918: subnets and their routes, as they are read.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::call::Call;
use crate::cloud::Cloud;
use crate::refusal::Refusal;
use crate::reply::{Answer, Reply};
use crate::user;
use crate::world::World;

use super::{Service, everything};

const BASE: &str = "/20160918";

pub(crate) const SERVICE: Service = Service {
    name: "network",
    owns: |path| path.starts_with(BASE),
    covers: everything,
    answer: |cloud, call| answer(cloud, call),
};

/// Subnets by OCID.
#[derive(Default)]
pub(crate) struct State {
    subnets: BTreeMap<String, Subnet>,
}

struct Subnet {
    is_private: bool,
    rules: Vec<Value>,
}

fn answer(cloud: &Cloud, call: &Call) -> Answer {
    call.only(&[])?;
    let world = cloud.world();
    let segments = call.segments(BASE);
    let segments: Vec<_> = segments.iter().map(String::as_str).collect();
    match (call.method.as_str(), segments.as_slice()) {
        ("GET", ["subnets", id]) => {
            let subnet = world.services.network.subnets.get(*id).ok_or_else(Refusal::missing)?;
            Ok(Reply::json(&json!({
                "id": id, "compartmentId": user::TENANCY, "displayName": "jobs", "lifecycleState": "AVAILABLE",
                "cidrBlock": "10.42.0.0/18", "availabilityDomain": null, "vcnId": "ocid1.vcn.oc1..v",
                "prohibitPublicIpOnVnic": subnet.is_private, "prohibitInternetIngress": subnet.is_private,
                "routeTableId": table(id), "securityListIds": [],
            }))
            .header("etag", "1"))
        }
        ("GET", ["routeTables", id]) => {
            let found = world.services.network.subnets.iter().find(|(subnet, _)| table(subnet) == *id);
            let (_, subnet) = found.ok_or_else(Refusal::missing)?;
            Ok(Reply::json(&json!({
                "id": id, "compartmentId": user::TENANCY, "displayName": "jobs", "lifecycleState": "AVAILABLE",
                "vcnId": "ocid1.vcn.oc1..v", "routeRules": subnet.rules,
            }))
            .header("etag", "1"))
        }
        _ => Err(Refusal::missing()),
    }
}

/// The routes of a subnet.
fn table(subnet: &str) -> String {
    subnet.replacen("ocid1.subnet.", "ocid1.routetable.", 1)
}

impl World {
    /// Makes a subnet of this OCID, whose routes lead by these gateways: the kind of each, as `natgateway` or `servicegateway`,
    /// with where that leads.
    pub fn subnet(&mut self, id: &str, is_private: bool, routes: &[(&str, &str)]) {
        let rule = |(gateway, destination): &(&str, &str)| {
            let is_service = *gateway == "servicegateway";
            let kind = if is_service { "SERVICE_CIDR_BLOCK" } else { "CIDR_BLOCK" };
            json!({
                "networkEntityId": format!("ocid1.{gateway}.oc1.eu-frankfurt-1.g"), "destination": destination,
                "destinationType": kind, "routeType": "STATIC", "description": null,
            })
        };
        let subnet = Subnet { is_private, rules: routes.iter().map(rule).collect() };
        self.services.network.subnets.insert(id.into(), subnet);
    }
}
