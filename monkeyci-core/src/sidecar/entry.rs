//! What the job's container runs.

use std::path::Path;
use std::time::Duration;

/// Where both containers have the volume with the job directory, when nothing else is said.
pub const JOB_DIR: &str = crate::executor::inner::CONTAINER_JOB_DIR;

/// The program that the job's container runs where all containers of a job start together: a shell that waits for the
/// supervisor and becomes it, and so process 1.
///
/// It takes an image with `/bin/sh`. Where the volume is mounted `noexec`, it runs a copy of the supervisor from elsewhere in
/// the container; where that cannot be, the job's result says so. It waits for about as long as `wait`, or longer where the
/// shell cannot sleep for less than a second.
#[must_use]
pub fn waiting(job_dir: &Path, wait: Duration) -> Vec<String> {
    let tries = wait.as_millis() / 100;
    let dir = job_dir.to_string_lossy().into_owned();
    vec!["/bin/sh".into(), "-c".into(), include_str!("entry.sh").into(), "monkeyci".into(), dir, tries.to_string()]
}

/// The program that the job's container runs where the job directory is [filled](super::Attendant::fill) before it starts. It
/// takes no shell, and nothing else of the image.
#[must_use]
pub fn ready(job_dir: &Path) -> Vec<String> {
    let dir = job_dir.to_string_lossy().into_owned();
    vec![job_dir.join(super::place::SUPERVISOR).to_string_lossy().into_owned(), "run".into(), dir]
}
