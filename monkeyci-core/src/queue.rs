//! Which queued job may start now, and why the others wait.
//!
//! Jobs start in the order in which they were queued, except that one whose *lane* is full lets others pass. A lane
//! is anything of which only so many may run at once: an organisation, or a concurrency group of a repository.

use std::collections::{BTreeMap, HashMap};

use monkeyci_model::{BuildId, JobId, OrgId, RepoId};

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
    ready: BTreeMap<u64, Key>,
    running: HashMap<Key, Vec<Lane>>,
    lanes: HashMap<Lane, LaneState>,
}

#[derive(Debug)]
struct Entry {
    number: u64,
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
    pub fn push(&mut self, build: &BuildId, job: &JobId, group: Option<&str>) {
        let key = (build.clone(), job.clone());
        if self.waiting.contains_key(&key) || self.running.contains_key(&key) {
            return;
        }
        let lanes = self.lanes_of(build, group);
        self.next += 1;
        self.ready.insert(self.next, key.clone());
        self.waiting.insert(key, Entry { number: self.next, lanes, parked: None });
    }

    /// Counts a job as running that was taken out of another queue before, whatever its lanes say: it runs.
    pub fn hold(&mut self, build: &BuildId, job: &JobId, group: Option<&str>) {
        let lanes = self.lanes_of(build, group);
        for lane in &lanes {
            self.lanes.entry(lane.clone()).or_default().used += 1;
        }
        self.running.insert((build.clone(), job.clone()), lanes);
    }

    /// Takes up to `room` jobs that may start now; they count as running until [`Queue::release`].
    pub fn take(&mut self, room: usize) -> Vec<Key> {
        let mut taken = Vec::new();
        while taken.len() < room
            && let Some((number, key)) = self.ready.pop_first()
        {
            let entry = &self.waiting[&key];
            if let Some(full) = entry.lanes.iter().find(|lane| self.is_full(lane)).cloned() {
                self.park(number, key, full);
                continue;
            }
            let entry = self.waiting.remove(&key).expect("what is ready waits");
            for lane in &entry.lanes {
                self.lanes.entry(lane.clone()).or_default().used += 1;
            }
            self.running.insert(key.clone(), entry.lanes);
            taken.push(key);
        }
        taken
    }

    /// Lets go of a job, whether it waits or runs. Unknown jobs are no error: letting go twice is once.
    pub fn release(&mut self, build: &BuildId, job: &JobId) {
        let key = (build.clone(), job.clone());
        if let Some(entry) = self.waiting.remove(&key) {
            self.ready.remove(&entry.number);
            if let Some(lane) = entry.parked.and_then(|lane| self.lanes.get_mut(&lane)) {
                lane.parked.remove(&entry.number);
            }
            // It may have been woken for room that it now leaves to the next.
            entry.lanes.iter().for_each(|lane| self.wake(lane));
        }
        for lane in self.running.remove(&key).unwrap_or_default() {
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
            None => Waiting::Capacity { ahead: self.ready.range(..entry.number).count() },
        })
    }

    /// Whether a job may start now, as far as its lanes were looked at.
    #[must_use]
    pub fn is_any_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// How many jobs count as running.
    #[must_use]
    pub fn running(&self) -> usize {
        self.running.len()
    }

    fn lanes_of(&self, build: &BuildId, group: Option<&str>) -> Vec<Lane> {
        let org = self.org_limit.map(|_| Lane::Org(build.org.clone()));
        let group = group.map(|group| Lane::Group(build.org.clone(), build.repo.clone(), group.to_owned()));
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
            self.waiting.get_mut(&key).expect("what is parked waits").parked = None;
            self.ready.insert(number, key);
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

    fn names(keys: Vec<Key>) -> String {
        keys.into_iter().map(|(build, job)| format!("{}{job}", build.number)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn jobs_start_in_order_as_there_is_room() {
        let mut queue = Queue::default();
        for id in ["a", "b", "c"] {
            queue.push(&build(1), &job(id), None);
            queue.push(&build(1), &job(id), None);
        }
        assert_eq!(queue.waiting(&build(1), &job("c")), Some(Waiting::Capacity { ahead: 2 }));
        assert_eq!(names(queue.take(2)), "1a 1b");
        assert_eq!(queue.waiting(&build(1), &job("a")), None);
        assert_eq!(names(queue.take(2)), "1c");
        assert_eq!(queue.running(), 3);
    }

    #[test]
    fn one_job_of_a_group_runs_at_a_time_and_lets_others_pass() {
        let mut queue = Queue::default();
        queue.push(&build(1), &job("deploy"), Some("prod"));
        queue.push(&build(2), &job("deploy"), Some("prod"));
        queue.push(&build(2), &job("test"), None);
        queue.push(&build(3), &job("deploy"), Some("prod"));
        assert_eq!(names(queue.take(9)), "1deploy 2test");
        let waiting = queue.waiting(&build(2), &job("deploy")).expect("it waits");
        assert_eq!(waiting.to_string(), "another job of concurrency group `prod` runs");
        queue.release(&build(1), &job("deploy"));
        queue.release(&build(1), &job("deploy"));
        assert_eq!(names(queue.take(9)), "2deploy");
        queue.release(&build(2), &job("deploy"));
        assert_eq!(names(queue.take(9)), "3deploy");
    }

    #[test]
    fn room_that_one_job_cannot_use_goes_to_the_next() {
        let mut queue = Queue::with_org_limit(2);
        queue.push(&build(1), &job("a"), Some("g"));
        queue.push(&build(1), &job("b"), None);
        queue.push(&build(1), &job("c"), Some("g"));
        queue.push(&build(1), &job("d"), None);
        assert_eq!(names(queue.take(9)), "1a 1b");
        queue.release(&build(1), &job("b"));
        // `c` is woken first, but its group is busy: `d` must not wait for it.
        assert_eq!(names(queue.take(9)), "1d");
        queue.release(&build(1), &job("a"));
        assert_eq!(names(queue.take(9)), "1c");
    }

    #[test]
    fn room_that_a_job_was_woken_for_goes_to_the_next_when_it_is_let_go() {
        let mut queue = Queue::default();
        for number in 1..=3 {
            queue.push(&build(number), &job("deploy"), Some("prod"));
        }
        assert_eq!(names(queue.take(9)), "1deploy");
        queue.release(&build(1), &job("deploy"));
        queue.release(&build(2), &job("deploy"));
        assert_eq!(names(queue.take(9)), "3deploy");
        queue.release(&build(3), &job("deploy"));
        assert!(queue.lanes.is_empty());
    }

    #[test]
    fn a_job_that_is_let_go_while_it_waits_is_gone() {
        let mut queue = Queue::default();
        queue.push(&build(1), &job("a"), Some("g"));
        queue.push(&build(1), &job("b"), Some("g"));
        assert_eq!(names(queue.take(9)), "1a");
        queue.release(&build(1), &job("b"));
        queue.release(&build(1), &job("a"));
        assert_eq!(names(queue.take(9)), "");
        assert!(queue.lanes.is_empty());
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
                    0 | 1 => queue.push(&build(number), &job("j"), groups[pick]),
                    2 => queue.release(&build(number), &job("j")),
                    _ => drop(queue.take(pick)),
                }
                assert!(queue.lanes.iter().all(|(lane, state)| state.used <= queue.limit(lane)));
            }
            queue.take(usize::MAX);
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
