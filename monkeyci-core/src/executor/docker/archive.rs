//! The job directory through the engine's archive calls, for an engine that does not see our files.

use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use bollard::container::LogOutput;
use bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use bollard::query_parameters::{DownloadFromContainerOptionsBuilder, UploadToContainerOptionsBuilder};
use bytes::{Buf, Bytes};
use futures::{Stream, StreamExt};
use monkeyci_model::job::limits;
use tokio::sync::mpsc;

use super::{Docker, ExecutorError, place, status};
use crate::job_dir::JobDir;
use crate::job_dir::frame::Decoder;

/// Bytes of one piece on its way to the engine.
const PIECE: usize = 256 * 1024;
/// The most that is taken of a report: frames of a full log, were each of one byte.
const REPORT_BYTES: u64 = 16 * limits::LOG_BYTES;

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
            let mut packer = Packer(tar::Builder::new(io::BufWriter::with_capacity(PIECE, Pipe(to))));
            packer.0.follow_symlinks(false);
            pack(&mut packer)?;
            packer.0.into_inner()?.flush()
        });
        let body = bollard::body_stream(futures::stream::poll_fn(move |cx| from.poll_recv(cx)));
        let options = UploadToContainerOptionsBuilder::default().path("/").build();
        let uploaded = self.api.upload_to_container(name, Some(options), body).await;
        let packed = packing.await.unwrap_or_else(|panic| Err(io::Error::other(panic)));
        // What was refused first is the cause: packing fails by a broken pipe when the engine refuses.
        uploaded.map_err(|error| self.broke("putting files into the container", &error))?;
        packed.map_err(|source| ExecutorError::Io { what: "reading the job directory", source })
    }

    /// Appends the report's frames to ours while the job runs; never returns.
    pub(super) async fn follow(&self, name: &str, dir: &JobDir) -> std::convert::Infallible {
        loop {
            // What breaks here is a connection or the container's end: the rest is fetched after the end.
            if let Err(error) = self.follow_once(name, dir).await {
                tracing::debug!(container = name, %error, "following the report");
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn follow_once(&self, name: &str, dir: &JobDir) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        // Written without a runtime between: what is written is there when this is broken off.
        let mut frames = std::fs::OpenOptions::new().create(true).append(true).open(dir.report().join("frames"))?;
        let offset = frames.metadata()?.len();
        let command = [place::SUPERVISOR, "follow", place::JOB_DIR, &offset.to_string()].map(String::from);
        let exec = CreateExecOptions { cmd: Some(command.to_vec()), attach_stdout: Some(true), ..Default::default() };
        let exec = self.api.create_exec(name, exec).await?;
        let options = StartExecOptions { output_capacity: Some(PIECE), ..StartExecOptions::default() };
        let StartExecResults::Attached { mut output, .. } = self.api.start_exec(&exec.id, Some(options)).await? else {
            return Ok(());
        };
        // Whole frames only: where the program cannot be run, Docker puts its complaint in the place of the output.
        let mut decoder = Decoder::default();
        while let Some(piece) = output.next().await {
            let LogOutput::StdOut { message } = piece? else { continue };
            decoder.push(&message);
            let mut whole = Vec::new();
            let mut next = decoder.next_frame();
            while let Ok(Some(frame)) = next {
                frame.encode(&mut whole);
                next = decoder.next_frame();
            }
            frames.write_all(&whole)?;
            next?;
        }
        Ok(())
    }

    /// Fetches what of the report we do not have yet.
    pub(super) async fn fetch_report(&self, name: &str, dir: &JobDir) -> Result<(), ExecutorError> {
        let report = dir.report();
        self.download(name, place::REPORT, REPORT_BYTES, move |tar| take_report(tar, &report)).await?;
        Ok(())
    }

    /// Fetches files and folders of the workspace; what is not there in the container is not there with us.
    pub(super) async fn collect(&self, name: &str, dir: &JobDir, paths: &[String]) -> Result<(), ExecutorError> {
        for path in paths {
            let io = |source| ExecutorError::Io { what: "collecting the job's files", source };
            let Some(ours) = beneath(&dir.work(), path).map_err(io)? else { continue };
            monkeyci_supervisor::remove::tree(&ours).map_err(io)?;
            let staging = tempfile::Builder::new().prefix("collected-").tempdir_in(dir.root()).map_err(io)?;
            let (folder, theirs) = (staging.path().to_owned(), format!("{}/{path}", place::WORK));
            let fetched =
                self.download(name, theirs.trim_end_matches(['/', '.']), limits::ARTIFACT_BYTES, move |mut tar| {
                    tar.set_preserve_permissions(true);
                    tar.unpack(&folder)
                });
            if fetched.await? {
                let mut entries = std::fs::read_dir(staging.path()).map_err(io)?;
                if let Some(entry) = entries.next() {
                    std::fs::rename(entry.map_err(io)?.path(), &ours).map_err(io)?;
                }
            }
        }
        Ok(())
    }

    /// Fetches a path of a container; false when it is not there.
    async fn download(
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

/// The place of `path` in our workspace, its folders made; none for a path that leaves it.
///
/// The checkout may hold links: one on the way is replaced by a folder, so that nothing is written where it points to.
fn beneath(work: &Path, path: &str) -> io::Result<Option<PathBuf>> {
    let mut ours = work.to_owned();
    for part in Path::new(path).components() {
        match part {
            Component::CurDir => continue,
            Component::Normal(part) => {
                match ours.symlink_metadata() {
                    Ok(found) if found.is_dir() => {}
                    found => {
                        if found.is_ok() {
                            std::fs::remove_file(&ours)?;
                        }
                        std::fs::create_dir(&ours)?;
                    }
                }
                ours.push(part);
            }
            _ => return Ok(None),
        }
    }
    Ok(Some(ours))
}

/// Takes the two files that make a report, when they are files: a job may have put anything in their place.
fn take_report(mut tar: tar::Archive<impl Read>, report: &Path) -> io::Result<()> {
    for entry in tar.entries()? {
        let mut entry = entry?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry.path()?.into_owned();
        match path.strip_prefix("report").ok().and_then(Path::to_str) {
            Some("frames") => {
                let mut frames = std::fs::OpenOptions::new().create(true).append(true).open(report.join("frames"))?;
                let known = frames.metadata()?.len();
                io::copy(&mut (&mut entry).take(known), &mut io::sink())?;
                io::copy(&mut entry, &mut frames)?;
            }
            Some("result") => {
                let mut result = tempfile::NamedTempFile::new_in(report)?;
                io::copy(&mut entry, &mut result)?;
                result.persist(report.join("result")).map_err(|error| error.error)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// An archive on its way to the engine. Everything in it belongs to root.
struct Packer(tar::Builder<io::BufWriter<Pipe>>);

impl Packer {
    fn file(&mut self, source: &Path, target: &Path, open: bool) -> io::Result<()> {
        let file = std::fs::File::open(source)?;
        let metadata = file.metadata()?;
        let mut header = header(&metadata, open);
        header.set_size(metadata.len());
        self.0.append_data(&mut header, target, file.take(metadata.len()))
    }

    fn tree(&mut self, source: &Path, target: &Path, open: bool) -> io::Result<()> {
        let mut left = vec![(source.to_owned(), target.to_owned())];
        while let Some((source, target)) = left.pop() {
            let metadata = source.symlink_metadata()?;
            let kind = metadata.file_type();
            if kind.is_dir() {
                let mut header = header(&metadata, open);
                header.set_entry_type(tar::EntryType::Directory);
                header.set_size(0);
                self.0.append_data(&mut header, &target, io::empty())?;
                for entry in std::fs::read_dir(&source)? {
                    let entry = entry?;
                    left.push((entry.path(), target.join(entry.file_name())));
                }
            } else if kind.is_symlink() {
                let mut header = header(&metadata, false);
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_size(0);
                self.0.append_link(&mut header, &target, std::fs::read_link(&source)?)?;
            } else if kind.is_file() {
                self.file(&source, &target, open)?;
            }
        }
        Ok(())
    }
}

fn header(metadata: &std::fs::Metadata, open: bool) -> tar::Header {
    use std::os::unix::fs::MetadataExt;

    let mode = metadata.mode() & 0o7777;
    let mut header = tar::Header::new_gnu();
    header.set_mode(if open { place::open_mode(mode, metadata.is_dir()) } else { mode });
    header.set_mtime(u64::try_from(metadata.mtime()).unwrap_or(0));
    header.set_uid(0);
    header.set_gid(0);
    header
}

/// From blocking writers to the connection.
struct Pipe(mpsc::Sender<Bytes>);

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Bytes::copy_from_slice(bytes));
        sent.map(|()| bytes.len()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// From the connection to blocking readers.
struct Inflow {
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
