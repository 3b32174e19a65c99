//! One job from beginning to end.

use bollard::query_parameters::StartContainerOptions;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::container::{FENCE, INSTANCE};
use super::create::{Created, Found};
use super::image::{Image, Wanted};
use super::place::{self, Sight};
use super::{Docker, ExecutorError};
use crate::executor::ending::end_canceled;
use crate::executor::{Exit, Order, Watch};

/// A job's container that runs.
pub(super) struct Running {
    pub name: String,
    pub image: Image,
    /// The job directory is mounted; else it goes through the engine's archive calls.
    pub mounted: bool,
    /// Engines look at what they mount once more when they are asked for files of a container that runs.
    pub _beacon: Option<TempDir>,
}

impl Docker {
    pub(super) async fn run_job(&self, order: &Order, watch: &Watch) -> Result<Exit, ExecutorError> {
        let wanted = Wanted::by_job(order, image(order)?);
        // Asked before the image is: a job that runs needs no registry. And before anything is removed: what has its
        // name and is not ours stays.
        let found = self.look_for(order, &wanted).await?;
        let running = match found {
            Found::Running(running) => {
                // Shells of an engine before us: nobody looks at them any more.
                self.hang_up(&running.name, "").await;
                Ok(Some(running))
            }
            found => {
                let io = |source| ExecutorError::Io { what: "starting the job", source };
                // Seen by its supervisor, which does not run yet.
                order.dir.start().map_err(io)?;
                self.bring_up(order, &wanted, matches!(found, Found::Remains), &watch.cancel).await
            }
        };
        let ran = match running {
            Ok(Some(running)) => self.accompany(order, watch, &running).await.map(|exit| Some((exit, running))),
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        let exit = self.clear_away(order, ran).await?;
        if watch.cancel.is_cancelled() {
            end_canceled(&order.dir)?;
        }
        Ok(exit.unwrap_or_default())
    }

    /// Removes all that was made for the attempt, and gives us what of its files is not ours. Returns what came of it.
    pub(super) async fn clear_away<T>(
        &self,
        order: &Order,
        ran: Result<Option<(T, Running)>, ExecutorError>,
    ) -> Result<Option<T>, ExecutorError> {
        let removed = self.remove_all(order).await;
        let (came, running) = ran?.unzip();
        if let Some(running) = running.filter(|running| running.mounted) {
            self.take_over(order, &running.image).await?;
        }
        removed.map(|()| came)
    }

    /// Has the job's container run, with all that it needs beside it. `remains` are removed first.
    ///
    /// None when the job was cancelled before. Only what takes long is broken off: a container that the engine is just
    /// creating could not be removed yet.
    pub(super) async fn bring_up(
        &self,
        order: &Order,
        wanted: &Wanted<'_>,
        remains: bool,
        cancel: &CancellationToken,
    ) -> Result<Option<Running>, ExecutorError> {
        let name = order.attempt.name();
        let Some(image) = cancel.run_until_cancelled(self.image(wanted)).await else { return Ok(None) };
        let image = image?;
        let io = |source| ExecutorError::Io { what: "opening the job directory", source };
        if remains || !order.job.services.is_empty() {
            self.remove_all(order).await?;
        }
        let Some(surroundings) = self.start_services(order, cancel).await? else { return Ok(None) };
        if !image.as_root && self.sight() != Sight::None {
            place::open_to_all(&order.dir).map_err(io)?;
        }
        let program = self.program(image.arch)?;
        let body = |mounts| self.job_container(&order.attempt, &order.job, &image.name, mounts, &surroundings);
        let mut mounted = false;
        let beacon = if self.sight() == Sight::Unknown { Some(place::beacon(&order.dir)?) } else { None };
        if self.sight() != Sight::None {
            let mut mounts = place::mounts(&order.dir, &program);
            mounts.extend(beacon.as_ref().map(|beacon| place::mount(beacon.path(), place::SEEN, true)));
            if surroundings.shared {
                mounts.push(place::hosts(&order.dir, &surroundings.hosts).map_err(io)?);
            }
            match self.create(order, wanted, body(mounts)?).await? {
                Created::New => mounted = beacon.is_none() || self.sees(&name).await?,
                Created::Blind => {}
            }
            self.set_sight(if mounted { Sight::Same } else { Sight::None });
            if !mounted {
                self.remove_container(&name).await?;
            }
        }
        if !mounted {
            self.create(order, wanted, body(Vec::new())?).await?;
            let filled = self.fill(&name, &order.dir, &program, !image.as_root);
            let Some(filled) = cancel.run_until_cancelled(filled).await else { return Ok(None) };
            filled?;
        }
        let started = self.api.start_container(&name, None::<StartContainerOptions>).await;
        started.map_err(|error| self.broke("starting the container", &error))?;
        Ok(Some(Running { name, image, mounted, _beacon: beacon }))
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

/// The image that the order is to run in.
pub(super) fn image(order: &Order) -> Result<&str, ExecutorError> {
    let none = || ExecutorError::Unsupported(format!("job `{}` names no image to run in", order.job.id));
    order.job.image.as_deref().ok_or_else(none)
}
