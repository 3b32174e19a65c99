//! The server that objects are on.

use std::collections::BTreeMap;

use monkeyci_client::{Client, OrgRef, RepoRef, ServiceAccountRef};
use tfplugin::{Computed, Diagnostic, Result};

use crate::address;
use crate::looks::Looks;
use crate::snapshot::Snapshots;

/// The server that objects are on.
#[derive(Debug)]
pub struct Server {
    /// What is asked of it.
    pub(crate) client: Client,
    /// What was read at once.
    pub(crate) snapshots: Snapshots,
    /// What it was asked to look at.
    pub(crate) looks: Looks,
    /// Labels of repositories that do not say otherwise.
    pub(crate) default_labels: BTreeMap<String, String>,
    org: Option<String>,
}

impl Server {
    pub(crate) fn new(client: Client, org: Option<String>) -> Self {
        let (snapshots, looks, default_labels) = Default::default();
        Self { client, snapshots, looks, default_labels, org }
    }

    /// Fills in the provider's organisation where an object does not name its own.
    pub(crate) fn fill_org(&self, org: &mut Computed<String>) -> Result<String> {
        let missing = || {
            let detail = "Set `org` here or in the provider's block, or the variable MONKEYCI_ORG.";
            Diagnostic::error("No organisation", detail).at("org")
        };
        let name =
            org.known().filter(|name| !name.is_empty()).cloned().or_else(|| self.org.clone()).ok_or_else(missing)?;
        *org = name.clone().into();
        Ok(name)
    }

    pub(crate) fn org(&self, name: &str) -> OrgRef {
        self.client.org(name)
    }

    /// The account that the attribute `service_account` names: `acme/sa/deployer`.
    pub(crate) fn service_account(&self, account: &str) -> Result<ServiceAccountRef> {
        let [org, account] = address::read("service_account", "ORG/sa/NAME", account)?;
        Ok(self.client.org(org).service_account(account))
    }

    /// The repository that the attribute `repo` names: `acme/web`.
    pub(crate) fn repo(&self, repo: &str) -> Result<RepoRef> {
        let [org, repo] = address::read("repo", "ORG/REPO", repo)?;
        Ok(self.client.org(org).repo(repo))
    }
}
