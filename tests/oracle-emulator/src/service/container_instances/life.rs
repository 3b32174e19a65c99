//! What becomes of a container instance.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::cloud::Cloud;
use crate::refusal::Refusal;
use crate::reply::{Answer, Reply};
use crate::run::{self, Credentials, Engine, Network, Reach, Stop, Unit};
use crate::settings::Settings;
use crate::world::World;

use super::record::End;
use super::unit;
use super::work::WorkRequest;

/// From its creation to the end of its containers.
pub(super) async fn begin(cloud: Arc<Cloud>, id: String, work: String) {
    let step = cloud.world().settings.step_ms;
    cloud.clock.sleep(step).await;
    with_work(&cloud, &work, WorkRequest::begin);
    if let Err(why) = pull(&cloud, &id).await {
        with_work(&cloud, &work, |work, now| work.fail("ImagePullFailed", &why, now));
        fail(&mut cloud.world(), &id, &why);
        cloud.changed.notify_waiters();
        return;
    }
    cloud.clock.sleep(step).await;
    with_work(&cloud, &work, WorkRequest::succeed);
    attend(cloud, id).await;
}

fn with_work(cloud: &Cloud, id: &str, change: impl FnOnce(&mut WorkRequest, SystemTime)) {
    let mut world = cloud.world();
    let now = world.clock.now();
    if let Some(work) = world.services.instances.work.get_mut(id) {
        change(work, now);
    }
}

/// A work request is done.
pub(super) async fn finish(cloud: Arc<Cloud>, work: String) {
    let step = cloud.world().settings.step_ms;
    cloud.clock.sleep(step).await;
    with_work(&cloud, &work, WorkRequest::succeed);
}

/// Sees to it that all images are here.
async fn pull(cloud: &Cloud, id: &str) -> Result<(), String> {
    let (images, secrets, settings, vault) = {
        let world = cloud.world();
        let Some(instance) = world.services.instances.instances.get(id) else { return Ok(()) };
        let containers = instance.said["containers"].as_array().into_iter().flatten();
        let images: Vec<_> = containers.filter_map(|one| one["imageUrl"].as_str().map(str::to_owned)).collect();
        (images, instance.said["imagePullSecrets"].clone(), world.settings.clone(), world.secrets.clone())
    };
    let secrets = secrets.as_array().into_iter().flatten();
    let credentials = secrets.map(|secret| credentials(secret, |id| vault.get(id)?.last().cloned()));
    let credentials = credentials.collect::<Result<Vec<_>, _>>()?;
    for image in images {
        let told = |why: &str| format!("Unable to pull the image '{image}': {why}");
        admit(&image, &credentials, &settings).map_err(|why| told(&why))?;
        run::pull(settings.engine, &image, &credentials).await.map_err(|why| told(&why))?;
    }
    Ok(())
}

/// What a secret says of a registry.
fn credentials(secret: &Value, vault: impl Fn(&str) -> Option<String>) -> Result<Credentials, String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let opened = |text: &str| STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let registry = text(&secret["registryEndpoint"]);
    if secret["secretType"] == "BASIC" {
        let [username, password] = ["username", "password"].map(|name| opened(&text(&secret[name])));
        let (Some(username), Some(password)) = (username, password) else {
            return Err("a pull secret is no text".into());
        };
        return Ok(Credentials { registry, username, password });
    }
    let id = text(&secret["secretId"]);
    let content = vault(&id).ok_or_else(|| format!("the secret {id} does not exist or may not be read"))?;
    let said: Value = opened(&content).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    match (said["username"].as_str(), said["password"].as_str()) {
        (Some(username), Some(password)) => {
            Ok(Credentials { registry, username: username.into(), password: password.into() })
        }
        _ => Err(format!("the secret {id} is no JSON with username and password")),
    }
}

/// Whether a registry gives an image to whoever asks.
fn admit(image: &str, credentials: &[Credentials], settings: &Settings) -> Result<(), String> {
    if settings.missing_images.iter().any(|missing| missing == image) {
        return Err("not found: manifest unknown".into());
    }
    let registry = image.split_once('/').map_or("docker.io", |(first, _)| first);
    let Some(login) = settings.registries.get(registry) else { return Ok(()) };
    let known = credentials.iter().find(|known| known.registry.trim_start_matches("https://") == registry);
    match known {
        Some(known) if known.username == login.username && known.password == login.password => Ok(()),
        Some(_) => Err("unauthorized: incorrect username or password".into()),
        None => Err("unauthorized: authentication required".into()),
    }
}

/// Runs the containers of an instance until all have ended, and again where that is wanted.
async fn attend(cloud: Arc<Cloud>, id: String) {
    loop {
        let folder = cloud.folder.path().join(&id);
        let network = match network(&cloud).await {
            Ok(network) => network,
            Err(why) => {
                fail(&mut cloud.world(), &id, &why);
                cloud.changed.notify_waiters();
                return;
            }
        };
        let prepared = prepare(&cloud, &id, &folder);
        let (units, stop, policy) = match prepared {
            Ok(Some(prepared)) => prepared,
            Ok(None) => return,
            Err(error) => {
                fail(&mut cloud.world(), &id, &format!("The volumes cannot be made: {error}"));
                return;
            }
        };
        cloud.changed.notify_waiters();
        let mut running = JoinSet::new();
        for (container, mut unit) in units {
            unit.network = network.as_ref().map(|network| network.path.clone());
            running.spawn(one(Arc::clone(&cloud), container, unit, stop.subscribe(), policy.clone()));
        }
        while running.join_next().await.is_some() {}
        drop(network);
        let step = cloud.world().settings.step_ms;
        cloud.clock.sleep(step).await;
        // What was in its volumes is lost, before anybody can start it again.
        drop(std::fs::remove_dir_all(folder.join("volumes")));
        if !settle(&cloud, &id) {
            return;
        }
    }
}

/// The network of an instance, where it has one of its own.
async fn network(cloud: &Arc<Cloud>) -> Result<Option<Network>, String> {
    let is_own = {
        let settings = &cloud.world().settings;
        settings.network == Reach::Own && settings.engine == Engine::Process
    };
    if is_own { Network::new(cloud).await.map(Some) } else { Ok(None) }
}

type Prepared = (Vec<(String, Unit)>, watch::Sender<Stop>, String);

/// Makes an instance active, with what its containers need; nothing where it is gone.
fn prepare(cloud: &Arc<Cloud>, id: &str, folder: &Path) -> std::io::Result<Option<Prepared>> {
    let mut world = cloud.world();
    let now = world.clock.now();
    let state = &mut world.services.instances;
    let Some(instance) = state.instances.get_mut(id) else { return Ok(None) };
    if !matches!(instance.end, End::Done | End::Restart) {
        // Killed before it began.
        drop(world);
        settle(cloud, id);
        return Ok(None);
    }
    (instance.end, instance.stop, instance.is_attended) = (End::Done, watch::channel(Stop::No).0, true);
    instance.details = None;
    let (said, ids, memory) = (instance.said.clone(), instance.containers.clone(), instance.memory);
    let (stop, policy) = (instance.stop.clone(), instance.policy().to_owned());
    unit::make_volumes(&said, folder)?;
    let mut units = Vec::new();
    for (index, (container, _)) in ids.iter().enumerate() {
        let made = unit::of(&mut world, container, &said, memory, &folder.join(index.to_string()), folder)?;
        if let Some((folder, compartment)) = made.principal {
            cloud.spawn(super::resource_principal::keep_fresh(Arc::clone(cloud), folder, compartment));
        }
        units.push((container.clone(), made.unit));
    }
    if let Some(instance) = world.services.instances.instances.get_mut(id) {
        instance.to("ACTIVE", now);
    }
    Ok(Some((units, stop, policy)))
}

/// Runs a container, and again by the policy.
async fn one(cloud: Arc<Cloud>, id: String, unit: Unit, stop: watch::Receiver<Stop>, policy: String) {
    loop {
        let engine = {
            let mut world = cloud.world();
            let now = world.clock.now();
            let Some(container) = world.services.instances.containers.get_mut(&id) else { return };
            (container.exit_code, container.terminated, container.details) = (None, None, None);
            container.to("ACTIVE", now);
            world.settings.engine
        };
        cloud.changed.notify_waiters();
        let ended = run::run(engine, &unit, stop.clone()).await;
        let is_failed = ended.as_ref().map_or(true, |ended| ended.code != 0);
        let is_stopped = *stop.borrow() != Stop::No;
        {
            let mut world = cloud.world();
            let now = world.clock.now();
            let state = &mut world.services.instances;
            let Some(container) = state.containers.get_mut(&id) else { return };
            container.terminated = Some(now);
            let end = state.instances.get(&container.instance).map(|instance| instance.end.clone());
            match (ended, end) {
                // Its instance failed, and it with that.
                (_, Some(End::Fail(details))) => {
                    container.details = Some(details);
                    container.to("FAILED", now);
                }
                (Ok(ended), _) => {
                    (container.exit_code, container.details) = (Some(ended.code), ended.details);
                    container.to("INACTIVE", now);
                }
                (Err(why), _) => {
                    container.details = Some(format!("The container cannot be started: {why}"));
                    container.to("FAILED", now);
                }
            }
            let is_again = !is_stopped && (policy == "ALWAYS" || (policy == "ON_FAILURE" && is_failed));
            if !is_again {
                break;
            }
            container.restarts += 1;
            drop(std::fs::rename(&container.log, container.previous_log()));
        }
        cloud.changed.notify_waiters();
        let step = cloud.world().settings.step_ms;
        tokio::select! {
            () = cloud.clock.sleep(step.max(10)) => {}
            () = is_told(stop.clone()) => break,
        }
    }
    cloud.changed.notify_waiters();
}

async fn is_told(mut stop: watch::Receiver<Stop>) {
    drop(stop.wait_for(|stop| *stop != Stop::No).await);
}

/// Gives an instance whose containers have ended the state that follows; whether they are started again.
pub(super) fn settle(cloud: &Arc<Cloud>, id: &str) -> bool {
    let mut world = cloud.world();
    let now = world.clock.now();
    let state = &mut world.services.instances;
    let Some(instance) = state.instances.get_mut(id) else { return false };
    let was_attended = std::mem::replace(&mut instance.is_attended, false);
    let mine = state.containers.values_mut().filter(|container| container.instance == id);
    let is_again = match instance.end.clone() {
        End::Done | End::Stop => {
            let broken = mine.filter(|container| container.state == "FAILED").find_map(|one| one.details.clone());
            let is_stop = matches!(instance.end, End::Stop);
            match broken.filter(|_| !is_stop) {
                Some(details) => {
                    instance.details = Some(details);
                    instance.to("FAILED", now);
                }
                None => instance.to("INACTIVE", now),
            }
            false
        }
        End::Restart => {
            instance.is_attended = true;
            if !was_attended {
                cloud.spawn(attend(Arc::clone(cloud), id.to_owned()));
            }
            was_attended
        }
        End::Delete => {
            mine.for_each(|container| container.to("DELETED", now));
            instance.deleted = Some(now);
            instance.to("DELETED", now);
            drop(std::fs::remove_dir_all(cloud.folder.path().join(id)));
            false
        }
        End::Fail(details) => {
            drop(world);
            fail(&mut cloud.world(), id, &details);
            cloud.changed.notify_waiters();
            return false;
        }
        End::Vanish => {
            let mine: Vec<PathBuf> = vec![cloud.folder.path().join(id)];
            state.instances.remove(id);
            state.containers.retain(|_, container| container.instance != id);
            mine.iter().for_each(|folder| drop(std::fs::remove_dir_all(folder)));
            false
        }
    };
    drop(world);
    cloud.changed.notify_waiters();
    is_again
}

/// An instance has failed, with all its containers.
fn fail(world: &mut World, id: &str, why: &str) {
    let now = world.clock.now();
    let state = &mut world.services.instances;
    for container in state.containers.values_mut().filter(|container| container.instance == id) {
        container.details = Some(why.to_owned());
        container.terminated.get_or_insert(now);
        container.to("FAILED", now);
    }
    if let Some(instance) = state.instances.get_mut(id) {
        (instance.details, instance.is_attended) = (Some(why.to_owned()), false);
        instance.to("FAILED", now);
    }
}

/// Ends an instance from outside, at once. What was being done with it fails for the same reason.
pub(super) fn kill(cloud: &Arc<Cloud>, id: &str, end: End) -> Answer {
    let mut world = cloud.world();
    if let End::Fail(details) = &end {
        let now = world.clock.now();
        let all = world.services.instances.work.values_mut();
        all.filter(|work| work.is_open_for(id)).for_each(|work| work.fail("InternalError", details, now));
    }
    let instance = world.services.instances.instances.get_mut(id).ok_or_else(Refusal::missing)?;
    let is_gone = matches!(end, End::Vanish);
    instance.end = end;
    let is_attended = instance.is_attended;
    instance.stop.send_replace(Stop::Within(std::time::Duration::ZERO));
    if is_gone {
        // Nobody sees its containers end before.
        world.services.instances.instances.remove(id);
        world.services.instances.containers.retain(|_, container| container.instance != id);
    }
    drop(world);
    cloud.changed.notify_waiters();
    if !is_attended {
        settle(cloud, id);
    }
    Ok(Reply::empty(204))
}
