//! Who waits for whom, with places.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use monkeyci_model::job::limits;
use monkeyci_model::{Job, JobId};

use super::convert::Converted;
use super::diagnostic::shown;
use super::nearest::did_you_mean;
use super::node::Span;
use super::problems::{Flaw, Problems};
use crate::build::{Graph as BuildGraph, GraphError};

/// The most dependencies of all jobs together; a matrix of many that depends on a matrix of many multiplies them.
const MAX_EDGES: usize = 1_000_000;

/// The names that a dependency may use: ids, and the name that the jobs of a matrix share.
pub(super) struct Names {
    has_others: bool,
    jobs: HashMap<String, (Range<usize>, Span)>,
}

impl Names {
    /// No names yet. Where there are jobs elsewhere (`has_others`), theirs are never known here.
    pub(super) fn new(has_others: bool) -> Self {
        Self { has_others, jobs: HashMap::new() }
    }

    /// A job, or all jobs of a matrix, under their name as written.
    pub(super) fn begin(&mut self, name: &str, span: Span, jobs: Range<usize>, problems: &mut Problems<'_>) {
        if let Some((_, first)) = self.jobs.insert(name.to_owned(), (jobs, span)) {
            let flaw = Flaw::new(span, format!("two jobs have the id `{}`", shown(name)));
            problems.add(flaw.also("the first one", first).help("ids must differ, in all files of the script"));
        }
    }

    /// One job of a matrix.
    pub(super) fn add(&mut self, id: &str, span: Span, job: usize, problems: &mut Problems<'_>) {
        self.begin(id, span, job..job + 1, problems);
    }
}

/// For each job the places of those that it waits for, the ones left out included.
pub(super) type Graph = Vec<Vec<usize>>;

/// Fills in the dependencies of each job; those on jobs that are left out of the build are dropped.
pub(super) fn resolve(all: &mut [Converted], names: &Names, problems: &mut Problems<'_>) -> Graph {
    let mut graph: Graph = Vec::with_capacity(all.len());
    let mut edges = 0;
    let mut elsewhere: Vec<Vec<JobId>> = Vec::with_capacity(all.len());
    for one in &*all {
        let (mut before, mut others) = (Vec::new(), Vec::new());
        let mut seen = HashSet::new();
        // A name once: one that stands for the jobs of a matrix is long when it is written out.
        for (name, span) in one.needs.iter().filter(|(name, _)| seen.insert(name)) {
            match names.jobs.get(name.as_str()) {
                Some((jobs, _)) => before.extend(jobs.clone().filter(|job| *job < all.len())),
                None if problems.is_full() => {}
                None if names.has_others
                    && let Ok(id) = JobId::new(name.as_str()) =>
                {
                    others.push(id);
                }
                None => problems.add(unknown(name, *span, one, names)),
            }
        }
        before.sort_unstable();
        before.dedup();
        edges += before.len();
        if before.len() > limits::DEPENDENCIES || edges > MAX_EDGES {
            let flaw = Flaw::new(one.needs[0].1, format!("job `{}` has too many dependencies", one.job.id));
            let (each, max) = (limits::DEPENDENCIES, MAX_EDGES);
            problems.add(flaw.help(format!("a job may have {each}, all jobs together {max}")));
            return vec![Vec::new(); all.len()];
        }
        graph.push(before);
        elsewhere.push(others);
    }
    // Ids of broken scripts may not be the ones that were meant.
    if problems.is_empty() {
        refuse_cycle(all, &graph, problems);
    }
    for ((place, before), others) in graph.iter().enumerate().zip(elsewhere) {
        let kept = before.iter().filter(|before| !all[**before].left_out);
        all[place].job.dependencies = kept.map(|before| all[*before].job.id.clone()).chain(others).collect();
    }
    graph
}

fn unknown(name: &str, span: Span, one: &Converted, names: &Names) -> Flaw {
    let flaw = Flaw::new(span, format!("job `{}` depends on `{}`, which is no job", one.job.id, shown(name)));
    // Comparing with every one of 100,000 names would take seconds.
    let mut candidates: Vec<&str> = names.jobs.keys().map(String::as_str).take(2000).collect();
    candidates.sort_unstable();
    flaw.maybe(did_you_mean(name, candidates))
}

/// Jobs that are left out count as well: a circle is a mistake in every build.
fn refuse_cycle(all: &[Converted], graph: &Graph, problems: &mut Problems<'_>) {
    let bare = |(one, before): (&Converted, &Vec<usize>)| {
        let dependencies = before.iter().map(|before| all[*before].job.id.clone()).collect();
        Job { dependencies, ..Job::new(one.job.id.clone()) }
    };
    let jobs: Vec<Job> = all.iter().zip(graph).map(bare).collect();
    match BuildGraph::new(&jobs) {
        Ok(_) => {}
        Err(GraphError::Cycle(ids)) => {
            let place = all.iter().position(|one| Some(&one.job.id) == ids.first()).unwrap_or_default();
            let span = all[place].needs.first().map_or(all[place].id_span, |(_, span)| *span);
            let names: Vec<String> = ids.iter().take(10).map(|id| format!("`{id}`")).collect();
            let more = if ids.len() > names.len() { " → …" } else { "" };
            let flaw = Flaw::new(span, format!("jobs wait for each other: {}{more}", names.join(" → ")));
            problems.add(flaw.help("take one of these dependencies away"));
        }
        Err(other) => problems.add(Flaw::new(all[0].id_span, other.to_string())),
    }
}
