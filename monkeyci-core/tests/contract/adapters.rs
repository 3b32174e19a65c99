//! The adapters: each makes the fixture of its stories, or none, said in the output, when this machine lacks it.

use std::os::unix::fs::PermissionsExt as _;

use monkeyci_core::executor::{Fake, Process, User};

use crate::engines::Kind;
use crate::fixture::Fixture;
use crate::gate;

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

/// Plain processes of somebody else, who sees nothing of what is ours; only root can run them.
pub async fn process_as_user() -> Option<Fixture> {
    let user = match User::find("nobody") {
        Ok(user) => user,
        Err(why) => {
            gate::skip("root", why);
            return None;
        }
    };
    let fixture = Fixture::new(None, |state| {
        let home = state.parent().expect("a folder");
        std::fs::set_permissions(home, std::fs::Permissions::from_mode(0o711)).expect("it is ours");
        Process::new(state).as_user(user, home)
    });
    Some(fixture)
}
