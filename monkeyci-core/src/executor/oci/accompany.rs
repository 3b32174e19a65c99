//! Staying with a job's instance to its end.

use std::time::Duration;

use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::Oci;
use super::record::Record;
use crate::executor::ending::grace;
use crate::executor::start::Start;
use crate::executor::{ExecutorError, Exit, Order, Watch};
use crate::job_dir::outcome::{OUT_OF_MEMORY, Reason};
use crate::job_dir::report::Reader;
use crate::sidecar::{self, End, Host, SidecarError};

/// What is being done.
const WAITING: &str = "waiting for the job";

/// How long after its grace a job that was told to end is waited for: it hears of it within a second or two.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long an instance that was just created may not be listed.
const UNSEEN: Duration = Duration::from_secs(60);

/// What became of waiting for a report.
enum Told {
    /// All of it is here.
    End(End),
    /// It will not come, or not all of it: why, where we know.
    Nothing(Option<ExecutorError>),
}

impl Oci {
    /// Stays with a job whose instance is there, to its end.
    pub(super) async fn accompany(
        &self,
        order: &Order,
        watch: &Watch,
        record: &Record,
        host: &Host,
        wanted: &sidecar::Order,
    ) -> Result<Exit, ExecutorError> {
        let start = Start::new(&order.dir)?;
        let told = self.take(order, watch, record, host, wanted, &start).await?;
        start.tell(watch);
        let told = match told {
            Told::End(end) if watch.cancel.is_cancelled() => {
                // What it made until then is taken along where that is quick.
                let _late = timeout(PATIENCE, host.collect(wanted, &end)).await;
                Told::End(end)
            }
            Told::End(end) => match host.collect(wanted, &end).await {
                Ok(()) => Told::End(end),
                Err(error) => Told::Nothing(Some(broke(&error))),
            },
            told => told,
        };
        let exit = if watch.cancel.is_cancelled() { Exit::default() } else { self.judge(order, record, told).await? };
        Ok(Exit { service_logs: self.service_logs(order, record).await, ..exit })
    }

    /// How a job ended that nobody cancelled.
    async fn judge(&self, order: &Order, record: &Record, told: Told) -> Result<Exit, ExecutorError> {
        let error = match told {
            Told::End(_) => {
                Record { fetched: true, ..record.clone() }.keep(&order.dir)?;
                match Reader::open(&order.dir).and_then(|reader| reader.outcome()) {
                    Ok(Some(outcome))
                        if outcome.reason == Reason::Canceled && !order.dir.control().join("cancel").exists() =>
                    {
                        let reason =
                            "something outside of the job told it to end, as somebody who stops its instance does";
                        return Err(ExecutorError::Lost(reason.into()));
                    }
                    Ok(Some(outcome)) => {
                        return Ok(Exit { out_of_memory: outcome.message == OUT_OF_MEMORY, ..Exit::default() });
                    }
                    // What is forged is for its reader to judge.
                    Err(_) => return Ok(Exit::default()),
                    // It is over, and its supervisor has said nothing: why is for the service to say.
                    Ok(None) => None,
                }
            }
            Told::Nothing(error) => error,
        };
        let found = self.examine(record).await?;
        match error {
            Some(error) if found.is_running() => Err(error),
            _ => found.judge(order),
        }
    }

    /// Takes the report as it comes, to its end, or until no more of it will come.
    async fn take(
        &self,
        order: &Order,
        watch: &Watch,
        record: &Record,
        host: &Host,
        wanted: &sidecar::Order,
        start: &Start<'_>,
    ) -> Result<Told, ExecutorError> {
        let over = CancellationToken::new();
        let mirror = async {
            match host.mirror(wanted, &over).await {
                Ok(end) => Told::End(end),
                Err(SidecarError::Over) => Told::Nothing(None),
                Err(error) => Told::Nothing(Some(broke(&error))),
            }
        };
        let mut mirror = std::pin::pin!(mirror);
        let waiting = async {
            tokio::select! {
                told = &mut mirror => Ok(told),
                () = self.fate(order, record, &over) => {
                    // The sidecar ended with it: what it has sent is all there is.
                    over.cancel();
                    host.sidecar_is_over();
                    tokio::select! {
                        told = &mut mirror => Ok(told),
                        () = watch.cancel.cancelled() => Ok(Told::Nothing(None)),
                    }
                }
                () = watch.cancel.cancelled() => {
                    let told = |source| ExecutorError::Io { what: "telling the job to end", source };
                    order.dir.cancel().map_err(told)?;
                    // Not ended in time: it is killed when its instance is deleted, and its report is taken as it stands.
                    let told = timeout(grace(&order.dir) + PATIENCE, &mut mirror).await;
                    Ok(told.unwrap_or(Told::Nothing(None)))
                }
            }
        };
        let telling = async {
            start.told(watch).await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            told = waiting => told,
            () = telling => unreachable!("it waits for ever"),
        }
    }

    /// Returns once the instance or its sidecar has ended, or is there no more. Says that it is `over` when the job's own
    /// container is, for which the sidecar waits in vain. As long as nobody can tell, the sidecar's own beat counts.
    async fn fate(&self, order: &Order, record: &Record, over: &CancellationToken) {
        let Some(id) = &record.id else { return };
        let begun = Instant::now();
        let (mut since, mut known) = (begun, false);
        loop {
            let look = self.roster.after(&self.instances, since).await;
            since = look.at;
            let seen = match &look.seen {
                Ok(seen) => seen,
                Err(error) => {
                    tracing::warn!(%error, "container instances cannot be listed");
                    continue;
                }
            };
            for other in seen.instances.values() {
                self.remove_twin(order, id, other).await;
            }
            if seen.over.contains(id) {
                over.cancel();
            }
            match seen.instances.get(id) {
                Some(ours) if ours.lifecycle_state.is_over() => return,
                // Nobody carries anything any more: what it has sent is all there will be.
                Some(_) if seen.unattended.contains(id) => return,
                Some(_) => known = true,
                // Lists lag behind what is done.
                None if (known || begun.elapsed() > UNSEEN) && self.is_gone(id).await => return,
                None => {}
            }
        }
    }

    /// Whether the service says that there is no such instance.
    async fn is_gone(&self, id: &str) -> bool {
        match self.instances.get(id).await {
            Ok(instance) => instance.lifecycle_state.is_over(),
            Err(error) => error.is_not_found(),
        }
    }
}

fn broke(error: &SidecarError) -> ExecutorError {
    if let SidecarError::Lost { .. } = error {
        return ExecutorError::Lost(format!("{error}: it, or its way to Object Storage, is gone"));
    }
    let full = if error.is_disk_full() { "a disk is full: " } else { "" };
    ExecutorError::Engine { what: WAITING, reason: format!("{full}{error}") }
}
