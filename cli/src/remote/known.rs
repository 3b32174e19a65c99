//! Servers that the user has logged in to: `~/.config/monkeyci/servers.toml`, which only they can read.
//!
//! Logins of container registries are another thing: see [`crate::login`].

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::CliError;
use crate::state;

/// The file of the servers.
#[derive(Debug, Clone)]
pub struct Known {
    path: PathBuf,
}

/// What is in it.
#[derive(Default, Serialize, Deserialize)]
pub struct Servers {
    /// The one that is meant when none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// By address.
    #[serde(default)]
    pub servers: BTreeMap<String, Login>,
}

/// Who the user is at a server. It has no `Debug`, so that it cannot be printed by accident.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// Their name there, for people.
    pub name: String,
    /// What proves it.
    pub token: String,
}

impl Known {
    /// That of the user who runs this.
    pub fn of_user() -> Result<Self, CliError> {
        let folder = state::config(|name| std::env::var_os(name)).map_err(|error| unusable(&error))?;
        Ok(Self::at(folder))
    }

    fn at(folder: impl Into<PathBuf>) -> Self {
        Self { path: folder.into().join("servers.toml") }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is in it; nothing when it is not there.
    pub fn read(&self) -> Result<Servers, CliError> {
        let text = match fs::read_to_string(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Servers::default()),
            read => read.map_err(|error| self.unusable(&error))?,
        };
        // The error would show the line, and what stands there is a token.
        let damaged = |_| CliError::ours(format!("`{}` is damaged", self.path.display()));
        let servers = toml::from_str(&text).map_err(damaged);
        servers.map_err(|error| error.hint("mend it, or remove it and log in again"))
    }

    /// Adds a login, or puts it in place of the one that was there, and makes its server the one that is meant.
    pub fn add(&self, server: &str, login: Login) -> Result<(), CliError> {
        self.change(|servers| {
            servers.default = Some(server.to_owned());
            servers.servers.insert(server.to_owned(), login);
        })
    }

    /// Forgets a login. Whether there was one.
    pub fn remove(&self, server: &str) -> Result<bool, CliError> {
        let mut was_there = false;
        self.change(|servers| {
            was_there = servers.servers.remove(server).is_some();
            if servers.default.as_deref() == Some(server) {
                // Where there is one more, there is no doubt which is meant.
                servers.default = servers.servers.keys().next().filter(|_| servers.servers.len() == 1).cloned();
            }
        })?;
        Ok(was_there)
    }

    fn change(&self, change: impl FnOnce(&mut Servers)) -> Result<(), CliError> {
        let folder = self.path.parent().expect("a file has a folder");
        let at = |error: io::Error| self.unusable(&error);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(at)?;
        // Two that log in at once must not forget each other.
        let lock = File::create(folder.join("servers.lock")).map_err(at)?;
        lock.lock().map_err(at)?;
        let mut servers = self.read()?;
        change(&mut servers);
        let text = toml::to_string(&servers).map_err(|error| CliError::ours(error.to_string()))?;
        // A rename is whole or not at all, also when the process is killed in between.
        let new = self.path.with_extension("toml.new");
        let _left = fs::remove_file(&new);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new).map_err(at)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(at)?;
        fs::rename(new, &self.path).map_err(at)
    }

    fn unusable(&self, error: &io::Error) -> CliError {
        unusable(&io::Error::new(error.kind(), format!("`{}`: {error}", self.path.display())))
    }
}

fn unusable(error: &io::Error) -> CliError {
    CliError::ours(format!("file of the servers: {error}"))
        .hint("set `XDG_CONFIG_HOME` to a folder that may be written")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn login(token: &str) -> Login {
        Login { name: "ann".into(), token: token.into() }
    }

    #[test]
    fn logins_are_kept_for_each_server_and_only_the_user_can_read_them() {
        let root = tempfile::tempdir().expect("a folder");
        let known = Known::at(root.path().join("monkeyci"));
        assert!(known.read().expect("nothing yet").servers.is_empty());
        known.add("https://a.example.com", login("mci_1")).expect("kept");
        known.add("https://b.example.com", login("mci_2")).expect("kept");
        known.add("https://a.example.com", login("mci_3")).expect("kept");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(known.path()), mode(&root.path().join("monkeyci"))), (0o600, 0o700));
        let servers = known.read().expect("read");
        assert_eq!(servers.default.as_deref(), Some("https://a.example.com"));
        let tokens: Vec<_> = servers.servers.values().map(|login| login.token.as_str()).collect();
        assert_eq!(tokens, ["mci_3", "mci_2"]);

        assert!(known.remove("https://a.example.com").expect("removed"));
        assert!(!known.remove("https://a.example.com").expect("nothing to remove"));
        assert_eq!(known.read().expect("read").default.as_deref(), Some("https://b.example.com"));
        assert!(known.remove("https://b.example.com").expect("removed"));
        assert!(known.read().expect("read").default.is_none());
    }

    #[test]
    fn a_damaged_file_is_named_and_what_it_holds_is_not() {
        let root = tempfile::tempdir().expect("a folder");
        let known = Known::at(root.path());
        fs::write(known.path(), "[servers.\"x\"]\ntoken = mci_s3cret\n").expect("written");
        for error in [known.read().err(), known.add("https://a.example.com", login("mci_1")).err()] {
            let error = error.expect("damaged").to_string();
            assert!(error.contains("servers.toml") && !error.contains("s3cret"), "{error}");
        }
        assert!(fs::read_to_string(known.path()).expect("still there").contains("mci_s3cret"), "nothing is lost");
    }
}
