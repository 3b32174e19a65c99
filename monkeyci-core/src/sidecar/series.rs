//! Many bytes as a series of small objects: `name/000000`, `name/000001` …
//!
//! All have [`PART`] bytes but the last, which has fewer, maybe none: that is how its end is known. So whatever is large is
//! sent while it is packed and unpacked while it comes, an object that fails is sent again from memory, no server needs to know
//! uploads in parts, and whoever sends holds two parts, whoever fetches about one.

use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{Buf, Bytes};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, OwnedPermit};
use tokio::task::spawn_blocking;

use super::depot::Depot;
use super::error::SidecarError;

/// Bytes of each object but the last.
pub const PART: usize = 1024 * 1024;

/// Sends what `write` writes, as a series of this name.
///
/// # Errors
/// What `write` returns; or when the depot fails.
pub async fn send<T: Send + 'static>(
    depot: &dyn Depot,
    name: &str,
    write: impl FnOnce(&mut dyn Write) -> Result<T, SidecarError> + Send + 'static,
) -> Result<T, SidecarError> {
    let (to, mut parts) = mpsc::channel(1);
    let writing = spawn_blocking(move || {
        let mut out = Parts { to, room: None, part: Vec::new() };
        let made = write(&mut out)?;
        out.finish().map_err(SidecarError::io("sending files"))?;
        Ok(made)
    });
    let mut number = 0;
    let mut failed = None;
    while let Some(part) = parts.recv().await {
        if let Err(error) = depot.put(&part_name(name, number), part).await {
            failed = Some(error);
            break;
        }
        number += 1;
    }
    // Whoever writes now fails to, if they still do.
    drop(parts);
    let written = joined(writing.await);
    match failed {
        // What was refused first is the cause.
        Some(error) => Err(error.into()),
        None => written,
    }
}

/// Has `read` read a series of this name, of `most` bytes.
///
/// # Errors
/// What `read` returns; or when the depot fails, or does not have all of it.
pub async fn fetch<T: Send + 'static>(
    depot: &dyn Depot,
    name: &str,
    most: u64,
    read: impl FnOnce(&mut dyn Read) -> Result<T, SidecarError> + Send + 'static,
) -> Result<T, SidecarError> {
    let (to, from) = mpsc::channel(1);
    let reading = spawn_blocking(move || read(&mut Arriving { from, part: Bytes::new() }));
    let came = bring(depot, name, most, &to).await;
    if let Err(error) = &came {
        // Told, so that half of it does not pass for all.
        let _gone = to.send(Err(io::Error::other(error.to_string()))).await;
    }
    drop(to);
    let read = joined(reading.await);
    came.and(read)
}

async fn bring(
    depot: &dyn Depot,
    name: &str,
    most: u64,
    to: &mpsc::Sender<io::Result<Bytes>>,
) -> Result<(), SidecarError> {
    let mut number = 0;
    loop {
        let object = part_name(name, number);
        let Some(length) = depot.pour(&object, PART, &Pieces::new(to.clone())).await? else {
            return Err(SidecarError::broken(&object, "is missing"));
        };
        number += 1;
        if number * PART as u64 > most.saturating_add(PART as u64) {
            return Err(SidecarError::broken(name, format!("has more than {most} bytes")));
        }
        // Who reads may have seen enough: then their word counts.
        if length < PART || to.is_closed() {
            return Ok(());
        }
    }
}

/// Where an object goes piece by piece, each once, however often the object is begun.
pub struct Pieces {
    to: mpsc::Sender<io::Result<Bytes>>,
    told: AtomicUsize,
}

impl Pieces {
    fn new(to: mpsc::Sender<io::Result<Bytes>>) -> Self {
        Self { to, told: AtomicUsize::new(0) }
    }

    /// Tells what of `piece`, which begins at byte `at` of the object, was not told before, once there is room for it.
    pub async fn tell(&self, at: usize, mut piece: Bytes) {
        let (told, end) = (self.told(), at + piece.len());
        if end <= told {
            return;
        }
        let Ok(room) = self.to.reserve().await else { return };
        piece.advance(told.saturating_sub(at));
        room.send(Ok(piece));
        self.told.store(end, Ordering::Relaxed);
    }

    /// Bytes of the object that were told.
    pub(super) fn told(&self) -> usize {
        self.told.load(Ordering::Relaxed)
    }
}

fn part_name(name: &str, number: u64) -> String {
    format!("{name}/{number:06}")
}

fn joined<T>(ended: Result<Result<T, SidecarError>, tokio::task::JoinError>) -> Result<T, SidecarError> {
    ended.unwrap_or_else(|panic| Err(SidecarError::io("carrying files")(io::Error::other(panic))))
}

/// Cuts what is written into parts.
struct Parts {
    to: mpsc::Sender<Bytes>,
    /// Room for the part that is being filled.
    room: Option<OwnedPermit<Bytes>>,
    part: Vec<u8>,
}

impl Parts {
    /// Begins a part once the one before is being sent, so that no third is held.
    fn begin(&mut self) -> io::Result<OwnedPermit<Bytes>> {
        let room = match self.room.take() {
            Some(room) => Ok(room),
            None => Handle::current().block_on(self.to.clone().reserve_owned()),
        };
        room.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// Sends the last part, which is shorter than the others.
    fn finish(mut self) -> io::Result<()> {
        let room = self.begin()?;
        room.send(self.part.into());
        Ok(())
    }
}

impl Write for Parts {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let permit = self.begin()?;
        let room = PART - self.part.len();
        let count = room.min(bytes.len());
        self.part.reserve_exact(room);
        self.part.extend_from_slice(&bytes[..count]);
        if self.part.len() == PART {
            permit.send(std::mem::take(&mut self.part).into());
        } else {
            self.room = Some(permit);
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads what comes as it comes.
struct Arriving {
    from: mpsc::Receiver<io::Result<Bytes>>,
    part: Bytes,
}

impl Read for Arriving {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.part.is_empty() {
            match self.from.blocking_recv() {
                Some(part) => self.part = part?,
                None => return Ok(0),
            }
        }
        let length = buffer.len().min(self.part.len());
        buffer[..length].copy_from_slice(&self.part.split_to(length));
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use async_trait::async_trait;
    use object_store::memory::InMemory;
    use object_store::path::Path;

    use super::super::depot::DepotError;
    use super::super::objects::Objects;
    use super::super::patient::Patient;
    use super::*;

    async fn through(depot: &dyn Depot, bytes: Vec<u8>) -> Vec<u8> {
        let written = bytes.clone();
        let write = move |out: &mut dyn Write| out.write_all(&written).map_err(SidecarError::io("writing"));
        send(depot, "work", write).await.expect("sent");
        fetch(depot, "work", bytes.len() as u64, |from| {
            let mut read = Vec::new();
            from.read_to_end(&mut read).map_err(SidecarError::io("reading"))?;
            Ok(read)
        })
        .await
        .expect("fetched")
    }

    #[tokio::test]
    async fn bytes_of_any_length_come_through() {
        for length in [0, 1, PART - 1, PART, PART + 1, 3 * PART] {
            let depot = Objects::new(Arc::new(InMemory::new()), Path::from("a"));
            let bytes: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            assert!(through(&depot, bytes.clone()).await == bytes, "{length} bytes");
        }
    }

    /// One that breaks off in the middle of each object when it is first asked for it.
    struct Shaky(Objects, AtomicUsize);

    #[async_trait]
    impl Depot for Shaky {
        async fn put(&self, name: &str, bytes: Bytes) -> Result<(), DepotError> {
            self.0.put(name, bytes).await
        }

        async fn create(&self, name: &str, bytes: Bytes) -> Result<bool, DepotError> {
            self.0.create(name, bytes).await
        }

        async fn get(&self, name: &str, most: usize) -> Result<Option<Bytes>, DepotError> {
            self.0.get(name, most).await
        }

        async fn pour(&self, name: &str, most: usize, pieces: &Pieces) -> Result<Option<usize>, DepotError> {
            let Some(all) = self.get(name, most).await? else { return Ok(None) };
            let first = self.1.fetch_add(1, Ordering::Relaxed).is_multiple_of(2);
            let count = if first { all.len() / 2 } else { all.len() };
            for at in (0..count).step_by(100_000) {
                pieces.tell(at, all.slice(at..count.min(at + 100_000))).await;
            }
            if first { Err(DepotError::away(name, "broken off")) } else { Ok(Some(count)) }
        }

        async fn clear(&self) -> Result<(), DepotError> {
            self.0.clear().await
        }
    }

    #[tokio::test]
    async fn an_object_that_breaks_off_goes_on_where_it_was() {
        let depot = Shaky(Objects::new(Arc::new(InMemory::new()), Path::from("a")), AtomicUsize::new(0));
        // Not even who has no patience gives up what goes on.
        let depot = Patient::new(Arc::new(depot), Duration::ZERO);
        let bytes: Vec<u8> = (0..2 * PART + 250_000).map(|at| (at % 251) as u8).collect();
        assert!(through(&depot, bytes.clone()).await == bytes);
    }

    #[tokio::test]
    async fn a_series_without_its_end_or_without_end_is_refused() {
        let depot = Objects::new(Arc::new(InMemory::new()), Path::from("a"));
        let all = |from: &mut dyn Read| io::copy(from, &mut io::sink()).map_err(SidecarError::io("reading"));
        let error = fetch(&depot, "work", 9, all).await.expect_err("nothing there").to_string();
        assert!(error.contains("`work/000000` in the depot is missing"), "{error}");
        for number in 0..4 {
            depot.put(&part_name("work", number), vec![0; PART].into()).await.expect("put");
        }
        let error = fetch(&depot, "work", u64::MAX, all).await.expect_err("no end").to_string();
        assert!(error.contains("`work/000004` in the depot is missing"), "{error}");
        let error = fetch(&depot, "work", PART as u64, all).await.expect_err("too much").to_string();
        assert!(error.contains("`work` in the depot has more than"), "{error}");
    }
}
