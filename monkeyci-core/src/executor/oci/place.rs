//! Where the job directory is in an instance, and what its containers run.

use std::fmt::Write as _;
use std::time::Duration;

use monkeyci_model::Job;
use monkeyci_model::job::{Health, Service};

use crate::executor::CONTAINER_WORK;
use crate::sidecar::entry;

/// The volume of the job directory.
pub(super) const JOB: &str = "job";
/// The volume of the workspace.
pub(super) const WORK: &str = "work";

/// The code of a job's container whose supervisor never came.
pub(super) const NO_SUPERVISOR: i32 = 75;
/// The code of a job's container whose services did not become ready: the first one's. The next ones' follow.
pub(super) const NO_SERVICE: i32 = 180;
/// Services that have a code of their own.
pub(super) const SERVICES: usize = 50;
/// How long a supervisor has to come: the sidecar may have much to fetch before.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// Both volumes and their places, which are the same for the job and its sidecar.
pub(super) const MOUNTS: [(&str, &str); 2] = [(JOB, entry::JOB_DIR), (WORK, CONTAINER_WORK)];

/// What the job's container runs: a shell that waits for the supervisor, which the sidecar brings, and for the services,
/// and becomes it. All containers start at once, and there is nothing else to wait with.
pub(super) fn program(job: &Job) -> Vec<String> {
    let mut program = entry::waiting(entry::JOB_DIR.as_ref(), PATIENCE);
    let before = before(job);
    if !before.is_empty() {
        // The script is the third: `/bin/sh -c SCRIPT …`.
        program[2] = format!("{before}{}", program[2]);
    }
    program
}

/// How long services may take to become ready, one after the other.
pub(super) fn patience(services: &[Service]) -> Duration {
    services.iter().filter(|service| !service.ports.is_empty()).map(patience_of).sum()
}

fn patience_of(service: &Service) -> Duration {
    let millis = service.health.as_ref().map_or(Health::DEFAULT_TIMEOUT_MS, |health| health.timeout);
    Duration::from_secs(millis.div_ceil(1000).max(1))
}

/// What is run before: services get their names, where that may be written, and are waited for.
fn before(job: &Job) -> String {
    let (mut names, mut waits) = (String::new(), String::new());
    let supervisor = format!("{}/supervisor", entry::JOB_DIR);
    for (service, code) in job.services.iter().take(SERVICES).zip(NO_SERVICE..) {
        let _ = write!(names, "echo 127.0.0.1 {} >>/etc/hosts; ", service.id);
        if service.ports.is_empty() {
            continue;
        }
        let ports: Vec<_> = service.ports.iter().map(u16::to_string).collect();
        // Each look takes a second, unless it succeeds.
        let (ports, looks) = (ports.join(" "), patience_of(service).as_secs());
        let _ = writeln!(
            waits,
            "n=0; until {supervisor} connect {ports} 2>/dev/null; do n=$((n+1)); [ $n -lt {looks} ] || exit {code}; done"
        );
    }
    if names.is_empty() {
        return names;
    }
    if waits.is_empty() {
        return format!("{{ {names}}} 2>/dev/null\n");
    }
    let tries = PATIENCE.as_secs();
    format!(
        "{{ {names}}} 2>/dev/null\n\
         n=0; until [ -x {supervisor} ]; do n=$((n+1)); [ $n -lt {tries} ] || exit {NO_SUPERVISOR}; sleep 1; done\n{waits}"
    )
}

#[cfg(test)]
mod tests {
    use monkeyci_model::JobId;

    use super::*;

    fn service(id: &str, ports: &[u16]) -> Service {
        Service {
            id: JobId::new(id).expect("an id"),
            image: "postgres:17".into(),
            ports: ports.to_vec(),
            env: Default::default(),
            command: Vec::new(),
            health: Some(Health { command: "true".into(), timeout: 1_500 }),
        }
    }

    #[test]
    fn a_job_waits_for_its_services_as_long_as_they_may_take() {
        let mut job = Job::new(JobId::new("test").expect("an id"));
        let alone = program(&job);
        assert_eq!((alone[0].as_str(), alone[1].as_str()), ("/bin/sh", "-c"));
        job.services = vec![service("db", &[5432, 5433]), service("quiet", &[]), service("web", &[80])];
        let program = program(&job);
        let script = &program[2];
        assert!(script.ends_with(&alone[2]) && program[3..] == alone[3..], "{script}");
        assert!(script.starts_with("{ echo 127.0.0.1 db >>/etc/hosts; "), "{script}");
        let wait = |ports: &str, code| {
            script.contains(&format!("connect {ports} 2>/dev/null; do n=$((n+1)); [ $n -lt 2 ] || exit {code}; done"))
        };
        assert!(wait("5432 5433", 180) && wait("80", 182), "{script}");
        assert!(!script.contains("exit 181"), "one without ports is not waited for: {script}");
        assert_eq!(patience(&job.services), Duration::from_secs(4));
    }

    #[test]
    fn what_is_run_before_a_job_is_a_script_that_a_shell_takes() {
        let mut job = Job::new(JobId::new("test").expect("an id"));
        job.services = vec![service("db", &[5432]), service("quiet", &[])];
        let [shell, _, script, ..] = &program(&job)[..] else { panic!("a shell and its script") };
        let checked = std::process::Command::new(shell).args(["-n", "-c", script]).status().expect("a shell");
        assert!(checked.success());
    }
}
