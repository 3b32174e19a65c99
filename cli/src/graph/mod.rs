//! The jobs of a plan as a graph: in words, and as pictures.

pub mod dot;
pub mod layout;
pub mod mermaid;
pub mod svg;
pub mod table;

use std::collections::HashMap;

use monkeyci_core::model::Job;
use monkeyci_core::model::job::When;

/// The dependencies of `jobs` as pairs of their places: first what comes before, then what depends on it.
///
/// A dependency that is no job of the plan has no edge.
pub fn edges(jobs: &[Job]) -> Vec<(usize, usize)> {
    let places: HashMap<_, _> = jobs.iter().enumerate().map(|(at, job)| (&job.id, at)).collect();
    let of = |(at, job): (usize, &Job)| -> Vec<_> {
        job.dependencies.iter().filter_map(|id| places.get(id)).map(|before| (*before, at)).collect()
    };
    jobs.iter().enumerate().flat_map(of).collect()
}

/// Where a job runs, in few words.
pub fn place(job: &Job) -> &str {
    job.image.as_deref().unwrap_or("process")
}

/// What sets a job apart from the others, in few words each.
pub fn marks(job: &Job) -> Vec<String> {
    let mut marks = Vec::new();
    if job.blocked {
        marks.push("needs approval".into());
    }
    match job.when {
        When::Success => {}
        When::Failure => marks.push("on failure".into()),
        When::Always => marks.push("always".into()),
    }
    if job.allow_failure {
        marks.push("may fail".into());
    }
    if !job.services.is_empty() {
        let services: Vec<_> = job.services.iter().map(|service| service.id.as_str()).collect();
        marks.push(format!("with {}", services.join(", ")));
    }
    if let Some(environment) = &job.environment {
        marks.push(format!("in {environment}"));
    }
    if let Some(group) = &job.concurrency_group {
        marks.push(format!("one at a time: {group}"));
    }
    marks
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// `jobs("a b:a c:a,b")`: three jobs with their dependencies.
    pub fn jobs(text: &str) -> Vec<Job> {
        text.split_whitespace()
            .map(|word| {
                let (id, dependencies) = word.split_once(':').unwrap_or((word, ""));
                let mut job = Job::new(id.parse().expect("an id"));
                job.dependencies =
                    dependencies.split(',').filter(|id| !id.is_empty()).map(|id| id.parse().expect("an id")).collect();
                job
            })
            .collect()
    }

    #[test]
    fn edges_run_from_what_comes_before() {
        assert_eq!(edges(&jobs("a b:a c:a,b d:gone")), [(0, 1), (0, 2), (1, 2)]);
    }

    #[test]
    fn marks_tell_what_sets_a_job_apart() {
        let mut job = Job::new("deploy".parse().expect("an id"));
        assert!(marks(&job).is_empty());
        job.blocked = true;
        job.when = When::Always;
        job.allow_failure = true;
        assert_eq!(marks(&job), ["needs approval", "always", "may fail"]);
    }
}
