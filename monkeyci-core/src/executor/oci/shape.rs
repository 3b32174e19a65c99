//! Which machines a job may run on, and how much of them it gets.

use monkeyci_model::Job;
use monkeyci_model::job::{Arch, limits};
use oci_services::container_instances::ShapeConfig;

use super::settings::Settings;
use crate::executor::ExecutorError;

/// GB of memory for the sidecar.
const SIDECAR_GB: f64 = 0.5;
/// GB of memory for each service: nobody says how much one needs.
const SERVICE_GB: f64 = 1.0;
/// GB of memory that one OCPU can have at most, and the fewest that it has.
const MOST_GB: f64 = 64.0;

/// One place that a job may be tried in.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Candidate {
    /// The availability domain.
    pub domain: String,
    /// The subnet of it.
    pub subnet: String,
    /// The kind of machine.
    pub shape: String,
    /// How much of it.
    pub config: ShapeConfig,
}

/// How much a job's own container may use.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Share {
    /// Virtual processors.
    pub cpus: f64,
    /// GB of memory.
    pub memory: f64,
}

impl Share {
    /// What a job asks for.
    ///
    /// # Errors
    /// When that is no amount.
    pub(super) fn of(job: &Job) -> Result<Self, ExecutorError> {
        let cpus = job.resources.cpus.unwrap_or(limits::CPUS);
        let memory = job.resources.memory.unwrap_or(limits::MEMORY_GB);
        for (what, amount) in [("cpus", cpus), ("memory", memory)] {
            if !(amount.is_finite() && amount > 0.0) {
                return Err(ExecutorError::Unsupported(format!("{what} must be more than 0, not {amount}")));
            }
        }
        Ok(Self { cpus, memory })
    }
}

/// The architecture of a shape: names of ARM's have a part as `A1`.
fn arch(shape: &str) -> Arch {
    let is_arm = |part: &str| {
        let number = part.strip_prefix('A').unwrap_or_default();
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    if shape.split('.').any(is_arm) { Arch::Arm } else { Arch::Amd }
}

/// All places that a job may be tried in, the best first: every availability domain with the first shape, and so on.
///
/// # Errors
/// When no shape has the job's architecture, or it asks for no amount.
pub(super) fn candidates(settings: &Settings, job: &Job) -> Result<Vec<Candidate>, ExecutorError> {
    let share = Share::of(job)?;
    let has = |wanted: Arch| settings.shapes.iter().any(|shape| arch(shape) == wanted);
    // One that does not care gets our own, whose supervisor is the one that was tested most.
    let wanted = job.resources.arch.unwrap_or(if has(Arch::host()) {
        Arch::host()
    } else {
        settings.shapes.first().map_or(Arch::host(), |shape| arch(shape))
    });
    if !has(wanted) {
        return Err(ExecutorError::Unsupported(format!(
            "job `{}` wants the architecture `{}`, which none of the shapes has that are set up here: {}",
            job.id,
            wanted.oci_name(),
            settings.shapes.join(", ")
        )));
    }
    let memory = share.memory + SIDECAR_GB + SERVICE_GB * job.services.len() as f64;
    let domains = settings.availability_domains.iter().zip(settings.subnets.iter().cycle());
    let shapes = settings.shapes.iter().filter(|shape| arch(shape) == wanted);
    Ok(shapes
        .flat_map(|shape| {
            domains.clone().map(move |(domain, subnet)| Candidate {
                domain: domain.clone(),
                subnet: subnet.clone(),
                shape: shape.clone(),
                config: config(wanted, share.cpus, memory),
            })
        })
        .collect())
}

/// Whole OCPUs and GBs that hold so much. An OCPU is two virtual processors on x86, and one on ARM.
fn config(arch: Arch, cpus: f64, memory: f64) -> ShapeConfig {
    let per_ocpu = match arch {
        Arch::Amd => 2.0,
        Arch::Arm => 1.0,
    };
    let ocpus = (cpus / per_ocpu).ceil().max((memory / MOST_GB).ceil()).max(1.0);
    // Each OCPU has one GB at least.
    ShapeConfig { ocpus, memory_in_gbs: Some(memory.ceil().max(ocpus)) }
}

#[cfg(test)]
mod tests {
    use monkeyci_model::JobId;

    use super::super::settings::tests::settings;
    use super::*;

    fn job(arch: Option<Arch>, cpus: f64, memory: f64) -> Job {
        let mut job = Job::new(JobId::new("test").expect("an id"));
        job.resources.arch = arch;
        (job.resources.cpus, job.resources.memory) = (Some(cpus), Some(memory));
        job
    }

    fn tried(settings: &Settings, job: &Job) -> Vec<String> {
        let candidates = candidates(settings, job).expect("some");
        candidates.iter().map(|found| format!("{} {}", found.domain, found.shape)).collect()
    }

    #[test]
    fn every_domain_is_tried_before_another_shape_is() {
        let tried = tried(&settings(), &job(Some(Arch::Amd), 1.0, 2.0));
        let wanted = ["AD-1 CI.Standard.E4.Flex", "AD-2 CI.Standard.E4.Flex"];
        assert_eq!(tried[..2], wanted);
        assert_eq!(tried[2..], ["AD-1 CI.Standard.E5.Flex", "AD-2 CI.Standard.E5.Flex"]);
    }

    #[test]
    fn each_domain_has_its_own_subnet_where_there_are_several() {
        let subnets = ["a", "b"].map(|name| format!("ocid1.subnet.oc1..{name}"));
        let settings = Settings { subnets: subnets.to_vec(), ..settings() };
        let found = candidates(&settings, &job(Some(Arch::Arm), 1.0, 1.0)).expect("some");
        let places: Vec<_> = found.iter().map(|found| (found.domain.as_str(), found.subnet.as_str())).collect();
        assert_eq!(places, [("AD-1", subnets[0].as_str()), ("AD-2", subnets[1].as_str())]);
    }

    #[test]
    fn a_job_that_does_not_care_runs_on_what_there_is() {
        let only = |shape: &str| Settings { shapes: vec![shape.into()], ..settings() };
        let mut job = job(None, 1.0, 1.0);
        assert_eq!(tried(&only("CI.Standard.A1.Flex"), &job)[0], "AD-1 CI.Standard.A1.Flex");
        job.resources.arch = Some(Arch::Arm);
        let error = candidates(&only("CI.Standard.E4.Flex"), &job).expect_err("no such shape").to_string();
        assert!(error.contains("`arm64`") && error.contains("CI.Standard.E4.Flex"), "{error}");
    }

    #[test]
    fn an_ocpu_is_two_processors_on_x86_and_one_on_arm() {
        let given = |arch, cpus, memory| {
            let config = config(arch, cpus, memory);
            (config.ocpus, config.memory_in_gbs.expect("some"))
        };
        assert_eq!(given(Arch::Amd, 4.0, 8.25), (2.0, 9.0));
        assert_eq!(given(Arch::Arm, 4.0, 8.25), (4.0, 9.0));
        assert_eq!(given(Arch::Amd, 0.5, 0.75), (1.0, 1.0));
        assert_eq!(given(Arch::Amd, 1.0, 130.0), (3.0, 130.0), "an OCPU has 64 GB at most");
        assert_eq!(given(Arch::Arm, 8.0, 2.0), (8.0, 8.0), "and one at least");
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let error = candidates(&settings(), &job(None, bad, 1.0)).expect_err("no amount");
            assert!(error.to_string().starts_with("cpus must be more than 0"), "{error}");
        }
    }

    #[test]
    fn architectures_are_read_off_names() {
        assert_eq!(arch("CI.Standard.A1.Flex"), Arch::Arm);
        assert_eq!(arch("CI.Standard.A2.Flex"), Arch::Arm);
        for shape in ["CI.Standard.E4.Flex", "CI.Standard.Ax.Flex", "CI.A.Flex", ""] {
            assert_eq!(arch(shape), Arch::Amd, "{shape}");
        }
    }
}
