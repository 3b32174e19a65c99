//! Many bytes as a series of small objects: `name/000000`, `name/000001` …
//!
//! All have [`PART`] bytes but the last, which has fewer, maybe none: that is how its end is known. So whatever is large is
//! sent while it is packed and unpacked while it comes, an object that fails is sent again from memory, no server needs to know
//! uploads in parts, and neither side ever holds more than a few parts.

use std::io::{self, Read, Write};

use bytes::Bytes;
use tokio::sync::mpsc;
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
        let mut out = Parts { to, part: Vec::new() };
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
        // Who reads may have seen enough: then their word counts. There is room before there is a part, so that one is read
        // while one comes, and no third is held.
        let Ok(room) = to.reserve().await else { return Ok(()) };
        let object = part_name(name, number);
        let Some(part) = depot.get(&object, PART).await? else {
            return Err(SidecarError::broken(&object, "is missing"));
        };
        number += 1;
        if number * PART as u64 > most.saturating_add(PART as u64) {
            return Err(SidecarError::broken(name, format!("has more than {most} bytes")));
        }
        let last = part.len() < PART;
        room.send(Ok(part));
        if last {
            return Ok(());
        }
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
    part: Vec<u8>,
}

impl Parts {
    fn send(&mut self) -> io::Result<()> {
        let part = std::mem::take(&mut self.part);
        self.to.blocking_send(part.into()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// Sends the last part, which is shorter than the others.
    fn finish(mut self) -> io::Result<()> {
        self.send()
    }
}

impl Write for Parts {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = PART - self.part.len();
        let count = room.min(bytes.len());
        self.part.reserve_exact(room);
        self.part.extend_from_slice(&bytes[..count]);
        if self.part.len() == PART {
            self.send()?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads parts as they come.
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

    use object_store::memory::InMemory;
    use object_store::path::Path;

    use super::super::objects::Objects;
    use super::*;

    async fn through(depot: &Objects, bytes: Vec<u8>) -> Vec<u8> {
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
