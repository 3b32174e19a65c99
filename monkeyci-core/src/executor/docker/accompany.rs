//! Staying with a job's container to its end.

use std::time::Duration;

use tokio::time::timeout;

use super::run::Running;
use super::{Docker, ExecutorError};
use crate::executor::ending::grace;
use crate::executor::start::Start;
use crate::executor::{Exit, Order, Watch};
use crate::job_dir::outcome::Reason;
use crate::job_dir::{JobDir, report};

/// How long after its grace a job that was told to end is killed.
const PATIENCE: Duration = Duration::from_secs(2);
/// The code of a process that the kernel killed.
const KILLED: i32 = 128 + 9;

impl Docker {
    /// Stays with a running job to its end.
    pub(super) async fn accompany(
        &self,
        order: &Order,
        watch: &Watch,
        running: &Running,
    ) -> Result<Exit, ExecutorError> {
        let name = &running.name;
        let start = Start::new(&order.dir)?;
        let beside = async {
            tokio::join!(start.told(watch), async {
                if !running.mounted {
                    tokio::join!(self.follow(name, &order.dir), self.pass_on(name, &order.dir));
                }
            });
            std::future::pending::<()>().await;
        };
        let mut beside = std::pin::pin!(beside);
        let canceled = tokio::select! {
            ended = self.ended(name) => { ended?; false }
            () = watch.cancel.cancelled() => true,
            () = &mut beside => unreachable!("it waits for ever"),
        };
        if canceled {
            order.dir.cancel().map_err(|source| ExecutorError::Io { what: "telling the job to end", source })?;
            tokio::select! {
                ended = timeout(grace(&order.dir) + PATIENCE, self.ended(name)) => {
                    // Not ended in time: it is killed when it is removed, and its report is taken as it stands.
                    ended.unwrap_or(Ok(()))?;
                }
                () = &mut beside => unreachable!("it waits for ever"),
            }
        }
        if !running.mounted {
            self.fetch_report(name, &order.dir).await?;
            self.collect(name, &order.dir, &order.collect).await?;
        }
        start.tell(watch);
        let out_of_memory = self.out_of_memory(order, name, canceled).await?;
        Ok(Exit { out_of_memory, service_logs: self.service_logs(order).await, ..Exit::default() })
    }

    /// Whether the kernel ended the job for want of memory. The engine is asked only when something was killed.
    async fn out_of_memory(&self, order: &Order, name: &str, canceled: bool) -> Result<bool, ExecutorError> {
        if canceled {
            // What ended it is known, and an engine that is away must not hold up its end.
            return Ok(false);
        }
        let outcome = report::Reader::open(&order.dir).and_then(|reader| reader.outcome());
        if matches!(&outcome, Ok(Some(outcome)) if outcome.reason == Reason::Canceled)
            && !order.dir.control().join("cancel").exists()
        {
            // Stopped by hand, or by a daemon that came back: nobody asked us for it.
            let reason = "something outside of the job told it to end, as an engine that restarts does".to_owned();
            return Err(ExecutorError::Engine { what: "waiting for the job", reason });
        }
        if let Ok(Some(outcome)) = &outcome
            && outcome.code != Some(KILLED)
        {
            return Ok(false);
        }
        let standing = self.standing(name).await?;
        if matches!(outcome, Ok(None)) && !standing.out_of_memory {
            let code = standing.code;
            let reason =
                format!("its supervisor ended with code {code} and no result: something outside of the job killed it");
            return Err(ExecutorError::Engine { what: "waiting for the job", reason });
        }
        Ok(standing.out_of_memory)
    }

    /// Passes on what the job is told while it runs, to a container that does not see our files; never returns.
    pub(super) async fn pass_on(&self, name: &str, dir: &JobDir) {
        let mut known = [None, None];
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            for (file, known) in ["cancel", "lease"].into_iter().zip(&mut known) {
                let Ok(changed) = dir.control().join(file).metadata().and_then(|metadata| metadata.modified()) else {
                    continue;
                };
                if *known != Some(changed) && self.put_control(name, dir, file).await.is_ok() {
                    *known = Some(changed);
                }
            }
        }
    }
}
