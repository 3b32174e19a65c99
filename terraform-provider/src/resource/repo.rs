//! `monkeyci_repo`.

use std::collections::BTreeMap;

use monkeyci_client::{Object, rest};
use rest::validate::Kind;
use tfplugin::{Change, Choice, Computed, Moved, Result};

use crate::address;
use crate::declared::{Declared, declared, or_unset};
use crate::lint;
use crate::moved::{self, is_placed};
use crate::server::Server;
use crate::snapshot;

/// A repository that is built. It is imported by its path: `acme/web`.
#[derive(Clone, Debug, Default, tfplugin::Object)]
pub struct Repo {
    /// The organisation that it belongs to; that of the provider when it is not set.
    #[attribute(optional, replaces_if(is_placed), keeps, identity)]
    org: Computed<String>,
    /// What paths call it. Another name is another repository, which has no builds yet.
    #[attribute(replaces_if(is_placed), identity)]
    name: String,
    /// Where it is cloned from.
    url: String,
    /// The branch that is built when nothing else is said.
    #[attribute(default = "main", check(lint::branch()))]
    default_branch: String,
    /// Who may see it: `private` for the members of its organisation, or `public`.
    #[attribute(default = Visibility::Private)]
    visibility: Visibility,
    /// Labels by name. Param sets, SSH keys, pipelines and subscriptions choose repositories by them.
    labels: Option<BTreeMap<String, String>>,
    /// Its labels, with those of `default_labels` in the provider's block.
    labels_all: Computed<BTreeMap<String, String>>,
    /// Whether a newer build of a branch or pull request cancels those before it that have not ended.
    #[attribute(default = false)]
    cancel_superseded: bool,
    /// Whether nobody may open shells in its jobs.
    #[attribute(default = false)]
    no_shells: bool,
    /// Seconds between two looks for new commits; it is not looked for any when this is not set.
    poll: Option<u64>,
    /// The forge that is told how its builds stand.
    report: Option<Report>,
    /// Whether it cannot be removed. All that is set up in it goes with it; its builds stay.
    #[attribute(default = false)]
    deletion_protection: bool,
    /// Its path, as other resources call it: `acme/web`.
    #[attribute(keeps)]
    id: Computed<String>,
    /// Rises with each change.
    revision: Computed<u64>,
}

/// Who may see a repository.
#[derive(Clone, Copy, Debug, Default, Choice)]
pub enum Visibility {
    /// The members of its organisation.
    #[default]
    Private,
    /// Everybody.
    Public,
}

impl From<rest::Visibility> for Visibility {
    fn from(visibility: rest::Visibility) -> Self {
        match visibility {
            rest::Visibility::Private => Self::Private,
            rest::Visibility::Public => Self::Public,
        }
    }
}

/// The forge that is told how builds stand.
#[derive(Clone, Debug, tfplugin::Object)]
pub struct Report {
    /// `github`, `gitlab`, `bitbucket`, `bitbucket-server`, `gitea` or `forgejo`.
    forge: String,
    /// Where the forge's API is. Not needed where it is the public one.
    api: Option<String>,
    /// The repository's path at the forge: `acme/web`.
    project: String,
    /// The secret param that holds a token of the forge.
    #[attribute(default = "FORGE_TOKEN")]
    token: String,
}

impl Declared for Repo {
    type Answer = rest::Repo;
    type Body = rest::RepoBody;
    const FOLLOWS_PROVIDER: bool = true;
    const NOUN: &'static str = "repository";
    const KIND: Kind = Kind::Repo;

    fn place(&mut self, server: &Server) -> Result<()> {
        self.id = format!("{}/{}", server.fill_org(&mut self.org)?, self.name).into();
        Ok(())
    }

    fn follow(change: &mut Change<Self>, server: &Server) -> Result<()> {
        let Some(planned) = change.planned() else { return Ok(()) };
        let mut labels = server.default_labels.clone();
        labels.extend(planned.labels.unwrap_or_default());
        let stands = change.is_none() && planned.labels_all.known() == Some(&labels);
        if !stands {
            change.set("labels_all", labels);
            change.open("revision");
        }
        Ok(())
    }

    fn imported(mut self, server: &Server) -> Self {
        if let Some(labels) = &mut self.labels {
            labels.retain(|name, value| server.default_labels.get(name) != Some(value));
        }
        Self { labels: self.labels.filter(|labels| !labels.is_empty()), ..self }
    }

    fn at(&self, server: &Server) -> Result<Object<rest::Repo, rest::RepoBody>> {
        let org = server.fill_org(&mut self.org.clone())?;
        Ok((*server.org(&org).repo(&self.name)).clone())
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn body(&self, _: Option<&Self>) -> Result<rest::RepoBody> {
        let told = |report: Report| rest::Report {
            forge: report.forge,
            api: report.api,
            project: report.project,
            token: report.token,
        };
        Ok(rest::RepoBody {
            url: self.url.clone(),
            default_branch: self.default_branch.clone(),
            visibility: match self.visibility {
                Visibility::Private => rest::Visibility::Private,
                Visibility::Public => rest::Visibility::Public,
            },
            labels: self.labels_all.known().or(self.labels.as_ref()).cloned().unwrap_or_default(),
            cancel_superseded: self.cancel_superseded,
            no_shells: self.no_shells,
            poll: self.poll,
            report: self.report.clone().map(told),
        })
    }

    fn filled(self, answer: rest::Repo) -> Self {
        let rest::Repo { body, revision, .. } = answer;
        let told = |report: rest::Report| Report {
            forge: report.forge,
            api: report.api,
            project: report.project,
            token: report.token,
        };
        // What was a default and still is as it was is not what the user wrote.
        let is_own = |name: &String, value: &String| {
            let all = self.labels_all.known();
            self.labels.as_ref().is_some_and(|own| own.contains_key(name))
                || all.is_none_or(|all| all.get(name) != Some(value))
        };
        let own = body.labels.iter().filter(|(name, value)| is_own(name, value));
        let own: BTreeMap<_, _> = own.map(|(name, value)| (name.clone(), value.clone())).collect();
        Self {
            url: body.url,
            default_branch: body.default_branch,
            visibility: body.visibility.into(),
            labels: or_unset(self.labels, own),
            labels_all: body.labels.into(),
            cancel_superseded: body.cancel_superseded,
            no_shells: body.no_shells,
            poll: body.poll,
            report: body.report.map(told),
            revision: revision.into(),
            ..self
        }
    }

    fn exported(&self, export: &rest::Export) -> Option<Option<rest::Repo>> {
        let found = snapshot::repo(export, self.id.known()?);
        Some(found.map(|found| found.repo.clone()))
    }

    fn of_address(address: &str) -> Result<Self> {
        let [org, name] = address::imported("ORG/REPO", address)?;
        Ok(Self { org: org.into(), name: name.to_owned(), ..Self::default() })
    }

    fn of_other(source: &Moved) -> Option<Self> {
        let blank =
            || Self { org: String::new().into(), id: String::new().into(), revision: 0.into(), ..Self::default() };
        let named = |path: String| match path.split_once('/') {
            Some((org, name)) => Self { org: org.into(), name: name.to_owned(), ..blank() },
            None => blank(),
        };
        let branch = |word: &str| moved::set(source, word).unwrap_or_else(|| "main".to_owned());
        let visibility = match source.text("visibility") {
            Some("public") => Visibility::Public,
            _ => Visibility::Private,
        };
        Some(match source.type_name.as_str() {
            "drone_repo" => Self {
                visibility,
                default_branch: "main".to_owned(),
                cancel_superseded: moved::flag(source, "cancel_running") == Some(true),
                ..named(moved::repo(source, "repository"))
            },
            "woodpecker_repository" => Self {
                visibility,
                url: moved::text(source, "clone_url"),
                default_branch: branch("default_branch"),
                ..named(moved::repo(source, "full_name"))
            },
            "buildkite_pipeline" => Self {
                name: moved::name(source, "slug"),
                url: moved::text(source, "repository"),
                default_branch: branch("default_branch"),
                ..blank()
            },
            "circleci_project" => Self {
                name: moved::name(source, "name"),
                url: moved::text(source, "vcs_info_url"),
                default_branch: branch("vcs_info_default_branch"),
                ..blank()
            },
            _ => return None,
        })
    }

    fn is_placed(&self) -> bool {
        !self.name.is_empty()
    }

    fn revision(&self) -> Option<u64> {
        self.revision.known().copied().filter(|revision| *revision > 0)
    }

    fn is_protected(&self) -> bool {
        self.deletion_protection
    }
}

declared!(Repo, "repo");
