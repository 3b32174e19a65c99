//! The jobs of a build and who waits for whom.

use std::collections::HashMap;

use monkeyci_model::job::limits;
use monkeyci_model::{Job, JobId};

/// Why a list of jobs is no build.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// Two jobs have the same id.
    #[error("two jobs have the id `{0}`; ids must differ")]
    Duplicate(JobId),
    /// A job depends on one that is not there.
    #[error("job `{job}` depends on `{dependency}`, which is no job of this build")]
    Unknown {
        /// The job that depends.
        job: JobId,
        /// What it depends on.
        dependency: JobId,
    },
    /// Jobs wait for each other in a circle. The first job is named again at the end.
    #[error("jobs wait for each other: {}", path(.0))]
    Cycle(Vec<JobId>),
    /// There are more jobs than a build may have.
    #[error("{0} jobs are too many, a build may have {max}", max = limits::JOBS)]
    TooManyJobs(usize),
    /// A job has more dependencies than one may have.
    #[error("job `{0}` has {1} dependencies, a job may have {max}", max = limits::DEPENDENCIES)]
    TooManyDependencies(JobId, usize),
}

fn path(jobs: &[JobId]) -> String {
    jobs.iter().map(|job| format!("`{job}`")).collect::<Vec<_>>().join(" → ")
}

/// Who waits for whom, by the places of the jobs in their list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Graph {
    places: HashMap<JobId, usize>,
    dependents: Vec<Vec<usize>>,
}

impl Graph {
    /// Checks that `jobs` can be a build.
    ///
    /// # Errors
    /// The first of: too many jobs, an id twice, an unknown or too many dependencies, a cycle.
    pub fn new(jobs: &[Job]) -> Result<Self, GraphError> {
        if jobs.len() > limits::JOBS {
            return Err(GraphError::TooManyJobs(jobs.len()));
        }
        let mut places = HashMap::with_capacity(jobs.len());
        for (place, job) in jobs.iter().enumerate() {
            if places.insert(job.id.clone(), place).is_some() {
                return Err(GraphError::Duplicate(job.id.clone()));
            }
        }
        let mut dependents = vec![Vec::new(); jobs.len()];
        for (place, job) in jobs.iter().enumerate() {
            if job.dependencies.len() > limits::DEPENDENCIES {
                return Err(GraphError::TooManyDependencies(job.id.clone(), job.dependencies.len()));
            }
            for dependency in &job.dependencies {
                let Some(&before) = places.get(dependency) else {
                    return Err(GraphError::Unknown { job: job.id.clone(), dependency: dependency.clone() });
                };
                dependents[before].push(place);
            }
        }
        let graph = Self { places, dependents };
        match graph.cycle(jobs) {
            Some(cycle) => Err(GraphError::Cycle(cycle)),
            None => Ok(graph),
        }
    }

    /// The place of a job in its list.
    #[must_use]
    pub fn place(&self, job: &str) -> Option<usize> {
        self.places.get(job).copied()
    }

    /// The places of the jobs that wait for the one at `place`; one that names it twice stands twice.
    #[must_use]
    pub fn dependents(&self, place: usize) -> &[usize] {
        &self.dependents[place]
    }

    /// Takes away jobs that wait for nothing, again and again; what remains holds a cycle.
    fn cycle(&self, jobs: &[Job]) -> Option<Vec<JobId>> {
        let mut waits: Vec<usize> = jobs.iter().map(|job| job.dependencies.len()).collect();
        let mut free: Vec<usize> = (0..jobs.len()).filter(|&place| waits[place] == 0).collect();
        let mut left = jobs.len();
        while let Some(place) = free.pop() {
            left -= 1;
            for &dependent in self.dependents(place) {
                waits[dependent] -= 1;
                if waits[dependent] == 0 {
                    free.push(dependent);
                }
            }
        }
        if left == 0 {
            return None;
        }
        // Every job that remains waits for one that remains: following them must come round.
        let mut place = waits.iter().position(|&waits| waits > 0)?;
        let mut walk = Vec::new();
        let mut seen = HashMap::new();
        while !seen.contains_key(&place) {
            seen.insert(place, walk.len());
            walk.push(place);
            let before = |id: &JobId| self.places[id];
            place = jobs[place].dependencies.iter().map(before).find(|&before| waits[before] > 0)?;
        }
        let mut cycle: Vec<JobId> = walk[seen[&place]..].iter().map(|&place| jobs[place].id.clone()).collect();
        cycle.push(jobs[place].id.clone());
        Some(cycle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `"b: a"` is job `b` that depends on job `a`.
    fn jobs(lines: &[&str]) -> Vec<Job> {
        let id = |text: &str| JobId::new(text.trim()).expect("an id");
        lines
            .iter()
            .map(|line| {
                let (name, dependencies) = line.split_once(':').unwrap_or((line, ""));
                Job { dependencies: dependencies.split_whitespace().map(id).collect(), ..Job::new(id(name)) }
            })
            .collect()
    }

    fn refusal(lines: &[&str]) -> String {
        Graph::new(&jobs(lines)).expect_err("no build").to_string()
    }

    #[test]
    fn what_cannot_be_a_build_is_refused_by_name() {
        assert_eq!(refusal(&["a", "b", "a"]), "two jobs have the id `a`; ids must differ");
        assert_eq!(refusal(&["a: x"]), "job `a` depends on `x`, which is no job of this build");
        assert_eq!(refusal(&["a: a"]), "jobs wait for each other: `a` → `a`");
        assert_eq!(refusal(&["a: c", "b: a", "c: b", "d: c", "e"]), "jobs wait for each other: `a` → `c` → `b` → `a`");
    }

    #[test]
    fn a_diamond_is_no_cycle() {
        let graph = Graph::new(&jobs(&["d: b c", "b: a", "c: a", "a", "e: a a"])).expect("a build");
        let a = graph.place("a").expect("known");
        assert_eq!(graph.dependents(a), [1, 2, 4, 4]);
        assert_eq!(graph.place("x"), None);
    }
}
