//! What a delivery says.

use super::change::Change;

/// What a delivery says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// The forge tries the hook out.
    Ping,
    /// Nothing that concerns builds, and why not, for people.
    Nothing(String),
    /// What happened, in order; never empty.
    Changes(Vec<Change>),
}

/// Why a delivery says nothing, although it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The header that says what it is about is missing, or there are several.
    #[error("the header `{header}`, which names the event, is missing or is there twice")]
    Event {
        /// Its name.
        header: &'static str,
    },
    /// The body is a form without the one field that holds the JSON.
    #[error("the form has no field `payload`, or several; choose JSON as the content type of the webhook")]
    Form,
    /// The body is no JSON, is nested too deeply, or something of it is of another type than this forge sends.
    #[error("the body is not what this forge sends: {0}")]
    Json(String),
    /// Something that is needed is not there.
    #[error("the body lacks `{field}`")]
    Missing {
        /// Where it should be, from the root of the body.
        field: &'static str,
    },
    /// Something that is needed is not what it should be.
    #[error("the body's `{field}` is not usable: {reason}")]
    Wrong {
        /// Where it is, from the root of the body.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

impl Heard {
    pub(super) fn one(change: Change) -> Self {
        Self::Changes(vec![change])
    }

    /// What a delivery tells of several refs. One of them that cannot be read keeps no other from being built.
    pub(super) fn several(changes: impl Iterator<Item = Result<Change, Unreadable>>) -> Result<Self, Unreadable> {
        let (mut read, mut wrong) = (Vec::new(), None);
        for change in changes {
            match change {
                Ok(change) => read.push(change),
                Err(error) => wrong = wrong.or(Some(error)),
            }
        }
        match wrong {
            Some(error) if read.is_empty() => Err(error),
            _ if read.is_empty() => Ok(Self::nothing("no branch or tag changed")),
            _ => Ok(Self::Changes(read)),
        }
    }

    pub(super) fn nothing(why: impl Into<String>) -> Self {
        Self::Nothing(why.into())
    }

    /// Says that an event of this name builds nothing.
    pub(super) fn other_event(name: &str) -> Self {
        let name: String = name.chars().take(100).collect();
        Self::Nothing(format!("nothing is built on the event `{}`", name.escape_debug()))
    }

    /// Says that nothing is built on what was done to a pull request.
    pub(super) fn other_action(name: &str) -> Self {
        let name: String = name.chars().take(100).collect();
        Self::Nothing(format!("nothing is built when a pull request is `{}`", name.escape_debug()))
    }
}

/// What must be there.
pub(super) fn need<T>(value: Option<T>, field: &'static str) -> Result<T, Unreadable> {
    value.ok_or(Unreadable::Missing { field })
}
