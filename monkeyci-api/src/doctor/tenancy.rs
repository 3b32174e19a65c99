//! What builds in Oracle Cloud stand on: whether each service that is needed lets us in, whether there is room, and whether
//! jobs reach what they need.

use oci_services::container_instances::{ContainerInstances, Lifecycle};
use oci_services::{Error, Retry, Service, queue};
use oci_signer::{Client, realm_domain};
use reqwest::Method;
use serde::Deserialize;

use super::{Finding, PATIENCE, bad, doubtful, good, limits};
use crate::account::Account;

/// What is to be looked at, by ids and names.
#[derive(Debug, Clone, Default)]
pub struct Tenancy {
    /// As whom.
    pub account: Account,
    /// Where all services are, for tests and private endpoints; those of the region when none.
    pub endpoint: Option<String>,
    /// The compartment that instances are made in.
    pub compartment: Option<String>,
    /// The subnet that they are in.
    pub subnet: Option<String>,
    /// The queue in which triggers wait.
    pub queue: Option<String>,
    /// The bucket of builds.
    pub bucket: Option<String>,
}

impl Tenancy {
    /// The address of a service: `iaas` and `objectstorage` are named by the region alone.
    pub(super) fn address(&self, service: &str, region: &str) -> String {
        match &self.endpoint {
            Some(endpoint) => endpoint.clone(),
            None if matches!(service, "iaas" | "objectstorage") => {
                format!("https://{service}.{region}.{}", realm_domain(region))
            }
            None => oci_signer::endpoint(service, region),
        }
    }

    fn service(&self, client: &Client, region: &str, name: &str, version: &str) -> Result<Service, Error> {
        Ok(hasty(Service::at(client.clone(), &self.address(name, region), version)?))
    }
}

/// Whoever waits for a diagnosis waits for no retries.
pub(super) fn hasty(service: Service) -> Service {
    service.retrying(Retry::never()).patient(PATIENCE)
}

/// Looks at all of it; nothing is changed.
pub async fn examine(tenancy: &Tenancy) -> Vec<Finding> {
    let (client, region) = match tenancy.account.client().await {
        Ok(found) => found,
        // That is told by who looks at the account.
        Err(_) => return Vec::new(),
    };
    let mut found = Vec::new();
    if let Some(compartment) = &tenancy.compartment {
        found.extend(instances(tenancy, &client, &region, compartment).await);
    }
    if let Some(subnet) = &tenancy.subnet {
        found.push(network(tenancy, &client, &region, subnet).await);
    }
    if let Some(id) = &tenancy.queue {
        found.push(triggers(tenancy, &client, &region, id).await);
    }
    if let Some(bucket) = &tenancy.bucket {
        found.push(objects(tenancy, &client, &region, bucket).await);
    }
    found
}

/// A refusal in words for people. Rights that are missing look like things that are not there.
fn refused(what: &'static str, error: &Error, thing: &str, policy: &str) -> Finding {
    match error.status() {
        Some(404) => bad(
            what,
            format!(
                "{thing} is not there, or whoever asks may not use it, which a policy allows: `allow dynamic-group NAME to \
                 {policy} in compartment NAME`; a new policy counts after a minute ({error})"
            ),
        ),
        Some(401) => bad(what, format!("Oracle Cloud does not know who asks ({error})")),
        Some(429) => doubtful(what, format!("it is asked too often: try again ({error})")),
        _ => bad(what, error.to_string()),
    }
}

/// Instances of containers: whether they may be listed, which machines there are, and what uses up the limit.
async fn instances(tenancy: &Tenancy, client: &Client, region: &str, compartment: &str) -> Vec<Finding> {
    let (what, policy) = ("container instances", "manage compute-container-family");
    let address = tenancy.address("compute-containers", region);
    let service = match ContainerInstances::at(client.clone(), &address) {
        Ok(service) => service.with(hasty),
        Err(error) => return vec![bad(what, error.to_string())],
    };
    let listed = match service.list_all(compartment).await {
        Ok(listed) => listed,
        Err(error) => return vec![refused(what, &error, &format!("compartment `{compartment}`"), policy)],
    };
    let is_over = |state: Lifecycle| matches!(state, Lifecycle::Inactive | Lifecycle::Failed);
    let over = listed.iter().filter(|instance| is_over(instance.lifecycle_state)).count();
    let open = listed.iter().filter(|instance| instance.lifecycle_state == Lifecycle::Active).count();
    let mut found = vec![match over {
        0 => good(what, format!("they may be listed; {open} run")),
        1..20 => good(what, format!("they may be listed; {open} run, and {over} have ended and will be removed")),
        _ => doubtful(
            what,
            format!(
                "{over} have ended and were never removed: they count against the limit of the tenancy until they are; does \
                 something still build here?"
            ),
        ),
    }];
    let what = "shapes";
    let shapes: Vec<_> = match service.shapes(compartment).await {
        Err(error) => {
            found.push(refused(what, &error, &format!("compartment `{compartment}`"), policy));
            return found;
        }
        Ok(shapes) => shapes.into_iter().map(|shape| shape.name).collect(),
    };
    if shapes.is_empty() {
        let told =
            "there is no kind of machine here: are container instances offered in this region, and to this tenancy?";
        found.push(bad(what, told));
        return found;
    }
    found.push(good(what, shapes.join(", ")));
    found.extend(limits::examine(tenancy, client, region, compartment, &shapes).await);
    found
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subnet {
    #[serde(default)]
    lifecycle_state: String,
    #[serde(default)]
    prohibit_public_ip_on_vnic: bool,
    route_table_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Routes {
    route_rules: Vec<Route>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Route {
    #[serde(default)]
    destination: String,
    #[serde(default)]
    destination_type: String,
    network_entity_id: String,
}

/// Whether jobs in a subnet reach the services of the region, and everything else.
async fn network(tenancy: &Tenancy, client: &Client, region: &str, id: &str) -> Finding {
    let what = "network";
    let told = |error: &Error| refused(what, error, &format!("subnet `{id}`"), "use virtual-network-family");
    let service = match tenancy.service(client, region, "iaas", "20160918") {
        Ok(service) => service,
        Err(error) => return bad(what, error.to_string()),
    };
    let subnet: Subnet = match service.call("GetSubnet", Method::GET, &["subnets", id]).value().await {
        Ok(subnet) => subnet,
        Err(error) => return told(&error),
    };
    if subnet.lifecycle_state != "AVAILABLE" {
        return bad(what, format!("subnet `{id}` is {}", subnet.lifecycle_state));
    }
    let path = ["routeTables", &subnet.route_table_id];
    let routes: Routes = match service.call("GetRouteTable", Method::GET, &path).value().await {
        Ok(routes) => routes,
        Err(error) => return told(&error),
    };
    let out = routes.route_rules.iter().find(|route| route.destination == "0.0.0.0/0");
    let is_of = |route: &Route, kind: &str| route.network_entity_id.starts_with(&format!("ocid1.{kind}."));
    let to_services = routes.route_rules.iter().any(|route| route.destination_type == "SERVICE_CIDR_BLOCK");
    match out {
        None => bad(
            what,
            "no route leads to the internet, so that jobs reach no forge and no registry: add one for `0.0.0.0/0` to a NAT \
             gateway",
        ),
        Some(route) if is_of(route, "internetgateway") && subnet.prohibit_public_ip_on_vnic => bad(
            what,
            "the route to the internet leads over an internet gateway, which takes public addresses alone, and this subnet \
             allows none: use a NAT gateway",
        ),
        Some(route) if is_of(route, "internetgateway") => doubtful(
            what,
            "jobs would have public addresses: a subnet that allows none, with a NAT gateway, is reached by nobody",
        ),
        Some(_) if !to_services => doubtful(
            what,
            "the services of the region are reached over the internet: a service gateway is nearer, and costs nothing",
        ),
        Some(_) => good(what, "jobs reach the internet and the services of the region, and are reached by nobody"),
    }
}

/// The queue in which triggers wait.
async fn triggers(tenancy: &Tenancy, client: &Client, region: &str, id: &str) -> Finding {
    let what = "queue";
    let told = |error: &Error| refused(what, error, &format!("queue `{id}`"), "use queues");
    let queues = match queue::Queues::at(client.clone(), &tenancy.address("messaging", region)) {
        Ok(queues) => queues.with(hasty),
        Err(error) => return bad(what, error.to_string()),
    };
    let said = match queues.get(id).await {
        Ok(said) => said,
        Err(error) => return told(&error),
    };
    if said.lifecycle_state != "ACTIVE" {
        return bad(what, format!("queue `{id}` is {}", said.lifecycle_state));
    }
    let messages = match queue::Queue::at(client.clone(), &said.messages_endpoint, id) {
        Ok(messages) => messages.with(hasty),
        Err(error) => return bad(what, error.to_string()),
    };
    match messages.stats().await {
        Err(error) => told(&error),
        Ok((_, dead)) if dead.visible_messages > 0 => doubtful(
            what,
            format!("{} triggers are among its dead letters: nobody could build them", dead.visible_messages),
        ),
        Ok((waits, _)) => {
            good(what, format!("{} triggers wait, {} are worked on", waits.visible_messages, waits.in_flight_messages))
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bucket {
    #[serde(default)]
    public_access_type: Option<String>,
    #[serde(default)]
    object_events_enabled: Option<bool>,
}

/// The bucket of builds.
async fn objects(tenancy: &Tenancy, client: &Client, region: &str, name: &str) -> Finding {
    let what = "bucket";
    let told = |error: &Error| refused(what, error, &format!("bucket `{name}`"), "manage object-family");
    let service = match tenancy.service(client, region, "objectstorage", "") {
        Ok(service) => service,
        Err(error) => return bad(what, error.to_string()),
    };
    let namespace: String = match service.call("GetNamespace", Method::GET, &["n"]).value().await {
        Ok(namespace) => namespace,
        Err(error) => return told(&error),
    };
    let path = ["n", &namespace, "b", name];
    let bucket: Bucket = match service.call("GetBucket", Method::GET, &path).value().await {
        Ok(bucket) => bucket,
        Err(error) => return told(&error),
    };
    if bucket.public_access_type.is_some_and(|access| access != "NoPublicAccess") {
        return bad(
            what,
            format!("everybody may read `{name}`: set its access to NoPublicAccess, as secrets may be in logs"),
        );
    }
    if bucket.object_events_enabled == Some(false) {
        return doubtful(
            what,
            format!("`{name}` tells of no objects, so that approvals start no controller: enable its object events"),
        );
    }
    good(what, format!("`{name}` in namespace `{namespace}` is there, and nobody else's"))
}
