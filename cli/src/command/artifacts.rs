use std::io::BufReader;
use std::path::{Path, PathBuf};

use monkeyci_client::BuildRef;
use monkeyci_client::rest::{Artifact, NewArtifactLink};
use monkeyci_core::blob::archive::{Limits, unpack};
use monkeyci_core::model::BuildId;
use tempfile::NamedTempFile;

use crate::error::{CliError, Exit, chain};
use crate::remote::{BuildName, OutputArgs};
use crate::runtime::Runtime;
use crate::stored::{self, StoreArgs, Stored};
use crate::ui::table;

/// Bytes that an artifact unpacks to, at most.
const UNPACKED: u64 = 64 * 1024 * 1024 * 1024;

/// List what the jobs of a build have saved, or download it
#[derive(Debug, clap::Args)]
pub struct ArtifactsArgs {
    /// The build, as in `acme/web/42` or `42` [default: the newest of this checkout's repository]
    #[arg(value_name = "BUILD")]
    build: Option<BuildName>,
    /// Download this one, as `ID.tar.zst`
    #[arg(value_name = "ID")]
    id: Option<String>,
    /// Download into this folder; without ID all of them
    #[arg(short, long, value_name = "DIR")]
    output_dir: Option<PathBuf>,
    /// Unpack it there, to the path that it had in its job; files that are there are replaced
    #[arg(short = 'x', long, requires = "output_dir")]
    extract: bool,
    /// Print an address instead, by which everybody who has it downloads this one for so many minutes
    #[arg(
        long,
        value_name = "MINUTES",
        requires = "id",
        conflicts_with_all = ["output_dir", "store"],
        value_parser = clap::value_parser!(u32).range(1..=1440)
    )]
    link: Option<u32>,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Lists artifacts, or writes them to files.
pub fn run(args: &ArtifactsArgs) -> Result<Exit, CliError> {
    Runtime::new()?.block_on(async {
        let (id, from) = match args.store.open().await? {
            Some(stored) => {
                let id = stored.build(args.build.as_ref()).await?.build;
                (id.clone(), Origin::Store(stored, id))
            }
            None => {
                let (id, build) = args.output.connect()?.build(args.build.as_ref()).await?;
                (id, Origin::Server(build))
            }
        };
        let mut all = match &from {
            Origin::Store(stored, id) => stored::artifacts(stored, id).await?,
            Origin::Server(build) => build.artifacts().all().await?,
        };
        if let Some(wanted) = &args.id {
            all.retain(|artifact| artifact.id == *wanted);
            if let (Some(minutes), Origin::Server(build), false) = (args.link, &from, all.is_empty()) {
                let link = build.link_artifact(wanted, &NewArtifactLink { minutes }).await?;
                return args.output.print(&link, |_| format!("{}\n", super::safe(&link.url)));
            }
            if all.is_empty() {
                let none = CliError::usage(format!("build {} has no artifact `{wanted}`", super::short(&id)));
                return Err(none.hint(format!("`monkeyci artifacts {}` lists those that it has", super::short(&id))));
            }
        } else if args.output_dir.is_none() {
            return args.output.print(&all, |style| {
                let row = |one: &Artifact| [one.id.clone(), one.job.to_string(), one.path.clone(), size(one.size)];
                let rows: Vec<_> = all.iter().map(row).collect();
                table::list("No artifacts", ["ID", "JOB", "PATH", "SIZE"], &rows, style)
            });
        }
        let folder = args.output_dir.as_deref().unwrap_or(Path::new("."));
        let mut files = Vec::new();
        for artifact in &all {
            let file = download(&from, artifact, folder).await?;
            files.push(if args.extract { extract(file, artifact, folder)? } else { keep(file, artifact, folder)? });
        }
        args.output.print(&files, |_| files.iter().map(|file| format!("{}\n", file.display())).collect())
    })
}

/// Where artifacts are.
enum Origin {
    Server(BuildRef),
    Store(Stored, BuildId),
}

/// Writes an artifact to a file in `folder` that has no name yet.
async fn download(from: &Origin, artifact: &Artifact, folder: &Path) -> Result<NamedTempFile, CliError> {
    let at = |error: std::io::Error| CliError::ours(format!("`{}`: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(at)?;
    let new = NamedTempFile::new_in(folder).map_err(at)?;
    let mut file = tokio::fs::File::from_std(new.reopen().map_err(at)?);
    let had = match from {
        Origin::Server(build) => build.artifact(&artifact.id).download(&mut file).await?,
        Origin::Store(stored, id) => stored::download(stored, id, &artifact.id, file).await?,
    };
    if had != artifact.size {
        let (id, size) = (&artifact.id, artifact.size);
        return Err(CliError::ours(format!("artifact `{id}` has {size} bytes, and {had} came")));
    }
    Ok(new)
}

/// Gives it its name, now that it is whole.
fn keep(file: NamedTempFile, artifact: &Artifact, folder: &Path) -> Result<PathBuf, CliError> {
    let path = folder.join(file_name(&artifact.id));
    let kept = file.persist(&path);
    kept.map_err(|error| CliError::ours(format!("`{}`: {}", path.display(), error.error)))?;
    Ok(path)
}

/// Unpacks it beneath `folder`, and nowhere else.
fn extract(file: NamedTempFile, artifact: &Artifact, folder: &Path) -> Result<PathBuf, CliError> {
    let refused = |why: String| CliError::ours(format!("artifact `{}` cannot be unpacked: {why}", artifact.id));
    let archive = BufReader::new(file.reopen().map_err(|error| refused(error.to_string()))?);
    unpack(archive, artifact.size, folder, &artifact.path, &Limits::of(UNPACKED))
        .map_err(|error| refused(chain(&error)))?;
    Ok(folder.join(&artifact.path))
}

/// A server may call an artifact anything: what could leave the folder is replaced.
fn file_name(id: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    let name: String = id.chars().take(100).map(safe).collect();
    match name.trim_start_matches('.') {
        "" => "artifact.tar.zst".into(),
        name => format!("{name}.tar.zst"),
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        1_048_576..1_073_741_824 => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
        _ => format!("{:.1} GiB", bytes as f64 / 1_073_741_824.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leaves_the_folder() {
        let names = ["dist", "../../etc/passwd", "/etc/x", "..", "a b\u{1b}"].map(file_name);
        assert_eq!(
            names,
            ["dist.tar.zst", "_.._etc_passwd.tar.zst", "_etc_x.tar.zst", "artifact.tar.zst", "a_b_.tar.zst"]
        );
    }

    #[test]
    fn sizes_are_short() {
        assert_eq!([5, 1536, 3 << 20, 5 << 30].map(size), ["5 B", "1.5 KiB", "3.0 MiB", "5.0 GiB"]);
    }
}
