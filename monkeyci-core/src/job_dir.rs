//! The job directory: all that the supervisor of a job knows, and all that it tells.
//!
//! Its control half is written here and read by the supervisor; its report half is written by the supervisor, and by
//! the job when it wants to deceive: [`report::Reader`] believes nothing of it but facts about that very job.

mod kept;
pub mod program;
pub mod report;

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use monkeyci_model::result::Guarantee;
pub use monkeyci_supervisor::control::{PROGRAM_FILE, Program};
pub use monkeyci_supervisor::{frame, outcome};

use crate::workspace::remove_tree;

/// A job directory on this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobDir {
    root: PathBuf,
    /// The workspace, where it is not within the root.
    work: Option<PathBuf>,
}

impl JobDir {
    /// The job directory at `root`.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), work: None }
    }

    /// The same with a workspace elsewhere, which is somebody's to keep: it is not [removed](Self::remove).
    #[must_use]
    pub fn working_in(self, work: impl Into<PathBuf>) -> Self {
        Self { work: Some(work.into()), ..self }
    }

    /// Makes the job directory at `root`, all but the workspace.
    ///
    /// Nobody else on this host can enter it. What is inside is open to the job's user, whoever that is in a container.
    ///
    /// # Errors
    /// When it is there already, or cannot be made.
    pub fn create(root: impl Into<PathBuf>) -> io::Result<Self> {
        let dir = Self::at(root);
        if let Some(parent) = dir.root.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
        }
        DirBuilder::new().mode(0o700).create(&dir.root)?;
        // The modes are set apart from making, because the engine's umask would cut them.
        for (folder, mode) in [(dir.control(), 0o755), (dir.report(), 0o777)] {
            fs::create_dir(&folder)?;
            fs::set_permissions(&folder, Permissions::from_mode(mode))?;
        }
        Ok(dir)
    }

    /// The whole of it.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What the supervisor is told; read-only to the job.
    #[must_use]
    pub fn control(&self) -> PathBuf {
        self.root.join("control")
    }

    /// What the supervisor tells; nothing in it is believed but facts about that job.
    #[must_use]
    pub fn report(&self) -> PathBuf {
        self.root.join("report")
    }

    /// The job's workspace: a private copy of the checkout.
    #[must_use]
    pub fn work(&self) -> PathBuf {
        self.work.clone().unwrap_or_else(|| self.root.join("work"))
    }

    /// Writes what the job runs. From then on the job directory [is written](Self::is_written).
    ///
    /// # Errors
    /// When `program` holds what no process can be given, which is named, or a file cannot be written.
    pub fn write(&self, program: &Program) -> io::Result<()> {
        let files = program.files()?;
        let (last, others) = files.split_last().expect("a program has its file `job`");
        others.iter().try_for_each(|(name, bytes)| self.put(name, bytes))?;
        self.put_whole(&last.0, &last.1)
    }

    /// Whether all that the job runs is written, so that a supervisor may have read it.
    #[must_use]
    pub fn is_written(&self) -> bool {
        self.control().join(PROGRAM_FILE).exists()
    }

    /// Makes it ready for another program, on the workspace as the last one left it.
    ///
    /// # Errors
    /// As for [`JobDir::write`]; or when what the last one told cannot be removed.
    pub fn again(&self, program: &Program) -> io::Result<()> {
        for word in ["start", "cancel", "lease"] {
            remove_tree(&self.control().join(word))?;
        }
        remove_tree(&self.report())?;
        fs::create_dir(self.report())?;
        fs::set_permissions(self.report(), Permissions::from_mode(0o777))?;
        self.write(program)
    }

    /// Lets the job begin.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn start(&self) -> io::Result<()> {
        self.put("start", b"")
    }

    /// Tells the job to end, with its grace.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn cancel(&self) -> io::Result<()> {
        self.put("cancel", b"")
    }

    /// Lets the job go on for `lease` from now.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn grant(&self, lease: Duration) -> io::Result<()> {
        // A half-written number would be a short lease.
        self.put_whole("lease", lease.as_millis().to_string().as_bytes())
    }

    /// Removes the job directory with all that is in it. What is not there is removed already.
    ///
    /// # Errors
    /// When something is left, as files of another user are.
    pub fn remove(&self) -> io::Result<()> {
        remove_tree(&self.root)
    }

    /// The same for a file that nobody may see half-written.
    fn put_whole(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let new = format!("{name}.new");
        self.put(&new, bytes)?;
        fs::rename(self.control().join(new), self.control().join(name))
    }

    fn put(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.control().join(name);
        // A job that runs as our own user could put anything there.
        let mut options = OpenOptions::new();
        kept::open(options.write(true).create(true).truncate(true).mode(0o644), &path)?.write_all(bytes)
    }
}

/// The supervisor's word for a guarantee, as a job's result says it.
#[must_use]
pub fn guarantee(word: outcome::Guarantee) -> Guarantee {
    match word {
        outcome::Guarantee::PidNamespace => Guarantee::PidNamespace,
        outcome::Guarantee::Subreaper => Guarantee::Subreaper,
        outcome::Guarantee::ProcessGroup => Guarantee::ProcessGroup,
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::OwnedFd;

    use rustix::fs::{Mode, OFlags};

    use super::*;

    #[test]
    fn nobody_else_can_enter_it_and_a_second_one_is_refused() {
        let home = tempfile::tempdir().expect("a folder");
        let root = home.path().join("builds/1");
        let dir = JobDir::create(&root).expect("created");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&root), mode(&home.path().join("builds"))), (0o700, 0o700));
        assert_eq!(mode(&dir.report()), 0o777);
        assert_eq!(JobDir::create(&root).expect_err("there already").kind(), io::ErrorKind::AlreadyExists);
    }

    #[test]
    fn a_link_that_a_job_put_there_is_not_written_through() {
        let home = tempfile::tempdir().expect("a folder");
        let dir = JobDir::create(home.path().join("job")).expect("created");
        fs::write(home.path().join("mine"), "mine").expect("a file");
        std::os::unix::fs::symlink(home.path().join("mine"), dir.control().join("cancel")).expect("a link");
        dir.cancel().expect_err("a link");
        assert_eq!(fs::read_to_string(home.path().join("mine")).expect("there"), "mine");
    }

    #[test]
    fn a_job_that_nests_folders_deeper_than_any_path_leaves_nothing() {
        let home = tempfile::tempdir().expect("a folder");
        let dir = JobDir::create(home.path().join("job")).expect("created");
        let mut at: OwnedFd = fs::File::open(dir.report()).expect("opens").into();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        for _ in 0..1500 {
            rustix::fs::mkdirat(&at, "nested", Mode::RWXU).expect("a folder");
            at = rustix::fs::openat(&at, "nested", flags, Mode::empty()).expect("opens");
        }
        drop(at);
        dir.remove().expect("removed");
        assert!(!dir.root().exists());
    }

    #[test]
    fn a_program_is_read_back_and_all_of_it_is_removed() {
        let home = tempfile::tempdir().expect("a folder");
        let dir = JobDir::create(home.path().join("job")).expect("created");
        let program = Program { lines: vec![b"make".to_vec(), b"make test".to_vec()], ..Program::default() };
        assert!(!dir.is_written());
        dir.write(&program).expect("written");
        assert!(dir.is_written());
        dir.grant(Duration::from_secs(3)).expect("granted");
        assert_eq!(fs::read(dir.control().join("lease")).expect("there"), b"3000");
        assert!(Program::read(&dir.control()).expect("reads back") == program);
        dir.start().and_then(|()| dir.cancel()).expect("begun and canceled");
        fs::write(dir.report().join("result"), "").expect("a result");
        let program = Program { lines: Vec::new(), command: vec![b"sh".to_vec()], ..Program::default() };
        dir.again(&program).expect("ready for another program");
        assert!(Program::read(&dir.control()).expect("reads back") == program);
        let told = ["control/start", "control/cancel", "control/lease", "report/result"];
        assert!(told.iter().all(|file| !dir.root().join(file).exists()));
        dir.remove().expect("removed");
        assert!(!dir.root().exists());
        dir.remove().expect("removed already");
    }
}
