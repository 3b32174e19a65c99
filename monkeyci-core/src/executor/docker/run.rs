//! One job from beginning to end.

use std::sync::Mutex;
use std::time::Duration;

use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{CreateContainerOptionsBuilder, StartContainerOptions};
use monkeyci_model::result::Guarantee;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::container::{FENCE, INSTANCE};
use super::image::Image;
use super::place::{self, Sight};
use super::{Docker, ExecutorError, said, status};
use crate::executor::{Exit, Order, Watch};
use crate::job_dir::frame::Kind;
use crate::job_dir::{JobDir, outcome, report};

/// How long after its grace a job that was told to end is killed.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often the report is looked at for its first frame.
const LOOK: Duration = Duration::from_millis(10);
/// The code of a process that the kernel killed.
const KILLED: i32 = 128 + 9;

/// A job's container that runs.
struct Running {
    name: String,
    image: Image,
    /// The job directory is mounted; else it goes through the engine's archive calls.
    mounted: bool,
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
        let Some((exit, running)) = ran? else { return removed.map(|()| Exit::default()) };
        if running.mounted {
            self.take_over(order, &running.image).await?;
        }
        removed.map(|()| exit)
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

    /// Creates the job's container, or finds that this very attempt has it already.
    async fn create(&self, order: &Order, body: ContainerCreateBody) -> Result<Created, ExecutorError> {
        let name = order.attempt.name();
        let mut again = true;
        loop {
            let mut options = CreateContainerOptionsBuilder::default().name(&name);
            let platform = order.job.resources.arch.map(|arch| format!("linux/{}", arch.oci_name()));
            if let Some(platform) = &platform {
                options = options.platform(platform);
            }
            let Err(error) = self.api.create_container(Some(options.build()), body.clone()).await else {
                return Ok(Created::New);
            };
            let message = said(&error);
            if again && (status(&error) == Some(409) || message.contains("already in use")) {
                again = false;
                if let Some(mounted) = self.adopt(order).await? {
                    return Ok(Created::Adopted(mounted));
                }
                self.remove_container(&name).await?;
                continue;
            }
            return match status(&error) {
                Some(400) if message.contains(&*order.dir.root().to_string_lossy()) => Ok(Created::Blind),
                Some(404) => {
                    let image = order.job.image.clone().unwrap_or_default();
                    self.forget(&image);
                    Err(ExecutorError::Image { image, reason: message })
                }
                Some(400) => Err(ExecutorError::Unsupported(format!("{} refuses the job: {message}", self.host))),
                _ => Err(self.broke("creating the container", &error)),
            };
        }
    }

    /// Whether this very attempt has a container that has started, and then whether the job directory is mounted in it.
    async fn adopt(&self, order: &Order) -> Result<Option<bool>, ExecutorError> {
        let name = order.attempt.name();
        let found = match self.api.inspect_container(&name, None).await {
            Ok(found) => found,
            Err(error) if status(&error) == Some(404) => return Ok(None),
            Err(error) => return Err(self.broke("looking for the container", &error)),
        };
        let labels = found.config.and_then(|config| config.labels).unwrap_or_default();
        let is = |label: &str, value: &str| labels.get(label).is_some_and(|found| found == value);
        if !is(INSTANCE, &order.attempt.instance) || !is(FENCE, &order.attempt.fence.to_string()) {
            let reason = format!("there is a container `{name}` which is not MonkeyCI's; remove or rename it");
            return Err(ExecutorError::Engine { what: "creating the container", reason });
        }
        let started = self.find(&name).await.map_err(|error| self.broke("looking for the container", &error))?;
        let mounts = found.mounts.unwrap_or_default();
        let mounted = mounts.iter().any(|mount| mount.destination.as_deref() == Some(place::CONTROL));
        Ok(started.filter(|standing| standing.started).map(|_| mounted))
    }

    /// Whether a container that has the beacon mounted shows what is in it.
    ///
    /// Docker refuses to mount what it does not see. Podman makes an empty folder of that name.
    async fn sees(&self, name: &str) -> Result<bool, ExecutorError> {
        if !self.facts.podman {
            return Ok(true);
        }
        let options =
            bollard::query_parameters::ContainerArchiveInfoOptionsBuilder::default().path(place::SEEN_FILE).build();
        match self.api.get_container_archive_info(name, Some(options)).await {
            Ok(_) => Ok(true),
            Err(error) if status(&error) == Some(404) => Ok(false),
            Err(error) => Err(self.broke("looking for our files in the container", &error)),
        }
    }

    /// Stays with a running job to its end.
    async fn accompany(&self, order: &Order, watch: &Watch, running: &Running) -> Result<Exit, ExecutorError> {
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
        Ok(Exit { out_of_memory, service_logs: self.service_logs(order).await })
    }

    /// Whether the kernel ended the job for want of memory. The engine is asked only when something was killed.
    async fn out_of_memory(&self, order: &Order, name: &str, canceled: bool) -> Result<bool, ExecutorError> {
        let outcome = report::Reader::open(&order.dir).and_then(|reader| reader.outcome());
        if let Ok(Some(outcome)) = &outcome
            && outcome.code != Some(KILLED)
        {
            return Ok(false);
        }
        let standing = self.standing(name).await?;
        if matches!(outcome, Ok(None)) && !standing.out_of_memory && !canceled {
            let code = standing.code;
            let reason =
                format!("its supervisor ended with code {code} and no result: something outside of the job killed it");
            return Err(ExecutorError::Engine { what: "waiting for the job", reason });
        }
        Ok(standing.out_of_memory)
    }

    /// Passes on what the job is told while it runs, to a container that does not see our files; never returns.
    async fn pass_on(&self, name: &str, dir: &JobDir) {
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

/// What came of the wish for a container.
enum Created {
    New,
    /// It was there; true when the job directory is mounted in it.
    Adopted(bool),
    /// The engine does not see our files.
    Blind,
}

fn grace(dir: &JobDir) -> Duration {
    let program = crate::job_dir::Program::read(&dir.control());
    Duration::from_millis(program.map_or(monkeyci_model::job::limits::GRACE_MS, |program| program.grace_ms))
}

/// Tells once that the first line is about to run.
struct Start<'a> {
    dir: &'a JobDir,
    reader: Mutex<Option<report::Reader>>,
}

impl<'a> Start<'a> {
    fn new(dir: &'a JobDir) -> Result<Self, ExecutorError> {
        let io = |error| ExecutorError::Io { what: "opening the report", source: std::io::Error::other(error) };
        Ok(Self { dir, reader: Mutex::new(Some(report::Reader::open(dir).map_err(io)?)) })
    }

    /// Returns once it is told.
    async fn told(&self, watch: &Watch) {
        while !self.tell(watch) {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Tells it if it is so; false when it is not told yet.
    fn tell(&self, watch: &Watch) -> bool {
        let mut reader = self.reader.lock().expect("nothing panics while it holds the lock");
        // A forged report is for its reader to judge: it began in any case.
        let kind = match reader.as_mut().map(report::Reader::read) {
            None => return true,
            Some(Ok(frames)) if frames.is_empty() => return false,
            Some(Ok(mut frames)) => Some(frames.swap_remove(0).kind),
            Some(Err(_)) => None,
        };
        *reader = None;
        // In the container the file of variables is read-only, and it holds secrets.
        let _ = std::fs::remove_file(self.dir.control().join("env"));
        (watch.started)(match kind {
            Some(Kind::Started(outcome::Guarantee::PidNamespace)) => Some(Guarantee::PidNamespace),
            Some(Kind::Started(outcome::Guarantee::Subreaper)) => Some(Guarantee::Subreaper),
            Some(Kind::Started(outcome::Guarantee::ProcessGroup)) => Some(Guarantee::ProcessGroup),
            _ => None,
        });
        true
    }
}
