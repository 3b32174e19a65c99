//! What the engine is asked to create for a job or a service.

use std::collections::HashMap;

use bollard::models::{
    ContainerCreateBody, HealthConfig, HostConfig, HostConfigLogConfig, Mount, PortBinding, PortMap, ResourcesUlimits,
};
use monkeyci_model::Job;
use monkeyci_model::job::limits;

use super::service::Surroundings;
use super::{Docker, ExecutorError, connect::Facts, place};
use crate::attempt::Attempt;

/// The label that says whose a container is.
pub(super) const INSTANCE: &str = "monkeyci.instance";
/// The label that says which attempt it belongs to.
pub(super) const FENCE: &str = "monkeyci.fence";

/// What root in a container may do: what package managers and servers need, and nothing that reaches out of it.
const CAPABILITIES: [&str; 8] =
    ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID"];

/// The most open files and processes that Podman is asked for.
const ULIMITS: [(&str, &str, i64); 2] = [("nofile", "Max open files", 65_536), ("nproc", "Max processes", 32_768)];

/// The labels of all that is made for an attempt.
pub(super) fn labels(attempt: &Attempt) -> HashMap<String, String> {
    HashMap::from([
        (INSTANCE.to_owned(), attempt.instance.clone()),
        (FENCE.to_owned(), attempt.fence.to_string()),
        ("monkeyci.build".to_owned(), attempt.build.to_string()),
        ("monkeyci.job".to_owned(), attempt.job.to_string()),
        ("monkeyci.attempt".to_owned(), attempt.number.to_string()),
    ])
}

impl Docker {
    /// The container of a job. `image` is the name that the engine knows.
    pub(super) fn job_container(
        &self,
        attempt: &Attempt,
        job: &Job,
        image: &str,
        mut mounts: Vec<Mount>,
        surroundings: &Surroundings,
    ) -> Result<ContainerCreateBody, ExecutorError> {
        mounts.extend(job.mounts.iter().map(|(inside, host)| place::mount(host.as_ref(), inside, false)));
        let mut host = hardened(&self.facts, job.privileged);
        limit(&mut host, &self.facts, job)?;
        host.mounts = Some(mounts);
        host.network_mode.clone_from(&surroundings.network);
        // On a shared network an engine refuses them.
        host.extra_hosts = (!surroundings.shared && !surroundings.hosts.is_empty()).then(|| surroundings.hosts.clone());
        // Output goes into the report; what the supervisor itself might say is of no use to anybody.
        host.log_config = Some(HostConfigLogConfig { typ: Some("none".into()), config: None });
        let ports: Vec<String> = job.expose.iter().map(|port| format!("{port}/tcp")).collect();
        // On a shared network, its owner has published them.
        host.port_bindings = (!surroundings.shared).then(|| published(&job.expose));
        Ok(ContainerCreateBody {
            image: Some(image.to_owned()),
            entrypoint: Some(vec![place::SUPERVISOR.into(), "run".into(), place::JOB_DIR.into()]),
            cmd: Some(Vec::new()),
            working_dir: Some("/".into()),
            labels: Some(labels(attempt)),
            exposed_ports: (!surroundings.shared).then_some(ports),
            healthcheck: Some(HealthConfig { test: Some(vec!["NONE".into()]), ..HealthConfig::default() }),
            host_config: Some(host),
            ..ContainerCreateBody::default()
        })
    }
}

/// What holds for jobs and services alike.
pub(super) fn hardened(facts: &Facts, privileged: bool) -> HostConfig {
    let mut host = HostConfig { privileged: Some(privileged), ..HostConfig::default() };
    if !privileged {
        host.cap_drop = Some(vec!["ALL".into()]);
        host.cap_add = Some(CAPABILITIES.map(String::from).to_vec());
        host.security_opt = Some(vec!["no-new-privileges".into()]);
    }
    if facts.limits {
        host.pids_limit = Some(limits::PIDS);
    }
    if facts.podman {
        // Podman asks for its own defaults else, which an ordinary user and some hosts may not have.
        let own = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
        host.ulimits = Some(
            ULIMITS.map(|(name, title, most)| ulimit(name, hard_limit(&own, title).unwrap_or(most).min(most))).to_vec(),
        );
    }
    host
}

fn limit(host: &mut HostConfig, facts: &Facts, job: &Job) -> Result<(), ExecutorError> {
    let cpus = job.resources.cpus.unwrap_or(limits::CPUS);
    let memory = job.resources.memory.unwrap_or(limits::MEMORY_GB);
    for (what, amount) in [("cpus", cpus), ("memory", memory)] {
        if !(amount.is_finite() && amount > 0.0) {
            return Err(ExecutorError::Unsupported(format!("{what} must be more than 0, not {amount}")));
        }
    }
    if facts.limits {
        // An engine refuses more processors than it has; a laptop runs the job with what there is.
        #[expect(clippy::cast_possible_truncation, reason = "positive; a larger number is cut to the largest")]
        let (nano_cpus, bytes) = ((cpus.min(facts.cpus) * 1e9) as i64, (memory * f64::from(1 << 30)) as i64);
        host.nano_cpus = Some(nano_cpus);
        host.memory = Some(bytes);
        host.memory_swap = Some(bytes);
    }
    Ok(())
}

/// Publishes ports under their own numbers, to this host only.
pub(super) fn published(ports: &[u16]) -> PortMap {
    let binding = |port: &u16| PortBinding { host_ip: Some("127.0.0.1".into()), host_port: Some(port.to_string()) };
    ports.iter().map(|port| (format!("{port}/tcp"), Some(vec![binding(port)]))).collect()
}

fn ulimit(name: &str, most: i64) -> ResourcesUlimits {
    ResourcesUlimits { name: Some(name.into()), soft: Some(most), hard: Some(most) }
}

/// The hard limit under `title` in the kernel's table of a process's limits (proc_pid_limits(5)).
fn hard_limit(table: &str, title: &str) -> Option<i64> {
    let row = table.lines().find_map(|line| line.strip_prefix(title))?;
    row.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use monkeyci_model::JobId;
    use monkeyci_model::job::Arch;

    use super::*;

    fn facts() -> Facts {
        Facts { podman: false, rootless: false, limits: true, foreign_mounts: false, cpus: 2.0, arch: Arch::Amd }
    }

    fn job() -> Job {
        Job::new(JobId::new("test").expect("an id"))
    }

    #[test]
    fn memory_and_swap_are_limited_alike_and_processors_to_what_there_is() {
        let mut job = job();
        job.resources.cpus = Some(64.0);
        job.resources.memory = Some(0.5);
        let mut host = HostConfig::default();
        limit(&mut host, &facts(), &job).expect("sensible limits");
        assert_eq!(host.nano_cpus, Some(2_000_000_000));
        assert_eq!((host.memory, host.memory_swap), (Some(1 << 29), Some(1 << 29)));
    }

    #[test]
    fn limits_that_would_mean_no_limit_are_refused() {
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let mut job = job();
            job.resources.memory = Some(bad);
            assert!(limit(&mut HostConfig::default(), &facts(), &job).is_err(), "{bad} was taken");
        }
    }

    #[test]
    fn only_a_privileged_job_keeps_its_privileges() {
        let host = hardened(&facts(), false);
        assert_eq!(host.cap_drop, Some(vec!["ALL".to_owned()]));
        assert_eq!(host.security_opt, Some(vec!["no-new-privileges".to_owned()]));
        assert_eq!(hardened(&facts(), true).cap_drop, None);
    }

    #[test]
    fn the_kernels_table_of_limits_is_read() {
        let table = "Limit Soft Hard Units\nMax processes             4096                 8192                 processes\n\
                     Max open files            1024                 unlimited            files\n";
        assert_eq!(hard_limit(table, "Max processes"), Some(8192));
        assert_eq!(hard_limit(table, "Max open files"), None);
    }
}
