//! What a server stands on, looked at before it is started, or while it runs.

mod limits;
pub mod oci;
pub mod tenancy;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use monkeyci_core::executor::{Docker, Engine};
use monkeyci_core::source::git_version;
use monkeyci_core::store::{Sqlite, StoreError};
use rustix::fs::statvfs;
use serde::Serialize;

use crate::config::{Config, ContainerEngine};
use crate::mail::Mailer;
use crate::master_key::oci::OciVault;
use crate::tls::Tls;
use crate::{backup, vault::Vault};

/// How long what is asked over a network may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes of room below which a disk is nearly full.
const ROOM: u64 = 5 * 1024 * 1024 * 1024;

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// As it should.
    Good,
    /// It works, and may not for long, or not for everything.
    Doubtful,
    /// The server will not work.
    Bad,
}

/// What was found out about one thing.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub what: &'static str,
    /// How it stands.
    pub health: Health,
    /// What was seen, and what to do where that is not good.
    pub told: String,
}

fn good(what: &'static str, told: impl Into<String>) -> Finding {
    Finding { what, health: Health::Good, told: told.into() }
}

fn doubtful(what: &'static str, told: impl Into<String>) -> Finding {
    Finding { what, health: Health::Doubtful, told: told.into() }
}

fn bad(what: &'static str, told: impl Into<String>) -> Finding {
    Finding { what, health: Health::Bad, told: told.into() }
}

/// Looks at everything that a server with this configuration needs; one may run meanwhile. A database that no server uses is
/// opened as a server would, so that its tables are made or brought up to date; nothing else is changed.
pub async fn examine(config: &Config) -> Vec<Finding> {
    let mut found =
        vec![configuration(config), state(&config.state), room(&config.state), key(config).await, tls(config)];
    found.push(database(config).await);
    found.push(match git_version().await {
        Ok(version) => good("git", version),
        Err(why) if why.contains("CVE") => doubtful("git", why),
        Err(why) => bad("git", why),
    });
    found.push(engine(config).await);
    found.extend(mail(config).await);
    found.push(listens(config.listen));
    found.push(reached(config).await);
    found
}

fn configuration(config: &Config) -> Finding {
    let what = "configuration";
    match config.check() {
        Err(why) => bad(what, why),
        Ok(()) if config.executor.script_image.is_none() && config.executor.processes.is_empty() => doubtful(
            what,
            "jobs without an image cannot run: set `executor.script-image`, or name repositories in \
             `executor.processes`",
        ),
        Ok(()) => good(what, "every key can be used"),
    }
}

fn state(folder: &Path) -> Finding {
    let what = "state folder";
    let shown = folder.display();
    let tried = match tempfile::Builder::new().prefix(".doctor-").tempfile_in(folder) {
        Ok(file) => file.as_file().sync_all(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return good(what, format!("`{shown}` is not there yet: the first start makes it"));
        }
        Err(error) => Err(error),
    };
    match tried {
        Ok(()) => good(what, format!("`{shown}` can be written")),
        Err(error) => bad(what, format!("`{shown}` cannot be written: {error}; give it to who runs the server")),
    }
}

fn room(folder: &Path) -> Finding {
    let what = "disk";
    let there = folder.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/"));
    match statvfs(there) {
        Err(error) => doubtful(what, format!("how full it is cannot be known: {error}")),
        Ok(disk) => {
            let (free, files) = (disk.f_bavail.saturating_mul(disk.f_frsize), disk.f_favail);
            let shown = format!("{} GB free", free / 1024 / 1024 / 1024);
            if free < ROOM {
                return doubtful(what, format!("{shown}: make room, or shorten `[retention]`"));
            }
            match disk.f_files {
                0 => good(what, shown),
                _ if files < 100_000 => doubtful(what, format!("{shown}, but only {files} more files: make room")),
                _ => good(what, shown),
            }
        }
    }
}

async fn database(config: &Config) -> Finding {
    let what = "database";
    match config.address() {
        Err(why) => return bad(what, why),
        Ok(Some(address)) => {
            let name = address.name().to_owned();
            return match crate::database::connect(address).await {
                Ok(_closed) => good(what, format!("`{name}` answers")),
                Err(StoreError::InUse { .. }) => good(what, format!("a server uses `{name}`")),
                Err(error) => bad(what, error.to_string()),
            };
        }
        Ok(None) => {}
    }
    let path = config.state.join(backup::DATABASE);
    if !path.exists() {
        return good(what, "there is none yet: the first start makes it");
    }
    match Sqlite::open(&path) {
        Ok(_closed) => good(what, format!("`{}` is whole", path.display())),
        Err(StoreError::InUse { .. }) => good(what, "a server uses it"),
        Err(error) => bad(what, error.to_string()),
    }
}

async fn key(config: &Config) -> Finding {
    let what = "master key";
    if config.oci_vault.secret.is_some() {
        return key_of(&config.oci_vault).await;
    }
    let path = config.master_key.clone().unwrap_or_else(|| config.state.join(backup::KEY));
    let shown = path.display();
    let read = match std::fs::read_to_string(&path) {
        Ok(text) => zeroize::Zeroizing::new(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if config.state.join(backup::DATABASE).exists() {
                return bad(what, format!("`{shown}` is gone: without it no secret opens; put it back from a backup"));
            }
            return good(what, format!("`{shown}` is not there yet: the first start makes it"));
        }
        Err(error) => return bad(what, format!("`{shown}` cannot be read: {error}")),
    };
    if Vault::new(&read).is_none() {
        return bad(what, format!("`{shown}` is not 32 bytes in base64"));
    }
    match std::fs::metadata(&path).map(|data| data.permissions().mode() & 0o077) {
        Ok(0) => good(what, format!("`{shown}` is its owner's alone; keep a copy elsewhere")),
        Ok(_) => doubtful(what, format!("`{shown}` can be read by others: chmod 600 it")),
        Err(error) => doubtful(what, format!("`{shown}`: {error}")),
    }
}

/// The master key in a secret of OCI Vault.
async fn key_of(cloud: &OciVault) -> Finding {
    let (what, secret) = ("master key", cloud.secret.as_deref().unwrap_or_default());
    match cloud.fetch().await {
        Ok((_vault, version)) if cloud.version.is_some() => {
            good(what, format!("`{secret}` holds one in version {version}"))
        }
        Ok((_vault, version)) => {
            let told = "set `oci-vault.version` to it, or a new version will keep the server from starting";
            doubtful(what, format!("`{secret}` holds one in version {version}, the current one: {told}"))
        }
        Err(why) => bad(what, why),
    }
}

fn tls(config: &Config) -> Finding {
    let is_plain = config.public_url.as_ref().is_none_or(|url| url.starts_with("http://"));
    match Tls::open(&config.tls) {
        Err(why) => bad("tls", why),
        Ok(Some(_)) => good("tls", "the certificate fits its key"),
        Ok(None) if is_plain && !config.listen.ip().is_loopback() => {
            doubtful("tls", "tokens travel in the clear: set `[tls]`, or put a proxy before it and set `public-url`")
        }
        Ok(None) => good("tls", "none of its own"),
    }
}

async fn engine(config: &Config) -> Finding {
    let what = "containers";
    let engines: &[Engine] = match config.executor.engine {
        ContainerEngine::Auto => &[Engine::Docker, Engine::Podman],
        ContainerEngine::Docker => &[Engine::Docker],
        ContainerEngine::Podman => &[Engine::Podman],
        ContainerEngine::Oci => {
            let looked = async { config.executor.oci.open().await?.look().await.map_err(|error| error.to_string()) };
            return match tokio::time::timeout(PATIENCE, looked).await {
                Ok(Ok(())) => good(what, "Oracle Cloud shows us its container instances and the bucket"),
                Ok(Err(why)) => doubtful(what, format!("jobs with an image cannot run: {why}")),
                Err(_) => doubtful(what, "Oracle Cloud does not answer"),
            };
        }
    };
    let mut reasons = Vec::new();
    for engine in engines {
        // Nothing is put there before a job runs.
        match tokio::time::timeout(PATIENCE, Docker::connect(*engine, config.state.join("bin"))).await {
            Ok(Ok(_)) => return good(what, format!("{} answers", engine.name())),
            Ok(Err(error)) => reasons.push(error.to_string()),
            Err(_) => reasons.push(format!("{} does not answer", engine.name())),
        }
    }
    doubtful(what, format!("jobs with an image cannot run: {}", reasons.join("; ")))
}

async fn mail(config: &Config) -> Option<Finding> {
    let (what, server) = ("mail", config.mail.server.as_ref()?);
    let at = format!("`{server}:{}`", config.mail.port());
    Some(match Mailer::of(config, config.listen) {
        Err(why) => bad(what, why),
        Ok(None) => return None,
        Ok(Some(mailer)) => match mailer.greet().await {
            Ok(()) => good(what, format!("{at} lets us send; `monkeyci subscription test` sends something")),
            Err(why) => doubtful(what, format!("{at} does not let us send: {why}")),
        },
    })
}

fn listens(address: SocketAddr) -> Finding {
    let what = "address";
    match TcpListener::bind(address) {
        Ok(_free) => good(what, format!("`{address}` is free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            good(what, format!("something listens on `{address}`: this server, if it runs"))
        }
        Err(error) => bad(what, format!("cannot listen on `{address}`: {error}")),
    }
}

async fn reached(config: &Config) -> Finding {
    let what = "public url";
    let Some(url) = &config.public_url else {
        return doubtful(what, "`public-url` is not set: forges cannot reach the server, nor links lead to it");
    };
    let client = reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).build();
    let asked = match client {
        Ok(client) => client.get(format!("{}/readyz", url.trim_end_matches('/'))).send().await,
        Err(error) => Err(error),
    };
    match asked {
        Ok(answer) if answer.status().is_success() => good(what, format!("a server answers at `{url}`, and is ready")),
        Ok(answer) => {
            doubtful(what, format!("`{url}` answers {}: is that this server, and does it run?", answer.status()))
        }
        Err(error) => {
            doubtful(what, format!("`{url}` does not answer, which is so while the server does not run: {error}"))
        }
    }
}
