//! `monkeyci_schedule`.

use std::collections::BTreeMap;

use monkeyci_client::{Object, rest};
use rest::validate::Kind;
use tfplugin::{Computed, Moved, Result};

use crate::address;
use crate::declared::{Declared, declared, or_unset};
use crate::lint;
use crate::moved::{self, is_placed};
use crate::server::Server;
use crate::snapshot;

/// Builds a repository by the clock. It belongs to the repository and to nobody in person. It is imported by its path:
/// `acme/web/schedule/nightly`.
#[derive(Clone, Debug, Default, tfplugin::Object)]
pub struct Schedule {
    /// The `id` of the repository: `acme/web`.
    #[attribute(replaces_if(is_placed), identity)]
    repo: String,
    /// Its name in the repository.
    #[attribute(replaces_if(is_placed), identity)]
    name: String,
    /// Five fields of cron: minute, hour, day of the month, month, day of the week.
    #[attribute(check(lint::cron()))]
    cron: String,
    /// The time zone by its IANA name.
    #[attribute(default = "UTC")]
    timezone: String,
    /// The branch; the default one of the repository when it is not set.
    #[attribute(check(lint::branch()))]
    branch: Option<String>,
    /// Params of its builds.
    params: Option<BTreeMap<String, String>>,
    /// Whether it fires.
    #[attribute(default = true)]
    enabled: bool,
    /// What it is called: `acme/web/schedule/nightly`.
    #[attribute(keeps)]
    id: Computed<String>,
    /// Another one with each change.
    revision: Computed<u64>,
}

impl Declared for Schedule {
    type Answer = rest::Schedule;
    type Body = rest::ScheduleBody;
    const NOUN: &'static str = "schedule";
    const KIND: Kind = Kind::Schedule;
    const ADDRESS: &'static str = "{repo}/schedule/{name}";

    fn place(&mut self, _: &Server) -> Result<()> {
        self.id = format!("{}/schedule/{}", self.repo, self.name).into();
        Ok(())
    }

    fn at(&self, server: &Server) -> Result<Object<rest::Schedule, rest::ScheduleBody>> {
        Ok(server.repo(&self.repo)?.schedule(&self.name))
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn body(&self, _: Option<&Self>) -> Result<rest::ScheduleBody> {
        Ok(rest::ScheduleBody {
            cron: self.cron.clone(),
            timezone: self.timezone.clone(),
            branch: self.branch.clone(),
            params: self.params.clone().unwrap_or_default(),
            enabled: self.enabled,
        })
    }

    fn filled(self, answer: rest::Schedule) -> Self {
        let rest::ScheduleBody { cron, timezone, branch, params, enabled } = answer.body;
        let revision = answer.revision.into();
        Self { cron, timezone, branch, params: or_unset(self.params, params), enabled, revision, ..self }
    }

    fn exported(&self, export: &rest::Export) -> Option<Option<rest::Schedule>> {
        let found = snapshot::repo(export, &self.repo)?.schedules.iter().find(|found| found.name == self.name);
        Some(found.cloned())
    }

    fn of_address(address: &str) -> Result<Self> {
        let [org, repo, name] = address::imported("ORG/REPO/schedule/NAME", address)?;
        Ok(Self { repo: format!("{org}/{repo}"), name: name.to_owned(), ..Self::default() })
    }

    fn of_other(source: &Moved) -> Option<Self> {
        let own = Self {
            timezone: "UTC".to_owned(),
            branch: moved::set(source, "branch"),
            id: String::new().into(),
            revision: 0.into(),
            ..Self::default()
        };
        let (text, name, repo) =
            (|word| moved::text(source, word), |word| moved::name(source, word), |word| moved::repo(source, word));
        Some(match source.type_name.as_str() {
            "drone_cron" => Self {
                repo: repo("repository"),
                name: name("name"),
                cron: text("expr"),
                enabled: moved::flag(source, "disabled") != Some(true),
                ..own
            },
            "woodpecker_repository_cron" => Self { name: name("name"), cron: text("schedule"), enabled: true, ..own },
            "buildkite_pipeline_schedule" => Self {
                name: name("label"),
                cron: text("cronline"),
                enabled: moved::flag(source, "enabled") != Some(false),
                ..own
            },
            "gitlab_pipeline_schedule" => Self {
                repo: repo("project"),
                name: name("description"),
                cron: text("cron"),
                timezone: moved::set(source, "cron_timezone").unwrap_or(own.timezone),
                branch: moved::set(source, "ref").map(|name| name.trim_start_matches("refs/heads/").to_owned()),
                enabled: moved::flag(source, "active") != Some(false),
                ..own
            },
            "circleci_schedule" => Self {
                repo: moved::circleci::repo(source),
                name: name("name"),
                cron: moved::circleci::cron(source),
                enabled: true,
                ..own
            },
            _ => return None,
        })
    }

    fn is_placed(&self) -> bool {
        !self.repo.is_empty() && !self.name.is_empty()
    }

    fn revision(&self) -> Option<u64> {
        self.revision.known().copied().filter(|revision| *revision > 0)
    }
}

declared!(Schedule, "schedule");
