//! What `docker login` and `podman login` have stored: the credentials of private registries.
//!
//! Files are read as a build begins. Programs that keep passwords for Docker are asked when the first job needs an image,
//! because to ask may cost time, and a question to the person. No password is ever shown or written down here.

mod file;
mod keeper;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::FutureExt;
use monkeyci_core::executor::RegistryAuth;
use monkeyci_core::worker::Registries;

use crate::ui::View;
use file::Login;

/// The logins of this user.
#[derive(Default)]
pub struct Logins {
    logins: Vec<Login>,
    /// Files that cannot be used, in sentences.
    warnings: Vec<String>,
}

impl Logins {
    /// Those of the user who runs this; what cannot be used is told to `view`.
    pub fn of_user(view: &mut dyn View) -> Self {
        let logins = Self::from_env(|name| std::env::var_os(name));
        for warning in &logins.warnings {
            view.note(&format!("warning: {warning}"));
        }
        logins
    }

    /// Those in the files that the environment names, Docker's before Podman's.
    fn from_env(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let mut all = Self::default();
        for path in files(variable) {
            let shown = path.display();
            match file::read(&path) {
                Ok((logins, damaged)) => {
                    all.logins.extend(logins);
                    all.warnings.extend(damaged.iter().map(|why| format!("of the logins in `{shown}`, {why}")));
                }
                Err(why) => all.warnings.push(format!("the logins in `{shown}` are not used: {why}")),
            }
        }
        all
    }

    /// The same as credentials.
    pub fn registries(self) -> Registries {
        let logins = Arc::new(self.logins);
        Registries::found_by(move || {
            let logins = Arc::clone(&logins);
            async move { found(&logins).await }.boxed()
        })
    }
}

/// The files in which logins are stored, whether they are there or not.
fn files(variable: impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let path = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let docker = path("DOCKER_CONFIG").or_else(|| Some(path("HOME")?.join(".docker")));
    let user = rustix::process::geteuid().as_raw().to_string();
    let podman = path("REGISTRY_AUTH_FILE").unwrap_or_else(|| {
        // As containers-auth.json(5) has it.
        let runtime = path("XDG_RUNTIME_DIR").unwrap_or_else(|| Path::new("/run/containers").join(user));
        runtime.join("containers/auth.json")
    });
    docker.map(|folder| folder.join("config.json")).into_iter().chain([podman]).collect()
}

/// Asks for what is not in a file; all at once, so that a slow program is waited for once.
async fn found(logins: &[Login]) -> Vec<RegistryAuth> {
    let each = logins.iter().map(|login| async {
        match login {
            Login::Known(known) => Some(known.clone()),
            Login::Kept { host, server, program } => match keeper::get(program, server).await {
                Ok(kept) => kept.map(|(username, password)| RegistryAuth { host: host.clone(), username, password }),
                Err(why) => {
                    tracing::warn!("the login at `{host}` is not used: {why}");
                    None
                }
            },
        }
    });
    futures::future::join_all(each).await.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_where_docker_and_podman_have_them() {
        let of = |set: &[(&str, &str)]| {
            let set: Vec<_> = set.iter().map(|(name, value)| ((*name).to_owned(), OsString::from(value))).collect();
            let paths = files(move |name| set.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()));
            paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(
            of(&[("HOME", "/home/me"), ("XDG_RUNTIME_DIR", "/run/user/1")]),
            ["/home/me/.docker/config.json", "/run/user/1/containers/auth.json"]
        );
        assert_eq!(
            of(&[("HOME", "/home/me"), ("DOCKER_CONFIG", "/d"), ("REGISTRY_AUTH_FILE", "/p.json")]),
            ["/d/config.json", "/p.json"]
        );
    }

    #[tokio::test]
    async fn a_broken_file_is_named_and_its_secret_is_not_while_others_are_used() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("config.json"), r#"{"auths": {"a.example.com": "s3cret"}}"#).expect("written");
        let podman = dir.path().join("auth.json");
        std::fs::write(&podman, r#"{"auths": {"b.example.com": {"auth": "YW5uOnA6NHNz"}}}"#).expect("written");
        let logins = Logins::from_env(|name| match name {
            "DOCKER_CONFIG" => Some(dir.path().into()),
            "REGISTRY_AUTH_FILE" => Some(podman.clone().into()),
            _ => None,
        });
        let [warning] = &logins.warnings[..] else { panic!("{:?}", logins.warnings) };
        assert!(warning.contains("config.json") && !warning.contains("s3cret"), "{warning}");
        let found = found(&logins.logins).await;
        let [known] = &found[..] else { panic!("{} logins", found.len()) };
        assert_eq!((&*known.host, &*known.username, &*known.password), ("b.example.com", "ann", "p:4ss"));
    }
}
