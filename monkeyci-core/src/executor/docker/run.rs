//! One job from beginning to end.

use bollard::query_parameters::StartContainerOptions;
use tokio_util::sync::CancellationToken;

use super::container::{FENCE, INSTANCE};
use super::create::Created;
use super::image::Image;
use super::place::{self, Sight};
use super::{Docker, ExecutorError};
use crate::executor::{Exit, Order, Watch};
use crate::job_dir::JobDir;
use crate::job_dir::outcome::{Guarantee, Outcome, Reason};
use crate::job_dir::report::Reader;

/// A job's container that runs.
pub(super) struct Running {
    pub name: String,
    pub image: Image,
    /// The job directory is mounted; else it goes through the engine's archive calls.
    pub mounted: bool,
}

impl Docker {
    pub(super) async fn run_job(&self, order: &Order, watch: &Watch) -> Result<Exit, ExecutorError> {
        let Some(image) = &order.job.image else {
            return Err(ExecutorError::Unsupported(format!("job `{}` names no image to run in", order.job.id)));
        };
        let ran = match self.bring_up(order, image, &watch.cancel).await {
            Ok(Some(running)) => self.accompany(order, watch, &running).await.map(|exit| Some((exit, running))),
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        let removed = self.remove_all(order).await;
        let (exit, running) = ran?.unzip();
        if let Some(running) = running.filter(|running| running.mounted) {
            self.take_over(order, &running.image).await?;
        }
        removed?;
        if watch.cancel.is_cancelled() {
            end_canceled(&order.dir)?;
        }
        Ok(exit.unwrap_or_default())
    }

    /// Has the job's container run, with all that it needs beside it: the one that runs already, or a new one.
    ///
    /// None when the job was cancelled before. Only what takes long is broken off: a container that the engine is just
    /// creating could not be removed yet.
    async fn bring_up(
        &self,
        order: &Order,
        image: &str,
        cancel: &CancellationToken,
    ) -> Result<Option<Running>, ExecutorError> {
        let name = order.attempt.name();
        let job = &order.job;
        let Some(image) =
            cancel.run_until_cancelled(self.image(image, job.resources.arch, job.pull, &order.registries)).await
        else {
            return Ok(None);
        };
        let image = image?;
        let io = |source| ExecutorError::Io { what: "opening the job directory", source };
        if !order.job.services.is_empty() {
            if let Some(mounted) = self.adopt(order).await? {
                return Ok(Some(Running { name, image, mounted }));
            }
            self.remove_all(order).await?;
        }
        let Some(surroundings) = self.start_services(order, cancel).await? else { return Ok(None) };
        order.dir.start().map_err(io)?;
        if !image.as_root && self.sight() != Sight::None {
            place::open_to_all(&order.dir).map_err(io)?;
        }
        let program = self.program(image.arch)?;
        let body = |mounts| self.job_container(&order.attempt, &order.job, &image.name, mounts, &surroundings);
        let mut mounted = false;
        // Kept until the container runs: engines look at what they mount once more then.
        let beacon = if self.sight() == Sight::Unknown { Some(place::beacon(&order.dir)?) } else { None };
        if self.sight() != Sight::None {
            let mut mounts = place::mounts(&order.dir, &program);
            mounts.extend(beacon.as_ref().map(|beacon| place::mount(beacon.path(), place::SEEN, true)));
            match self.create(order, body(mounts)?).await? {
                Created::New => mounted = beacon.is_none() || self.sees(&name).await?,
                Created::Adopted(mounted) => return Ok(Some(Running { name, image, mounted })),
                Created::Blind => {}
            }
            self.set_sight(if mounted { Sight::Same } else { Sight::None });
            if !mounted {
                self.remove_container(&name).await?;
            }
        }
        if !mounted {
            if let Created::Adopted(mounted) = self.create(order, body(Vec::new())?).await? {
                return Ok(Some(Running { name, image, mounted }));
            }
            self.fill(&name, &order.dir, &program, !image.as_root).await?;
        }
        let started = self.api.start_container(&name, None::<StartContainerOptions>).await;
        started.map_err(|error| self.broke("starting the container", &error))?;
        drop(beacon);
        Ok(Some(Running { name, image, mounted }))
    }

    /// Removes all that was made for the attempt.
    async fn remove_all(&self, order: &Order) -> Result<(), ExecutorError> {
        if order.job.services.is_empty() {
            return self.remove_container(&order.attempt.name()).await;
        }
        let fence = order.attempt.fence.to_string();
        let label = format!("{FENCE}={fence}");
        let ours = self.remove_labelled(&label, |labels| {
            labels.get(INSTANCE) == Some(&order.attempt.instance) && labels.get(FENCE) == Some(&fence)
        });
        ours.await.map(drop)
    }
}

/// Writes that a job was canceled, where its supervisor did not get to: it never ran, or was killed after its grace.
fn end_canceled(dir: &JobDir) -> Result<(), ExecutorError> {
    // What is forged is for its reader to judge.
    if !matches!(Reader::open(dir).and_then(|reader| reader.outcome()), Ok(None)) {
        return Ok(());
    }
    let outcome = Outcome {
        reason: Reason::Canceled,
        code: None,
        line: None,
        message: String::new(),
        guarantee: Guarantee::PidNamespace,
    };
    outcome
        .write(&dir.report())
        .map_err(|source| ExecutorError::Io { what: "writing that the job was canceled", source })
}
