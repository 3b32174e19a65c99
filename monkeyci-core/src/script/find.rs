//! Which files of a checkout are its script.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::{ScriptError, Unrunnable};
use super::read::{FILES, Format};

/// The manifest of a script program.
const PROGRAM: &str = "Cargo.toml";

/// Programs among the files of a script's folder that this version cannot run.
const PROGRAMS: [(&str, &str); 1] = [("build.clj", "a Clojure script")];

/// What belongs to a Clojure program; alone it is a script that lacks its `build.clj`.
const PROJECTS: [(&str, &str); 2] = [("deps.edn", "a Clojure project"), ("bb.edn", "a Babashka project")];

/// Files of other CI tools: a file, or the files of a folder with one of these endings.
const OTHERS: [(&str, &[&str], &str); 17] = [
    (".github/workflows", &[".yml", ".yaml"], "a workflow of GitHub Actions"),
    (".gitlab-ci.yml", &[], "a pipeline of GitLab"),
    (".circleci/config.yml", &[], "a pipeline of CircleCI"),
    ("bitbucket-pipelines.yml", &[], "a pipeline of Bitbucket"),
    (".woodpecker.yml", &[], "a pipeline of Woodpecker"),
    (".woodpecker.yaml", &[], "a pipeline of Woodpecker"),
    (".woodpecker", &[".yml", ".yaml"], "a pipeline of Woodpecker"),
    (".drone.yml", &[], "a pipeline of Drone"),
    (".travis.yml", &[], "a pipeline of Travis"),
    ("Jenkinsfile", &[], "a pipeline of Jenkins"),
    (".gitea/workflows", &[".yml", ".yaml"], "a workflow of Gitea Actions"),
    (".forgejo/workflows", &[".yml", ".yaml"], "a workflow of Forgejo Actions"),
    ("azure-pipelines.yml", &[], "a pipeline of Azure"),
    ("appveyor.yml", &[], "a pipeline of AppVeyor"),
    (".appveyor.yml", &[], "a pipeline of AppVeyor"),
    (".buildkite/pipeline.yml", &[], "a pipeline of Buildkite"),
    (".cirrus.yml", &[], "a pipeline of Cirrus CI"),
];

/// How many files of one folder are named.
const MAX_NAMED: usize = 20;

/// The script of a checkout.
pub(super) struct Found {
    /// From the root of the checkout, in the order they are loaded.
    pub(super) files: Vec<(PathBuf, Format)>,
    /// The manifest of its program, if it has one.
    pub(super) program: Option<PathBuf>,
    /// Files of other CI tools, which are not run because there is a script.
    pub(super) left_aside: Vec<Unrunnable>,
}

/// Looks for the script of `checkout` in its folder `dir`.
pub(super) fn find(checkout: &Path, dir: &Path) -> Result<Found, ScriptError> {
    let there = |name: &str| fs::symlink_metadata(checkout.join(dir).join(name)).is_ok();
    let unrunnable = |names: &[(&str, &'static str)]| -> Vec<Unrunnable> {
        let names = names.iter().filter(|(name, _)| there(name));
        names.map(|(name, kind)| Unrunnable { path: dir.join(name), kind }).collect()
    };
    match fs::read_dir(checkout.join(dir)) {
        Ok(_) => {}
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {}
        Err(source) => return Err(ScriptError::Unreadable { path: dir.to_owned(), source }),
    }
    let files: Vec<_> = FILES.iter().filter(|(name, _)| there(name)).map(|(name, f)| (dir.join(name), *f)).collect();
    let programs = unrunnable(&PROGRAMS);
    if !programs.is_empty() {
        return Err(ScriptError::NotRunnable { files: programs });
    }
    let others = others(checkout);
    let program = there(PROGRAM).then(|| dir.join(PROGRAM));
    if !files.is_empty() || program.is_some() {
        return Ok(Found { files, program, left_aside: others });
    }
    let projects = unrunnable(&PROJECTS);
    match (projects.is_empty(), others.is_empty()) {
        (false, _) => Err(ScriptError::NotRunnable { files: projects }),
        (true, false) => Err(ScriptError::NotRunnable { files: others }),
        (true, true) => {
            let programs = PROGRAMS.iter().map(|(name, _)| *name).chain([PROGRAM]);
            let names = FILES.iter().map(|(name, _)| *name).chain(programs);
            Err(ScriptError::NotFound { looked_for: names.map(|name| dir.join(name)).collect() })
        }
    }
}

/// Whether the folder `dir` of a checkout holds anything of a script, also what this version cannot run.
pub(super) fn is_there(checkout: &Path, dir: &Path) -> bool {
    let names = FILES.iter().map(|(name, _)| *name).chain(PROGRAMS.iter().chain(&PROJECTS).map(|(name, _)| *name));
    names.chain([PROGRAM]).any(|name| fs::symlink_metadata(checkout.join(dir).join(name)).is_ok())
}

/// Files of other CI tools.
pub(super) fn others(checkout: &Path) -> Vec<Unrunnable> {
    let mut found = Vec::new();
    for (name, endings, kind) in OTHERS {
        let path = checkout.join(name);
        if endings.is_empty() {
            if path.is_file() {
                found.push(Unrunnable { path: name.into(), kind });
            }
            continue;
        }
        let entries =
            fs::read_dir(path).into_iter().flatten().flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<_> = entries.filter(|name| endings.iter().any(|ending| name.ends_with(ending))).collect();
        names.sort_unstable();
        found.extend(names.iter().take(MAX_NAMED).map(|file| Unrunnable { path: Path::new(name).join(file), kind }));
    }
    found
}
