use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use super::address::Address;
use super::connection::Connection;
use crate::store::StoreError;

/// Threads that read, each with a connection of its own once it has something to read.
const READERS: usize = 4;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long one tries to connect once more, from when the connection was lost.
const OUTAGE: Duration = Duration::from_secs(2);

/// How long one waits before each time.
const PAUSE: Duration = Duration::from_millis(50);

/// What is read, or told why nothing can be.
type Read = Box<dyn FnOnce(Result<&mut Connection, StoreError>) + Send>;

/// Those that read. Threads, because a task asks and waits, and must not keep others from running meanwhile.
pub(super) struct Readers(mpsc::Sender<Read>);

impl Readers {
    pub(super) fn start(address: &Address) -> std::io::Result<Self> {
        let (queue, reads) = mpsc::channel();
        let reads = Arc::new(Mutex::new(reads));
        for _ in 0..READERS {
            let mut reader = Reader { address: address.clone(), connection: None, lost: None };
            let reads = Arc::clone(&reads);
            let run = move || {
                while let Some(read) = next(&reads) {
                    reader.run(read);
                }
                if let Some(connection) = reader.connection {
                    connection.close();
                }
            };
            drop(std::thread::Builder::new().name("store-read".into()).spawn(run)?);
        }
        Ok(Self(queue))
    }

    /// Has something read as soon as one of them is free.
    pub(super) fn read(&self, read: Read) {
        // They end when this does.
        let _taken = self.0.send(read);
    }
}

fn next(reads: &Mutex<mpsc::Receiver<Read>>) -> Option<Read> {
    reads.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

struct Reader {
    address: Address,
    connection: Option<Connection>,
    /// Since when the database cannot be reached.
    lost: Option<Instant>,
}

impl Reader {
    fn run(&mut self, read: Read) {
        if self.connection.as_mut().is_some_and(Connection::is_lost) {
            self.connection = None;
        }
        while self.connection.is_none() {
            match connect(&self.address) {
                Ok(connection) => {
                    self.connection = Some(connection);
                    self.lost = None;
                }
                Err(error) if self.lost.get_or_insert_with(Instant::now).elapsed() > OUTAGE => {
                    return read(Err(error));
                }
                Err(_) => std::thread::sleep(PAUSE),
            }
        }
        if let Some(connection) = &mut self.connection {
            read(Ok(connection));
        }
    }
}

fn connect(address: &Address) -> Result<Connection, StoreError> {
    let mut connection = Connection::open(address, "monkeyci reads", PATIENCE)?;
    let settings = "SET default_transaction_read_only = on; SET statement_timeout = '10s'";
    connection.batch("cannot set up a connection", settings)?;
    Ok(connection)
}
