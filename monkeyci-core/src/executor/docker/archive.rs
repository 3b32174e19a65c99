//! The job directory through the engine's archive calls, for an engine that does not see our files.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bollard::query_parameters::{DownloadFromContainerOptionsBuilder, UploadToContainerOptionsBuilder};
use bytes::{Buf, Bytes};
use futures::{Stream, StreamExt};
use tokio::sync::mpsc;

use super::pack::Packer;
use super::{Docker, ExecutorError, place, status};
use crate::job_dir::JobDir;

impl Docker {
    /// Puts supervisor, control half and workspace into a container that has not started.
    ///
    /// With `open`, everybody may write to the workspace and the report.
    pub(super) async fn fill(&self, name: &str, dir: &JobDir, program: &Path, open: bool) -> Result<(), ExecutorError> {
        let (dir, program) = (dir.clone(), program.to_owned());
        self.upload(name, move |tar| {
            tar.file(&program, inner(place::SUPERVISOR), false)?;
            tar.tree(&dir.control(), inner(place::CONTROL), false)?;
            tar.tree(&dir.report(), inner(place::REPORT), open)?;
            tar.tree(&dir.work(), inner(place::WORK), open)
        })
        .await
    }

    /// Puts one of our files into a container.
    pub(super) async fn put(&self, name: &str, file: PathBuf, target: &'static str) -> Result<(), ExecutorError> {
        self.upload(name, move |tar| tar.file(&file, inner(target), false)).await
    }

    /// Puts files of the control half that came or changed into a container.
    pub(super) async fn put_control(&self, name: &str, dir: &JobDir, file: &'static str) -> Result<(), ExecutorError> {
        let (source, target) = (dir.control().join(file), inner(place::CONTROL).join(file));
        self.upload(name, move |tar| tar.file(&source, &target, false)).await
    }

    async fn upload(
        &self,
        name: &str,
        pack: impl FnOnce(&mut Packer) -> io::Result<()> + Send + 'static,
    ) -> Result<(), ExecutorError> {
        let (to, mut from) = mpsc::channel(4);
        let packing = tokio::task::spawn_blocking(move || {
            let mut packer = Packer::new(to);
            pack(&mut packer)?;
            packer.finish()
        });
        let body = bollard::body_stream(futures::stream::poll_fn(move |cx| from.poll_recv(cx)));
        let options = UploadToContainerOptionsBuilder::default().path("/").build();
        let uploaded = self.api.upload_to_container(name, Some(options), body).await;
        let packed = packing.await.unwrap_or_else(|panic| Err(io::Error::other(panic)));
        // What was refused first is the cause: packing fails by a broken pipe when the engine refuses.
        uploaded.map_err(|error| self.broke("putting files into the container", &error))?;
        packed.map_err(|source| ExecutorError::Io { what: "reading the job directory", source })
    }

    /// Fetches a path of a container; false when it is not there.
    pub(super) async fn download(
        &self,
        name: &str,
        path: &str,
        most: u64,
        take: impl FnOnce(tar::Archive<io::Take<Inflow>>) -> io::Result<()> + Send + 'static,
    ) -> Result<bool, ExecutorError> {
        let options = DownloadFromContainerOptionsBuilder::default().path(path).build();
        let mut pieces = std::pin::pin!(self.api.download_from_container(name, Some(options)));
        let (to, from) = mpsc::channel(4);
        let taking = tokio::task::spawn_blocking(move || {
            let inflow = Inflow { from, piece: Bytes::new() };
            take(tar::Archive::new(inflow.take(most)))
        });
        let flowed = flow(&mut pieces, to).await;
        let taken = taking.await.unwrap_or_else(|panic| Err(io::Error::other(panic)));
        match flowed {
            Err(error) if status(&error) == Some(404) => return Ok(false),
            Err(error) => return Err(self.broke("fetching files from the container", &error)),
            Ok(()) => {}
        }
        taken.map_err(|source| ExecutorError::Io { what: "unpacking what the job left", source })?;
        Ok(true)
    }
}

async fn flow(
    pieces: &mut (impl Stream<Item = Result<Bytes, bollard::errors::Error>> + Unpin),
    to: mpsc::Sender<Bytes>,
) -> Result<(), bollard::errors::Error> {
    while let Some(piece) = pieces.next().await {
        // Who reads may have seen enough: then its word counts.
        if to.send(piece?).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// A path in a container as it stands in an archive of its root.
fn inner(path: &str) -> &Path {
    Path::new(path.trim_start_matches('/'))
}

/// From the connection to blocking readers.
pub(super) struct Inflow {
    from: mpsc::Receiver<Bytes>,
    piece: Bytes,
}

impl Read for Inflow {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.from.blocking_recv() {
                Some(piece) => self.piece = piece,
                None => return Ok(0),
            }
        }
        let length = buffer.len().min(self.piece.len());
        self.piece.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}
