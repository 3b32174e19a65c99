//! Services beside a job.

use monkeyci_model::JobId;
use monkeyci_model::job::{Health, Service};

use super::keys::{HEALTH, SERVICE};
use super::{Context, Fields, duration, env, scalar};
use crate::script::node::{Node, Value};
use crate::script::problems::Flaw;

/// The most services of one job.
const MAX: usize = 100;

/// The services of a job: a list of maps with an id, or a map by id, whose values may be an image alone.
pub(super) fn services(node: &Node, cx: &mut Context<'_, '_>) -> Vec<Service> {
    let mut services: Vec<Service> = Vec::new();
    let mut take = |id: Option<&Node>, node: &Node, cx: &mut Context<'_, '_>| {
        let Some(service) = service(id, node, cx) else { return };
        if services.len() == MAX {
            cx.problems.add(Flaw::new(node.span, format!("a job has at most {MAX} services, and this is one more")));
            return;
        }
        if services.iter().any(|other| other.id == service.id) {
            cx.problems.add(Flaw::new(node.span, format!("two services have the id `{}`", service.id)));
            return;
        }
        services.push(service);
    };
    match &node.value {
        Value::Map(entries) => entries.iter().for_each(|(id, node)| take(Some(id), node, cx)),
        Value::List(items) => items.iter().for_each(|item| take(None, item, cx)),
        Value::Scalar(..) => cx.problems.add(scalar::expected(node, "a list or map of services")),
    }
    services
}

fn service(id: Option<&Node>, node: &Node, cx: &mut Context<'_, '_>) -> Option<Service> {
    if let (Some(id), Some(_)) = (id, node.as_text()) {
        let (id, image) = (service_id(id, cx), scalar::word(node, "an image", cx));
        return Some(bare(id?, image?));
    }
    let fields = Fields::read(node, "a service", &[SERVICE], |_| false, cx)?;
    let id = match (id, fields.get("id")) {
        (Some(_), Some(inner)) => {
            let flaw = Flaw::new(inner.span, "the service has its id already");
            cx.problems.add(flaw.help("in a map of services, the key is the id"));
            None
        }
        (Some(id), None) => service_id(id, cx),
        (None, _) => fields.require("id", "a service", cx).and_then(|node| service_id(node, cx)),
    };
    let image = fields.require("image", "a service", cx).and_then(|node| scalar::word(node, "an image", cx));
    let ports = fields.get("ports").map(|node| scalar::ports(node, cx)).unwrap_or_default();
    let env = fields.get("env").map(|node| env::env(node, cx)).unwrap_or_default();
    let command = fields.get("command").map(|node| scalar::texts(node, "an argument", cx)).unwrap_or_default();
    let health = fields.get("health").and_then(|node| health(node, cx));
    Some(Service { ports, env, command, health, ..bare(id?, image?) })
}

fn bare(id: JobId, image: String) -> Service {
    Service { id, image, ports: Vec::new(), env: Default::default(), command: Vec::new(), health: None }
}

/// The id is a host name as well, and a part of variables' names.
fn service_id(node: &Node, cx: &mut Context<'_, '_>) -> Option<JobId> {
    let id = scalar::word(node, "the id of a service", cx)?;
    match JobId::new(&id) {
        Ok(id) => Some(id),
        Err(error) => {
            cx.problems.add(Flaw::new(node.span, error.to_string().replacen("job id", "a service's id", 1)));
            None
        }
    }
}

fn health(node: &Node, cx: &mut Context<'_, '_>) -> Option<Health> {
    if node.as_text().is_some() {
        let command = scalar::word(node, "a health check", cx)?;
        return Some(Health { command, timeout: Health::DEFAULT_TIMEOUT_MS });
    }
    let fields = Fields::read(node, "a health check", &[HEALTH], |_| false, cx)?;
    let command = fields.require("command", "a health check", cx)?;
    let command = scalar::word(command, "a health check", cx);
    let timeout = fields.get("timeout").and_then(|node| duration::duration(node, "a timeout", cx));
    Some(Health { command: command?, timeout: timeout.unwrap_or(Health::DEFAULT_TIMEOUT_MS) })
}
