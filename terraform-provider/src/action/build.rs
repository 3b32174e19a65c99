//! Actions on builds.

use std::collections::BTreeMap;
use std::time::Duration;

use monkeyci_client::model::BuildStatus;
use monkeyci_client::rest::NewBuild;
use monkeyci_client::{BuildRef, ClientError};
use tfplugin::{Action, Context, Diagnostic, Diagnostics, Object, Progress, Result};

use crate::lint;
use crate::refusal;
use crate::server::Server;

/// Between two looks at how a build stands.
const LOOK: Duration = Duration::from_secs(1);

/// Begins a build of a repository.
#[derive(Debug, Object)]
#[object(at_most_one_of(["branch", "tag"]))]
pub struct Trigger {
    /// The `id` of the repository: `acme/web`.
    repo: String,
    /// The branch that is built; the default one of the repository when neither it nor `tag` is set.
    #[attribute(check(lint::branch()))]
    branch: Option<String>,
    /// The tag that is built.
    tag: Option<String>,
    /// Params of the build by name, in place of those that the repository has.
    params: Option<BTreeMap<String, String>>,
    /// Whether its end is waited for, and must be a good one.
    #[attribute(default = false)]
    wait: bool,
}

/// Cancels a build that has not ended.
#[derive(Debug, Object)]
pub struct Cancel {
    /// The `id` of the repository: `acme/web`.
    repo: String,
    /// The number of the build.
    number: u64,
    /// Why, for people.
    reason: Option<String>,
}

impl Action for Trigger {
    type Client = Server;
    const NAME: &'static str = "build_trigger";

    async fn plan(self, cx: &Context<Server>) -> Result<()> {
        cx.client.repo(&self.repo).map(drop)
    }

    async fn invoke(self, progress: &Progress, cx: &Context<Server>) -> Result<()> {
        let repo = cx.client.repo(&self.repo)?;
        let new =
            NewBuild { branch: self.branch, tag: self.tag, commit: None, params: self.params.unwrap_or_default() };
        let begun = repo.start(&new).await.map_err(|error| refused::<Self>(&error))?;
        let name = format!("{}#{}", self.repo, begun.build.number);
        progress.say(format!("{name} is {}", begun.build.status)).await;
        if self.wait { ended(&name, &repo.build(begun.build.number), progress, cx).await } else { Ok(()) }
    }
}

/// Waits for the end of a build, which must be a good one.
async fn ended(name: &str, build: &BuildRef, progress: &Progress, cx: &Context<Server>) -> Result<()> {
    let mut known = None;
    loop {
        let status = build.get().await.map_err(|error| refused::<Trigger>(&error))?.build.status;
        if known != Some(status) {
            progress.say(format!("{name} is {status}")).await;
        }
        if status == BuildStatus::Success {
            return Ok(());
        }
        if status.is_terminal() {
            return Err(Diagnostic::error("The build did not end well", format!("{name} is {status}.")).into());
        }
        known = Some(status);
        tokio::select! {
            () = cx.stopped() => {
                let detail = format!("{name} goes on; it is only not waited for any longer.");
                return Err(Diagnostic::error("Interrupted", detail).into());
            }
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

impl Action for Cancel {
    type Client = Server;
    const NAME: &'static str = "build_cancel";

    async fn plan(self, cx: &Context<Server>) -> Result<()> {
        cx.client.repo(&self.repo).map(drop)
    }

    async fn invoke(self, progress: &Progress, cx: &Context<Server>) -> Result<()> {
        let build = cx.client.repo(&self.repo)?.build(self.number);
        match build.cancel(self.reason.as_deref()).await {
            Ok(canceled) => progress.say(format!("{}#{} is {}", self.repo, self.number, canceled.build.status)).await,
            // It has ended by itself, which is what was wanted.
            Err(ClientError::Conflict(problem)) => progress.say(problem.detail).await,
            Err(error) => return Err(refused::<Self>(&error)),
        }
        Ok(())
    }
}

fn refused<A: Object>(error: &ClientError) -> Diagnostics {
    refusal::refused("build", &A::schema(), str::to_owned, error)
}
