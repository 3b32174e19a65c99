use std::sync::Arc;

use tokio::sync::watch;

use super::live::{Live, Progress};
use super::{LogError, LogId, LogStore};

/// Somebody who reads a log while it is written.
#[derive(Debug)]
pub(super) struct Wait {
    store: LogStore,
    id: LogId,
    // Keeps the log in the store's list while somebody waits for its first byte.
    live: Option<(Arc<Live>, watch::Receiver<Progress>)>,
}

impl Wait {
    pub(super) fn new(store: LogStore, id: LogId, live: Option<Arc<Live>>) -> Self {
        let live = live.map(|live| {
            let progress = live.watch();
            (live, progress)
        });
        Self { store, id, live }
    }

    /// Waits for nothing any more.
    pub(super) fn let_go(&mut self) {
        if let Some((live, progress)) = self.live.take() {
            drop(progress);
            drop(live);
            self.store.forget_if_unused(&self.id);
        }
    }

    /// Whether nothing more can come than is there now.
    pub(super) fn is_over(&mut self) -> bool {
        self.live.as_mut().is_none_or(|(_, progress)| progress.borrow_and_update().closed)
    }

    /// Waits until something is so, or nothing more can come.
    pub(super) async fn until(&mut self, is: impl Fn(&Progress) -> bool) {
        let Some((_, progress)) = &mut self.live else { return };
        // An error means that the store is gone, and with it every writer.
        if progress.wait_for(|progress| progress.closed || is(progress)).await.is_err() {
            self.live = None;
        }
    }

    /// Reads where that may block.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&LogStore, &LogId) -> Result<T, LogError> + Send + 'static,
    ) -> Result<T, LogError> {
        let (store, id) = (self.store.clone(), self.id.clone());
        let done = tokio::task::spawn_blocking(move || read(&store, &id)).await;
        done.unwrap_or_else(|error| {
            let source = std::io::Error::other(error);
            Err(LogError::Io { path: self.store.path(&self.id).display().to_string(), source })
        })
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.let_go();
    }
}
