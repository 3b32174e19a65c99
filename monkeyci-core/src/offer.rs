//! What a job needs of a worker, and what a worker offers.

use std::collections::BTreeMap;
use std::fmt;

use monkeyci_model::job::Arch;
use monkeyci_model::{BuildId, Job, OrgId};

/// What a worker can run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Its labels. A job goes to a worker that has all of the job's; nothing is asked of one where this is not said.
    pub labels: Option<BTreeMap<String, String>>,
    /// Its architectures; all of them where this is not said.
    pub archs: Option<Vec<Arch>>,
    /// The organisation whose jobs alone it runs; all of them where this is not said.
    pub org: Option<OrgId>,
    /// Whether it runs jobs with an image or with services.
    pub images: bool,
    /// Whether it runs jobs without an image.
    pub processes: bool,
}

/// Everything.
impl Default for Offer {
    fn default() -> Self {
        Self { labels: None, archs: None, org: None, images: true, processes: true }
    }
}

impl Offer {
    /// Whether it is enough.
    #[must_use]
    pub fn fits(&self, needs: &Needs) -> bool {
        let has = |(name, value)| self.labels.as_ref().is_none_or(|labels| labels.get(name) == Some(value));
        needs.labels.iter().all(has)
            && needs.arch.is_none_or(|arch| self.archs.as_ref().is_none_or(|archs| archs.contains(&arch)))
            && self.org.as_ref().is_none_or(|org| *org == needs.org)
            && if needs.image { self.images } else { self.processes }
    }
}

/// What a job needs of a worker.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Needs {
    org: OrgId,
    labels: BTreeMap<String, String>,
    arch: Option<Arch>,
    image: bool,
}

impl Needs {
    /// What a job of a build needs.
    #[must_use]
    pub fn of(build: &BuildId, job: &Job) -> Self {
        Self {
            org: build.org.clone(),
            labels: job.labels.clone(),
            arch: job.resources.arch,
            image: job.image.is_some() || !job.services.is_empty(),
        }
    }
}

/// "with labels `gpu=a100` and architecture `arm64` that runs containers".
impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels: Vec<_> = self.labels.iter().map(|(name, value)| format!("`{name}={value}`")).collect();
        let labels = match labels.as_slice() {
            [] => None,
            [label] => Some(format!("label {label}")),
            labels => Some(format!("labels {}", labels.join(", "))),
        };
        let arch = self.arch.map(|arch| format!("architecture `{}`", arch.oci_name()));
        let with: Vec<_> = labels.into_iter().chain(arch).collect();
        if !with.is_empty() {
            write!(f, "with {} ", with.join(" and "))?;
        }
        write!(f, "that runs {}", if self.image { "containers" } else { "jobs without an image" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(change: impl FnOnce(&mut Job)) -> Needs {
        let mut job = Job::new("unit".parse().expect("an id"));
        change(&mut job);
        Needs::of(&"acme/web/build-1".parse().expect("an id"), &job)
    }

    fn labels(labels: &[(&str, &str)]) -> BTreeMap<String, String> {
        labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_worker_fits_that_has_everything_that_is_asked_for() {
        let gpu = needs(|job| {
            job.labels = labels(&[("gpu", "a100")]);
            job.resources.arch = Some(Arch::Arm);
        });
        let told = "with label `gpu=a100` and architecture `arm64` that runs jobs without an image";
        assert_eq!(gpu.to_string(), told);
        assert!(Offer::default().fits(&gpu), "one that says nothing takes everything");
        let plain = Offer { labels: Some(labels(&[])), archs: Some(vec![Arch::Amd]), ..Offer::default() };
        assert!(!plain.fits(&gpu) && plain.fits(&needs(|_| {})));
        let other = Offer { labels: Some(labels(&[("gpu", "t4"), ("disk", "ssd")])), ..Offer::default() };
        assert!(!other.fits(&gpu));
        let right = Offer { labels: Some(labels(&[("gpu", "a100"), ("disk", "ssd")])), ..Offer::default() };
        assert!(right.fits(&gpu) && right.fits(&needs(|_| {})));
        assert!(!Offer { org: Some("other".parse().expect("an id")), ..right }.fits(&gpu));
    }

    #[test]
    fn an_image_needs_a_container_engine() {
        let image = needs(|job| job.image = Some("busybox".into()));
        assert!(!Offer { images: false, ..Offer::default() }.fits(&image));
        assert!(Offer { processes: false, ..Offer::default() }.fits(&image));
        assert!(!Offer { processes: false, ..Offer::default() }.fits(&needs(|_| {})));
    }
}
