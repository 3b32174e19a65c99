use std::time::Duration;

use monkeyci_client::ClientError;

/// How long a worker waits before it asks a server again that did not answer.
pub(super) const AGAIN: Duration = Duration::from_secs(1);

/// Asks until there is an answer, be it a refusal: a server that is away is waited for, while the jobs go on. Their own
/// leases limit that.
pub(super) async fn patiently<T, Asking>(ask: impl Fn() -> Asking) -> Result<T, ClientError>
where
    Asking: Future<Output = Result<T, ClientError>>,
{
    loop {
        match ask().await {
            Err(error) if is_away(&error) => {
                tracing::warn!(%error, "the server does not answer; trying again");
                tokio::time::sleep(AGAIN).await;
            }
            answered => return answered,
        }
    }
}

/// Whether the same may be answered later.
pub(super) fn is_away(error: &ClientError) -> bool {
    match error {
        ClientError::Unreachable { .. } => true,
        // A proxy before a server that is down has a page of its own.
        ClientError::Protocol { .. } => true,
        error => error.status().is_some_and(|status| matches!(status, 408 | 429 | 500..)),
    }
}
