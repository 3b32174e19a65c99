//! Which queued job may start now, and why the others wait.
//!
//! Jobs start in the order in which they were queued, except that one whose *lane* is full lets others pass. A lane
//! is anything of which only so many may run at once: an organisation, or a concurrency group of a repository. A worker is
//! given jobs that it can run; those that need another one let it pass.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use monkeyci_model::{BuildId, Job, JobId, OrgId, RepoId};

use crate::offer::{Needs, Offer};

/// A job of a build.
pub type Key = (BuildId, JobId);

/// Something of which only so many jobs may run at once.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Lane {
    /// All jobs of an organisation.
    Org(OrgId),
    /// A concurrency group of a repository: one job at a time.
    Group(OrgId, RepoId, String),
}

/// Why a queued job does not run yet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Waiting {
    /// No worker has room; so many jobs stand before it.
    Capacity {
        /// Jobs before it.
        ahead: usize,
    },
    /// Its lane is full.
    Lane(Lane),
}

impl std::fmt::Display for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Capacity { ahead: 0 } => write!(f, "waits for a free worker; it is next"),
            Self::Capacity { ahead } => write!(f, "waits for a free worker, behind {ahead} others"),
            Self::Lane(Lane::Org(org)) => write!(f, "organisation `{org}` runs as many jobs as it may"),
            Self::Lane(Lane::Group(_, _, group)) => write!(f, "another job of concurrency group `{group}` runs"),
        }
    }
}

/// The jobs that wait for capacity, and the lanes that hold some of them back.
#[derive(Debug, Default)]
pub struct Queue {
    next: u64,
    org_limit: Option<usize>,
    waiting: HashMap<Key, Entry>,
    /// What may start, by what it needs: a worker looks at the first of each that it fits.
    ready: HashMap<Arc<Needs>, BTreeMap<u64, Key>>,
    running: HashMap<Key, Running>,
    /// How many of those run inside this process.
    inside: usize,
    lanes: HashMap<Lane, LaneState>,
}

/// Who takes jobs.
#[derive(Debug, Clone, Copy)]
pub struct Taker<'a> {
    /// What it can run.
    pub offer: &'a Offer,
    /// Whether it is inside this process.
    pub is_inside: bool,
}

#[derive(Debug)]
struct Running {
    lanes: Vec<Lane>,
    is_inside: bool,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    needs: Arc<Needs>,
    lanes: Vec<Lane>,
    parked: Option<Lane>,
}

#[derive(Debug, Default)]
struct LaneState {
    used: usize,
    parked: BTreeMap<u64, Key>,
}

impl Queue {
    /// A queue in which an organisation may run `limit` jobs at once.
    #[must_use]
    pub fn with_org_limit(limit: usize) -> Self {
        Self { org_limit: Some(limit), ..Self::default() }
    }

    /// Puts a job at the end. One that waits or runs already stays where it is.
    pub fn push(&mut self, build: &BuildId, job: &Job) {
        let key = (build.clone(), job.id.clone());
        if self.waiting.contains_key(&key) || self.running.contains_key(&key) {
            return;
        }
        let (lanes, needs) = (self.lanes_of(build, job), Arc::new(Needs::of(build, job)));
        self.next += 1;
        self.ready.entry(Arc::clone(&needs)).or_default().insert(self.next, key.clone());
        self.waiting.insert(key, Entry { number: self.next, needs, lanes, parked: None });
    }

    /// Counts a job as running that was taken out of another queue before, whatever its lanes say: it runs.
    pub fn hold(&mut self, build: &BuildId, job: &Job, is_inside: bool) {
        self.run((build.clone(), job.id.clone()), self.lanes_of(build, job), is_inside);
    }

    fn run(&mut self, key: Key, lanes: Vec<Lane>, is_inside: bool) {
        for lane in &lanes {
            self.lanes.entry(lane.clone()).or_default().used += 1;
        }
        self.inside += usize::from(is_inside);
        self.running.insert(key, Running { lanes, is_inside });
    }

    /// Takes up to `room` jobs that may start now and that the taker can run; they count as running until
    /// [`Queue::release`].
    pub fn take(&mut self, room: usize, taker: Taker<'_>) -> Vec<Key> {
        let mut taken = Vec::new();
        while taken.len() < room
            && let Some((number, key)) = self.pop(taker.offer)
        {
            let entry = &self.waiting[&key];
            if let Some(full) = entry.lanes.iter().find(|lane| self.is_full(lane)).cloned() {
                self.park(number, key, full);
                continue;
            }
            let entry = self.waiting.remove(&key).expect("what is ready waits");
            self.run(key.clone(), entry.lanes, taker.is_inside);
            taken.push(key);
        }
        taken
    }

    /// The first job that a worker can run.
    fn pop(&mut self, offer: &Offer) -> Option<(u64, Key)> {
        let fitting = self.ready.iter().filter(|(needs, _)| offer.fits(needs));
        let first = fitting.filter_map(|(needs, jobs)| Some((*jobs.first_key_value()?.0, needs)));
        let (number, needs) = first.min_by_key(|(number, _)| *number)?;
        let needs = Arc::clone(needs);
        self.unready(&needs, number).map(|key| (number, key))
    }

    fn unready(&mut self, needs: &Arc<Needs>, number: u64) -> Option<Key> {
        let jobs = self.ready.get_mut(needs)?;
        let key = jobs.remove(&number);
        if jobs.is_empty() {
            self.ready.remove(needs);
        }
        key
    }

    /// Lets go of a job, whether it waits or runs. Unknown jobs are no error: letting go twice is once.
    pub fn release(&mut self, build: &BuildId, job: &JobId) {
        let key = (build.clone(), job.clone());
        if let Some(entry) = self.waiting.remove(&key) {
            self.unready(&entry.needs, entry.number);
            if let Some(lane) = entry.parked.and_then(|lane| self.lanes.get_mut(&lane)) {
                lane.parked.remove(&entry.number);
            }
            // It may have been woken for room that it now leaves to the next.
            entry.lanes.iter().for_each(|lane| self.wake(lane));
        }
        let Some(running) = self.running.remove(&key) else { return };
        self.inside -= usize::from(running.is_inside);
        for lane in running.lanes {
            if let Some(state) = self.lanes.get_mut(&lane) {
                state.used -= 1;
            }
            self.wake(&lane);
        }
    }

    /// Why a queued job does not run yet; nothing when it is not queued.
    #[must_use]
    pub fn waiting(&self, build: &BuildId, job: &JobId) -> Option<Waiting> {
        let entry = self.waiting.get(&(build.clone(), job.clone()))?;
        let full = entry.lanes.iter().find(|lane| self.is_full(lane));
        Some(match full {
            Some(lane) => Waiting::Lane(lane.clone()),
            None => {
                let ahead = self.ready.values().map(|jobs| jobs.range(..entry.number).count()).sum();
                Waiting::Capacity { ahead }
            }
        })
    }

    /// What a queued job needs of a worker; nothing when it is not queued.
    #[must_use]
    pub fn needs(&self, build: &BuildId, job: &JobId) -> Option<&Needs> {
        self.waiting.get(&(build.clone(), job.clone())).map(|entry| &*entry.needs)
    }

    /// Whether a job may start now, as far as its lanes were looked at.
    #[must_use]
    pub fn is_any_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// How many jobs count as running inside this process.
    #[must_use]
    pub fn inside(&self) -> usize {
        self.inside
    }

    fn lanes_of(&self, build: &BuildId, job: &Job) -> Vec<Lane> {
        let org = self.org_limit.map(|_| Lane::Org(build.org.clone()));
        let group = job.concurrency_group.as_ref();
        let group = group.map(|group| Lane::Group(build.org.clone(), build.repo.clone(), group.clone()));
        org.into_iter().chain(group).collect()
    }

    fn limit(&self, lane: &Lane) -> usize {
        match lane {
            Lane::Org(_) => self.org_limit.unwrap_or(usize::MAX),
            Lane::Group(..) => 1,
        }
    }

    fn is_full(&self, lane: &Lane) -> bool {
        self.lanes.get(lane).is_some_and(|state| state.used >= self.limit(lane))
    }

    fn park(&mut self, number: u64, key: Key, full: Lane) {
        let entry = self.waiting.get_mut(&key).expect("what is parked waits");
        entry.parked = Some(full.clone());
        // It may have been woken for room in another lane, which it leaves to the next.
        let others: Vec<Lane> = entry.lanes.iter().filter(|lane| **lane != full).cloned().collect();
        self.lanes.entry(full).or_default().parked.insert(number, key);
        others.iter().for_each(|lane| self.wake(lane));
    }

    /// Makes the first job that a lane holds back ready again, when the lane has room.
    fn wake(&mut self, lane: &Lane) {
        if self.is_full(lane) {
            return;
        }
        let Some(state) = self.lanes.get_mut(lane) else { return };
        if let Some((number, key)) = state.parked.pop_first() {
            let entry = self.waiting.get_mut(&key).expect("what is parked waits");
            entry.parked = None;
            self.ready.entry(Arc::clone(&entry.needs)).or_default().insert(number, key);
        } else if state.used == 0 {
            self.lanes.remove(lane);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn build(number: u64) -> BuildId {
        BuildId::new("acme".parse().expect("an id"), "web".parse().expect("an id"), number)
    }

    fn job(id: &str) -> JobId {
        id.parse().expect("an id")
    }

    fn grouped(id: &str, group: Option<&str>) -> Job {
        Job { concurrency_group: group.map(str::to_owned), ..Job::new(job(id)) }
    }

    const OFFER: &Offer = &Offer { labels: None, archs: None, org: None, images: true, processes: true };
    const ANYBODY: Taker<'_> = Taker { offer: OFFER, is_inside: true };

    fn names(keys: Vec<Key>) -> String {
        keys.into_iter().map(|(build, job)| format!("{}{job}", build.number)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn jobs_start_in_order_as_there_is_room() {
        let mut queue = Queue::default();
        for id in ["a", "b", "c"] {
            queue.push(&build(1), &grouped(id, None));
            queue.push(&build(1), &grouped(id, None));
        }
        assert_eq!(queue.waiting(&build(1), &job("c")), Some(Waiting::Capacity { ahead: 2 }));
        assert_eq!(names(queue.take(2, ANYBODY)), "1a 1b");
        assert_eq!(queue.waiting(&build(1), &job("a")), None);
        assert_eq!(names(queue.take(2, ANYBODY)), "1c");
        assert_eq!(queue.inside(), 3);
    }

    #[test]
    fn one_job_of_a_group_runs_at_a_time_and_lets_others_pass() {
        let mut queue = Queue::default();
        queue.push(&build(1), &grouped("deploy", Some("prod")));
        queue.push(&build(2), &grouped("deploy", Some("prod")));
        queue.push(&build(2), &grouped("test", None));
        queue.push(&build(3), &grouped("deploy", Some("prod")));
        assert_eq!(names(queue.take(9, ANYBODY)), "1deploy 2test");
        let waiting = queue.waiting(&build(2), &job("deploy")).expect("it waits");
        assert_eq!(waiting.to_string(), "another job of concurrency group `prod` runs");
        queue.release(&build(1), &job("deploy"));
        queue.release(&build(1), &job("deploy"));
        assert_eq!(names(queue.take(9, ANYBODY)), "2deploy");
        queue.release(&build(2), &job("deploy"));
        assert_eq!(names(queue.take(9, ANYBODY)), "3deploy");
    }

    #[test]
    fn room_that_one_job_cannot_use_goes_to_the_next() {
        let mut queue = Queue::with_org_limit(2);
        queue.push(&build(1), &grouped("a", Some("g")));
        queue.push(&build(1), &grouped("b", None));
        queue.push(&build(1), &grouped("c", Some("g")));
        queue.push(&build(1), &grouped("d", None));
        assert_eq!(names(queue.take(9, ANYBODY)), "1a 1b");
        queue.release(&build(1), &job("b"));
        // `c` is woken first, but its group is busy: `d` must not wait for it.
        assert_eq!(names(queue.take(9, ANYBODY)), "1d");
        queue.release(&build(1), &job("a"));
        assert_eq!(names(queue.take(9, ANYBODY)), "1c");
    }

    #[test]
    fn room_that_a_job_was_woken_for_goes_to_the_next_when_it_is_let_go() {
        let mut queue = Queue::default();
        for number in 1..=3 {
            queue.push(&build(number), &grouped("deploy", Some("prod")));
        }
        assert_eq!(names(queue.take(9, ANYBODY)), "1deploy");
        queue.release(&build(1), &job("deploy"));
        queue.release(&build(2), &job("deploy"));
        assert_eq!(names(queue.take(9, ANYBODY)), "3deploy");
        queue.release(&build(3), &job("deploy"));
        assert!(queue.lanes.is_empty());
    }

    #[test]
    fn a_job_that_is_let_go_while_it_waits_is_gone() {
        let mut queue = Queue::default();
        queue.push(&build(1), &grouped("a", Some("g")));
        queue.push(&build(1), &grouped("b", Some("g")));
        assert_eq!(names(queue.take(9, ANYBODY)), "1a");
        queue.release(&build(1), &job("b"));
        queue.release(&build(1), &job("a"));
        assert_eq!(names(queue.take(9, ANYBODY)), "");
        assert!(queue.lanes.is_empty());
    }

    #[test]
    fn a_worker_gets_what_it_can_run_in_order_and_the_rest_waits_for_another() {
        let mut queue = Queue::default();
        let labelled = |id: &str| {
            let mut job = grouped(id, None);
            job.labels.insert("gpu".into(), "a100".into());
            job
        };
        for (number, job) in [(1, labelled("x")), (2, grouped("a", None)), (3, labelled("y")), (4, grouped("b", None))]
        {
            queue.push(&build(number), &job);
        }
        let plain = Offer { labels: Some(BTreeMap::new()), ..Offer::default() };
        assert_eq!(names(queue.take(9, Taker { offer: &plain, is_inside: false })), "2a 4b");
        assert_eq!((queue.inside(), queue.running.len()), (0, 2));
        assert!(queue.needs(&build(1), &job("x")).is_some_and(|needs| needs.to_string().contains("`gpu=a100`")));
        queue.release(&build(1), &job("x"));
        assert_eq!(names(queue.take(9, ANYBODY)), "3y");
        assert!(queue.ready.is_empty() && queue.inside() == 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_lane_is_overfull_and_nothing_waits_that_could_run(
            steps in prop::collection::vec((0..4_u8, 0..8_u64, 0..3_usize), 0..60),
        ) {
            let mut queue = Queue::with_org_limit(3);
            let groups = [None, Some("a"), Some("b")];
            for (what, number, pick) in steps {
                match what {
                    0 | 1 => queue.push(&build(number), &grouped("j", groups[pick])),
                    2 => queue.release(&build(number), &job("j")),
                    _ => drop(queue.take(pick, ANYBODY)),
                }
                assert!(queue.lanes.iter().all(|(lane, state)| state.used <= queue.limit(lane)));
            }
            queue.take(usize::MAX, ANYBODY);
            let key = |number| (build(number), job("j"));
            let waits = |number: &u64| queue.waiting.contains_key(&key(*number));
            for number in (0..8).filter(waits) {
                let why = queue.waiting(&build(number), &job("j"));
                assert!(matches!(why, Some(Waiting::Lane(_))), "{number} waits for {why:?}");
            }
            (0..8).for_each(|number| queue.release(&build(number), &job("j")));
            assert!(queue.lanes.is_empty() && queue.ready.is_empty() && queue.running.is_empty());
        }
    }
}
