//! What a build is about.

use std::collections::BTreeSet;

use monkeyci_model::job::Arch;
use monkeyci_model::script::Context;
use monkeyci_model::trigger::{Changes, Git, PullRequest, Source, Trigger};
use monkeyci_model::{BuildId, Text};

use crate::pattern::Pattern;

/// The context of a build: what jobs are computed from.
///
/// In a test it is made by hand, from [`Ctx::on_branch`] or [`Ctx::on_tag`] on:
///
/// ```
/// use monkeyci_sdk::prelude::*;
///
/// let ctx = Ctx::on_branch("main").changing(&["src/lib.rs"]).param("STAGE", "prod");
/// assert!(ctx.is_main_branch() && ctx.touched("src/**") && !ctx.touched("docs/"));
/// assert_eq!(ctx.get("STAGE"), Some("prod"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ctx {
    context: Context,
}

impl From<Context> for Ctx {
    fn from(context: Context) -> Self {
        Self { context }
    }
}

/// What a test says of a build.
impl Ctx {
    /// A build of a branch, of a repository whose main branch is `main`. What changed is not known.
    #[must_use]
    pub fn on_branch(branch: &str) -> Self {
        Self::at(format!("refs/heads/{branch}"))
    }

    /// A build of a tag, of a repository whose main branch is `main`. What changed is not known.
    #[must_use]
    pub fn on_tag(tag: &str) -> Self {
        Self::at(format!("refs/tags/{tag}"))
    }

    /// A build of pull request `number` from the branch `source` to `target`, of the same repository, whose main branch is
    /// `main`. What changed is not known.
    #[must_use]
    pub fn on_pull_request(number: u64, source: &str, target: &str) -> Self {
        let mut ctx = Self::at(format!("refs/pull/{number}/head"));
        let (source_branch, target_branch) = (source.to_owned(), target.to_owned());
        let request = PullRequest { number, source_branch, target_branch, ..PullRequest::default() };
        ctx.context.trigger.pull_request = Some(request);
        ctx
    }

    fn at(reference: String) -> Self {
        let git = Git { reference: Some(reference), main_branch: Some("main".into()), ..Git::default() };
        let trigger = Trigger { git: Some(git), ..Trigger::default() };
        Self { context: Context { build: None, trigger, archs: vec![Arch::Amd] } }
    }

    /// These files were modified.
    #[must_use]
    pub fn changing(self, paths: &[&str]) -> Self {
        self.with_changes(paths, |changes| &mut changes.modified)
    }

    /// These files were added.
    #[must_use]
    pub fn adding(self, paths: &[&str]) -> Self {
        self.with_changes(paths, |changes| &mut changes.added)
    }

    /// These files were removed.
    #[must_use]
    pub fn removing(self, paths: &[&str]) -> Self {
        self.with_changes(paths, |changes| &mut changes.removed)
    }

    fn with_changes(mut self, paths: &[&str], of: impl Fn(&mut Changes) -> &mut BTreeSet<String>) -> Self {
        let changes = self.context.trigger.changes.get_or_insert_default();
        of(changes).extend(paths.iter().map(|&path| path.to_owned()));
        self
    }

    /// A param has this value.
    #[must_use]
    pub fn param(mut self, name: &str, value: &str) -> Self {
        self.context.trigger.params.insert(name.to_owned(), value.into());
        self
    }

    /// It was caused by this.
    #[must_use]
    pub fn caused_by(mut self, source: Source) -> Self {
        self.context.trigger.source = source;
        self
    }

    /// The repository has another main branch.
    #[must_use]
    pub fn with_main_branch(mut self, branch: &str) -> Self {
        self.context.trigger.git.get_or_insert_default().main_branch = Some(branch.to_owned());
        self
    }

    /// It builds this commit.
    #[must_use]
    pub fn with_commit(mut self, id: &str) -> Self {
        self.context.trigger.git.get_or_insert_default().commit_id = Some(id.to_owned());
        self
    }

    /// It is this build.
    ///
    /// # Panics
    /// When that is not of the form `org/repo/build-12`.
    #[must_use]
    #[track_caller]
    pub fn with_build(mut self, id: &str) -> Self {
        match id.parse() {
            Ok(id) => self.context.build = Some(id),
            Err(error) => panic!("{error}"),
        }
        self
    }

    /// Jobs can run on these architectures.
    #[must_use]
    pub fn with_archs(mut self, archs: &[Arch]) -> Self {
        self.context.archs = archs.to_vec();
        self
    }

    /// The code comes from somebody who may not push.
    #[must_use]
    pub fn of_fork(mut self) -> Self {
        self.context.trigger.fork = true;
        self
    }
}

/// What a script asks.
impl Ctx {
    /// The branch, when the build is of one.
    #[must_use]
    pub fn branch(&self) -> Option<&str> {
        self.context.trigger.branch()
    }

    /// The tag, when the build is of one.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.context.trigger.tag()
    }

    /// The pull or merge request, when the build is of one. Such a build is on no branch.
    #[must_use]
    pub fn pull_request(&self) -> Option<&PullRequest> {
        self.context.trigger.pull_request.as_ref()
    }

    /// The full ref: `refs/heads/main`, `refs/tags/v1`.
    #[must_use]
    pub fn git_ref(&self) -> Option<&str> {
        self.git()?.reference.as_deref()
    }

    /// The commit, 40 or 64 hex digits.
    #[must_use]
    pub fn commit(&self) -> Option<&str> {
        self.git()?.commit_id.as_deref()
    }

    /// The main branch of the repository, where it is known.
    #[must_use]
    pub fn main_branch(&self) -> Option<&str> {
        self.git()?.main_branch.as_deref()
    }

    /// Whether the build is of the main branch.
    #[must_use]
    pub fn is_main_branch(&self) -> bool {
        self.branch().is_some_and(|branch| self.main_branch() == Some(branch))
    }

    fn git(&self) -> Option<&Git> {
        self.context.trigger.git.as_ref()
    }

    /// Whether a file that fits was added, modified or removed; also when it is not known what changed, so that nothing
    /// goes untested.
    #[must_use]
    pub fn touched(&self, pattern: impl Pattern) -> bool {
        self.changed(|changes| changes.touched().any(|path| pattern.fits(path)))
    }

    /// Whether a file that fits was added, or nobody knows.
    #[must_use]
    pub fn added(&self, pattern: impl Pattern) -> bool {
        self.changed(|changes| changes.added.iter().any(|path| pattern.fits(path)))
    }

    /// Whether a file that fits was modified, or nobody knows.
    #[must_use]
    pub fn modified(&self, pattern: impl Pattern) -> bool {
        self.changed(|changes| changes.modified.iter().any(|path| pattern.fits(path)))
    }

    /// Whether a file that fits was removed, or nobody knows.
    #[must_use]
    pub fn removed(&self, pattern: impl Pattern) -> bool {
        self.changed(|changes| changes.removed.iter().any(|path| pattern.fits(path)))
    }

    fn changed(&self, look: impl Fn(&Changes) -> bool) -> bool {
        self.changes().is_none_or(look)
    }

    /// The files that changed, when that is known.
    #[must_use]
    pub fn changes(&self) -> Option<&Changes> {
        self.context.trigger.changes.as_ref()
    }

    /// What caused the build.
    #[must_use]
    pub fn source(&self) -> Source {
        self.context.trigger.source
    }

    /// Whether a person asked for it on the page, in a chat or by the API.
    #[must_use]
    pub fn is_manual(&self) -> bool {
        self.source() == Source::Api
    }

    /// Whether it runs on somebody's own machine.
    #[must_use]
    pub fn is_cli(&self) -> bool {
        self.source() == Source::Cli
    }

    /// Whether the code comes from somebody who may not push. Such a build has no secrets.
    #[must_use]
    pub fn is_fork(&self) -> bool {
        self.context.trigger.fork
    }

    /// The value of a param. What is secret becomes a reference again wherever a job holds it.
    #[must_use]
    pub fn get(&self, param: &str) -> Option<&str> {
        self.context.trigger.params.get(param).and_then(Text::as_plain)
    }

    /// All params, by name.
    pub fn params(&self) -> impl Iterator<Item = (&str, &str)> {
        self.context.trigger.params.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_plain()?)))
    }

    /// The architectures that jobs can run on.
    #[must_use]
    pub fn archs(&self) -> &[Arch] {
        &self.context.archs
    }

    /// The build; not known where a plan is only looked at.
    #[must_use]
    pub fn build(&self) -> Option<&BuildId> {
        self.context.build.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_knows_to_have_changed_may_have() {
        let unknown = Ctx::on_branch("main");
        assert!(unknown.touched("docs/") && unknown.added("x") && unknown.removed("x") && unknown.modified("x"));
        let known = unknown.adding(&["a"]).removing(&["b"]);
        assert!(known.added("a") && known.removed("b") && known.touched(["a", "z"]));
        assert!(!known.modified("a") && !known.added("b") && !known.touched("c"));
    }

    #[test]
    fn a_ref_is_a_branch_or_a_tag() {
        let ctx = Ctx::on_branch("feature/x");
        assert_eq!((ctx.branch(), ctx.tag(), ctx.is_main_branch()), (Some("feature/x"), None, false));
        assert!(ctx.clone().with_main_branch("feature/x").is_main_branch());
        let ctx = Ctx::on_tag("v1").caused_by(Source::Api).of_fork().with_commit("c0ffee").with_build("a/b/build-3");
        assert_eq!((ctx.branch(), ctx.tag(), ctx.git_ref()), (None, Some("v1"), Some("refs/tags/v1")));
        assert!(ctx.is_manual() && !ctx.is_cli() && ctx.is_fork() && ctx.commit() == Some("c0ffee"));
        assert_eq!(ctx.build().map(ToString::to_string).as_deref(), Some("a/b/build-3"));
        let ctx = Ctx::on_pull_request(7, "main", "main");
        assert_eq!((ctx.branch(), ctx.is_main_branch()), (None, false));
        assert_eq!(ctx.pull_request().map(|request| request.target_branch.as_str()), Some("main"));
    }
}
