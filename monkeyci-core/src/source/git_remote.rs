//! A repository elsewhere, fetched by the `git` program.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use git2::{Oid, Repository, RepositoryInitOptions};
use monkeyci_model::trigger::Git as Facts;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::credentials::Handover;
use super::git_program::Git;
use super::{
    Checkout, CommitId, Credentials, GitRef, GitUrl, Scheme, Source, SourceError, blocking, changes, facts, prepare,
    reach, size, stderr,
};

/// How long a fetch may take unless told otherwise.
const TIMEOUT: Duration = Duration::from_secs(15 * 60);

/// A repository elsewhere, and what to fetch of it.
///
/// ```
/// use monkeyci_core::source::{GitRef, GitRemote};
///
/// let mut remote = GitRemote::new("https://example.com/acme/web.git".parse()?);
/// remote.reference = Some(GitRef::branch("main")?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct GitRemote {
    /// Where it is.
    pub url: GitUrl,
    /// The branch, tag or other ref; without it and `commit`, the branch that the server's `HEAD` names.
    pub reference: Option<GitRef>,
    /// The commit; without it, what `reference` stands for. With both, the checkout is on that branch at that commit.
    pub commit: Option<CommitId>,
    /// The main branch, when it is known; else the server is asked.
    pub main_branch: Option<String>,
    /// How many commits of the history to fetch; all when absent.
    pub depth: Option<NonZeroU32>,
    /// Whether to fetch files that git LFS keeps elsewhere. Needs `git-lfs`.
    pub lfs: bool,
    /// Whether to fetch submodules, over the same kinds of address but never from `file`.
    pub submodules: bool,
    /// Whether symbolic links become links (the default) or files that hold their target.
    pub symlinks: bool,
    /// What the server is shown to be let in.
    pub credentials: Credentials,
    /// Allows `file` addresses. Only for a person at a terminal: it reads this machine's folders.
    pub allow_file: bool,
    /// Allows `http` addresses, which send credentials in clear text. For tests and trusted networks.
    pub allow_http: bool,
    /// Allows hosts with an address of this machine, of its link or of a private network. Where strangers choose the
    /// addresses this keeps them from services that are not for them, and is no wall: ssh looks the name up once more, and
    /// submodules and LFS servers name hosts of their own. A wall is a firewall around this process.
    pub allow_private: bool,
    /// The branch, of the repository that is named beside it, whose script is put in the place of the one that was fetched:
    /// for commits of people who may not say what runs here.
    pub script_of: Option<(GitUrl, String)>,
    /// Trusts the `git` program although its version number is that of a vulnerable release, as distributions repair
    /// such releases without a new number. The checkout then has a warning.
    pub trust_git: bool,
    /// How long all of it may take.
    pub timeout: Duration,
    /// Bytes that the checkout may hold, its history, submodules and LFS files included; any number when absent. Each
    /// file and folder counts 4 KiB at least. It is looked at every second, so that a fast server can get somewhat
    /// beyond it before it is stopped.
    pub max_bytes: Option<u64>,
}

impl GitRemote {
    /// The whole history of the main branch of a public repository.
    #[must_use]
    pub fn new(url: GitUrl) -> Self {
        Self {
            url,
            reference: None,
            commit: None,
            main_branch: None,
            depth: None,
            lfs: false,
            submodules: false,
            symlinks: true,
            credentials: Credentials::None,
            allow_file: false,
            allow_http: false,
            allow_private: false,
            script_of: None,
            trust_git: false,
            timeout: TIMEOUT,
            max_bytes: None,
        }
    }

    /// The protocols that git may use, unless the address itself is of one that may not be used.
    pub(super) fn protocols(&self) -> Result<&'static str, SourceError> {
        let refused = match self.url.scheme() {
            Scheme::File if !self.allow_file => Some("a folder of this machine may not be fetched from here"),
            Scheme::Http if !self.allow_http => Some("`http` sends everything in clear text: use `https`"),
            _ => None,
        };
        if let Some(reason) = refused {
            return Err(SourceError::NotAllowed { url: self.url.to_string(), reason });
        }
        Ok(match self.url.scheme() {
            Scheme::File => "file",
            Scheme::Http => "http:https:ssh",
            Scheme::Https | Scheme::Ssh => "https:ssh",
        })
    }

    /// Refuses hosts of networks that are not for whoever gave the address. Returns the setting that keeps git to what was
    /// looked at.
    pub(super) async fn check_reach(&self, git: &Git<'_>) -> Result<Option<String>, SourceError> {
        if self.allow_private {
            return Ok(None);
        }
        let late = || SourceError::Timeout { url: self.url.to_string(), after: self.timeout };
        let lookup = tokio::time::timeout_at(git.deadline.0, reach::Place::of(&self.url));
        let place = git.cancel.run_until_cancelled(lookup).await.ok_or(SourceError::Canceled)?.map_err(|_| late())?;
        if place.is_private() {
            let reason = "its host is in a private network, which may not be reached from here";
            return Err(SourceError::NotAllowed { url: self.url.to_string(), reason });
        }
        Ok(place.setting())
    }

    /// The branches of the repository and their commits, as its server tells them. Git works in the folder `scratch`, which
    /// is made and must be empty.
    ///
    /// # Errors
    /// As [`fetch`](Source::fetch).
    pub async fn branches(
        &self,
        scratch: &Path,
        cancel: CancellationToken,
    ) -> Result<Vec<(GitRef, CommitId)>, SourceError> {
        self.protocols()?;
        let (remote, target) = (self.clone(), scratch.to_owned());
        let (dir, handover) = blocking(move || remote.begin(&target)).await?;
        let secrets = self.credentials.secrets();
        let git = self.git(&dir, &handover, &secrets, &cancel)?;
        match git.fault().await? {
            Some(fault) if !self.trust_git => return Err(SourceError::Program(fault)),
            _ => {}
        }
        let place = self.check_reach(&git).await?;
        let git = Git { place: place.as_deref(), ..git };
        let arguments = ["ls-remote", "--heads", "--end-of-options", self.url.as_str()];
        let listed = git.ask("failed to ask for the refs of", &arguments).await?;
        // What git itself would not have for a ref or a commit is passed over.
        let read = |line: &str| {
            let (commit, name) = line.split_once('\t')?;
            Some((name.parse::<GitRef>().ok()?, commit.parse().ok()?))
        };
        Ok(listed.lines().filter_map(read).filter(|(name, _)| name.as_branch().is_some()).collect())
    }

    fn git<'a>(
        &'a self,
        dir: &'a Path,
        handover: &'a Handover,
        secrets: &'a [&'a str],
        cancel: &'a CancellationToken,
    ) -> Result<Git<'a>, SourceError> {
        Ok(Git {
            url: self.url.as_str(),
            dir,
            protocols: self.protocols()?,
            symlinks: self.symlinks,
            handover,
            secrets,
            cancel,
            deadline: (Instant::now() + self.timeout, self.timeout),
            max_bytes: self.max_bytes,
            place: None,
        })
    }

    /// Asks the server for its main branch, and for the ref where none was given or to see that it is there.
    async fn discover(&self, git: &Git<'_>) -> Result<(Option<GitRef>, Option<String>), SourceError> {
        let known = self.main_branch.is_some() && (self.reference.is_some() || self.commit.is_some());
        if known {
            return Ok((self.reference.clone(), self.main_branch.clone()));
        }
        let mut arguments = vec!["ls-remote", "--symref", "--end-of-options", self.url.as_str(), "HEAD"];
        arguments.extend(self.reference.as_ref().map(GitRef::as_str));
        let listed = git.ask("failed to ask for the refs of", &arguments).await?;
        let head =
            listed.lines().find_map(|line| line.strip_prefix("ref: ")?.strip_suffix("\tHEAD")?.parse::<GitRef>().ok());
        let main = self.main_branch.clone().or_else(|| Some(head.as_ref()?.as_branch()?.to_owned()));
        let has = |name: &str| listed.lines().any(|line| line.split_once('\t').is_some_and(|(_, found)| found == name));
        match &self.reference {
            // A commit may be asked for by the branch that it was on, though that is gone by now.
            Some(wanted) if self.commit.is_none() && !has(wanted.as_str()) => Err(self.no_such(wanted.as_str())),
            Some(wanted) => Ok((Some(wanted.clone()), main)),
            None if self.commit.is_some() => Ok((None, main)),
            None => head.filter(|_| has("HEAD")).map(|head| (Some(head), main)).ok_or_else(|| self.no_such("HEAD")),
        }
    }

    /// Fetches what is wanted and returns its commit.
    async fn fetch_commit(&self, git: &Git<'_>, reference: Option<&GitRef>) -> Result<CommitId, SourceError> {
        let depth = self.depth.map(|depth| format!("--depth={depth}"));
        let local = reference.map(local_name);
        if let Some(commit) = &self.commit {
            let wanted = match &local {
                Some(local) => format!("+{commit}:{local}"),
                None => commit.to_string(),
            };
            let ran = git.run(&self.arguments(depth.as_deref(), &[&wanted])).await?;
            if !ran.success && !stderr::refuses_commit(&ran.complaint) {
                return Err(stderr::classify("failed to fetch", self.url.as_str(), ran.complaint));
            }
            if !ran.success {
                // Some servers hand out refs only: then the commit is among all of them, or lost.
                let all = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"];
                git.ask("failed to fetch", &self.arguments(None, &all)).await?;
                self.fetch_other(git, reference).await?;
            }
            return Ok(commit.clone());
        }
        let (Some(reference), Some(local)) = (reference, local) else { return Err(self.no_such("HEAD")) };
        let ran = git.run(&self.arguments(depth.as_deref(), &[&format!("+{reference}:{local}")])).await?;
        if !ran.success && stderr::refuses_commit(&ran.complaint) {
            return Err(self.no_such(reference.as_str()));
        }
        if !ran.success {
            return Err(stderr::classify("failed to fetch", self.url.as_str(), ran.complaint));
        }
        let (dir, name) = (git.dir.to_owned(), local.parse::<GitRef>());
        let found = blocking(move || name.map_or(Ok(None), |name| super::resolve(&dir, &name))).await?;
        found.ok_or_else(|| self.no_such(reference.as_str()))
    }

    /// Fetches a ref that is neither branch nor tag, such as that of a pull request; it may be gone.
    async fn fetch_other(&self, git: &Git<'_>, reference: Option<&GitRef>) -> Result<(), SourceError> {
        let is_other = |name: &&GitRef| name.as_branch().is_none() && !name.as_str().starts_with("refs/tags/");
        let Some(other) = reference.filter(is_other) else { return Ok(()) };
        let ran = git.run(&self.arguments(None, &[&format!("+{other}:{other}")])).await?;
        if ran.success || stderr::refuses_commit(&ran.complaint) {
            return Ok(());
        }
        Err(stderr::classify("failed to fetch", self.url.as_str(), ran.complaint))
    }

    pub(super) fn arguments<'a>(&'a self, depth: Option<&'a str>, refspecs: &[&'a str]) -> Vec<&'a str> {
        let mut arguments = vec!["fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head"];
        arguments.extend(depth);
        arguments.extend(["--end-of-options", self.url.as_str()]);
        arguments.extend(refspecs);
        arguments
    }

    /// Points `HEAD` at the commit, on its branch where it is one, and reads what it says.
    fn place(&self, dir: &Path, reference: Option<&GitRef>, commit: &CommitId) -> Result<(), SourceError> {
        let failed = |e: git2::Error| SourceError::git2("failed to check out", dir, &e);
        let repository = Repository::open(dir).map_err(failed)?;
        let id = Oid::from_str(commit.as_str()).map_err(failed)?;
        let Ok(found) = repository.find_commit(id) else { return Err(self.no_such(commit.as_str())) };
        if let Some(limit) = self.max_bytes
            && size::has_more(&repository, &found, limit).map_err(failed)?
        {
            return Err(SourceError::TooLarge { url: self.url.to_string(), limit });
        }
        match reference.filter(|reference| reference.as_branch().is_some()) {
            Some(branch) => {
                repository.reference(branch.as_str(), id, true, "fetched").map_err(failed)?;
                repository.set_head(branch.as_str()).map_err(failed)
            }
            None => repository.set_head_detached(id).map_err(failed),
        }
    }

    async fn extras(&self, git: &Git<'_>) -> Result<(), SourceError> {
        if self.lfs {
            let server = format!("lfs.url={}", self.lfs_server());
            let filter = ["-c", "filter.lfs.clean=git-lfs clean -- %f", "-c", "lfs.basictransfersonly=true"];
            let pinned = ["-c", &server, "-c", "lfs.locksverify=false", "lfs", "pull", "origin"];
            let ran = git.run(&[filter.as_slice(), &pinned].concat()).await?;
            if !ran.success && ran.complaint.contains("'lfs' is not a git command") {
                return Err(SourceError::Program(
                    "the program `git-lfs` is not installed: install it, or fetch without LFS".into(),
                ));
            }
            if !ran.success {
                return Err(stderr::classify("failed to fetch the LFS files of", self.url.as_str(), ran.complaint));
            }
        }
        if self.submodules && git.dir.join(".gitmodules").is_file() {
            // Their addresses come from the repository: they never reach this machine's folders.
            let protocols = if self.allow_http { "http:https:ssh" } else { "https:ssh" };
            let depth = self.depth.map(|depth| format!("--depth={depth}"));
            let mut arguments = vec!["submodule", "--quiet", "update", "--init", "--recursive", "--force"];
            arguments.extend(depth.as_deref());
            Git { protocols, ..*git }.ask("failed to fetch the submodules of", &arguments).await?;
        }
        Ok(())
    }

    /// Where the files of LFS are. Given on the command line, so that no `.lfsconfig` can say otherwise.
    fn lfs_server(&self) -> String {
        let url = self.url.as_str().trim_end_matches('/');
        match self.url.scheme() {
            Scheme::Https | Scheme::Http => format!("{}.git/info/lfs", url.strip_suffix(".git").unwrap_or(url)),
            Scheme::Ssh | Scheme::File => url.to_owned(),
        }
    }

    fn no_such(&self, wanted: &str) -> SourceError {
        SourceError::NoSuchRef { url: self.url.to_string(), wanted: wanted.to_owned() }
    }
}

#[async_trait]
impl Source for GitRemote {
    async fn fetch(&self, into: &Path, cancel: CancellationToken) -> Result<Checkout, SourceError> {
        // Before anything is made: an address that may not be used leaves nothing.
        self.protocols()?;
        let remote = self.clone();
        let target = into.to_owned();
        let (dir, handover) = blocking(move || remote.begin(&target)).await?;
        let secrets = self.credentials.secrets();
        let git = self.git(&dir, &handover, &secrets, &cancel)?;
        let warnings = match git.fault().await? {
            Some(fault) if !self.trust_git => return Err(SourceError::Program(fault)),
            fault => fault.into_iter().collect(),
        };
        let place = self.check_reach(&git).await?;
        let git = Git { place: place.as_deref(), ..git };
        let (reference, main_branch) = self.discover(&git).await?;
        let commit = self.fetch_commit(&git, reference.as_ref()).await?;
        let (remote, target) = (self.clone(), dir.clone());
        let facts = Facts {
            url: Some(self.url.to_string()),
            reference: reference.as_ref().map(GitRef::to_string),
            main_branch,
            ..Facts::default()
        };
        let (mut checkout, wanted) = (Checkout { dir: dir.clone(), warnings, ..Checkout::default() }, commit.clone());
        let (facts, changes) = blocking(move || {
            remote.place(&target, reference.as_ref(), &wanted)?;
            read(&target, facts, &wanted)
        })
        .await?;
        let warning;
        git.ask("failed to check out", &["reset", "--hard", "--quiet"]).await?;
        self.extras(&git).await?;
        if let Some((url, branch)) = &self.script_of {
            (checkout.script, warning) = self.base_script(&git, url, branch, &commit).await?;
            checkout.warnings.extend(warning);
        }
        checkout.git = Some(facts);
        checkout.changes = changes;
        Ok(checkout)
    }
}

impl GitRemote {
    /// Makes the empty repository and all that git is handed.
    fn begin(&self, into: &Path) -> Result<(PathBuf, Handover), SourceError> {
        prepare(into)?;
        let dir = into.canonicalize().map_err(|e| SourceError::io("failed to read the folder", into, e))?;
        let failed = |e: git2::Error| SourceError::git2("failed to make a repository in", into, &e);
        let mut options = RepositoryInitOptions::new();
        options.external_template(false).no_reinit(true);
        let repository = Repository::init_opts(&dir, &options).map_err(failed)?;
        repository.remote("origin", self.url.as_str()).map_err(failed)?;
        let handover = Handover::new(&self.credentials, &self.url, self.lfs || self.submodules)
            .map_err(|e| SourceError::io("failed to hand over the credentials for", Path::new(self.url.as_str()), e))?;
        Ok((dir, handover))
    }
}

/// The ref of the checkout that a ref of the server is fetched to.
fn local_name(reference: &GitRef) -> String {
    match reference.as_branch() {
        Some(branch) => format!("refs/remotes/origin/{branch}"),
        None => reference.to_string(),
    }
}

fn read(
    dir: &Path,
    mut facts: Facts,
    commit: &CommitId,
) -> Result<(Facts, Option<monkeyci_model::trigger::Changes>), SourceError> {
    let failed = |e: git2::Error| SourceError::git2("failed to read the commit of", dir, &e);
    let repository = Repository::open(dir).map_err(failed)?;
    let commit = Oid::from_str(commit.as_str()).and_then(|id| repository.find_commit(id)).map_err(failed)?;
    facts::describe(&mut facts, &commit);
    let changes = changes::of_commit(&repository, &commit, "");
    Ok((facts, changes))
}
