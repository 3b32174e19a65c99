use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::address::Address;
use super::connection::Connection;
use super::facts::Last;
use super::session::{self, Turn};
use super::tables::Statements;
use super::work::{Done, Work};
use crate::store::StoreError;

/// Requests that share one transaction, at most.
const GROUP: usize = 256;

/// How long one waits before connecting once more, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));

/// The one that writes.
pub(super) struct Writer {
    address: Address,
    /// What the server knows this process by.
    who: String,
    /// None while the database cannot be reached.
    connection: Option<Connection>,
    /// The last transaction that is known to be written.
    turn: Turn,
    last: Last,
    /// Another server has taken the database over: what is known here is old.
    is_over: Arc<AtomicBool>,
}

/// Requests whose transaction may be written or not, and what is answered if it is.
struct Doubt {
    group: Vec<Work>,
    done: Vec<Done>,
    last: Last,
}

/// Why a transaction came to nothing.
enum Broken {
    /// Nothing of it was written.
    Refused(StoreError),
    /// The connection was lost before anything could be written.
    Lost,
    /// The connection was lost while it was written, or not.
    InDoubt(Vec<Done>, Last),
}

impl Writer {
    pub(super) fn open(address: Address, is_over: Arc<AtomicBool>) -> Result<Self, StoreError> {
        let who = format!("monkeyci {}", ulid::Ulid::new());
        let (mut connection, turn) = session::open(&address, &who)?;
        let last = Last::read(&mut Statements::on(&mut connection))?;
        Ok(Self { address, who, connection: Some(connection), turn, last, is_over })
    }

    /// Writes until nobody can ask any more, then lets go of the database.
    pub(super) fn run(mut self, mut queue: mpsc::Receiver<Work>) {
        let mut group = Vec::with_capacity(GROUP);
        loop {
            let received = match &mut self.connection {
                Some(connection) => connection.idle(queue.recv_many(&mut group, GROUP)),
                None => Some(queue.blocking_recv_many(&mut group, GROUP)),
            };
            match received {
                Some(0) => break,
                Some(_) => self.write(std::mem::take(&mut group), &mut queue),
                // While it is lost, so is the lock: it is taken again at once, not with the next write.
                None => {
                    self.lose("while nothing was written");
                    let group = self.reach(Vec::new(), None, &mut queue);
                    self.write(group, &mut queue);
                }
            }
        }
        if let Some(connection) = self.connection {
            connection.close();
        }
    }

    /// Writes a group, however often the connection is lost meanwhile.
    fn write(&mut self, mut group: Vec<Work>, queue: &mut mpsc::Receiver<Work>) {
        while !group.is_empty() {
            let doubt = match self.transact(&mut group) {
                Ok(done) => return answer(group, done),
                Err(Broken::Refused(error)) => return refuse(group, &error),
                Err(Broken::Lost) => None,
                Err(Broken::InDoubt(done, last)) => Some(Doubt { group: std::mem::take(&mut group), done, last }),
            };
            self.lose(if doubt.is_some() { "at the end of a transaction" } else { "before the end of a transaction" });
            group = self.reach(group, doubt, queue);
        }
    }

    /// One transaction.
    fn transact(&mut self, group: &mut [Work]) -> Result<Vec<Done>, Broken> {
        let Some(connection) = &mut self.connection else { return Err(Broken::Lost) };
        // The row is held until the end, so that no two write at once, whatever became of the lock.
        let Turn { epoch, batch } = self.turn;
        let begin = format!(
            "BEGIN; UPDATE writer SET batch = {batch} + 1 WHERE epoch = {epoch} AND batch = {batch}; SAVEPOINT work"
        );
        let changed = connection.batch("cannot begin to write", &begin).map_err(|error| broken(connection, error))?;
        if changed.get(1) != Some(&1) {
            self.is_over.store(true, Ordering::Relaxed);
            let error = StoreError::InUse { path: connection.name().into() };
            return Err(broken(connection, error));
        }
        let (mut last, count) = (self.last, group.len());
        let mut done = Vec::with_capacity(count);
        for (index, work) in group.iter_mut().enumerate() {
            let before = last;
            let outcome = work.run(connection, &mut last);
            // A task may tell of a lost connection in words of its own.
            if connection.is_known_lost() {
                return Err(Broken::Lost);
            }
            let is_last = index + 1 == count;
            let then = match outcome {
                Ok(_) if is_last => "",
                Ok(_) => "RELEASE work; SAVEPOINT work",
                Err(_) => "ROLLBACK TO work",
            };
            done.push(outcome.unwrap_or_else(|error| {
                last = before;
                Done::Refused(error)
            }));
            if !then.is_empty() {
                connection.batch("cannot write", then).map_err(|error| broken(connection, error))?;
            }
        }
        match connection.batch("cannot write", "RELEASE work; COMMIT") {
            Ok(_) => {
                self.turn.batch += 1;
                self.last = last;
                Ok(done)
            }
            Err(StoreError::Unreachable { .. }) => Err(Broken::InDoubt(done, last)),
            Err(error) => Err(broken(connection, error)),
        }
    }

    fn lose(&mut self, when: &str) {
        self.connection = None;
        tracing::warn!(database = self.address.name(), "the connection was lost {when}");
    }

    /// Connects once more, and returns what is still to be written. Whatever is asked for meanwhile joins the group; what
    /// has waited long enough is refused.
    fn reach(&mut self, mut group: Vec<Work>, mut doubt: Option<Doubt>, queue: &mut mpsc::Receiver<Work>) -> Vec<Work> {
        let lost = Instant::now();
        let mut pause = PAUSES.0;
        while let Err(error) = self.connect(&mut doubt) {
            while let Ok(work) = queue.try_recv() {
                group.push(work);
            }
            // Whoever lets go of the store does not wait for a database that is not there.
            let is_vain = self.is_over.load(Ordering::Relaxed) || queue.is_closed();
            let waited = if is_vain { Duration::MAX } else { lost.elapsed() };
            group = refuse_impatient(group, waited, &error);
            if let Some(held) = doubt.take_if(|doubt| doubt.group.iter().all(|work| work.patience() <= waited)) {
                refuse(held.group, &unknown(&error));
            }
            if is_vain {
                return group;
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(PAUSES.1);
        }
        tracing::info!(database = self.address.name(), seconds = lost.elapsed().as_secs(), "the database is back");
        // What was not written is tried again, except tasks that have run: they run once.
        let undone = doubt.map(|doubt| doubt.group).into_iter().flatten().chain(group);
        let (again, spent): (Vec<_>, Vec<_>) = undone.partition(Work::can_run);
        let path = self.address.name().to_owned();
        refuse(spent, &StoreError::Unreachable { path, reason: "the connection was lost; nothing was changed".into() });
        again
    }

    /// Connects, and answers what was in doubt where it turns out to be written.
    fn connect(&mut self, doubt: &mut Option<Doubt>) -> Result<(), StoreError> {
        let over = StoreError::InUse { path: self.address.name().to_owned() };
        if self.is_over.load(Ordering::Relaxed) {
            return Err(over);
        }
        let (connection, turn) = session::open_again(&self.address, &self.who)?;
        let next = Turn { batch: self.turn.batch + 1, ..self.turn };
        if turn == next
            && let Some(Doubt { group, done, last }) = doubt.take()
        {
            self.turn = turn;
            self.last = last;
            answer(group, done);
        }
        if turn != self.turn {
            tracing::error!(database = self.address.name(), "another server has taken the database over");
            self.is_over.store(true, Ordering::Relaxed);
            return Err(over);
        }
        self.connection = Some(connection);
        Ok(())
    }
}

/// Ends a transaction in which an error came up.
fn broken(connection: &mut Connection, error: StoreError) -> Broken {
    if matches!(error, StoreError::Unreachable { .. }) {
        return Broken::Lost;
    }
    // Where this is refused too, the next one finds it.
    let _rolled_back = connection.batch("cannot roll back", "ROLLBACK");
    Broken::Refused(error)
}

fn answer(group: Vec<Work>, done: Vec<Done>) {
    group.into_iter().zip(done).for_each(|(work, done)| work.answer(done));
}

fn refuse(group: Vec<Work>, error: &StoreError) {
    group.into_iter().for_each(|work| work.answer(Done::Refused(error.clone())));
}

/// Refuses what has waited for long enough, and returns the others.
fn refuse_impatient(group: Vec<Work>, waited: Duration, error: &StoreError) -> Vec<Work> {
    let (patient, impatient): (Vec<_>, Vec<_>) = group.into_iter().partition(|work| work.patience() > waited);
    refuse(impatient, error);
    patient
}

/// Nobody can be told whether it was written: whoever asked must look.
fn unknown(error: &StoreError) -> StoreError {
    let what = "the database was lost while this was written, and whether it is written is not known";
    StoreError::Database { what, reason: error.to_string() }
}
