//! How a server is set up: a file of TOML or EDN, every key of which has a default that works.

mod edn;
mod oci;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use monkeyci_core::blob::Place;
use monkeyci_core::store::postgres::{Address, Password};
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::mail::settings::Mail;
use crate::master_key::oci::OciVault;
use crate::sign_in::settings::SignIn;

pub use oci::ContainerInstances;

/// How a server is set up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Config {
    /// Where it listens.
    pub listen: SocketAddr,
    /// How browsers and forges reach it; `http://` (or `https://`) and where it listens when that is not said.
    #[cfg_attr(feature = "schema", schemars(example = "https://ci.example.com"))]
    pub public_url: Option<String>,
    /// The folder that it keeps everything in; from the folder of this file, where it does not begin with `/`.
    pub state: PathBuf,
    /// A PostgreSQL database for builds and tables, without its password; a file in the state folder when that is not
    /// said.
    #[cfg_attr(feature = "schema", schemars(example = "postgres://monkeyci@db.example.com/monkeyci"))]
    pub database: Option<String>,
    /// The file of the password of the database's user; the variable `PGPASSWORD` when that is not said.
    #[cfg_attr(feature = "schema", schemars(example = "/etc/monkeyci/database.password"))]
    pub database_password_file: Option<PathBuf>,
    /// Where artifacts and caches are kept: a bucket of Oracle Cloud or a folder, as `file:///srv/blobs`; in the state folder
    /// when that is not said.
    #[cfg_attr(feature = "schema", schemars(example = "oci://NAMESPACE/BUCKET/PREFIX"))]
    pub blobs: Option<String>,
    /// The file of the master key; `master.key` in the state folder when that is not said.
    #[cfg_attr(feature = "schema", schemars(example = "/etc/monkeyci/master.key"))]
    pub master_key: Option<PathBuf>,
    /// Jobs that its own worker runs at once; the number of processors when that is not said, and none at 0.
    #[cfg_attr(feature = "schema", schemars(example = 4))]
    pub jobs: Option<usize>,
    /// Labels of its own worker: a job that has labels goes to a worker that has all of them.
    pub labels: BTreeMap<String, String>,
    /// Seconds that a worker elsewhere may be silent before its jobs are lost, and others may run them: 10 or more.
    pub lease_seconds: u64,
    /// Connections that are served at once; others wait.
    pub connections: usize,
    /// Seconds that the head of a request may take to come, and that a connection may be idle before it is cut.
    pub head_seconds: u64,
    /// Seconds that the body of a request may take to come. Archives that workers send may take longer.
    pub body_seconds: u64,
    /// Whether `/metrics` is shown, to everybody who reaches the server.
    pub metrics: bool,
    /// Networks of the proxies in front of it, as `10.0.0.0/8`: what they say in `X-Forwarded-For` is believed.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub trusted_proxies: Vec<IpNet>,
    /// How often something may fail within a minute, of one address and of one account, before it is answered with 429;
    /// 0 is without a limit.
    pub rate_limits: RateLimits,
    /// TLS of its own; without it, a proxy has to bring it.
    pub tls: Tls,
    /// How long things are kept.
    pub retention: Retention,
    /// Where jobs run.
    pub executor: Executor,
    /// Shells that people open in jobs.
    pub shells: Shells,
    /// What may be cloned.
    pub sources: Sources,
    /// The mail server that writes to subscribers; without one, nobody is written to.
    pub mail: Mail,
    /// Traces of OpenTelemetry, one for each build.
    pub traces: Traces,
    /// The events of all builds, for others.
    pub events: Events,
    /// The Terraform provider, which the server hands out itself.
    pub terraform: Terraform,
    /// The master key as a secret of Oracle Cloud's Vault, in place of a file.
    pub oci_vault: OciVault,
    /// Where people sign in by; see the guide on signing in.
    pub sign_in: Vec<SignIn>,
}

/// How often something may fail within a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct RateLimits {
    /// Sign-ins that are begun with a provider, or fail.
    pub sign_ins: u32,
    /// Requests with a token that is not known. One that is good is never limited.
    pub tokens: u32,
    /// Codes that are wrong: those that programs exchange for a token, and those that link a chat.
    pub codes: u32,
}

/// TLS of its own; without a certificate, a proxy has to bring it. The files are read again when they change.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Tls {
    /// The file of the certificate and those that stand between it and a known authority, in PEM.
    #[cfg_attr(feature = "schema", schemars(example = "/etc/monkeyci/tls.crt"))]
    pub certificate: Option<PathBuf>,
    /// The file of its private key, in PEM.
    #[cfg_attr(feature = "schema", schemars(example = "/etc/monkeyci/tls.key"))]
    pub key: Option<PathBuf>,
}

/// Traces of OpenTelemetry, one for each build that has ended. `OTEL_EXPORTER_OTLP_HEADERS` has further headers for them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Traces {
    /// The collector, which takes OTLP over HTTP; none is sent when that is not said.
    #[cfg_attr(feature = "schema", schemars(example = "https://otel.example.com"))]
    pub endpoint: Option<String>,
}

/// The events of all builds, published for others as they happen, each at least once.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Events {
    /// The id of a queue or a stream of Oracle Cloud, or the address of a folder, as `file:///srv/events`; nothing is published
    /// when that is not said.
    #[cfg_attr(feature = "schema", schemars(example = "ocid1.queue.oc1.eu-frankfurt-1.aaaa"))]
    pub to: Option<String>,
    /// Where its messages are put, for a private endpoint; asked of the region's service when that is not said.
    #[cfg_attr(
        feature = "schema",
        schemars(example = "https://cell-1.queue.messaging.eu-frankfurt-1.oci.oraclecloud.com")
    )]
    pub endpoint: Option<String>,
    /// As whom the server publishes in Oracle Cloud.
    pub oci: Account,
}

/// The Terraform provider, which the server hands out itself: as a registry, where its address is the source's host, and as a
/// network mirror.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Terraform {
    /// A folder of its packages, as `scripts/release-provider` makes them. When that is not said, one is made of the program
    /// `terraform-provider-monkeyci` in the folder of this one.
    #[cfg_attr(feature = "schema", schemars(example = "/usr/lib/monkeyci/providers"))]
    pub providers: Option<PathBuf>,
}

/// How long things are kept, in days; 0 is for ever.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Retention {
    /// Builds after their end, with all that belongs to them. The newest of each branch and tag stays.
    pub builds: u32,
    /// What their jobs printed.
    pub logs: u32,
    /// What their jobs kept. That of the newest build of each branch and tag stays.
    pub artifacts: u32,
    /// What forges delivered, and what subscribers were told.
    pub deliveries: u32,
}

/// Where jobs run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Executor {
    /// What runs jobs with an image: `auto` (Docker, or else Podman), `docker`, `podman` or `oci` (container instances of
    /// Oracle Cloud).
    pub engine: ContainerEngine,
    /// The image of jobs that have none, and of scripts that are programs: for those it needs `cargo` and a linker.
    #[cfg_attr(feature = "schema", schemars(example = "docker.io/library/rust:1.95"))]
    pub script_image: Option<String>,
    /// Globs of repositories, as `acme/web`, whose jobs without an image run as plain processes of this machine. Never
    /// those of forks.
    pub processes: Vec<String>,
    /// The user of this machine whom plain processes run as, where the server is run by root: with a home and a folder for
    /// temporary files of their own, without sight of the state folder, and without a way to gain rights. Scripts that are
    /// programs then need the script image. Without it they run as whoever runs the server.
    #[cfg_attr(feature = "schema", schemars(example = "monkeyci-jobs"))]
    pub process_user: Option<String>,
    /// Whether scripts that are programs are compiled and asked as plain processes of this machine where there is no script
    /// image: only where everybody who may push to a repository may run programs here. Never those of forks. Otherwise such
    /// scripts run where jobs without an image do, or are refused.
    pub script_programs: bool,
    /// Container instances of Oracle Cloud, in which jobs run where `engine` is `oci`.
    pub oci: ContainerInstances,
}

/// Shells that people open in jobs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Shells {
    /// Whether there are any.
    pub allowed: bool,
    /// Seconds that one may be open.
    pub seconds: u32,
    /// Seconds that one may be idle: nothing is typed, and nothing shown.
    pub idle_seconds: u32,
    /// Minutes that the place of a job may be held for people.
    pub hold_minutes: u32,
    /// How many may be open at once.
    pub open: usize,
    /// How many of them one person may have.
    pub open_each: usize,
}

/// What runs jobs with an image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ContainerEngine {
    /// Docker, or else Podman.
    #[default]
    Auto,
    /// Docker.
    Docker,
    /// Podman.
    Podman,
    /// Container instances of Oracle Cloud.
    Oci,
}

/// What may be cloned, and which forges may be told of builds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Sources {
    /// Addresses with `http`, which send everything in clear text.
    pub http: bool,
    /// Hosts in private networks and on this machine.
    pub private: bool,
    /// Folders of this machine, by `file`.
    pub file: bool,
    /// A file of hosts that may be cloned from over SSH, as `ssh-keyscan` prints them, beside github.com, gitlab.com,
    /// bitbucket.org and codeberg.org, whose keys are known; from the folder of this file.
    #[cfg_attr(feature = "schema", schemars(example = "/etc/monkeyci/known_hosts"))]
    pub known_hosts: Option<PathBuf>,
    /// Megabytes that a checkout may hold with its history, where each file counts at least 4 kB; any number at 0.
    pub checkout_megabytes: u64,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("configuration `{}`: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It says what cannot be understood.
    #[error("configuration `{}`: {reason}", .path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What and where, with the line.
        reason: String,
    },
}

impl Default for Retention {
    fn default() -> Self {
        Self { builds: 0, logs: 365, artifacts: 90, deliveries: 30 }
    }
}

impl Default for Shells {
    fn default() -> Self {
        Self { allowed: true, seconds: 3600, idle_seconds: 900, hold_minutes: 120, open: 32, open_each: 4 }
    }
}

impl Default for RateLimits {
    fn default() -> Self {
        Self { sign_ins: 60, tokens: 120, codes: 10 }
    }
}

impl Default for Sources {
    fn default() -> Self {
        Self { http: false, private: false, file: false, known_hosts: None, checkout_megabytes: 10_000 }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: None,
            state: "monkeyci-server".into(),
            database: None,
            database_password_file: None,
            blobs: None,
            master_key: None,
            jobs: None,
            labels: BTreeMap::new(),
            lease_seconds: 15,
            connections: 10_000,
            head_seconds: 30,
            body_seconds: 60,
            metrics: true,
            trusted_proxies: Vec::new(),
            rate_limits: RateLimits::default(),
            tls: Tls::default(),
            retention: Retention::default(),
            executor: Executor::default(),
            shells: Shells::default(),
            sources: Sources::default(),
            mail: Mail::default(),
            traces: Traces::default(),
            events: Events::default(),
            terraform: Terraform::default(),
            oci_vault: OciVault::default(),
            sign_in: Vec::new(),
        }
    }
}

impl Config {
    /// Reads a configuration, EDN where its name ends with `.edn` and TOML else; paths in it are from its own folder.
    ///
    /// # Errors
    /// When it cannot be read, or says what cannot be understood.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        let wrong = |reason: String| ConfigError::Wrong { path: path.to_owned(), reason };
        let mut config = if path.extension().is_some_and(|ending| ending == "edn") {
            edn::read(&text).map_err(wrong)?
        } else {
            toml::from_str(&text).map_err(|error: toml::de::Error| wrong(error.to_string()))?
        };
        if let Some(folder) = path.parent() {
            config.state = folder.join(&config.state);
            config.master_key = config.master_key.map(|key| folder.join(key));
            config.database_password_file = config.database_password_file.map(|file| folder.join(file));
            for file in [&mut config.tls.certificate, &mut config.tls.key].into_iter().flatten() {
                *file = folder.join(&file);
            }
            for file in [&mut config.mail.authorities, &mut config.mail.password_file].into_iter().flatten() {
                *file = folder.join(&file);
            }
            let is_home = |file: &Path| file.starts_with("~");
            config.oci_vault.config_file =
                config.oci_vault.config_file.map(|file| if is_home(&file) { file } else { folder.join(file) });
            for account in [&mut config.events.oci, &mut config.executor.oci.account] {
                account.config_file =
                    account.config_file.take().map(|file| if is_home(&file) { file } else { folder.join(file) });
            }
            config.sources.known_hosts = config.sources.known_hosts.map(|hosts| folder.join(hosts));
            config.terraform.providers = config.terraform.providers.map(|providers| folder.join(providers));
            for provider in &mut config.sign_in {
                provider.client_secret_file = provider.client_secret_file.take().map(|file| folder.join(file));
            }
        }
        config.check().and_then(|()| config.check_key()).map_err(wrong)?;
        Ok(config)
    }

    /// Whether the master key is said to be in one place alone.
    ///
    /// # Errors
    /// When it is in two.
    pub(crate) fn check_key(&self) -> Result<(), String> {
        if self.oci_vault.secret.is_some() && self.master_key.is_some() {
            return Err("master-key: the key is in this file or in `oci-vault.secret`, not in both: name one".into());
        }
        Ok(())
    }

    /// Looks for what cannot be used, in words for people.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), String> {
        if let Some(url) = &self.public_url
            && !(url.starts_with("https://") || url.starts_with("http://"))
        {
            return Err(format!("public-url: `{url}` does not begin with `https://` or `http://`"));
        }
        if let Some(Err(error)) = self.database.as_ref().map(|url| url.parse::<Address>()) {
            return Err(format!("database: {error}"));
        }
        self.blobs()?;
        let limits = [
            ("connections", self.connections == 0),
            ("head-seconds", self.head_seconds == 0),
            ("body-seconds", self.body_seconds == 0),
            ("shells.seconds", self.shells.seconds == 0),
            ("shells.idle-seconds", self.shells.idle_seconds == 0),
        ];
        for (key, is_zero) in limits {
            if is_zero {
                return Err(format!("{key}: 0 would serve nobody"));
            }
        }
        if self.tls.certificate.is_some() != self.tls.key.is_some() {
            return Err("tls: `certificate` and `key` are two files that belong together: name both".into());
        }
        let mut ids = BTreeSet::new();
        for provider in &self.sign_in {
            let id = &provider.id;
            provider.check().map_err(|why| format!("sign-in `{id}`: {why}"))?;
            if !ids.insert(id) {
                return Err(format!("sign-in `{id}`: id: two have it"));
            }
        }
        self.oci_vault.check().map_err(|why| format!("oci-vault.{why}"))?;
        if let Some(to) = &self.events.to {
            crate::transport::check(to, self.events.endpoint.as_deref()).map_err(|why| format!("events.{why}"))?;
        }
        self.mail.check().map_err(|why| format!("mail.{why}"))?;
        if self.executor.process_user.is_some() && self.executor.script_programs {
            let why =
                "scripts that are programs cannot run as another user: set `script-image`, and not `script-programs`";
            return Err(format!("executor.process-user: {why}"));
        }
        if self.lease_seconds < 10 {
            let seconds = self.lease_seconds;
            let why = "workers are heard of every 5 seconds, and one may be late: 10 or more";
            return Err(format!("lease-seconds: {seconds} is too few; {why}"));
        }
        if self.executor.engine == ContainerEngine::Oci {
            self.executor.oci.check().map_err(|why| format!("executor.oci.{why}"))?;
        }
        for glob in &self.executor.processes {
            globset::Glob::new(glob).map_err(|error| format!("executor.processes: `{glob}`: {}", error.kind()))?;
        }
        Ok(())
    }

    /// The database, with the password of its user.
    ///
    /// # Errors
    /// What is wrong with its address, or why there is no password.
    pub fn address(&self) -> Result<Option<Address>, String> {
        let Some(url) = &self.database else { return Ok(None) };
        let address: Address = url.parse().map_err(|error| format!("database: {error}"))?;
        let password = match &self.database_password_file {
            Some(file) => {
                let text = std::fs::read_to_string(file).map(zeroize::Zeroizing::new);
                Some(text.map_err(|error| format!("database-password-file: `{}`: {error}", file.display()))?)
            }
            None => std::env::var("PGPASSWORD").ok().map(zeroize::Zeroizing::new),
        };
        Ok(Some(match password {
            Some(password) => address.with_password(&Password::new(&password)),
            None => address,
        }))
    }

    /// Where artifacts and caches are kept, where that is not the state folder.
    ///
    /// # Errors
    /// When that is no such place.
    pub fn blobs(&self) -> Result<Option<Place>, String> {
        let place = self.blobs.as_deref().map(str::parse::<Place>).transpose();
        place.map_err(|error| format!("blobs: {error}"))
    }

    /// How browsers and forges reach the server, without a slash at its end.
    #[must_use]
    pub fn url(&self, listens: SocketAddr) -> String {
        let scheme = if self.tls.certificate.is_some() { "https" } else { "http" };
        let url = self.public_url.clone().unwrap_or_else(|| format!("{scheme}://{listens}"));
        url.trim_end_matches('/').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, String> {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("server.toml");
        std::fs::write(&path, text).expect("writes");
        Config::read(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn an_empty_file_is_a_server_that_works() {
        let config = read("").expect("reads");
        assert_eq!(config.listen.port(), 8080);
        assert!(config.state.is_absolute(), "its folder is beside the file");
        assert!(config.executor.processes.is_empty(), "no repository may run plain processes unless somebody says so");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, told) in [
            ("lisen = 1", "lisen"),
            ("database = \"mysql://db.example.com\"", "database"),
            ("blobs = \"s3://builds\"", "blobs"),
            ("\nlisten = \"here\"", "line 2"),
            ("connections = 0", "connections: 0"),
            ("public-url = \"ci.example.com\"", "does not begin with"),
            ("[tls]\nkey = \"a.pem\"", "name both"),
            ("trusted-proxies = [\"10.0.0.0/33\"]", "line 1"),
            ("[mail]\nserver = \"smtp.example.com\"", "mail.from: "),
            ("[oci-vault]\nsecret = \"ocid1.vault.oc1..a\"", "oci-vault.secret: "),
            ("[oci-vault]\nsecret = \"ocid1.vaultsecret.oc1../../x\"", "oci-vault.secret: "),
            ("[oci-vault]\nendpoint = \"http://vault.example.com\"", "oci-vault.endpoint: "),
            ("[oci-vault]\nversion = 0", "oci-vault.version: "),
            ("master-key = \"k\"\n[oci-vault]\nsecret = \"ocid1.vaultsecret.oc1..a\"", "master-key: "),
            ("[events]\nto = \"nats://events.example.com\"", "events.to: "),
            ("[events]\nto = \"ocid1.queue.oc1..a\"\nendpoint = \"http://q.example.com\"", "events.endpoint: "),
            ("[executor]\nprocesses = [\"acme/{\"]", "executor.processes"),
            ("[executor]\nengine = \"oci\"", "executor.oci.compartment: "),
            ("[executor]\nprocess-user = \"ci\"\nscript-programs = true", "executor.process-user"),
            ("[[sign-in]]\nid = \"a\"\nkind = \"openid\"\nclient-id = \"x\"", "sign-in `a`: url"),
        ] {
            let error = read(text).expect_err("it is wrong");
            assert!(error.contains(told) && error.contains("server.toml"), "{error}");
        }
    }
}
