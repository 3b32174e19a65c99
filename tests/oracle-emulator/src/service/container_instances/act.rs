//! What callers do with container instances that are there.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::call::Call;
use crate::cloud::Cloud;
use crate::refusal::Refusal;
use crate::reply::{Answer, Reply};
use crate::run::Stop;
use crate::world::World;

use super::record::End;
use super::work::WorkRequest;
use super::{fields, find, find_container, life};

/// Begins a work request; its OCID.
fn work(world: &mut World, operation: &'static str, action: &'static str, id: &str) -> Result<String, Refusal> {
    let now = world.clock.now();
    let compartment = find(world, id)?.said["compartmentId"].clone();
    let mut work = WorkRequest::new(operation, action, id, &compartment, now);
    work.begin(now);
    let own = work.id.clone();
    world.services.instances.work.insert(own.clone(), work);
    Ok(own)
}

/// Name and tags are changed.
pub(super) fn update(cloud: &Arc<Cloud>, world: &mut World, call: &Call, id: &str) -> Answer {
    let said = call.json(fields::UPDATE)?;
    let now = world.clock.now();
    let instance = find(world, id)?;
    call.check_etag(&instance.etag())?;
    if !matches!(instance.state, "ACTIVE" | "INACTIVE") {
        return Err(Refusal::state(format!("The container instance is {}.", instance.state)));
    }
    merge(&mut instance.said, &mut instance.name, &said);
    instance.to(instance.state, now);
    let etag = instance.etag();
    let work = work(world, "UPDATE_CONTAINER_INSTANCE", "UPDATED", id)?;
    cloud.spawn(life::finish(Arc::clone(cloud), work.clone()));
    Ok(Reply::empty(202).header("opc-work-request-id", work).header("etag", etag))
}

/// Name and tags of a container are changed.
pub(super) fn update_container(world: &mut World, call: &Call, id: &str) -> Answer {
    let said = call.json(fields::UPDATE)?;
    let now = world.clock.now();
    let container = find_container(world, id)?;
    call.check_etag(&container.etag())?;
    if !matches!(container.state, "ACTIVE" | "INACTIVE") {
        return Err(Refusal::state(format!("The container is {}.", container.state)));
    }
    merge(&mut container.said, &mut container.name, &said);
    container.to(container.state, now);
    let (etag, instance) = (container.etag(), container.instance.clone());
    let work = work(world, "UPDATE_CONTAINER", "UPDATED", &instance)?;
    if let Some(work) = world.services.instances.work.get_mut(&work) {
        work.succeed(now);
    }
    Ok(Reply::empty(202).header("opc-work-request-id", work).header("etag", etag))
}

fn merge(known: &mut Value, name: &mut String, said: &Value) {
    for tags in ["freeformTags", "definedTags"] {
        if said[tags].is_object() {
            known[tags] = said[tags].clone();
        }
    }
    if let Some(new) = said["displayName"].as_str() {
        new.clone_into(name);
        known["displayName"] = json!(new);
    }
}

pub(super) fn delete(cloud: &Arc<Cloud>, world: &mut World, call: &Call, id: &str) -> Answer {
    let now = world.clock.now();
    let instance = find(world, id)?;
    call.check_etag(&instance.etag())?;
    match instance.state {
        "DELETED" => return Err(Refusal::missing()),
        "ACTIVE" | "INACTIVE" | "FAILED" => {}
        state => return Err(Refusal::state(format!("The container instance is {state}, and cannot be deleted."))),
    }
    instance.to("DELETING", now);
    instance.end = End::Delete;
    let (grace, is_attended) = (instance.grace(), instance.is_attended);
    instance.stop.send_replace(Stop::Within(grace));
    let work = work(world, "DELETE_CONTAINER_INSTANCE", "DELETED", id)?;
    after(cloud, id, work.clone(), is_attended);
    Ok(Reply::empty(204).header("opc-work-request-id", work))
}

/// Starts, stops, or both.
pub(super) fn act(cloud: &Arc<Cloud>, world: &mut World, call: &Call, id: &str, what: &str) -> Answer {
    let now = world.clock.now();
    let instance = find(world, id)?;
    call.check_etag(&instance.etag())?;
    let (wanted, operation, end) = match what {
        "start" => ("INACTIVE", "START_CONTAINER_INSTANCE", End::Restart),
        "stop" => ("ACTIVE", "STOP_CONTAINER_INSTANCE", End::Stop),
        _ => ("ACTIVE", "RESTART_CONTAINER_INSTANCE", End::Restart),
    };
    if instance.state != wanted {
        return Err(Refusal::state(format!("The container instance is {}, and not {wanted}.", instance.state)));
    }
    instance.to("UPDATING", now);
    instance.end = end;
    let (grace, is_attended) = (instance.grace(), instance.is_attended);
    instance.stop.send_replace(Stop::Within(grace));
    let work = work(world, operation, "UPDATED", id)?;
    after(cloud, id, work.clone(), is_attended);
    Ok(Reply::empty(204).header("opc-work-request-id", work))
}

/// Sees to what follows: whoever attends to the containers settles the instance, and else it is done here.
fn after(cloud: &Arc<Cloud>, id: &str, work: String, is_attended: bool) {
    let (cloud_, id) = (Arc::clone(cloud), id.to_owned());
    cloud.spawn(async move {
        if !is_attended {
            let step = cloud_.world().settings.step_ms;
            cloud_.clock.sleep(step).await;
            life::settle(&cloud_, &id);
        }
        while cloud_
            .world()
            .services
            .instances
            .instances
            .get(&id)
            .is_some_and(|one| matches!(one.state, "DELETING" | "UPDATING"))
        {
            // A while is short, and a change may be missed.
            let changed = cloud_.changed.notified();
            drop(tokio::time::timeout(Duration::from_millis(20), changed).await);
        }
        life::finish(cloud_, work).await;
    });
}
