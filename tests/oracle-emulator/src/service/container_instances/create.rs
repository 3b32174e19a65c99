//! Container instances are created.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::call::Call;
use crate::cloud::Cloud;
use crate::refusal::Refusal;
use crate::reply::{Answer, Reply};
use crate::run::Stop;
use crate::user;
use crate::world::World;

use super::record::{Container, End, Instance};
use super::work::WorkRequest;
use super::{check, fields, life, usage};

/// How long a token is good for.
const TOKEN: Duration = Duration::from_secs(24 * 60 * 60);

/// What was created by a token.
pub(super) struct Token {
    /// SHA-256 of the body.
    body: Vec<u8>,
    instance: String,
    work: String,
    at: SystemTime,
}

pub(super) fn create(cloud: &Arc<Cloud>, world: &mut World, call: &Call) -> Answer {
    let now = world.clock.now();
    let body = digest(&SHA256, &call.body).as_ref().to_vec();
    let token = call.header("opc-retry-token").map(str::to_owned);
    if let Some(token) = &token {
        if !(1..=64).contains(&token.len()) {
            return Err(Refusal::invalid("opc-retry-token must have 1 to 64 characters."));
        }
        if let Some(reply) = again(world, token, &body, now)? {
            return Ok(reply);
        }
    }
    let said = call.json(fields::CREATE)?;
    let size = check::check(&said, &world.settings)?;
    check_room(world, &said)?;
    usage::check(world, &said, size)?;
    let (instance, work) = record(cloud, world, said, size, now);
    if let Some(token) = token {
        let made = Token { body, instance: instance.clone(), work: work.clone(), at: now };
        world.services.instances.tokens.insert(token, made);
    }
    cloud.spawn(life::begin(Arc::clone(cloud), instance.clone(), work.clone()));
    shown(world, &instance, &work)
}

/// The reply to who has created something by the token already.
fn again(world: &mut World, token: &str, body: &[u8], now: SystemTime) -> Result<Option<Reply>, Refusal> {
    let state = &mut world.services.instances;
    state.tokens.retain(|_, token| token.at + TOKEN > now);
    let Some(known) = state.tokens.get(token) else { return Ok(None) };
    let is_there = state.instances.get(&known.instance).is_some_and(|one| !matches!(one.state, "DELETING" | "DELETED"));
    if known.body != body || !is_there {
        let message =
            "The provided retry token was used in an earlier request, and a change since then has invalidated it.";
        return Err(Refusal::new(409, "InvalidatedRetryToken", message));
    }
    let (instance, work) = (known.instance.clone(), known.work.clone());
    shown(world, &instance, &work).map(Some)
}

fn shown(world: &World, instance: &str, work: &str) -> Answer {
    let instance = world.services.instances.instances.get(instance).ok_or_else(Refusal::missing)?;
    Ok(Reply::json(&instance.json()).header("etag", instance.etag()).header("opc-work-request-id", work))
}

/// Refuses what would be too many, or where no host has room.
fn check_room(world: &World, said: &Value) -> Result<(), Refusal> {
    let is_at = |known: &Option<String>, name: &str| known.is_none() || known.as_deref() == said[name].as_str();
    let places = &world.settings.out_of_capacity;
    if places
        .iter()
        .any(|place| is_at(&place.availability_domain, "availabilityDomain") && is_at(&place.shape, "shape"))
    {
        return Err(Refusal::new(500, "InternalError", "Out of host capacity."));
    }
    // Also what is stopped or has failed counts, until it is deleted.
    let there = world.services.instances.instances.values().filter(|one| one.deleted.is_none()).count();
    if there >= world.settings.most_container_instances {
        let message =
            "The following service limits were exceeded: container-instance-count. Request a service limit increase.";
        return Err(Refusal::new(400, "LimitExceeded", message));
    }
    Ok(())
}

/// Writes down an instance and its containers; its OCID and that of its work request.
fn record(cloud: &Cloud, world: &mut World, said: Value, size: (f64, f64), now: SystemTime) -> (String, String) {
    let region = world.settings.region.clone();
    let state = &mut world.services.instances;
    state.created += 1;
    let number = state.created;
    let id = format!("ocid1.computecontainerinstance.oc1.{region}.{}", user::id());
    let domain = said["faultDomain"].as_str().unwrap_or("FAULT-DOMAIN-1");
    let place = json!({
        "compartmentId": said["compartmentId"], "availabilityDomain": said["availabilityDomain"], "faultDomain": domain,
    });
    let mut containers = Vec::new();
    for (index, container) in said["containers"].as_array().into_iter().flatten().enumerate() {
        let name =
            container["displayName"].as_str().map_or_else(|| format!("container-{number}-{index}"), str::to_owned);
        let own = format!("ocid1.computecontainer.oc1.{region}.{}", user::id());
        let made = Container {
            id: own.clone(),
            instance: id.clone(),
            said: container.clone(),
            place: place.clone(),
            name: name.clone(),
            state: "CREATING",
            details: None,
            exit_code: None,
            terminated: None,
            created: now,
            updated: now,
            restarts: 0,
            version: 1,
            log: cloud.folder.path().join(&id).join(format!("{index}.log")),
        };
        state.containers.insert(own.clone(), made);
        containers.push((own, name));
    }
    let name = said["displayName"].as_str().map_or_else(|| format!("containerinstance-{number}"), str::to_owned);
    let work = WorkRequest::new("CREATE_CONTAINER_INSTANCE", "CREATED", &id, &said["compartmentId"], now);
    let work_id = work.id.clone();
    state.work.insert(work_id.clone(), work);
    let instance = Instance {
        id: id.clone(),
        number,
        said,
        name,
        state: "CREATING",
        details: None,
        ocpus: size.0,
        memory: size.1,
        created: now,
        updated: now,
        deleted: None,
        containers,
        version: 1,
        stop: watch::channel(Stop::No).0,
        end: End::Done,
        is_attended: true,
    };
    state.instances.insert(id.clone(), instance);
    (id, work_id)
}
