//! What container instances use of the limits of their tenancy.

use std::collections::BTreeMap;

use crate::refusal::Refusal;
use crate::world::World;

use super::shapes;

/// What instances in an availability domain use, by the names of limits: of one compartment, or of all. Also what is stopped
/// or has failed counts, until it is deleted.
pub(in crate::service) fn used(world: &World, domain: &str, compartment: Option<&str>) -> BTreeMap<&'static str, f64> {
    let mut used = BTreeMap::new();
    let there = world.services.instances.instances.values().filter(|one| one.deleted.is_none());
    let there = there.filter(|one| one.said["availabilityDomain"] == domain);
    for one in there.filter(|one| compartment.is_none_or(|wanted| one.said["compartmentId"] == wanted)) {
        let shape = one.said["shape"].as_str().and_then(shapes::find);
        for (name, amount) in shape.map(|shape| shape.takes(one.ocpus, one.memory)).into_iter().flatten() {
            *used.entry(name).or_default() += amount;
        }
    }
    used
}

/// Refuses an instance of this shape and size, OCPUs and GB, for which a limit or a quota leaves no room.
pub(super) fn check(world: &World, said: &serde_json::Value, size: (f64, f64)) -> Result<(), Refusal> {
    let text = |name: &str| said[name].as_str().unwrap_or_default();
    let Some(shape) = shapes::find(text("shape")) else { return Ok(()) };
    let more = shape.takes(size.0, size.1);
    world.exceeded(text("availabilityDomain"), text("compartmentId"), &more).map_or(Ok(()), Err)
}
