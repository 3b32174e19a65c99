//! Tells forges how builds stand.
//!
//! A commit has one status, which follows its newest build. How a build stands is read from the store, so that only what is
//! durable is told; what the forge knows stands there as well, and a mark until it knows how the build ended. Whoever comes
//! after a controller that died finds both. Only who holds a build tells of it, or anybody once it has ended.

use std::sync::Arc;
use std::time::{Duration, Instant};

use monkeyci_api::report::{Outcome, Sender, Status, request, wait};
use monkeyci_core::controller::Holding;
use monkeyci_core::model::{BuildId, EventKind};
use monkeyci_core::store::object::Bucket;
use monkeyci_core::store::{Store as _, StoreError};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::forges::{Forges, Told as Forge};
use crate::error::CliError;
use crate::stored::{Stored, Told, listed, ours};

/// How long it is tried to tell how a build stands that this process lets go of.
const LAST: Duration = Duration::from_secs(20);

/// What happens in a moment is told once.
const COMPANY: Duration = Duration::from_millis(250);

/// Where builds are marked of whose end a forge may not know.
const MARKS: &str = "untold";

/// Tells forges.
#[derive(Clone)]
pub struct Reporter {
    stored: Stored,
    forges: Arc<Forges>,
    sender: Arc<Sender>,
}

/// A build that is told of while it runs.
pub struct Reporting {
    reporter: Reporter,
    build: BuildId,
    holding: Holding,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// Why a forge does not know yet.
struct Later {
    why: String,
    /// The wait that it asks for.
    after: Option<Duration>,
}

impl Reporter {
    /// Tells these of what is in a store.
    pub fn new(stored: Stored, forges: Forges) -> Result<Self, CliError> {
        // Settings are the operator's: where they lead is no stranger's choice.
        let sender = Sender::new(true).map_err(|error| CliError::ours(format!("no forge can be told: {error}")))?;
        Ok(Self { stored, forges: Arc::new(forges), sender: Arc::new(sender) })
    }

    /// Begins to tell of a build, where anybody is told. It is marked before anything of it can be missed. `news` says that it
    /// may stand otherwise.
    pub async fn begin(
        &self,
        build: &BuildId,
        holding: Holding,
        news: Arc<Notify>,
    ) -> Result<Option<Reporting>, CliError> {
        if self.forges.of(build).is_none() {
            return Ok(None);
        }
        self.bucket().put_json(&mark(build), build).await.map_err(ours)?;
        let stop = CancellationToken::new();
        let (reporter, id, held, stopped) = (self.clone(), build.clone(), holding.clone(), stop.clone());
        let task = tokio::spawn(async move { reporter.follow(&id, &held, &news, &stopped).await });
        Ok(Some(Reporting { reporter: self.clone(), build: build.clone(), holding, stop, task }))
    }

    /// Tells how builds ended of which others could not.
    pub async fn rest(&self) -> Result<(), CliError> {
        for key in self.bucket().list(MARKS).await.map_err(ours)? {
            let Some(build) = self.bucket().get_json::<BuildId>(&key).await.map_err(ours)? else { continue };
            let row = self.stored.objects.build(&build).await.map_err(ours)?;
            if row.is_some_and(|row| row.status.is_terminal()) {
                self.finish(&build, None).await;
            }
        }
        Ok(())
    }

    /// Whether a forge does not know yet how a build ended, and may be told.
    pub async fn is_untold(&self, build: &BuildId) -> Result<bool, CliError> {
        Ok(self.forges.of(build).is_some() && self.bucket().has(&mark(build)).await.map_err(ours)?)
    }

    /// Tells how a build stands, for a while, and takes its mark away where it has ended. What cannot be told is left to the
    /// next controller.
    pub async fn finish(&self, build: &BuildId, holding: Option<&Holding>) {
        let (until, mut failures) = (Instant::now() + LAST, 0);
        loop {
            let told = self.tell(build, holding).await;
            let Err(later) = told else {
                if let Err(error) = self.unmark(build).await {
                    tracing::warn!(%build, %error, "it is told once more by the next controller");
                }
                return;
            };
            let pause = wait(failures, later.after);
            if Instant::now() + pause > until {
                tracing::warn!(%build, why = later.why, "the forge is told by the next controller");
                return;
            }
            failures += 1;
            tokio::time::sleep(pause).await;
        }
    }

    async fn unmark(&self, build: &BuildId) -> Result<(), StoreError> {
        let row = self.stored.objects.build(build).await?;
        match row {
            Some(row) if row.status.is_terminal() => self.bucket().delete(&mark(build)).await,
            _ => Ok(()),
        }
    }

    /// Tells until it is stopped, but not in the midst of telling: what a forge has heard is noted.
    async fn follow(&self, build: &BuildId, holding: &Holding, news: &Notify, stop: &CancellationToken) {
        let mut failures = 0;
        loop {
            let told = self.tell(build, Some(holding)).await;
            let next = async {
                match told {
                    Ok(()) => {
                        failures = 0;
                        news.notified().await;
                        tokio::time::sleep(COMPANY).await;
                    }
                    Err(Later { why, after }) => {
                        let pause = wait(failures, after);
                        failures += 1;
                        tracing::info!(%build, why, ?pause, "a forge could not be told of a build, and is told later");
                        tokio::time::sleep(pause).await;
                    }
                }
            };
            if stop.run_until_cancelled(next).await.is_none() {
                return;
            }
        }
    }

    /// Tells how a build stands, where the forge does not know that. Nothing is told of a commit that is not known, or that has a
    /// newer build.
    async fn tell(&self, build: &BuildId, holding: Option<&Holding>) -> Result<(), Later> {
        let Some(forge) = self.forges.of(build) else { return Ok(()) };
        let Some(row) = self.stored.objects.build(build).await? else { return Ok(()) };
        let Some(status) = Status::of(&listed(row), forge.page(build)) else { return Ok(()) };
        let mut told = Told::of(self.bucket(), build).await?.unwrap_or_default();
        if told.told == Some(status.status) || told.refused == Some(status.status) {
            return Ok(());
        }
        if let Some(newer) = self.newer(build, &status.commit).await? {
            told.note = Some(format!("build {newer} of the same commit is newer"));
            return Ok(told.keep(self.bucket(), build).await?);
        }
        // Asked last: whoever stood still until now may have been taken for dead.
        if !is_ours(holding).await? {
            return Ok(());
        }
        let outcome = self.send(forge, &status).await;
        if !is_ours(holding).await? {
            return Ok(());
        }
        match outcome {
            Outcome::Told => told = Told { told: Some(status.status), ..Told::default() },
            Outcome::Refused(why) => {
                tracing::warn!(%build, status = status.status.as_str(), why, "the forge is not told of a build");
                told = Told { refused: Some(status.status), note: Some(why), ..told };
            }
            Outcome::Later { why, after } => {
                let noted = Told { note: Some(why.clone()), ..told.clone() };
                if noted != told {
                    noted.keep(self.bucket(), build).await?;
                }
                return Err(Later { why, after });
            }
        }
        Ok(told.keep(self.bucket(), build).await?)
    }

    async fn send(&self, forge: &Forge, status: &Status) -> Outcome {
        let token = match self.forges.secrets.one(&forge.token).await {
            Ok(token) => token,
            Err(why) => return Outcome::Later { why: format!("the forge's token: {why}"), after: None },
        };
        let request = request(forge.place.forge, &forge.place.api, &forge.project, status);
        self.sender.send(forge.place.forge, &request, &token).await
    }

    /// The number of a newer build of the same commit, where there is one. The build itself is noted first.
    async fn newer(&self, build: &BuildId, commit: &str) -> Result<Option<u64>, StoreError> {
        let of = blake3::hash(format!("{}/{}/{commit}", build.org, build.repo).as_bytes()).to_hex();
        let (above, name) = (format!("commits/{}", &of[..32]), format!("{:020}", build.number));
        self.bucket().create(&format!("{above}/{name}"), build.to_string()).await?;
        let newer = self.bucket().list_after(&above, &name).await?;
        Ok(newer.last().and_then(|key| key.rsplit('/').next()?.parse().ok()))
    }

    fn bucket(&self) -> &Bucket {
        self.stored.objects.bucket()
    }
}

impl Reporting {
    /// Tells how the build stands now. What cannot be told is left to the next controller.
    pub async fn end(self) {
        self.stop.cancel();
        let _ended = self.task.await;
        // Lost, it is another's to tell, whose mark stays.
        if self.holding.lost().is_cancelled() {
            return;
        }
        self.reporter.finish(&self.build, Some(&self.holding)).await;
    }
}

impl From<StoreError> for Later {
    fn from(error: StoreError) -> Self {
        Self { why: error.to_string(), after: None }
    }
}

/// Whether a build is still told of by whoever holds it; one that has ended is by anybody.
async fn is_ours(holding: Option<&Holding>) -> Result<bool, StoreError> {
    match holding {
        Some(holding) => holding.is_ours().await,
        None => Ok(true),
    }
}

/// Whether a build may stand otherwise to a forge once this has happened.
pub fn is_news(kind: &EventKind) -> bool {
    use EventKind::{BuildEnd, BuildStart, JobBlocked, JobEnd, JobQueued, JobUnblocked};
    matches!(
        kind,
        BuildStart { .. }
            | JobBlocked { .. }
            | JobUnblocked { .. }
            | JobQueued { .. }
            | JobEnd { .. }
            | BuildEnd { .. }
    )
}

fn mark(build: &BuildId) -> String {
    format!("{MARKS}/{}", Bucket::beneath(build, "events"))
}
