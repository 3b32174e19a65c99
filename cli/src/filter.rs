//! A part of a plan: the jobs that are asked for, and all that they depend on.

use std::collections::{HashMap, HashSet};

use globset::Glob;
use monkeyci_core::model::{Job, JobId};

use crate::error::CliError;

/// The jobs whose id matches one of `globs`, with their dependencies, in the order of the script; all of them when
/// there are no globs.
pub fn select(jobs: Vec<Job>, globs: &[String]) -> Result<Vec<Job>, CliError> {
    if globs.is_empty() {
        return Ok(jobs);
    }
    let by_id: HashMap<&JobId, &Job> = jobs.iter().map(|job| (&job.id, job)).collect();
    let mut wanted: HashSet<JobId> = HashSet::new();
    for text in globs {
        let glob = Glob::new(text)
            .map_err(|error| CliError::usage(format!("filter `{text}`: {}", error.kind())))?
            .compile_matcher();
        let mut open: Vec<&Job> = jobs.iter().filter(|job| glob.is_match(job.id.as_str())).collect();
        if open.is_empty() {
            let ids: Vec<_> = jobs.iter().take(20).map(|job| job.id.as_str()).collect();
            return Err(CliError::usage(format!("no job matches the filter `{text}`"))
                .hint(format!("the jobs are {}", ids.join(", "))));
        }
        while let Some(job) = open.pop() {
            if wanted.insert(job.id.clone()) {
                open.extend(job.dependencies.iter().filter_map(|id| by_id.get(id)));
            }
        }
    }
    Ok(jobs.into_iter().filter(|job| wanted.contains(&job.id)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::tests::jobs;

    fn selected(globs: &[&str]) -> Result<Vec<String>, CliError> {
        let globs: Vec<_> = globs.iter().map(|glob| (*glob).to_owned()).collect();
        let jobs = select(jobs("build lint test-a:build test-b:build deploy:test-a,test-b"), &globs)?;
        Ok(jobs.iter().map(|job| job.id.to_string()).collect())
    }

    #[test]
    fn what_a_job_needs_comes_with_it() {
        assert_eq!(selected(&["test-*"]).expect("some"), ["build", "test-a", "test-b"]);
        assert_eq!(selected(&["lint", "test-a"]).expect("some"), ["build", "lint", "test-a"]);
        assert_eq!(selected(&[]).expect("all").len(), 5);
    }

    #[test]
    fn a_filter_that_matches_nothing_is_an_error() {
        let error = selected(&["lint", "tests"]).expect_err("none").to_string();
        assert!(error.contains("`tests`") && error.contains("test-a"), "{error}");
        assert!(selected(&["a{"]).is_err());
    }
}
