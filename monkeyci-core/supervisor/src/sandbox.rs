//! Where the lines of a plain process run as somebody else: with their own workspace, and without sight of what belongs to
//! whoever started us.

use std::path::PathBuf;

/// Who the lines run as, and what they see.
#[derive(Debug, Clone)]
pub struct Sandbox {
    /// The user and group.
    pub user: (u32, u32),
    /// The job's folder, with its workspace `work`, its `home` and its `tmp`.
    pub job: PathBuf,
    /// A folder that is empty to them, but for the job's if that is beneath.
    pub hidden: PathBuf,
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::{self, File, Permissions};
    use std::io;
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::{PermissionsExt, lchown};
    use std::path::Path;

    use super::Sandbox;
    use crate::own;
    use crate::sys::linux;

    impl Sandbox {
        /// Gives the job's user what is theirs, before any process of theirs runs.
        ///
        /// # Errors
        /// When it cannot be given.
        pub fn give(&self) -> io::Result<()> {
            let (user, group) = self.user;
            for name in ["home", "tmp"] {
                let path = self.job.join(name);
                match fs::create_dir(&path) {
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                    made => made?,
                }
                fs::set_permissions(&path, Permissions::from_mode(0o700))?;
                lchown(&path, Some(user), Some(group))?;
            }
            own::tree(&self.job.join("work"), user, group)
        }

        /// Lets them see no more than they may, in the mount namespace that we are in, which has to be our own. What runs
        /// from now on gains no rights by being run.
        ///
        /// # Errors
        /// When the kernel does not let us.
        pub fn enter(&self) -> io::Result<()> {
            // Who enters needs no more than its name.
            fs::set_permissions(&self.job, Permissions::from_mode(0o711))?;
            let job = File::open(&self.job)?;
            linux::mount_empty(&self.hidden)?;
            if self.job.starts_with(&self.hidden) {
                create(&self.hidden, &self.job)?;
                linux::mount_at(&Path::new("/proc/self/fd").join(job.as_raw_fd().to_string()), &self.job)?;
            }
            linux::gain_no_rights()
        }
    }

    /// Makes the folders beneath `top` down to `bottom`, which others may enter.
    fn create(top: &Path, bottom: &Path) -> io::Result<()> {
        let mut path = top.to_owned();
        for part in bottom.strip_prefix(top).unwrap_or(bottom) {
            path.push(part);
            fs::create_dir(&path)?;
            fs::set_permissions(&path, Permissions::from_mode(0o711))?;
        }
        Ok(())
    }
}
