//! Stops builds of what is gone, or has a newer build.

use monkeyci_core::controller::Command;
use monkeyci_core::controller::command::What;
use monkeyci_core::model::{BuildId, OrgId, RepoId};
use monkeyci_core::store::{BuildRow, Store as _};
use monkeyci_core::trigger::{Gone, Queued};

use super::Controller;
use crate::error::CliError;
use crate::stored::ours;

impl Controller<'_> {
    /// Stops builds of what is gone: a controller that runs one does so at once, and the next one those that wait.
    pub async fn end(&self, gone: &Gone) -> Result<(), CliError> {
        for row in self.open_of(&gone.org, &gone.repo, &gone.reference).await? {
            self.stop(&row.build, "what it was of is gone").await?;
        }
        Ok(())
    }

    /// Stops older builds of the same branch or pull request, where that is wanted; and the build itself where there is a newer
    /// one that was begun before it.
    pub async fn supersede(&self, id: &BuildId, queued: &Queued) -> Result<(), CliError> {
        let reference = queued.trigger.git.as_ref().and_then(|git| git.reference.as_deref());
        let Some(reference) = reference.filter(|name| queued.supersedes && !name.starts_with("refs/tags/")) else {
            return Ok(());
        };
        let (mut older, mut newest) = (Vec::new(), None);
        for row in self.open_of(&queued.org, &queued.repo, reference).await? {
            match row.build.number {
                number if number < id.number => older.push(row.build),
                number if number > id.number => newest = newest.max(Some(number)),
                _ => {}
            }
        }
        for build in older {
            self.stop(&build, &format!("build {} is newer", id.number)).await?;
        }
        match newest {
            Some(newest) => self.stop(id, &format!("build {newest} is newer")).await,
            None => Ok(()),
        }
    }

    /// Builds of a ref that have not ended.
    async fn open_of(&self, org: &OrgId, repo: &RepoId, reference: &str) -> Result<Vec<BuildRow>, CliError> {
        let mut open = self.stored.objects.open_builds().await.map_err(ours)?;
        open.retain(|row| {
            let git = row.trigger.as_ref().and_then(|trigger| trigger.git.as_ref());
            let is_of = git.and_then(|git| git.reference.as_deref()) == Some(reference);
            is_of && row.build.org == *org && row.build.repo == *repo
        });
        Ok(open)
    }

    async fn stop(&self, build: &BuildId, reason: &str) -> Result<(), CliError> {
        let command = Command { actor: None, reason: Some(reason.to_owned()), what: What::Cancel };
        command.send(self.stored.objects.bucket(), build).await.map_err(ours)
    }
}
