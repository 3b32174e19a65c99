use std::pin::Pin;

use crate::error::CliError;

/// What commands wait in.
pub struct Runtime(tokio::runtime::Runtime);

impl Runtime {
    /// Two threads: one may be busy with files while the other hears of jobs.
    pub fn new() -> Result<Self, CliError> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.map(Self).map_err(|error| CliError::ours(format!("threads: {error}")))
    }

    /// Waits for `work`. It is boxed so that tokio is compiled for what comes of it, and not for each command.
    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        let work: Pin<Box<dyn Future<Output = T> + '_>> = Box::pin(work);
        self.0.block_on(work)
    }

    /// Ends, and waits for nothing.
    pub fn shutdown_background(self) {
        self.0.shutdown_background();
    }
}
