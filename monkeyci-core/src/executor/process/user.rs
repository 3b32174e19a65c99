use std::ffi::OsString;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::geteuid;

/// Somebody of this machine whom jobs run as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// What they are called.
    pub name: String,
    /// Their number.
    pub id: u32,
    /// That of their group.
    pub group: u32,
}

/// Why jobs cannot run as somebody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoUser {
    /// There is nobody of this name.
    #[error("this machine has no user `{0}`: make one, as by `useradd --system {0}`")]
    Unknown(String),
    /// Everything is theirs anyway.
    #[error("`{0}` may do everything here: name a user of whom that is not so")]
    Root(String),
    /// We may not be somebody else.
    #[error("only root can run jobs as another user, and this is not run by root")]
    NotByRoot,
    /// They would not get to their own jobs.
    #[error("`{name}` may not enter `{}`: `chmod o+x` lets them, and shows them nothing", .folder.display())]
    KeptOut {
        /// Who.
        name: String,
        /// From where.
        folder: PathBuf,
    },
}

impl User {
    /// The user of this name, whom we may run jobs as.
    ///
    /// # Errors
    /// When there is none, or we may not.
    pub fn find(name: &str) -> Result<Self, NoUser> {
        let unknown = || NoUser::Unknown(name.to_owned());
        // Whoever keeps the users of this machine is asked, which need not be a file.
        let number = |which: &str| {
            let said = Command::new("id").args([which, "--", name]).output().ok().filter(|said| said.status.success());
            let text = String::from_utf8(said.ok_or_else(unknown)?.stdout).map_err(|_| unknown())?;
            text.trim().parse::<u32>().map_err(|_| unknown())
        };
        let (id, group) = (number("-u")?, number("-g")?);
        if id == 0 {
            return Err(NoUser::Root(name.to_owned()));
        }
        if !geteuid().is_root() {
            return Err(NoUser::NotByRoot);
        }
        Ok(Self { name: name.to_owned(), id, group })
    }

    /// Looks whether they get to a folder that will be hidden from them, but for their jobs in it.
    ///
    /// # Errors
    /// When one above it keeps them out.
    pub fn must_reach(&self, folder: &Path) -> Result<(), NoUser> {
        let keeps_out = |folder: &&Path| {
            folder.metadata().is_ok_and(|data| {
                let shift = match (data.uid() == self.id, data.gid() == self.group) {
                    (true, _) => 6,
                    (false, true) => 3,
                    (false, false) => 0,
                };
                data.mode() >> shift & 1 == 0
            })
        };
        match folder.ancestors().skip(1).find(keeps_out) {
            Some(kept) => Err(NoUser::KeptOut { name: self.name.clone(), folder: kept.to_owned() }),
            None => Ok(()),
        }
    }

    /// The environment of a job in this folder before its own variables: nothing of ours but where programs are.
    pub(super) fn environment(&self, job: &Path) -> impl Iterator<Item = (&'static str, OsString)> + use<> {
        let ours = super::environment().filter(|(name, _)| matches!(*name, "PATH" | "LANG"));
        let theirs = [("HOME", job.join("home").into()), ("TMPDIR", job.join("tmp").into())];
        let name = [("USER", OsString::from(&self.name)), ("LOGNAME", OsString::from(&self.name))];
        ours.chain(theirs).chain(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_not_there_or_may_do_everything_is_refused() {
        assert_eq!(User::find("no-such-user"), Err(NoUser::Unknown("no-such-user".into())));
        assert_eq!(User::find("--help"), Err(NoUser::Unknown("--help".into())));
        assert_eq!(User::find("root"), Err(NoUser::Root("root".into())));
    }

    #[test]
    fn who_would_not_get_to_their_jobs_is_told_where() {
        use std::os::unix::fs::PermissionsExt as _;

        let dir = tempfile::tempdir().expect("a folder");
        let user = User { name: "ci".into(), id: 4_000_000, group: 4_000_000 };
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o700)).expect("ours");
        let error = user.must_reach(&dir.path().join("state")).expect_err("it is ours alone").to_string();
        assert!(error.contains(&dir.path().display().to_string()) && error.contains("chmod o+x"), "{error}");
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o711)).expect("ours");
        user.must_reach(&dir.path().join("state")).expect("may enter");
    }
}
