//! `monkeyci_build_run`.

use std::collections::BTreeMap;
use std::time::Duration;

use monkeyci_client::model::BuildStatus;
use monkeyci_client::rest::{BuildDetail, NewBuild};
use monkeyci_client::{BuildRef, ClientError};
use rest::validate::Kind;
use tfplugin::{Change, Computed, Context, Diagnostic, Diagnostics, Moved, Object, Resource, Result};

use crate::function::seconds;
use crate::refusal;
use crate::server::Server;
use monkeyci_client::rest;

/// How long a build is waited for where nothing is said.
const PATIENCE: Duration = Duration::from_secs(30 * 60);

/// Between two looks at a build.
const LOOK: Duration = Duration::from_secs(1);

/// Runs a build when it is made, and again when anything of it changes, such as one of its `triggers`. To remove it undoes
/// nothing. It cannot be imported; what a `terraform_data` or `null_resource` ran before counts as run where that has moved here.
#[derive(Clone, Debug, Default, Object)]
#[object(at_most_one_of(["branch", "tag"]))]
pub struct BuildRun {
    /// The `id` of the repository: `acme/web`.
    #[attribute(replaces)]
    repo: String,
    /// The branch; the default one of the repository when neither this nor `tag` is set.
    #[attribute(replaces)]
    branch: Option<String>,
    /// The tag.
    #[attribute(replaces)]
    tag: Option<String>,
    /// The commit; the newest when it is not set.
    #[attribute(replaces)]
    commit: Option<String>,
    /// Params of the build, in place of those that the repository has. They are shown: secrets are params of the repository.
    #[attribute(replaces)]
    params: Option<BTreeMap<String, String>>,
    /// Anything: when it changes, another build is run.
    #[attribute(replaces)]
    triggers: Option<BTreeMap<String, String>>,
    /// Whether its end is waited for. One that does not end well is an error then, and is run again by the next apply.
    #[attribute(default = true)]
    wait: bool,
    /// How long things may take.
    timeouts: Option<Timeouts>,
    /// Its number in the repository; 0 where another resource ran it.
    #[attribute(keeps)]
    number: Computed<u64>,
    /// How it stood when it was last looked at.
    #[attribute(keeps)]
    status: Computed<String>,
    /// The commit that it is of, where that is known.
    #[attribute(keeps)]
    commit_id: Computed<Option<String>>,
    /// What people call it: `acme/web#42`.
    #[attribute(keeps)]
    id: Computed<String>,
}

/// How long things may take.
#[derive(Clone, Debug, Object)]
pub struct Timeouts {
    /// The build, as `30m` or `1h30m`. It goes on when that is over, and the apply fails.
    create: Option<String>,
}

impl BuildRun {
    fn wish(&self) -> NewBuild {
        NewBuild {
            branch: self.branch.clone(),
            tag: self.tag.clone(),
            commit: self.commit.clone(),
            params: self.params.clone().unwrap_or_default(),
        }
    }

    fn patience(&self) -> Result<Duration> {
        let Some(text) = self.timeouts.as_ref().and_then(|timeouts| timeouts.create.as_deref()) else {
            return Ok(PATIENCE);
        };
        let wrong = || Diagnostic::error("Invalid timeout", "It is written as `20m`, `1h30m` or `90s`.").at("timeouts");
        Ok(Duration::from_secs(seconds(text).ok_or_else(wrong)?))
    }

    fn filled(mut self, detail: BuildDetail) -> Self {
        let build = detail.build;
        self.id = format!("{}/{}#{}", build.org, build.repo, build.number).into();
        self.number = build.number.into();
        self.status = build.status.as_str().to_owned().into();
        self.commit_id = build.trigger.git.and_then(|git| git.commit_id).into();
        self
    }

    /// Whether it is another provider's, and was not written since it moved.
    fn is_of_other(&self) -> bool {
        self.repo.is_empty()
    }

    fn refused(error: &ClientError) -> Diagnostics {
        refusal::refused("build", &Self::schema(), str::to_owned, error)
    }
}

/// Waits until a build has ended; how it stood at last, and what is to be said where it did not end.
async fn ended(
    build: &BuildRef,
    begun: BuildDetail,
    patience: Duration,
    cx: &Context<Server>,
) -> (BuildDetail, Option<Diagnostic>) {
    let end = tokio::time::Instant::now() + patience;
    let mut known = begun;
    while !known.build.status.is_terminal() {
        tokio::select! {
            () = cx.stopped() => {
                return (known, Some(Diagnostic::error("Nobody waits for the build any more", "It goes on by itself.")));
            }
            () = tokio::time::sleep_until(end) => {
                let detail = format!("It has not ended within {} s, and goes on by itself.", patience.as_secs());
                return (known, Some(Diagnostic::error("The build takes too long", detail).at("timeouts")));
            }
            () = tokio::time::sleep(LOOK) => {}
        }
        match build.get().await {
            Ok(now) => known = now,
            Err(error) => return (known, Some(refusal::whole("build", &error))),
        }
    }
    (known, None)
}

impl Resource for BuildRun {
    type Client = Server;
    const NAME: &'static str = "build_run";

    async fn plan(change: &mut Change<Self>, cx: &Context<Server>) -> Result<()> {
        let Some(planned) = change.planned() else { return Ok(()) };
        planned.patience()?;
        if change.prior().is_some_and(|prior| prior.is_of_other()) {
            change.in_place();
        }
        let _repo = cx.client.repo(&planned.repo)?;
        let looked = cx.client.client.validate(Kind::Build, None, &planned.wish()).await;
        looked.map_err(|error| Self::refused(&error))
    }

    async fn create(self, cx: &Context<Server>) -> Result<Self> {
        let (repo, patience) = (cx.client.repo(&self.repo)?, self.patience()?);
        let begun = repo.start(&self.wish()).await.map_err(|error| Self::refused(&error))?;
        if !self.wait {
            return Ok(self.filled(begun));
        }
        let build = repo.build(begun.build.number);
        let (known, trouble) = ended(&build, begun, patience, cx).await;
        let (status, message) = (known.build.status, known.build.message.clone());
        let own = self.filled(known);
        let name = own.id.known().cloned().unwrap_or_default();
        match trouble {
            Some(trouble) => cx.say(trouble),
            None if status == BuildStatus::Success => {}
            None => {
                let why = message.map(|message| format!(": {message}")).unwrap_or_default();
                let detail = format!("Build {name} ended as `{}`{why}. The next apply runs another.", status.as_str());
                cx.say(Diagnostic::error("The build did not end well", detail));
            }
        }
        Ok(own)
    }

    /// A build that the server has forgotten was run all the same.
    async fn read(self, cx: &Context<Server>) -> Result<Option<Self>> {
        let Some(number) = self.number.known().filter(|number| **number > 0) else { return Ok(Some(self)) };
        match cx.client.repo(&self.repo)?.build(*number).get().await {
            Ok(detail) => Ok(Some(self.filled(detail))),
            Err(ClientError::NotFound(_)) => Ok(Some(self)),
            Err(error) => Err(Self::refused(&error)),
        }
    }

    /// How it is waited for is of no matter to one that was run.
    async fn update(self, prior: Self, _: &Context<Server>) -> Result<Self> {
        Ok(Self { commit_id: prior.commit_id, ..self })
    }

    async fn delete(self, _: &Context<Server>) -> Result<()> {
        Ok(())
    }

    fn moved(source: Moved) -> Result<Option<Self>> {
        let triggers = match source.type_name.as_str() {
            "terraform_data" => source.state.get("triggers_replace").and_then(|any| any.get("value")),
            "null_resource" => source.state.get("triggers"),
            _ => return Ok(None),
        };
        Ok(Some(Self {
            triggers: triggers.and_then(|triggers| serde_json::from_value(triggers.clone()).ok()),
            wait: true,
            number: 0.into(),
            status: String::new().into(),
            commit_id: None.into(),
            id: String::new().into(),
            ..Self::default()
        }))
    }
}
