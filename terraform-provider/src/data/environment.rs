//! `data.monkeyci_environment`.

use tfplugin::{Computed, Context, DataSource, Object, Result};

use super::unread;
use crate::server::Server;
use crate::time;

/// An environment that others look after, and what was last deployed to it.
#[derive(Debug, Object)]
pub struct Environment {
    /// The `id` of the repository: `acme/web`.
    repo: String,
    /// Its name in the repository.
    name: String,
    /// Names of people who may approve its jobs.
    approvers: Computed<Vec<String>>,
    /// Who has this role may approve them as well.
    approver_role: Computed<Option<String>>,
    /// Whether who caused a build may not approve its jobs.
    prevent_self: Computed<bool>,
    /// Globs of the refs whose builds may have jobs of it; all when there are none.
    refs: Computed<Vec<String>>,
    /// Whether one job at a time holds it.
    exclusive: Computed<bool>,
    /// What it is.
    description: Computed<Option<String>>,
    /// The newest of its jobs.
    deployment: Computed<Option<Deployment>>,
    /// What resources call it: `acme/web/env/prod`.
    id: Computed<String>,
}

/// A job of an environment.
#[derive(Clone, Debug, Object)]
pub struct Deployment {
    /// The number of its build.
    number: Computed<u64>,
    /// The job.
    job: Computed<String>,
    /// How it stands.
    status: Computed<String>,
    /// The ref of its build.
    r#ref: Computed<Option<String>>,
    /// Who approved it.
    approver: Computed<Option<String>>,
    /// When it ended, in RFC 3339.
    ended: Computed<Option<String>>,
}

impl DataSource for Environment {
    type Client = Server;
    const NAME: &'static str = "environment";

    async fn read(self, cx: &Context<Server>) -> Result<Self> {
        let environment = cx.client.repo(&self.repo)?.environment(&self.name);
        let found = environment.get().await.map_err(unread("environment"))?;
        let newest = environment.deployments().first(1).await.map_err(unread("environment"))?;
        let shown = |deployment: monkeyci_client::rest::Deployment| Deployment {
            number: deployment.number.into(),
            job: deployment.job.to_string().into(),
            status: deployment.status.as_str().to_owned().into(),
            r#ref: deployment.reference.into(),
            approver: deployment.approver.into(),
            ended: deployment.ended.map(time::shown).into(),
        };
        Ok(Self {
            approvers: found.body.approvers.into(),
            approver_role: found.body.approver_role.map(|role| role.as_str().to_owned()).into(),
            prevent_self: found.body.prevent_self.into(),
            refs: found.body.refs.into(),
            exclusive: found.body.exclusive.into(),
            description: found.body.description.into(),
            deployment: newest.into_iter().next().map(shown).into(),
            id: format!("{}/env/{}", self.repo, self.name).into(),
            ..self
        })
    }
}
