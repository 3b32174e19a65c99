//! The adapters: each makes the fixture of its stories, or none, said in the output, when this machine lacks it.

use monkeyci_core::executor::{Fake, Process};

use crate::engines::Kind;
use crate::fixture::Fixture;

/// The fake, told what the stories that it can play expect of their jobs.
pub async fn fake() -> Option<Fixture> {
    Some(Fixture::new(None, |_| Fake::default().output("well", "hello\n").exit("fails", 3).hang("hangs")))
}

/// Plain processes, under the strongest guarantee that this machine gives.
pub async fn process() -> Option<Fixture> {
    Some(Fixture::new(None, |state| Process::new(state)))
}

/// Plain processes where namespaces are refused.
pub async fn process_without_namespaces() -> Option<Fixture> {
    Some(Fixture::new(None, |state| Process::new(state).without_namespaces()))
}

/// Docker that sees our files.
pub async fn docker() -> Option<Fixture> {
    Kind::Docker.open(false).await.map(Fixture::of_containers)
}

/// Docker as if it ran on another machine.
pub async fn docker_apart() -> Option<Fixture> {
    Kind::Docker.open(true).await.map(Fixture::of_containers)
}

/// Podman of root.
pub async fn podman() -> Option<Fixture> {
    Kind::Podman.open(false).await.map(Fixture::of_containers)
}

/// Podman of root as if it ran on another machine.
pub async fn podman_apart() -> Option<Fixture> {
    Kind::Podman.open(true).await.map(Fixture::of_containers)
}

/// Podman of the ordinary user who plays.
pub async fn podman_rootless() -> Option<Fixture> {
    Kind::PodmanRootless.open(false).await.map(Fixture::of_containers)
}
