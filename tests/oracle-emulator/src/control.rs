//! What tests in other languages do with the double, as JSON at `/_control`.
//!
//! | | |
//! |---|---|
//! | `GET settings`, `PATCH settings` `{…}` | what may be set ([`crate::Settings`]) |
//! | `GET faults`, `POST faults` `{kind, method?, target?, times?, after?}`, `DELETE faults` | what goes wrong ([`crate::fault`]) |
//! | `GET clock`, `POST clock` `{ahead?, advance?, standAt?}` | its time: seconds before the machine's, seconds forward, a time to stand at |
//! | `GET seen`, `DELETE seen` | what was asked, with the status that it got |
//! | `PUT secrets/OCID` `{content}` | a new version of a secret, in base64 |
//! | `PUT queues/OCID`, `GET queues/OCID` | a queue, where there is none; the contents of its messages |
//! | `PUT buckets/NAME` | a bucket, where there is none |
//! | `PUT subnets/OCID` | a private subnet, whose routes lead by a NAT and a service gateway |
//! | `DELETE tokens` | no token of an instance or resource is known any more |
//! | `POST instances/OCID/fail` `{lifecycleDetails}` | a container instance dies, with its containers and open work requests |
//! | `POST instances/OCID/vanish` | it is gone, and nobody has deleted it |

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::call::Call;
use crate::cloud::Cloud;
use crate::fault::Fault;
use crate::refusal::Refusal;
use crate::reply::{Answer, Reply};
use crate::{service, time};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Wind {
    ahead: Option<i64>,
    advance: Option<u64>,
    stand_at: Option<String>,
}

pub(crate) fn answer(cloud: &Arc<Cloud>, call: &Call) -> Answer {
    let segments = call.segments("/_control");
    let segments: Vec<_> = segments.iter().map(String::as_str).collect();
    match (call.method.as_str(), segments.as_slice()) {
        ("GET", ["settings"]) => Ok(Reply::json(&written(&cloud.world().settings)?)),
        ("PATCH", ["settings"]) => {
            let mut world = cloud.world();
            let mut said = written(&world.settings)?;
            let change: serde_json::Map<String, Value> = read(call)?;
            for (name, value) in change {
                said[name] = value;
            }
            world.settings = serde_json::from_value(said).map_err(|error| Refusal::invalid(error.to_string()))?;
            drop(world);
            cloud.changed.notify_waiters();
            Ok(Reply::empty(204))
        }
        ("GET", ["faults"]) => Ok(Reply::json(&written(&cloud.world().faults)?)),
        ("POST", ["faults"]) => {
            let fault: Fault = read(call)?;
            cloud.world().faults.push_back(fault);
            Ok(Reply::empty(204))
        }
        ("DELETE", ["faults"]) => {
            cloud.world().faults.clear();
            Ok(Reply::empty(204))
        }
        ("GET", ["clock"]) => Ok(Reply::json(&json!({ "now": time::text(cloud.clock.now()) }))),
        ("POST", ["clock"]) => wind(cloud, &read(call)?),
        ("GET", ["seen"]) => Ok(Reply::json(&written(&cloud.world().seen)?)),
        ("DELETE", ["seen"]) => {
            cloud.world().seen.clear();
            Ok(Reply::empty(204))
        }
        ("PUT", ["secrets", id]) => {
            let said: Value = read(call)?;
            let content = said["content"].as_str().ok_or_else(|| Refusal::invalid("`content` is a text"))?;
            cloud.world().secrets.entry((*id).to_owned()).or_default().push(content.to_owned());
            Ok(Reply::empty(204))
        }
        ("PUT", ["queues", id]) => {
            cloud.world().queue(id, 30, 0);
            Ok(Reply::empty(204))
        }
        ("GET", ["queues", id]) => Ok(Reply::json(&written(&cloud.world().queued(id).0)?)),
        ("PUT", ["buckets", name]) => {
            cloud.world().bucket(name);
            Ok(Reply::empty(204))
        }
        ("PUT", ["subnets", id]) => {
            let routes = [("natgateway", "0.0.0.0/0"), ("servicegateway", "all-services")];
            cloud.world().subnet(id, true, &routes);
            Ok(Reply::empty(204))
        }
        ("DELETE", ["tokens"]) => {
            cloud.world().keys.retain(|id, _| !id.starts_with("ST$"));
            Ok(Reply::empty(204))
        }
        (method, rest) => service::control(cloud, call, method, rest),
    }
}

fn wind(cloud: &Cloud, said: &Wind) -> Answer {
    if let Some(seconds) = said.ahead {
        cloud.clock.set_ahead(seconds);
    }
    if let Some(seconds) = said.advance {
        cloud.clock.advance(Duration::from_secs(seconds));
    }
    if let Some(at) = &said.stand_at {
        cloud.clock.stand(time::read(at).ok_or_else(|| Refusal::invalid("`standAt` is a time by RFC 3339"))?);
    }
    Ok(Reply::json(&json!({ "now": time::text(cloud.clock.now()) })))
}

fn written(value: &impl serde::Serialize) -> Result<Value, Refusal> {
    serde_json::to_value(value).map_err(|error| Refusal::new(500, "InternalError", error.to_string()))
}

pub(crate) fn read<T: serde::de::DeserializeOwned>(call: &Call) -> Result<T, Refusal> {
    serde_json::from_slice(&call.body).map_err(|error| Refusal::invalid(error.to_string()))
}
