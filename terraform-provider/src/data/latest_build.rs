//! `data.monkeyci_build`.

use std::collections::BTreeMap;

use monkeyci_client::ClientError;
use monkeyci_client::rest::BuildDetail;
use tfplugin::{Computed, Context, DataSource, Diagnostic, Object, Result};

use super::build::Status;
use super::unread;
use crate::server::Server;
use crate::time;

/// One build of a repository: by its number, or the newest that stands so.
#[derive(Debug, Object)]
#[object(at_most_one_of(["number", "status"]), at_most_one_of(["number", "branch"]))]
pub struct Build {
    /// The `id` of the repository: `acme/web`.
    repo: String,
    /// Its number; the newest when it is not set.
    #[attribute(optional)]
    number: Computed<u64>,
    /// How the newest has to stand; anyhow when it is not set..
    status: Option<Status>,
    /// The branch that the newest has to be of; any when it is not set.
    branch: Option<String>,
    /// How it stands.
    state: Computed<String>,
    /// Why it ended as it did.
    message: Computed<Option<String>>,
    /// The commit that it is of.
    commit: Computed<Option<String>>,
    /// Who or what caused it.
    actor: Computed<Option<String>>,
    /// How each of its jobs stands, by id.
    jobs: Computed<BTreeMap<String, String>>,
    /// When it was asked for, in RFC 3339.
    created: Computed<String>,
    /// When it ended, in RFC 3339.
    ended: Computed<Option<String>>,
    /// What people call it: `acme/web#42`.
    id: Computed<String>,
}

impl Build {
    async fn find(&self, cx: &Context<Server>) -> Result<BuildDetail> {
        let repo = cx.client.repo(&self.repo)?;
        let number = match self.number.known() {
            Some(number) => *number,
            None => {
                let builds = repo.builds(self.status.map(Into::into), self.branch.as_deref());
                let newest = builds.first(1).await.map_err(unread("repository"))?;
                let none =
                    || Diagnostic::error("There is no such build", format!("None of {:?} stands so.", self.repo));
                newest.first().ok_or_else(none)?.number
            }
        };
        let gone = |error: ClientError| unread("build")(error);
        repo.build(number).get().await.map_err(gone)
    }
}

impl DataSource for Build {
    type Client = Server;
    const NAME: &'static str = "build";

    async fn read(self, cx: &Context<Server>) -> Result<Self> {
        let BuildDetail { build, jobs, .. } = self.find(cx).await?;
        let jobs = jobs.into_iter().map(|job| (job.job.id.to_string(), job.status.as_str().to_owned()));
        Ok(Self {
            number: build.number.into(),
            state: build.status.as_str().to_owned().into(),
            message: build.message.into(),
            commit: build.trigger.git.as_ref().and_then(|git| git.commit_id.clone()).into(),
            actor: build.trigger.actor.clone().into(),
            jobs: jobs.collect::<BTreeMap<_, _>>().into(),
            created: time::shown(build.created).into(),
            ended: build.ended.map(time::shown).into(),
            id: format!("{}#{}", self.repo, build.number).into(),
            ..self
        })
    }
}
