//! A network that the containers of one instance share, and nobody else.
//!
//! Nothing is in it but the loopback, where the double listens too, at the port that it has on this machine: so clients in
//! containers find it under the same address as all others.

use std::fs::File;
use std::os::fd::AsFd as _;
use std::process::Stdio;
use std::sync::Arc;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::cloud::Cloud;
use crate::serve::serve;

/// What network containers have that are processes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Reach {
    /// That of this machine. Two instances cannot listen at one port.
    #[default]
    Machine,
    /// One for each instance, in which there is nothing else but this double. Needs root and `ip`.
    Own,
}

/// A network, which is there until this is dropped.
pub(crate) struct Network {
    /// By what processes join it.
    pub(crate) path: String,
    server: JoinHandle<()>,
    /// Keeps it, while no container does.
    _holder: Child,
}

impl Network {
    /// Makes one, with the double in it.
    ///
    /// # Errors
    /// When that cannot be, in words.
    pub(crate) async fn new(cloud: &Arc<Cloud>) -> Result<Self, String> {
        let failed = |what: &str| format!("The network of the instance cannot be made: {what}");
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "unshare", "--net", "/bin/sh", "-c"]);
        command.arg("ip link set lo up && echo up && exec sleep infinity");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut holder = command.spawn().map_err(|error| failed(&error.to_string()))?;
        let mut said = [0; 3];
        let is_up = match &mut holder.stdout {
            Some(stdout) => stdout.read_exact(&mut said).await.is_ok(),
            None => false,
        };
        let id = holder.id().filter(|_| is_up).ok_or_else(|| failed("it needs root, `unshare` and `ip`"))?;
        let (path, port) = (format!("/proc/{id}/ns/net"), cloud.address.port());
        let listener = listen(path.clone(), port).map_err(|error| failed(&error.to_string()))?;
        let listener = tokio::net::TcpListener::from_std(listener).map_err(|error| failed(&error.to_string()))?;
        let server = tokio::spawn(serve(listener, Arc::clone(cloud)));
        Ok(Self { path, server, _holder: holder })
    }
}

/// Listens in a network. A socket stays in the one in which it was made, and so does a thread: this one ends at once.
fn listen(path: String, port: u16) -> std::io::Result<std::net::TcpListener> {
    let inside = std::thread::spawn(move || {
        let namespace = File::open(path)?;
        move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))?;
        let listener = std::net::TcpListener::bind(("127.0.0.1", port))?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    inside.join().unwrap_or_else(|_| Err(std::io::Error::other("the thread has panicked")))
}

impl Drop for Network {
    fn drop(&mut self) {
        self.server.abort();
    }
}
