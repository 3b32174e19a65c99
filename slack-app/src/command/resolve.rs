//! Which repository and which build is meant.

use monkeyci_client::model::{BuildId, BuildStatus, JobId};
use monkeyci_client::{BuildRef, RepoRef};
use monkeyci_grammar::{BuildName, RepoName, Which};

use super::{Asking, Refusal};
use crate::house::House;
use crate::place::Place;
use crate::tell::line::Line;
use crate::tell::pointer;

/// What a button or a message is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The build.
    pub build: BuildId,
    /// The job, where it is about one.
    pub job: Option<String>,
}

impl Target {
    /// What the value of a button says: `v1:acme/web/482/deploy`.
    #[must_use]
    pub fn of(value: &str) -> Option<Self> {
        let mut parts = value.strip_prefix("v1:")?.split('/');
        let (org, repo, number) = (parts.next()?, parts.next()?, parts.next()?);
        let build = format!("{org}/{repo}/build-{number}").parse().ok()?;
        let job = parts.next().map(str::parse::<JobId>).transpose().ok()?;
        parts.next().is_none().then(|| Self { build, job: job.map(Into::into) })
    }
}

/// The build that a message tells of, and the key of its ref.
pub async fn target_of(house: &House, place: &Place, ts: &str) -> Option<(BuildId, String)> {
    let (key, _) = house.shelf.read::<String>(&pointer(place, ts)).await.ok()??;
    let (mut line, _) = house.shelf.read::<Line>(&key).await.ok()??;
    let number = line.post_at(place, ts)?.build;
    let repo = key.strip_prefix("line/")?.split('/').next()?.parse().ok()?;
    Some((BuildId::new(house.org.parse().ok()?, repo, number), key))
}

impl Asking<'_> {
    /// The build whose thread this is.
    pub(super) async fn here(&self) -> Option<BuildId> {
        Some(target_of(self.house, &self.by.place, self.thread?).await?.0)
    }

    /// The repository that is meant.
    pub(super) async fn repo(&self, named: Option<&RepoName>) -> Result<String, Refusal> {
        if let Some(name) = named {
            if let Some(org) = name.org.as_deref().filter(|org| *org != self.house.org) {
                return Err(Refusal::Told(format!("This app speaks for `{}`, not for `{org}`.", self.house.org)));
            }
            return Ok(name.repo.clone());
        }
        if let Some(build) = self.here().await {
            return Ok(build.repo.to_string());
        }
        let channel = self.house.channel(&self.by.place).await?;
        let own = channel.repo.as_deref().and_then(|repo| repo.rsplit('/').next());
        own.map(str::to_owned).ok_or_else(|| {
            let command = &self.house.command;
            Refusal::Told(format!(
                "Which repository? Name one, as in `{0}/web`, or say `{command} settings repo:web` once for this channel.",
                self.house.org
            ))
        })
    }

    pub(super) fn at(&self, repo: &str) -> RepoRef {
        self.org().repo(repo)
    }

    /// The build that is meant: the named one, that of the thread, else the newest.
    pub(super) async fn build(&self, named: Option<&BuildName>) -> Result<(BuildId, BuildRef), Refusal> {
        let id = match (named, self.here().await) {
            (None, Some(here)) => here,
            (named, _) => {
                let repo = self.repo(named.and_then(|named| named.repo.as_ref())).await?;
                let number = self.number(&repo, named.map_or(Which::Last, |named| named.which)).await?;
                let wrong = || Refusal::Told(format!("`{repo}` is no repository."));
                let org = self.house.org.parse().map_err(|_| wrong())?;
                BuildId::new(org, repo.parse().map_err(|_| wrong())?, number)
            }
        };
        let build = self.at(id.repo.as_str()).build(id.number);
        Ok((id, build))
    }

    async fn number(&self, repo: &str, which: Which) -> Result<u64, Refusal> {
        let status = match which {
            Which::Number(number) => return Ok(number),
            Which::Last => None,
            Which::LastFailed => Some(BuildStatus::Failure),
        };
        let newest = self.at(repo).builds(status, None).first(1).await?;
        let what = if status.is_some() { "failed build" } else { "build" };
        let none = || Refusal::Told(format!("`{repo}` has no {what} yet."));
        Ok(newest.first().ok_or_else(none)?.number)
    }

    /// The page of a build.
    pub(super) fn page(&self, id: &BuildId) -> String {
        format!("{}/o/{}/r/{}/b/{}", self.client.url(), id.org, id.repo, id.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_button_says_what_it_is_about_and_nothing_else() {
        let target = Target::of("v1:acme/web/482/deploy-eu").expect("a target");
        assert_eq!(
            (target.build.to_string().as_str(), target.job.as_deref()),
            ("acme/web/build-482", Some("deploy-eu"))
        );
        assert_eq!(Target::of("v1:acme/web/482").expect("a target").job, None);
        for wrong in [
            "",
            "v2:acme/web/1",
            "v1:acme/web",
            "v1:acme/web/x",
            "v1:acme/web/1/..",
            "v1:acme/web/1/a/b",
            "v1:../web/1",
        ] {
            assert_eq!(Target::of(wrong), None, "{wrong}");
        }
    }
}
