//! The process of a provider, from Terraform's handshake to its end.

mod endpoint;
mod handshake;
mod log;
mod reattach;
mod tls;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Pid;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::plugin::Plugin;
use crate::provider::Provider;
use crate::service::{Router, Service};
use endpoint::Endpoint;
use handshake::Handshake;
pub use reattach::Reattach;

/// How often a look is taken whether Terraform still lives. One that was killed tells nobody.
const PARENT: Duration = Duration::from_secs(1);

/// Serves a provider to the Terraform that has started this process, until it is told to end. It is all that `main` does.
///
/// Standard output belongs to the handshake, and logs (of [`tracing`]) go to standard error in the form that Terraform
/// reads. SIGINT is left to Terraform, which tells the provider to stop; see [`Context::stopped`](crate::Context::stopped).
pub fn serve<P: Provider>(plugin: Plugin<P>) -> ExitCode {
    match run(plugin) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // What cannot be written to standard error cannot be said at all.
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn run<P: Provider>(plugin: Plugin<P>) -> Result<(), String> {
    let handshake = Handshake::from_env()?;
    log::init(P::NAME);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("the provider cannot start its threads: {error}"))?;
    let served = runtime.block_on(async {
        let shutdown = CancellationToken::new();
        // Before the answer: once Terraform has that, both may be interrupted or killed.
        let ends = Ends::watch().map_err(|error| format!("the provider cannot listen for signals: {error}"))?;
        let endpoint = Endpoint::bind(handshake.socket_dir.as_deref(), handshake.socket_group.as_deref())?;
        let (acceptor, certificate) = match &handshake.client_certificate {
            Some(client) => tls::mutual(client).map(|(acceptor, own)| (Some(acceptor), Some(own)))?,
            None => (None, None),
        };
        let line = handshake.line(endpoint.path(), certificate.as_deref());
        let mut stdout = std::io::stdout().lock();
        writeln!(stdout, "{line}")
            .and_then(|()| stdout.flush())
            .map_err(|error| format!("Terraform does not listen: {error}"))?;
        drop(stdout);
        tokio::spawn(ends.wait(shutdown.clone()));
        let router = Router(Arc::new(Service::new(plugin, shutdown.clone())));
        endpoint.serve(router, acceptor, shutdown).await;
        Ok(())
    });
    // Nothing that still runs can be of use to anybody.
    runtime.shutdown_background();
    served
}

/// What ends the process but its own shutdown.
struct Ends {
    interrupt: Signal,
    terminate: Signal,
    parent: Option<Pid>,
}

impl Ends {
    fn watch() -> std::io::Result<Self> {
        let parent = rustix::process::getppid();
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())?, parent })
    }

    /// Ends it on SIGTERM, and when Terraform is gone. SIGINT goes to everybody at the terminal, and is not for us.
    async fn wait(mut self, shutdown: CancellationToken) {
        let mut look = tokio::time::interval(PARENT);
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => {}
                _ = self.terminate.recv() => break,
                _ = look.tick() => if rustix::process::getppid() != self.parent { break },
            }
        }
        shutdown.cancel();
    }
}
