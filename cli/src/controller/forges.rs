//! Which forges are told how builds stand, as whoever runs the controller says it. No trigger says so: a token goes
//! nowhere else.

use std::collections::BTreeSet;
use std::path::Path;

use monkeyci_api::account::Account;
use monkeyci_api::config::Sources;
use monkeyci_api::report;
use monkeyci_client::rest::Report;
use monkeyci_core::model::{BuildId, OrgId, RepoId};
use monkeyci_core::trigger::Forge;
use serde::Deserialize;

use crate::secret_source::{Secrets, Source};
use crate::settings_file;

/// The variable that holds the settings themselves, where there is no file.
pub const VARIABLE: &str = "MONKEYCI_REPORT_SETTINGS";

/// What is said of all of them.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Settings {
    /// As whom Vault is asked.
    oci: Option<Account>,
    /// Where secrets of Vault are read, for a private endpoint.
    vault_endpoint: Option<String>,
    /// The repositories.
    #[serde(default, rename = "report")]
    reports: Vec<One>,
}

/// What is said of one.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct One {
    /// The repository, as `acme/web`.
    repo: String,
    /// What kind of forge it is at.
    forge: Forge,
    /// Its path there, where that is another.
    project: Option<String>,
    /// Where the forge's API is, where it is no public one.
    api: Option<String>,
    /// Where the forge's token is.
    token: Source,
    /// The page of a build, with `{org}`, `{repo}` and `{number}` in it.
    page: Option<String>,
}

/// Forges that are told how builds stand.
pub struct Forges {
    known: Vec<Told>,
    /// Reads their tokens.
    pub secrets: Secrets,
}

/// A forge that is told of the builds of a repository.
pub struct Told {
    org: OrgId,
    repo: RepoId,
    /// Where it is told.
    pub place: report::Place,
    /// The repository's path there.
    pub project: String,
    /// Where its token is.
    pub token: Source,
    page: Option<String>,
}

impl Forges {
    /// Reads the settings from a file, or from the variable; none where there is neither. Vault is asked as `account` where
    /// they do not say as whom.
    ///
    /// # Errors
    /// What is wrong with them and where, for people.
    pub fn read(file: Option<&Path>, account: Account) -> Result<Option<Self>, String> {
        let is_said = std::env::var(VARIABLE).is_ok_and(|text| !text.trim().is_empty());
        if file.is_none() && !is_said {
            return Ok(None);
        }
        let (settings, place) = settings_file::read::<Settings>(file, VARIABLE)?;
        let Settings { oci, vault_endpoint, reports } = settings;
        let (mut known, mut names) = (Vec::new(), BTreeSet::new());
        for one in reports {
            let name = one.repo.clone();
            let told = one.check().map_err(|why| format!("{place}: report of `{}`: {why}", name.escape_debug()))?;
            if !names.insert(name.clone()) {
                return Err(format!("{place}: report of `{name}`: it is said twice"));
            }
            known.push(told);
        }
        Ok(Some(Self { known, secrets: Secrets::new(oci.unwrap_or(account), vault_endpoint) }))
    }

    /// The forge that is told of a build, where one is.
    pub fn of(&self, build: &BuildId) -> Option<&Told> {
        self.known.iter().find(|told| told.org == build.org && told.repo == build.repo)
    }
}

impl One {
    fn check(self) -> Result<Told, String> {
        let Self { repo: name, forge, project, api, token, page } = self;
        let (org, repo) = name.split_once('/').ok_or("repo: it is not like `acme/web`")?;
        let org = OrgId::new(org).map_err(|error| format!("repo: {error}"))?;
        let repo = RepoId::new(repo).map_err(|error| format!("repo: {error}"))?;
        let project = project.unwrap_or(name);
        // The operator's own word: a private network is as good as any, and clear text stays on this machine.
        let sources = Sources { private: true, http: api.as_deref().is_some_and(is_here), ..Sources::default() };
        let wanted = Report { forge: forge.as_str().into(), api, project: project.clone(), token: "TOKEN".into() };
        let place = report::Place::of(&wanted, &sources).map_err(|wrong| format!("{}: {}", wrong.field, wrong.why))?;
        match &page {
            Some(page) if !page.starts_with("https://") => {
                return Err("page: an address with `https://` is expected".into());
            }
            None if matches!(forge, Forge::Bitbucket | Forge::BitbucketServer) => {
                return Err("page: Bitbucket takes no status without an address: say where people see builds, as \
                            `https://builds.example.com/{org}/{repo}/{number}`"
                    .into());
            }
            _ => {}
        }
        Ok(Told { org, repo, place, project, token, page })
    }
}

impl Told {
    /// The page of a build, where there are pages.
    pub fn page(&self, build: &BuildId) -> Option<String> {
        let page = self.page.as_ref()?.replace("{org}", build.org.as_str()).replace("{repo}", build.repo.as_str());
        Some(page.replace("{number}", &build.number.to_string()))
    }
}

/// Whether an address is of this machine.
fn is_here(api: &str) -> bool {
    let host = api.strip_prefix("http://").and_then(|rest| rest.split(['/', ':']).next());
    host.is_some_and(|host| matches!(host, "127.0.0.1" | "localhost"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Forges, String> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("written");
        Forges::read(Some(file.path()), Account::default()).map(|forges| forges.expect("some"))
    }

    #[test]
    fn a_repository_has_a_forge_that_is_told_of_its_builds() {
        let text = "[[report]]\nrepo = \"acme/web\"\nforge = \"github\"\ntoken = \"env:TOKEN\"\n\
                    page = \"https://ci.example.com/{org}/{repo}/{number}\"\n";
        let forges = read(text).expect("reads");
        let told = forges.of(&"acme/web/build-7".parse().expect("an id")).expect("one");
        assert_eq!((told.place.api.as_str(), told.project.as_str()), ("https://api.github.com", "acme/web"));
        let page = told.page(&"acme/web/build-7".parse().expect("an id"));
        assert_eq!(page.as_deref(), Some("https://ci.example.com/acme/web/7"));
        assert!(forges.of(&"acme/shop/build-7".parse().expect("an id")).is_none());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place_and_no_secret() {
        let of = |more: &str| format!("[[report]]\nrepo = \"acme/web\"\ntoken = \"file:/run/token\"\n{more}");
        assert!(read(&of("forge = \"gitea\"\napi = \"http://127.0.0.1:3000/api/v1\"\n")).is_ok());
        for (text, told) in [
            (of("forge = \"svn\"\n"), "`svn` is no forge"),
            (of("forge = \"gitea\"\n"), "api: say where its API is"),
            (of("forge = \"gitea\"\napi = \"http://git.example.com\"\n"), "api: `http`"),
            (of("forge = \"bitbucket\"\n"), "page: "),
            (of("forge = \"github\"\npage = \"ci.example.com\"\n"), "page: "),
            (of("forge = \"github\"\nproject = \"a/b/c\"\n"), "project: "),
            (of("forge = \"github\"\n").replace("file:/run/token", "hush"), "where a secret is"),
            (of("forge = \"github\"\n").replace("acme/web", "web"), "repo: "),
            (format!("{0}{0}", of("forge = \"github\"\n")), "said twice"),
            (of("forge = \"github\"\ntokn = 1\n"), "tokn"),
        ] {
            let why = read(&text).err().expect("it is wrong");
            assert!(why.contains(told) && !why.contains("hush"), "{why}");
        }
    }
}
