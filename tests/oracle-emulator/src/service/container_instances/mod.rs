//! Container instances, API 20210415.

mod act;
mod check;
mod create;
mod fields;
mod life;
mod list;
mod log;
mod record;
mod resource_principal;
mod shapes;
mod unit;
mod usage;
mod work;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::call::Call;
use crate::cloud::Cloud;
use crate::refusal::Refusal;
use crate::reply::{Answer, Reply};
use crate::world::World;

use super::{Service, everything};
use record::{Container, Instance};
use work::WorkRequest;

pub(super) use usage::used;

const BASE: &str = "/20210415";

pub(crate) const SERVICE: Service =
    Service { name: "container instances", owns: |path| path.starts_with(BASE), covers: everything, answer };

/// All that there is of it.
#[derive(Default)]
pub(crate) struct State {
    instances: BTreeMap<String, Instance>,
    containers: BTreeMap<String, Container>,
    work: BTreeMap<String, WorkRequest>,
    /// What was created by which token.
    tokens: BTreeMap<String, create::Token>,
    /// The key of all resource principals, which is made when the first is needed.
    key: Option<resource_principal::Key>,
    created: u64,
}

fn answer(cloud: &Arc<Cloud>, call: &Call) -> Answer {
    let segments = call.segments(BASE);
    let segments: Vec<_> = segments.iter().map(String::as_str).collect();
    let mut world = cloud.world();
    forget(&mut world);
    match (call.method.as_str(), segments.as_slice()) {
        ("POST", ["containerInstances"]) => create::create(cloud, &mut world, call),
        ("GET", ["containerInstances"]) => list::instances(&world, call),
        ("GET", ["containerInstances", id]) => {
            let instance = find(&mut world, id)?;
            Ok(Reply::json(&instance.json()).header("etag", instance.etag()))
        }
        ("PUT", ["containerInstances", id]) => act::update(cloud, &mut world, call, id),
        ("DELETE", ["containerInstances", id]) => act::delete(cloud, &mut world, call, id),
        ("POST", ["containerInstances", id, "actions", what @ ("start" | "stop" | "restart")]) => {
            act::act(cloud, &mut world, call, id, what)
        }
        ("GET", ["containers"]) => list::containers(&world, call),
        ("GET", ["containers", id]) => {
            let container = find_container(&mut world, id)?;
            Ok(Reply::json(&container.json()).header("etag", container.etag()))
        }
        ("PUT", ["containers", id]) => act::update_container(&mut world, call, id),
        ("POST", ["containers", id, "actions", "retrieveLogs"]) => log::retrieve(&mut world, call, id),
        ("GET", ["containerInstanceShapes"]) => shapes::list(&world, call),
        ("GET", ["workRequests"]) => work::list(&world, call),
        ("GET", ["workRequests", id]) => work::get(&world, id),
        ("GET", ["workRequests", id, what @ ("errors" | "logs")]) => work::said(&world, call, id, what),
        _ => Err(Refusal::missing()),
    }
}

/// An instance that callers see already.
fn find<'a>(world: &'a mut World, id: &str) -> Result<&'a mut Instance, Refusal> {
    let (now, hidden) = (world.clock.now(), Duration::from_millis(world.settings.hidden_ms));
    let found = world.services.instances.instances.get_mut(id);
    found.filter(|instance| instance.created + hidden <= now).ok_or_else(Refusal::missing)
}

/// A container whose instance callers see already.
fn find_container<'a>(world: &'a mut World, id: &str) -> Result<&'a mut Container, Refusal> {
    let instance = world.services.instances.containers.get(id).ok_or_else(Refusal::missing)?.instance.clone();
    find(world, &instance)?;
    world.services.instances.containers.get_mut(id).ok_or_else(Refusal::missing)
}

/// Forgets what was deleted long ago.
fn forget(world: &mut World) {
    let (now, kept) = (world.clock.now(), Duration::from_millis(world.settings.remembered_ms));
    let is_old = |deleted: Option<SystemTime>| deleted.is_some_and(|deleted| deleted + kept < now);
    let state = &mut world.services.instances;
    state.instances.retain(|_, instance| !is_old(instance.deleted));
    let instances = &state.instances;
    state.containers.retain(|_, container| instances.contains_key(&container.instance));
}

/// What tests do with them.
pub(super) fn control(cloud: &Arc<Cloud>, call: &Call, method: &str, path: &[&str]) -> Answer {
    match (method, path) {
        ("POST", [id, "fail"]) => {
            let said: serde_json::Value = crate::control::read(call)?;
            let details = said["lifecycleDetails"].as_str().unwrap_or("told to");
            life::kill(cloud, id, record::End::Fail(details.into()))
        }
        ("POST", [id, "vanish"]) => life::kill(cloud, id, record::End::Vanish),
        _ => Err(Refusal::missing()),
    }
}

impl World {
    /// The OCIDs of container instances that are not deleted, the oldest first, with their states.
    #[must_use]
    pub fn container_instances(&self) -> Vec<(String, &'static str)> {
        let all = self.services.instances.instances.values();
        let mut all: Vec<_> = all.filter(|instance| instance.deleted.is_none()).collect();
        all.sort_by_key(|instance| instance.number);
        all.into_iter().map(|instance| (instance.id.clone(), instance.state)).collect()
    }

    /// Container instances that were ever created.
    #[must_use]
    pub fn container_instances_created(&self) -> u64 {
        self.services.instances.created
    }
}
