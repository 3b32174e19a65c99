//! The double as tests hold it.

use std::net::SocketAddr;
use std::sync::{Arc, MutexGuard};

use tokio::net::TcpListener;

use crate::clock::Clock;
use crate::cloud::Cloud;
use crate::serve::serve;
use crate::user::User;
use crate::world::World;

/// Oracle Cloud, which is there until this is dropped; its containers end with it.
pub struct Oracle {
    /// Where all services are.
    pub address: SocketAddr,
    cloud: Arc<Cloud>,
    task: tokio::task::JoinHandle<()>,
}

impl Oracle {
    /// Starts it at a free port of this machine.
    ///
    /// # Panics
    /// When there is none.
    pub async fn start() -> Self {
        Self::listen(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("this machine has a free port")
    }

    /// Starts it at an address.
    ///
    /// # Errors
    /// When the address or a folder for its containers cannot be had.
    pub async fn listen(address: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let cloud = Arc::new(Cloud::new(address)?);
        let task = tokio::spawn(serve(listener, Arc::clone(&cloud)));
        Ok(Self { address, cloud, task })
    }

    /// What stands before the path of all services.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it knows, to be read and changed.
    pub fn state(&self) -> MutexGuard<'_, World> {
        self.cloud.world()
    }

    /// Its time.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.cloud.clock
    }

    /// A new user, who may do everything.
    #[must_use]
    pub fn user(&self) -> User {
        let mut state = self.state();
        let (user, public) = User::new(&state.settings.region);
        state.keys.insert(user.key_id(), public);
        user
    }

    /// The statuses that were answered, and what was asked is forgotten.
    pub fn statuses(&self) -> Vec<u16> {
        std::mem::take(&mut self.state().seen).into_iter().map(|(_, status)| status).collect()
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        self.task.abort();
        self.cloud.end();
    }
}
