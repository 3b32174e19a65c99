//! A large plan through the build machine, which is pure: what checking and deciding cost.

use std::collections::HashMap;
use std::time::Duration;

use monkeyci_core::build::Build;
use monkeyci_core::model::{EventKind, Job, JobId, JobResult, Trigger};

use crate::measure::{Goal, Outcome, pairs, rounds, setting, timed};

/// Jobs before each job.
const BEFORE: usize = 3;

pub fn run() -> Outcome {
    let count = setting("PLAN", 100_000);
    let jobs: Vec<Job> = (0..count).map(job).collect();
    let within = Goal::Within(Duration::from_millis(250));
    let what = format!("take in {count} jobs × {BEFORE} dependencies");
    let ours = || {
        let mut build = loading()?;
        let start = EventKind::ScriptStart { jobs: jobs.clone(), warnings: Vec::new(), tests: None, pipeline: None };
        timed(|| Ok(build.apply(start)?))
    };
    pairs(&what, rounds(7), &within, || timed(|| Ok(Kahn::new(&jobs))), ours)?;

    let floor = || {
        let kahn = Kahn::new(&jobs);
        timed(|| Ok(kahn.run()))
    };
    pairs("run all of them", rounds(7), &Goal::Shown, floor, || play(&jobs))?;
    Ok(())
}

/// Job `n` waits for three of those before it.
fn job(number: usize) -> Job {
    let id = |number: usize| JobId::new(format!("job-{number}")).expect("a valid id");
    let mut before: Vec<usize> = (1..=BEFORE).filter_map(|step| number.checked_sub(step * step)).collect();
    before.dedup();
    Job { dependencies: before.into_iter().map(id).collect(), ..Job::new(id(number)) }
}

/// A build that waits for its jobs.
fn loading() -> Outcome<Build> {
    let mut build = Build::default();
    build.apply(EventKind::BuildTriggered { trigger: Box::new(Trigger::default()) })?;
    build.apply(EventKind::BuildInitializing {})?;
    build.apply(EventKind::BuildStart { trigger: None })?;
    build.apply(EventKind::ScriptInitializing { script_dir: ".monkeyci".into() })?;
    Ok(build)
}

/// How long it takes to tell the machine all that happens to these jobs.
fn play(jobs: &[Job]) -> Outcome<Duration> {
    let mut build = loading()?;
    let mut facts = build.apply(EventKind::ScriptStart {
        jobs: jobs.to_vec(),
        warnings: Vec::new(),
        tests: None,
        pipeline: None,
    })?;
    let mut queued = Vec::new();
    let mut ended = 0;
    let took = timed(|| {
        let mut fence = 0;
        loop {
            for fact in facts.drain(..) {
                match fact {
                    EventKind::JobQueued { job_id, .. } => queued.push(job_id),
                    EventKind::JobEnd { .. } => ended += 1,
                    _ => {}
                }
            }
            let Some(job_id) = queued.pop() else { return Ok(()) };
            fence += 1;
            let worker = "bench".to_owned();
            build.apply(EventKind::JobInitializing { job_id: job_id.clone(), attempt: 1, fence, worker })?;
            build.apply(EventKind::JobStart {
                job_id: job_id.clone(),
                attempt: 1,
                guarantee: None,
                job: None,
                addresses: Vec::new(),
            })?;
            let result = Box::new(JobResult::default());
            facts = build.apply(EventKind::JobExecuted { job_id, attempt: 1, result })?;
        }
    })?;
    if ended == jobs.len() { Ok(took) } else { Err(format!("{ended} of {} jobs ended", jobs.len()).into()) }
}

/// Kahn's algorithm, with ids as the only luxury.
struct Kahn {
    waits: Vec<u32>,
    after: Vec<Vec<u32>>,
}

impl Kahn {
    fn new(jobs: &[Job]) -> Self {
        let number = |place: usize| u32::try_from(place).expect("fewer jobs than that");
        let places: HashMap<&str, u32> =
            jobs.iter().enumerate().map(|(place, job)| (job.id.as_str(), number(place))).collect();
        let mut after = vec![Vec::new(); jobs.len()];
        for (place, job) in jobs.iter().enumerate() {
            for before in &job.dependencies {
                after[places[before.as_str()] as usize].push(number(place));
            }
        }
        Self { waits: jobs.iter().map(|job| number(job.dependencies.len())).collect(), after }
    }

    fn run(mut self) -> usize {
        let mut free: Vec<u32> = (0..).zip(&self.waits).filter(|(_, waits)| **waits == 0).map(|(n, _)| n).collect();
        let mut ended = 0;
        while let Some(place) = free.pop() {
            ended += 1;
            for &after in &self.after[place as usize] {
                self.waits[after as usize] -= 1;
                if self.waits[after as usize] == 0 {
                    free.push(after);
                }
            }
        }
        ended
    }
}
