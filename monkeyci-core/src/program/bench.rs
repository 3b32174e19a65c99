//! Scripts that compile in an image: which compiler that has, and what of this host it is given to work on.
//!
//! A container sees nothing of this host but its job directory. What lasts from one compilation to the next lies in a
//! *bench*, a folder that is the workspace of whatever compiles there: `source`, what cargo has built (`target`), and what
//! it has downloaded (`cargo`). Whoever ran in there may have left anything in it: of all that, only the program is read,
//! and it is copied.

use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use rustix::fs::OFlags;
use tokio_util::sync::CancellationToken;

use super::output::Listener;
use super::run::{Errand, Ran};
use super::toolchain::{Toolchain, keep_version, known_version};
use super::{Asked, ProgramError, Programs, VERSION};
use crate::executor::CONTAINER_WORK;
use crate::job_dir::frame::Stream;
use crate::job_dir::{JobDir, Program};
use crate::workspace::{copy_tree, remove_tree};

/// Bytes of the largest program that is kept.
const PROGRAM_BYTES: u64 = 1 << 30;

/// Bytes that a compiler may print of itself.
const SAID: usize = 64 * 1024;

/// The folder of the SDK in the control half, where nobody in the container can change it.
const SDK: &str = "sdk";

/// Where a program compiles in an image.
#[derive(Debug, Clone)]
pub(super) struct Bench {
    /// The id of the image.
    pub(super) image: String,
    /// The folder on this host that is the workspace there.
    pub(super) folder: PathBuf,
    /// The SDK on this host, where the script uses it.
    pub(super) sdk: Option<PathBuf>,
}

impl Programs {
    /// The image that a script's program is compiled and run in, by its id; none where that is done by plain processes.
    pub(super) async fn image(&self, asked: Asked<'_>) -> Result<Option<String>, ProgramError> {
        let Some(build) = asked.build else { return Ok(None) };
        let executor = &self.shared.executor;
        match executor.stand_in(build, asked.trigger.fork)? {
            Some(image) => Ok(Some(executor.image_id(&image, &self.registries).await?)),
            None => Ok(None),
        }
    }

    /// The compiler of an image, by its id. It is asked once, and what it says is kept in `cache`.
    pub(super) async fn toolchain_in(
        &self,
        image: String,
        cache: &Path,
        cancel: &CancellationToken,
    ) -> Result<Toolchain, ProgramError> {
        let stamp = blake3::hash(image.as_bytes()).to_hex()[..16].to_owned();
        let version = match known_version(cache, &stamp) {
            Some(version) => version,
            None => {
                let version = self.ask_version(&image, cancel).await?;
                keep_version(cache, &stamp, &version)?;
                version
            }
        };
        // The rest of an image has its part in a program, too: the linker, and the libraries that it is linked to.
        let version = format!("{image}\n{version}");
        Ok(Toolchain { cargo: "cargo".into(), version, image: Some(image) })
    }

    async fn ask_version(&self, image: &str, cancel: &CancellationToken) -> Result<String, ProgramError> {
        #[derive(Default)]
        struct Said(Vec<u8>, Vec<u8>);
        impl Listener for Said {
            fn hear(&mut self, stream: Stream, bytes: &[u8]) {
                let said = if stream == Stream::Stdout { &mut self.0 } else { &mut self.1 };
                said.extend_from_slice(&bytes[..bytes.len().min(SAID.saturating_sub(said.len()))]);
            }
        }
        let mut said = Said::default();
        let errand = Errand {
            image: Some(image.to_owned()),
            ..Errand::new("compiler", VERSION, u64::try_from(SAID).unwrap_or(u64::MAX), None)
        };
        let prepare = |dir: &JobDir| {
            fs::create_dir(dir.work()).map_err(ProgramError::io("cannot make", &dir.work()))?;
            let command = ["rustc", "-vV"].map(|word| word.as_bytes().to_vec()).into();
            Ok(Program { command, root: CONTAINER_WORK.into(), ..Program::default() })
        };
        let Ran { how, .. } = self.shared.run(&errand, prepare, &mut said, cancel).await?;
        let (version, complaint) = (String::from_utf8_lossy(&said.0), String::from_utf8_lossy(&said.1));
        match how {
            None if version.starts_with("rustc ") => Ok(version.into_owned()),
            how => Err(ProgramError::NoCompiler {
                image: image.to_owned(),
                how: format!("{}{}", how.unwrap_or_else(|| "it is none".into()), super::error::told(&complaint)),
            }),
        }
    }
}

impl Bench {
    /// The workspace as it is called in the container.
    pub(super) fn inside(part: &str) -> PathBuf {
        Path::new(CONTAINER_WORK).join(part)
    }

    /// Where one of our packages is in the container.
    pub(super) fn package(sdk: &Path, control: &Path, folder: &str) -> PathBuf {
        // Its name holds a hash: cargo goes by the times of files, and those of another version may be older.
        control.join(SDK).join(sdk.file_name().unwrap_or_default()).join(folder)
    }

    /// Gives a job directory the SDK.
    pub(super) fn lend(&self, dir: &JobDir) -> Result<(), ProgramError> {
        let Some(sdk) = &self.sdk else { return Ok(()) };
        let to = Self::package(sdk, &dir.control(), "");
        let copied = fs::create_dir(dir.control().join(SDK)).and_then(|()| copy_tree(sdk, &to));
        copied.map(drop).map_err(ProgramError::io("cannot copy the SDK into", &to))
    }

    /// Puts the sources at `source` on the bench, in the place of those before.
    pub(super) fn put(&self, source: &Path) -> Result<(), ProgramError> {
        let to = self.folder.join("source");
        let put = || {
            fs::create_dir_all(&self.folder)?;
            if remove_tree(&to).is_err() {
                // A container's root left what is not ours to remove, and nobody was there to give it to us: another
                // bench takes its place.
                let aside = tempfile::Builder::new().prefix("new-").tempdir_in(self.scope())?.keep();
                fs::rename(&self.folder, aside.join("bench"))?;
                fs::create_dir_all(&self.folder)?;
            }
            // In one step, and through nothing that lies on the bench.
            fs::rename(source, &to)
        };
        put().map_err(ProgramError::io("cannot put the sources into", &self.folder))
    }

    fn scope(&self) -> &Path {
        self.folder.parent().unwrap_or(&self.folder)
    }

    /// Copies a program, which cargo calls `program`, into a folder of its own.
    ///
    /// # Errors
    /// When it is anything but a file of the bench.
    pub(super) fn keep(&self, program: &Path, name: &str, into: &Path) -> io::Result<()> {
        let path = program.strip_prefix(CONTAINER_WORK).map_err(io::Error::other)?;
        let mut from = beneath(&self.folder, path)?;
        let new = tempfile::Builder::new().prefix("new-").tempdir_in(into.parent().unwrap_or(into))?;
        let mut to = File::create(new.path().join(name))?;
        let copied = io::copy(&mut (&mut from).take(PROGRAM_BYTES + 1), &mut to)?;
        if copied > PROGRAM_BYTES {
            return Err(io::Error::other("it is larger than 1 GB"));
        }
        to.flush()?;
        to.set_permissions(Permissions::from_mode(0o755))?;
        drop(to);
        fs::set_permissions(new.path(), Permissions::from_mode(0o755))?;
        match fs::rename(new.path(), into) {
            Err(_) if into.join(name).is_file() => Ok(()),
            moved => moved,
        }
    }
}

/// Opens a regular file beneath a folder; no link on the way is followed.
fn beneath(folder: &Path, path: &Path) -> io::Result<File> {
    let mut at = folder.to_owned();
    for part in path.components() {
        let Component::Normal(name) = part else { return Err(io::Error::other("its path leaves its folder")) };
        if !at.symlink_metadata()?.is_dir() {
            return Err(io::Error::other("a link is in its path"));
        }
        at.push(name);
    }
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = File::options().read(true).custom_flags(flags.bits().cast_signed()).open(&at)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_a_file_of_the_bench_is_kept_as_a_program_and_never_what_a_link_leads_to() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().join("bench");
        fs::create_dir_all(folder.join("target/debug")).expect("made");
        fs::write(home.path().join("secret"), "ours").expect("written");
        fs::write(folder.join("target/debug/script"), "program").expect("written");
        symlink(home.path(), folder.join("target/out")).expect("a link");
        symlink("../../../secret", folder.join("target/debug/link")).expect("a link");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            folder.join("target/debug/fifo"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RWXU,
            0,
        )
        .expect("a fifo");
        let bench = Bench { image: "sha256:0".into(), folder, sdk: None };
        let into = home.path().join("kept");
        for hostile in ["target/out/secret", "target/debug/link", "target/debug/fifo", "../secret", "target/debug"] {
            let program = Path::new(CONTAINER_WORK).join(hostile);
            bench.keep(&program, "program", &into).expect_err(hostile);
        }
        bench.keep(&home.path().join("secret"), "program", &into).expect_err("a path of this host");
        assert!(!into.exists());
        bench.keep(&Bench::inside("target/debug/script"), "program", &into).expect("kept");
        let kept = into.join("program");
        assert_eq!(fs::read_to_string(&kept).expect("there"), "program");
        assert_eq!(fs::metadata(&kept).expect("there").permissions().mode() & 0o7777, 0o755);
    }

    #[test]
    fn sources_are_put_where_a_link_to_elsewhere_was() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().join("bench");
        fs::create_dir_all(&folder).expect("made");
        fs::create_dir(home.path().join("elsewhere")).expect("made");
        fs::write(home.path().join("elsewhere/file"), "").expect("written");
        symlink(home.path().join("elsewhere"), folder.join("source")).expect("a link");
        let source = home.path().join("source");
        fs::create_dir(&source).expect("made");
        fs::write(source.join("main.rs"), "").expect("written");
        Bench { image: "sha256:0".into(), folder: folder.clone(), sdk: None }.put(&source).expect("put");
        assert!(folder.join("source/main.rs").is_file() && home.path().join("elsewhere/file").is_file());
        assert!(!folder.join("source").is_symlink() && !home.path().join("elsewhere/main.rs").exists());
    }
}
