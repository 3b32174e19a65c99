//! `data.monkeyci_repo` and `data.monkeyci_repos`.

use std::collections::BTreeMap;

use monkeyci_client::rest;
use tfplugin::{Computed, Context, DataSource, Object, Result};

use super::unread;
use crate::resource::Visibility;
use crate::server::Server;

/// A repository that others look after.
#[derive(Debug, Object)]
pub struct Repo {
    /// The organisation that it belongs to; that of the provider when it is not set.
    #[attribute(optional)]
    org: Computed<String>,
    /// Its name.
    name: String,
    /// Where it is cloned from.
    url: Computed<String>,
    /// The branch that is built when nothing else is said.
    default_branch: Computed<String>,
    /// Who may see it: `private` for the members of its organisation, or `public`.
    visibility: Computed<String>,
    /// Its labels by name.
    labels: Computed<BTreeMap<String, String>>,
    /// Its path, as resources call it: `acme/web`.
    id: Computed<String>,
}

/// The repositories of an organisation, or those of them with certain labels.
#[derive(Debug, Object)]
pub struct Repos {
    /// The organisation that they belong to; that of the provider when it is not set.
    #[attribute(optional)]
    org: Computed<String>,
    /// Labels that each has; all repositories when it is not set.
    labels: Option<BTreeMap<String, String>>,
    /// Their names, in their order.
    names: Computed<Vec<String>>,
    /// Their paths by name, as resources call them.
    ids: Computed<BTreeMap<String, String>>,
}

impl DataSource for Repo {
    type Client = Server;
    const NAME: &'static str = "repo";

    async fn read(mut self, cx: &Context<Server>) -> Result<Self> {
        let org = cx.client.fill_org(&mut self.org)?;
        let found = cx.client.org(&org).repo(&self.name).get().await.map_err(unread("repository"))?;
        Ok(Self {
            url: found.body.url.into(),
            default_branch: found.body.default_branch.into(),
            visibility: Visibility::from(found.body.visibility).as_str().into(),
            labels: found.body.labels.into(),
            id: format!("{org}/{}", self.name).into(),
            ..self
        })
    }
}

impl DataSource for Repos {
    type Client = Server;
    const NAME: &'static str = "repos";

    async fn read(mut self, cx: &Context<Server>) -> Result<Self> {
        let org = cx.client.fill_org(&mut self.org)?;
        let mut found = cx.client.org(&org).repos().all().await.map_err(unread("organisation"))?;
        let wanted = rest::LabelFilters(self.labels.clone().into_iter().collect());
        found.retain(|repo| wanted.match_labels(&repo.body.labels));
        let mut names: Vec<_> = found.iter().map(|repo| repo.id.to_string()).collect();
        names.sort();
        let ids: BTreeMap<_, _> = names.iter().map(|name| (name.clone(), format!("{org}/{name}"))).collect();
        Ok(Self { names: names.into(), ids: ids.into(), ..self })
    }
}
