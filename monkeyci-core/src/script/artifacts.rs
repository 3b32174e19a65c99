//! Who restores what of whom.

use std::collections::HashMap;

use monkeyci_model::job::{Artifact, SaveWhen};

use super::convert::Converted;
use super::dependencies::Graph;
use super::nearest::did_you_mean;
use super::node::Weight;
use super::placeholder;
use super::problems::{Flaw, Problems};

/// How many dependencies are followed for warnings; beyond it the script is so big that warnings are left out.
const MAX_STEPS: usize = 2_000_000;

/// The jobs that save one artifact.
#[derive(Default)]
struct Savers {
    /// In rising order.
    places: Vec<usize>,
    /// Whether one of them does not belong to the build.
    left_out: bool,
    /// Where the first of them saves it.
    path: String,
}

/// Fills in what each job restores, and warns of what may not be there. Where there are jobs elsewhere (`has_others`),
/// they may save what these do not.
pub(super) fn restore(
    all: &mut [Converted],
    graph: &Graph,
    has_others: bool,
    spent: &mut Weight,
    problems: &mut Problems<'_>,
) {
    let mut savers: HashMap<String, Savers> = HashMap::new();
    for (place, one) in all.iter().enumerate() {
        for artifact in &one.job.save_artifacts {
            let savers = savers.entry(artifact.id.clone()).or_default();
            if savers.places.is_empty() {
                savers.path.clone_from(&artifact.path);
            }
            savers.places.push(place);
            savers.left_out |= one.left_out;
        }
    }
    warn_of_twins(all, &savers, problems);
    let mut steps = 0;
    for place in 0..all.len() {
        let restored = std::mem::take(&mut all[place].restored);
        for wanted in restored {
            let by = savers.get(&wanted.id);
            let is_others = has_others && by.is_none();
            if !all[place].left_out && !is_others && !by.is_some_and(|by| by.left_out) {
                let places = by.map(|by| by.places.as_slice()).unwrap_or_default();
                warn_of_missing(all, place, &wanted.id, places, graph, &mut steps, problems);
            }
            let path = wanted.path.or_else(|| by.map(|by| by.path.clone()));
            match path {
                Some(path) => {
                    if let Err(flaw) = placeholder::spend(spent, Weight { nodes: 0, bytes: path.len() }, wanted.span) {
                        problems.add(flaw);
                        return;
                    }
                    all[place].job.restore_artifacts.push(Artifact { id: wanted.id, path, save: SaveWhen::default() });
                }
                None => {
                    let flaw = Flaw::new(wanted.span, format!("no job saves the artifact `{}`", wanted.id));
                    let near = did_you_mean(&wanted.id, savers.keys().take(2000).map(String::as_str));
                    problems.add(flaw.help("an artifact of elsewhere needs a path: `{id: …, path: …}`").maybe(near));
                }
            }
        }
    }
}

fn warn_of_missing(
    all: &[Converted],
    place: usize,
    id: &str,
    savers: &[usize],
    graph: &Graph,
    steps: &mut usize,
    problems: &mut Problems<'_>,
) {
    let job = &all[place].job.id;
    if savers.is_empty() {
        problems.warn(format!("job `{job}` restores the artifact `{id}`, which no job of this build saves"));
    } else if !depends_on_any(place, savers, graph, steps) {
        let saver = &all[savers[0]].job.id;
        problems.warn(format!(
            "job `{job}` restores the artifact `{id}` of `{saver}` and does not depend on it: it may not be there yet"
        ));
    }
}

/// Whether one of `savers`, in rising order, comes before the job at `place`; true when that takes too long to find out.
fn depends_on_any(place: usize, savers: &[usize], graph: &Graph, steps: &mut usize) -> bool {
    let mut seen = std::collections::HashSet::new();
    let mut open = vec![place];
    while let Some(job) = open.pop() {
        for before in &graph[job] {
            *steps += 1;
            if savers.binary_search(before).is_ok() || *steps > MAX_STEPS {
                return true;
            }
            if seen.insert(*before) {
                open.push(*before);
            }
        }
    }
    false
}

fn warn_of_twins(all: &[Converted], savers: &HashMap<String, Savers>, problems: &mut Problems<'_>) {
    let mut twins: Vec<(&String, Vec<usize>)> = savers
        .iter()
        .map(|(id, savers)| {
            (id, savers.places.iter().copied().filter(|place| !all[*place].left_out).collect::<Vec<_>>())
        })
        .filter(|(_, places)| places.len() > 1)
        .collect();
    twins.sort_unstable();
    for (id, places) in twins {
        let (first, second) = (&all[places[0]].job.id, &all[places[1]].job.id);
        problems.warn(format!(
            "jobs `{first}` and `{second}` both save the artifact `{id}`: what is restored is what was saved last"
        ));
    }
}
