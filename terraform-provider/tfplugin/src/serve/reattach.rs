//! A provider inside a test, or a debugger, that Terraform attaches to.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::endpoint::Endpoint;
use crate::plugin::Plugin;
use crate::provider::Provider;
use crate::service::{Router, Service};

/// A provider that runs in this process, and that Terraform attaches to instead of starting it: for tests, and for
/// debuggers. It speaks without TLS through a socket that only this user can reach, and ends when this is dropped.
#[derive(Debug)]
pub struct Reattach {
    socket: PathBuf,
    shutdown: CancellationToken,
    serving: JoinHandle<()>,
}

impl Reattach {
    /// Begins to serve, on the runtime of [`tokio`] that this is called on.
    ///
    /// # Errors
    /// Says why it cannot listen.
    pub fn start<P: Provider>(plugin: Plugin<P>) -> Result<Self, String> {
        let shutdown = CancellationToken::new();
        let endpoint = Endpoint::bind(None, None)?;
        let socket = endpoint.path().to_owned();
        let router = Router(Arc::new(Service::new(plugin, shutdown.clone())));
        let serving = tokio::spawn(endpoint.serve(router, None, shutdown.clone()));
        Ok(Self { socket, shutdown, serving })
    }

    /// What `TF_REATTACH_PROVIDERS` must be for Terraform to attach to it, as the provider with this address, such as
    /// `registry.terraform.io/example/files`.
    pub fn env(&self, address: &str) -> String {
        let addr = json!({ "Network": "unix", "String": self.socket });
        let provider =
            json!({ "Protocol": "grpc", "ProtocolVersion": 6, "Pid": std::process::id(), "Test": true, "Addr": addr });
        json!({ address: provider }).to_string()
    }

    /// Where it listens.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Ends it, and waits for that.
    pub async fn stop(mut self) {
        self.shutdown.cancel();
        // It has ended, whatever it says.
        let _ = (&mut self.serving).await;
    }
}

impl Drop for Reattach {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}
