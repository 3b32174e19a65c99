//! What a channel may be told of.

use crate::event::unknown;

/// What happens to a build, in the words of the server's subscriptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Moment {
    /// It failed, and the build of the same ref before it did not.
    Failed,
    /// It succeeded, and the build of the same ref before it did not.
    Recovered,
    /// It failed, as the build of the same ref before it did.
    StillFailing,
    /// It succeeded.
    Succeeded,
    /// Its jobs begin.
    Started,
    /// A job of it waits for a person.
    Waiting,
    /// It was canceled.
    Canceled,
    /// A job of it ended well on an environment.
    Deployed,
}

impl Moment {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Failed,
        Self::Recovered,
        Self::StillFailing,
        Self::Succeeded,
        Self::Started,
        Self::Waiting,
        Self::Canceled,
        Self::Deployed,
    ];

    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Recovered => "recovered",
            Self::StillFailing => "still-failing",
            Self::Succeeded => "succeeded",
            Self::Started => "started",
            Self::Waiting => "waiting",
            Self::Canceled => "canceled",
            Self::Deployed => "deployed",
        }
    }

    /// The moment of that word, or of one that means the same.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        let word = word.to_lowercase().replace('_', "-");
        Self::ALL.into_iter().find(|moment| moment.as_str() == word).or(match word.as_str() {
            "failure" | "failures" => Some(Self::Failed),
            "success" | "passed" => Some(Self::Succeeded),
            "approval" | "approvals" => Some(Self::Waiting),
            "cancelled" => Some(Self::Canceled),
            "deploy" | "deploys" | "deployment" | "deployments" => Some(Self::Deployed),
            _ => None,
        })
    }

    /// The moments that a word says, of which `all` says all.
    ///
    /// # Errors
    /// What is known instead, as a sentence.
    pub fn several(word: &str) -> Result<Vec<Self>, String> {
        if word.eq_ignore_ascii_case("all") {
            return Ok(Self::ALL.to_vec());
        }
        let known = || Self::ALL.iter().map(|moment| moment.as_str()).chain(["all"]);
        Self::of(word).map(|moment| vec![moment]).ok_or_else(|| unknown(word, "happens to builds", known()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_to_builds_has_several_names() {
        assert_eq!(Moment::several("approval"), Ok(vec![Moment::Waiting]));
        assert_eq!(Moment::several("still_failing"), Ok(vec![Moment::StillFailing]));
        assert_eq!(Moment::several("ALL").map(|all| all.len()), Ok(Moment::ALL.len()));
        let near = Moment::several("fialed").expect_err("none");
        assert_eq!(near, "nothing that happens to builds is called `fialed`; did you mean `failed`?");
    }
}
