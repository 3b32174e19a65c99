//! The services, a module for each.

mod container_instances;
mod echo;
mod federation;
mod functions;
mod identity;
mod kms;
mod limits;
mod logging;
mod metadata;
mod network;
mod object_storage;
mod queue;
mod secrets;
mod streaming;
mod vault;

use std::sync::Arc;

use crate::call::Call;
use crate::cloud::Cloud;
use crate::refusal::Refusal;
use crate::reply::Answer;

/// A service.
pub(crate) struct Service {
    /// What it is called, for what it takes in a second.
    pub(crate) name: &'static str,
    /// Whether a path is one of its own.
    pub(crate) owns: fn(&str) -> bool,
    /// What signatures of a call must cover.
    pub(crate) covers: fn(&Call) -> Covers,
    /// Answers a call that is believed.
    pub(crate) answer: fn(&Arc<Cloud>, &Call) -> Answer,
}

/// What a signature must cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Covers {
    /// Date, target and host, and the body where there may be one.
    Everything,
    /// Date, target and host alone.
    Head,
    /// Date, target and body, but no host.
    Federation,
    /// There is no signature.
    Nothing,
}

/// All of them.
const SERVICES: &[Service] = &[
    metadata::SERVICE,
    federation::SERVICE,
    identity::SERVICE,
    echo::SERVICE,
    network::SERVICE,
    container_instances::SERVICE,
    object_storage::SERVICE,
    functions::GATEWAY,
    functions::SERVICE,
    limits::SERVICE,
    kms::SERVICE,
    logging::SERVICE,
    queue::SERVICE,
    streaming::SERVICE,
    vault::SERVICE,
    secrets::SERVICE,
];

/// What services know, each for itself.
#[derive(Default)]
pub(crate) struct State {
    instances: container_instances::State,
    network: network::State,
    storage: object_storage::State,
    kms: kms::State,
    queue: queue::State,
    streaming: streaming::State,
    vault: vault::State,
}

/// The service whose path it is.
pub(crate) fn of(path: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|service| (service.owns)(path))
}

/// What tests do with single services.
pub(crate) fn control(cloud: &Arc<Cloud>, call: &Call, method: &str, path: &[&str]) -> Answer {
    match path {
        ["instances", rest @ ..] => container_instances::control(cloud, call, method, rest),
        _ => Err(Refusal::missing()),
    }
}

/// Everything is covered.
pub(crate) fn everything(_: &Call) -> Covers {
    Covers::Everything
}
