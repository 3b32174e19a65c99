//! One job from beginning to end.

use super::record::Record;
use super::{Oci, depot, service};
use crate::executor::ending::end_canceled;
use crate::executor::start::Start;
use crate::executor::{ExecutorError, Exit, Order, Watch};
use crate::job_dir::report::Reader;
use crate::sidecar::{self, Host};

impl Oci {
    pub(super) async fn run_job(&self, order: &Order, watch: &Watch) -> Result<Exit, ExecutorError> {
        check(order)?;
        if Record::of(&order.dir)?.fetched {
            // Whoever ran it before us was killed when it had ended, and may not have got to say that it began.
            Start::new(&order.dir)?.tell(watch);
            let cleared = self.clear_away(order).await;
            return Ok(left(Exit::default(), &Record::of(&order.dir)?, cleared));
        }
        let ran = match self.begin(order, watch).await {
            Ok(Some((record, host, wanted))) => {
                let exit = self.accompany(order, watch, &record, &host, &wanted).await;
                let cleared = self.clear_away(order).await;
                exit.map(|exit| Some(left(exit, &record, cleared)))
            }
            Ok(None) => self.clear_away(order).await.map(|()| None),
            Err(error) => {
                if let Err(error) = self.clear_away(order).await {
                    tracing::warn!(attempt = %order.attempt, %error, "something of it stays for the sweep");
                }
                Err(error)
            }
        };
        let exit = ran?;
        if watch.cancel.is_cancelled() {
            end_canceled(&order.dir)?;
        }
        Ok(exit.unwrap_or_default())
    }

    /// Has an instance run the order, the one that does so already where there is one. None when the job was cancelled before.
    async fn begin(
        &self,
        order: &Order,
        watch: &Watch,
    ) -> Result<Option<(Record, Host, sidecar::Order)>, ExecutorError> {
        let is_taken_up = self.take_up(order).await?;
        let is_new = !depot::is_ordered(&order.dir)?;
        if is_new {
            let io = |source| ExecutorError::Io { what: "telling the job where its services are", source };
            service::address(&order.job, &order.dir).map_err(io)?;
        }
        let Some(wanted) = watch.cancel.run_until_cancelled(self.sidecar_order(order)).await else { return Ok(None) };
        let wanted = wanted?;
        let host = Host::new(self.depot(order, &wanted)?, order.dir.clone());
        if !is_taken_up && Record::of(&order.dir)?.id.is_none() {
            // Also where somebody before us was killed while they did: the sidecar waits for the last of it.
            let Some(left_out) = watch.cancel.run_until_cancelled(host.prepare(&wanted)).await else { return Ok(None) };
            let left_out = left_out.map_err(|error| ExecutorError::Engine {
                what: "sending the workspace of the job",
                reason: error.to_string(),
            })?;
            for left in left_out {
                tracing::warn!(attempt = %order.attempt, file = left.path, why = %left.why, "it is left out");
            }
        }
        let arguments = self.sidecar_arguments(order);
        let record = self.create(order, &arguments, &watch.cancel).await?;
        Ok(record.map(|record| (record, host, wanted)))
    }

    /// Deletes all that was made for the attempt, unless it is another's by now.
    async fn clear_away(&self, order: &Order) -> Result<(), ExecutorError> {
        if !self.is_ours().await {
            return Ok(());
        }
        self.remove(order).await?;
        self.bury(order).await?;
        let record = Record::of(&order.dir)?;
        if let Err(error) = self.clear_depot(&order.attempt.name(), record.address.as_deref()).await {
            // It is nobody's hindrance: the next sweep sees it again, and a rule of the bucket at last.
            tracing::warn!(attempt = %order.attempt, %error, "objects of it stay in the bucket for now");
        }
        Ok(())
    }
}

/// What a job's end is worth stays, whatever became of its instance: who is to delete that is told.
fn left(mut exit: Exit, record: &Record, cleared: Result<(), ExecutorError>) -> Exit {
    if let Err(error) = cleared {
        tracing::warn!(instance = record.id, %error, "it stays for the sweep");
        exit.warnings.push(format!(
            "its container instance `{}` is left, and costs money until it is deleted: {error}",
            record.id.as_deref().unwrap_or("?")
        ));
    }
    exit
}

/// Refuses what a container instance cannot do.
fn check(order: &Order) -> Result<(), ExecutorError> {
    let job = &order.job;
    let refuse = |why: &str| Err(ExecutorError::Unsupported(format!("job `{}` {why}", job.id)));
    let Some(image) = &job.image else {
        return refuse("names no image to run in");
    };
    if image.starts_with("sha256:") {
        return refuse("names its image by an id, which no registry has: name it as it is pulled");
    }
    if job.privileged {
        return refuse("is privileged, which nothing can be in Oracle Cloud");
    }
    if !job.mounts.is_empty() {
        return refuse("mounts folders of its host, which nobody can reach in Oracle Cloud");
    }
    if !job.expose.is_empty() {
        return refuse("exposes ports, which nobody reaches in Oracle Cloud: run what uses them as its service");
    }
    if job.pull == monkeyci_model::job::PullPolicy::Never {
        return refuse("wants its image not to be pulled, and in Oracle Cloud it is pulled each time");
    }
    Reader::open(&order.dir)
        .map(drop)
        .map_err(|error| ExecutorError::Io { what: "opening the report", source: std::io::Error::other(error) })?;
    service::check(job)
}
