//! All that there is, as the services share it.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::run::{self, Engine};
use crate::world::World;

/// What the services share.
pub(crate) struct Cloud {
    pub(crate) address: SocketAddr,
    pub(crate) clock: Clock,
    /// Where containers have their files.
    pub(crate) folder: tempfile::TempDir,
    /// Something has changed that somebody may wait for.
    pub(crate) changed: Notify,
    world: Mutex<World>,
    tasks: Mutex<JoinSet<()>>,
}

impl Cloud {
    pub(crate) fn new(address: SocketAddr) -> std::io::Result<Self> {
        let clock = Clock::default();
        let world = World::new(clock.clone());
        Ok(Self {
            address,
            clock,
            folder: tempfile::Builder::new().prefix("oracle-emulator-").tempdir()?,
            changed: Notify::new(),
            world: Mutex::new(world),
            tasks: Mutex::default(),
        })
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something that ends with the double, at the latest.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }

    /// Ends all that it does.
    pub(crate) fn end(&self) {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
        let world = self.world();
        if world.settings.engine == Engine::Docker {
            run::remove_all(&world.label());
        }
    }
}
