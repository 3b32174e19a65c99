//! Scopes of trust: what a build leaves for others, and whose it may use.
//!
//! Caches and compiled scripts live in them. A build reads what its own scope and the protected one have, and writes to
//! its own alone: what somebody who may not push can put there is never read by those who may.

use monkeyci_model::Trigger;
use monkeyci_model::trigger::Source;

/// Where a build may leave something.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Builds of protected refs, and those of a person at a terminal.
    Protected,
    /// Builds of this branch or tag, by its full ref, or of a commit without one.
    Branch(String),
    /// Builds of code from this fork, or from this pull request.
    Fork(String),
}

impl Scope {
    /// The scope of a build: what those of the main branch and of a person at a terminal leave is everybody's to read.
    #[must_use]
    pub fn of(trigger: &Trigger) -> Self {
        let git = trigger.git.as_ref();
        let reference = git.and_then(|git| git.reference.as_deref());
        if trigger.fork {
            let url = git.and_then(|git| git.url.as_deref()).unwrap_or_default();
            return Self::Fork(format!("{url} {}", reference.unwrap_or_default()));
        }
        let main = git.and_then(|git| git.main_branch.as_deref());
        match reference {
            Some(reference) if trigger.source != Source::Cli && (main.is_none() || trigger.branch() != main) => {
                // The whole of it: a branch may well be called `refs/tags/v1`.
                Self::Branch(reference.to_owned())
            }
            // Any commit that the server can fetch, also one that nobody with the right to push has seen.
            None if trigger.source != Source::Cli
                && let Some(commit) = git.and_then(|git| git.commit_id.as_deref()) =>
            {
                Self::Branch(format!("commit {commit}"))
            }
            _ => Self::Protected,
        }
    }

    /// The scopes that a build of this one reads, in order.
    pub(crate) fn readable(&self) -> Vec<&Self> {
        match self {
            Self::Protected => vec![self],
            Self::Branch(_) | Self::Fork(_) => vec![self, &Self::Protected],
        }
    }

    /// Its name, which no other has.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Protected => "protected".into(),
            Self::Branch(name) => format!("branch:{name}"),
            Self::Fork(id) => format!("fork:{id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use monkeyci_model::trigger::Git;

    use super::*;

    #[test]
    fn only_trusted_builds_write_what_everybody_reads() {
        let trigger = |source, reference: &str, fork| Trigger {
            source,
            git: Some(Git {
                url: Some("https://example.com/web".into()),
                reference: Some(reference.into()),
                main_branch: Some("main".into()),
                ..Git::default()
            }),
            fork,
            ..Trigger::default()
        };
        let branch = |name: &str| Scope::Branch(name.into());
        for (trigger, expected) in [
            (Trigger::default(), Scope::Protected),
            (trigger(Source::Cli, "refs/heads/x", false), Scope::Protected),
            (trigger(Source::Api, "refs/heads/main", false), Scope::Protected),
            (trigger(Source::Api, "refs/heads/x", false), branch("refs/heads/x")),
            (trigger(Source::Api, "refs/heads/refs/tags/main", false), branch("refs/heads/refs/tags/main")),
            (trigger(Source::Api, "refs/tags/main", false), branch("refs/tags/main")),
            (
                trigger(Source::GithubWebhook, "refs/heads/main", true),
                Scope::Fork("https://example.com/web refs/heads/main".into()),
            ),
        ] {
            assert_eq!(Scope::of(&trigger), expected, "{trigger:?}");
        }
        let mut bare = trigger(Source::Api, "", false);
        bare.git = Some(Git { commit_id: Some("c0ffee".into()), ..Git::default() });
        assert_eq!(Scope::of(&bare), branch("commit c0ffee"));
    }
}
