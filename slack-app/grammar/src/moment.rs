//! What a channel may be told of.

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
}

impl Moment {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Failed,
        Self::Recovered,
        Self::StillFailing,
        Self::Succeeded,
        Self::Started,
        Self::Waiting,
        Self::Canceled,
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
            _ => None,
        })
    }
}
