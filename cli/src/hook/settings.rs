//! What a front door is told: which hooks there are, and where deliveries go.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use monkeyci_api::account::Account;
use monkeyci_core::model::{OrgId, RepoId};
use monkeyci_core::source::GitUrl;
use monkeyci_core::trigger::Forge;
use serde::Deserialize;

use crate::secret_source::Source;
use crate::settings_file;

/// The variable that holds the settings themselves, where there is no file.
pub const VARIABLE: &str = "MONKEYCI_HOOK_SETTINGS";

/// What a front door is told.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// Where deliveries go: the id of a queue or stream of Oracle Cloud, `file:///FOLDER`, or the address of a server.
    pub to: String,
    /// Where the messages of that queue or stream are, for a private endpoint.
    pub endpoint: Option<String>,
    /// Where secrets of Vault are read, for a private endpoint.
    pub vault_endpoint: Option<String>,
    /// As whom it is asked in Oracle Cloud.
    #[serde(default)]
    pub oci: Account,
    /// The webhooks.
    #[serde(default, rename = "hook")]
    pub hooks: Vec<Hook>,
    /// Who builds what was put there; nobody is started when that is not said.
    pub start: Option<Start>,
}

/// A webhook of a repository.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Hook {
    /// The last part of its address, `/webhook/FORGE/KEY`.
    pub key: String,
    /// The forge that delivers.
    pub forge: Forge,
    /// The repository that is built, as `acme/web`.
    pub repo: String,
    /// Where it is cloned from, whatever a delivery says.
    pub url: String,
    /// Where its secrets are: one, or two while one replaces the other.
    pub secrets: Vec<Source>,
    /// Whether a newer build of a branch or pull request stops those before it.
    #[serde(default)]
    pub cancel_superseded: bool,
}

/// Who builds what was put there.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum Start {
    /// A program of this machine with its arguments.
    Program(Vec<String>),
    /// A container instance of Oracle Cloud.
    Container(Box<Container>),
}

/// A container instance of Oracle Cloud.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Container {
    /// The compartment that it is made in.
    pub compartment: String,
    /// Availability domains, tried in turn.
    pub availability_domains: Vec<String>,
    /// The subnet that it is in, from which it must reach the forge and the services of the region.
    pub subnet: String,
    /// Security groups that it is in.
    #[serde(default)]
    pub security_groups: Vec<String>,
    /// Its kind of machine.
    #[serde(default = "shape")]
    pub shape: String,
    /// Processors.
    #[serde(default = "one")]
    pub ocpus: f64,
    /// Memory, in GB.
    #[serde(default = "two")]
    pub memory: f64,
    /// The image of MonkeyCI.
    pub image: String,
    /// What it is to do: arguments of `monkeyci`, as `["run-build", "--store", "oci://…"]`.
    pub arguments: Vec<String>,
    /// Variables, which whoever may read the instance can read: no secrets.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Where container instances are made, for a private endpoint.
    pub endpoint: Option<String>,
}

fn shape() -> String {
    "CI.Standard.A1.Flex".into()
}

fn one() -> f64 {
    1.0
}

fn two() -> f64 {
    2.0
}

impl Settings {
    /// Reads them from a file, or from the variable `MONKEYCI_HOOK_SETTINGS`.
    ///
    /// # Errors
    /// What is wrong with them and where, for people.
    pub fn read(file: Option<&Path>) -> Result<Self, String> {
        let (settings, place) = settings_file::read::<Self>(file, VARIABLE)?;
        settings.check().map_err(|why| format!("{place}: {why}"))?;
        Ok(settings)
    }

    /// Whether deliveries go to a server.
    #[must_use]
    pub fn is_forwarded(&self) -> bool {
        self.to.starts_with("https://") || self.to.starts_with("http://")
    }

    fn check(&self) -> Result<(), String> {
        if self.is_forwarded() {
            check_server(&self.to)?;
            if self.start.is_some() {
                return Err("start: a server builds by itself what it is sent".into());
            }
        } else {
            monkeyci_api::transport::check(&self.to, self.endpoint.as_deref())?;
        }
        if self.hooks.is_empty() {
            return Err("hook: there is none, so that nothing could be taken in".into());
        }
        let mut known = BTreeSet::new();
        for hook in &self.hooks {
            hook.check().map_err(|why| format!("hook `{}`: {why}", hook.key.escape_debug()))?;
            if !known.insert((hook.forge, &hook.key)) {
                return Err(format!("hook `{}`: two for {} have this key", hook.key, hook.forge));
            }
        }
        match &self.start {
            Some(Start::Program(words)) if words.is_empty() => Err("start.program: it names no program".into()),
            Some(Start::Container(container)) => container.check().map_err(|why| format!("start.container.{why}")),
            _ => Ok(()),
        }
    }
}

impl Hook {
    /// The repository that is built.
    ///
    /// # Errors
    /// When its name is none.
    pub fn repo(&self) -> Result<(OrgId, RepoId), String> {
        let parts = self.repo.split_once('/');
        let (org, repo) =
            parts.ok_or_else(|| format!("repo: `{}` is not like `acme/web`", self.repo.escape_debug()))?;
        let org = OrgId::new(org).map_err(|error| format!("repo: {error}"))?;
        Ok((org, RepoId::new(repo).map_err(|error| format!("repo: {error}"))?))
    }

    fn check(&self) -> Result<(), String> {
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        if self.key.is_empty() || self.key.len() > 200 || !self.key.chars().all(is_plain) {
            return Err("key: 1 to 200 letters, digits and `-_.` are expected".into());
        }
        self.repo()?;
        self.url.parse::<GitUrl>().map_err(|error| format!("url: {error}"))?;
        if self.secrets.is_empty() || self.secrets.len() > 2 {
            let count = self.secrets.len();
            return Err(format!("secrets: one is expected, or two while one replaces the other, and not {count}"));
        }
        Ok(())
    }
}

impl Container {
    fn check(&self) -> Result<(), String> {
        for (key, id, kind) in [("compartment", &self.compartment, "ocid1."), ("subnet", &self.subnet, "ocid1.subnet.")]
        {
            if !id.starts_with(kind) {
                return Err(format!("{key}: `{}` does not begin with `{kind}`", id.escape_debug()));
            }
        }
        if self.availability_domains.is_empty() {
            return Err("availability-domains: there is none: `oci iam availability-domain list` tells them".into());
        }
        if self.arguments.is_empty() {
            return Err("arguments: it would do nothing: name `run-build` and its store".into());
        }
        if !(self.ocpus > 0.0 && self.memory > 0.0) {
            return Err("ocpus: a container needs some processor and memory".into());
        }
        Ok(())
    }
}

/// Looks whether deliveries may be passed on to an address: secrets travel with them.
fn check_server(to: &str) -> Result<(), String> {
    let rest = to.strip_prefix("http://").unwrap_or_default();
    let host = rest.split(['/', ':']).next().unwrap_or_default();
    if to.starts_with("http://") && !matches!(host, "127.0.0.1" | "localhost" | "[") {
        return Err("to: `http` would send deliveries in clear text: use `https`".into());
    }
    if to.contains('@') || to.contains('?') || to.contains('#') {
        return Err("to: the address of a server has a host, and a path at the most".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOOK: &str = "[[hook]]\nkey = \"web\"\nforge = \"github\"\nrepo = \"acme/web\"\n\
                        url = \"https://github.com/acme/web.git\"\nsecrets = [\"env:WEB_SECRET\"]\n";

    fn read(text: &str) -> Result<Settings, String> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("written");
        Settings::read(Some(file.path()))
    }

    #[test]
    fn settings_are_a_place_and_hooks() {
        let settings = read(&format!("to = \"ocid1.queue.oc1..a\"\n{HOOK}")).expect("reads");
        assert_eq!(settings.hooks[0].repo().expect("reads").1.as_str(), "web");
        assert!(!settings.is_forwarded());
        assert!(read(&format!("to = \"https://ci.example.com\"\n{HOOK}")).expect("reads").is_forwarded());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let queue = "to = \"ocid1.queue.oc1..a\"\n";
        let container = "[start.container]\ncompartment = \"ocid1.compartment.oc1..c\"\navailability-domains = [\"AD-1\"]\n\
                         subnet = \"ocid1.subnet.oc1..s\"\nimage = \"i\"\narguments = [\"run-build\"]\n";
        assert!(read(&format!("{queue}{HOOK}{container}")).is_ok());
        for (text, told) in [
            (queue.to_owned(), "hook: there is none"),
            (format!("to = \"nats://x\"\n{HOOK}"), "to: "),
            (format!("to = \"http://ci.example.com\"\n{HOOK}"), "to: `http`"),
            (format!("{queue}{}", HOOK.replace("github\"\nrepo", "svn\"\nrepo")), "`svn` is no forge"),
            (format!("{queue}{}", HOOK.replace("acme/web\"\nurl", "web\"\nurl")), "repo: "),
            (format!("{queue}{}", HOOK.replace("https://github.com/acme/web.git", "ext::sh -c x")), "url: "),
            (format!("{queue}{}", HOOK.replace("[\"env:WEB_SECRET\"]", "[]")), "secrets: "),
            (format!("{queue}{}", HOOK.replace("env:WEB_SECRET", "hush")), "secret"),
            (format!("{queue}{HOOK}{HOOK}"), "two for github"),
            (format!("{queue}{HOOK}[start]\nprogram = []"), "start.program"),
            (format!("{queue}{HOOK}{}", container.replace("ocid1.subnet", "subnet")), "start.container.subnet"),
            (format!("{queue}queu = 1\n{HOOK}"), "queu"),
        ] {
            let why = read(&text).expect_err("it is wrong");
            assert!(why.contains(told) && !why.contains("hush"), "{why}");
        }
    }
}
