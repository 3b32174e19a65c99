//! Lists of container instances and containers.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::call::Call;
use crate::page;
use crate::refusal::Refusal;
use crate::reply::Answer;
use crate::world::World;

const STATES: &[&str] = &["CREATING", "UPDATING", "ACTIVE", "INACTIVE", "DELETING", "DELETED", "FAILED"];

/// How a list is narrowed and ordered.
struct Order {
    filters: Vec<(&'static str, String)>,
    by_name: bool,
    is_descending: bool,
}

impl Order {
    fn of(call: &Call, filters: &[&'static str]) -> Result<Self, Refusal> {
        let mut known = vec!["compartmentId", "limit", "page", "sortBy", "sortOrder"];
        known.extend(filters);
        call.only(&known)?;
        call.required("compartmentId")?;
        if let Some(state) = call.parameter("lifecycleState").filter(|state| !STATES.contains(&state.as_str())) {
            return Err(Refusal::invalid(format!("Invalid lifecycleState '{state}'.")));
        }
        let by_name = match call.parameter("sortBy").as_deref() {
            None | Some("timeCreated") => false,
            Some("displayName") => true,
            Some(other) => return Err(Refusal::invalid(format!("Invalid sortBy '{other}'."))),
        };
        let is_descending = match call.parameter("sortOrder").as_deref() {
            None => !by_name,
            Some("ASC") => false,
            Some("DESC") => true,
            Some(other) => return Err(Refusal::invalid(format!("Invalid sortOrder '{other}'."))),
        };
        let all = std::iter::once(&"compartmentId").chain(filters);
        let filters = all.filter_map(|name| call.parameter(name).map(|value| (*name, value))).collect();
        Ok(Self { filters, by_name, is_descending })
    }

    fn takes(&self, shown: &Value) -> bool {
        self.filters.iter().all(|(name, value)| shown[*name].as_str() == Some(value))
    }

    /// Rows in order, which come with their number.
    fn sorted(&self, mut rows: Vec<(u64, Value)>) -> Vec<Value> {
        rows.sort_by(|(one, first), (other, second)| {
            let names = || first["displayName"].as_str().cmp(&second["displayName"].as_str());
            let order = if self.by_name { names().then(one.cmp(other)) } else { one.cmp(other) };
            if self.is_descending { order.reverse() } else { order }
        });
        rows.into_iter().map(|(_, row)| row).collect()
    }
}

/// Whether callers see already what was created then.
fn is_seen(world: &World, created: SystemTime) -> bool {
    created + Duration::from_millis(world.settings.hidden_ms) <= world.clock.now()
}

pub(super) fn instances(world: &World, call: &Call) -> Answer {
    let order = Order::of(call, &["lifecycleState", "displayName", "availabilityDomain"])?;
    let all = world.services.instances.instances.values().filter(|instance| is_seen(world, instance.created));
    let rows = all.map(|instance| (instance.number, instance.summary())).filter(|(_, row)| order.takes(row));
    page::items(call, &world.settings, order.sorted(rows.collect()))
}

pub(super) fn containers(world: &World, call: &Call) -> Answer {
    let filters = ["lifecycleState", "displayName", "availabilityDomain", "containerInstanceId"];
    let order = Order::of(call, &filters)?;
    let state = &world.services.instances;
    let all = state.containers.values().filter(|container| is_seen(world, container.created));
    let number = |id: &str| state.instances.get(id).map_or(0, |instance| instance.number);
    let rows = all.map(|container| (number(&container.instance), container.summary()));
    let rows = rows.filter(|(_, row)| order.takes(row));
    page::items(call, &world.settings, order.sorted(rows.collect()))
}
