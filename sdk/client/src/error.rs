//! Why something could not be had.

use monkeyci_rest::Problem;

/// Why something could not be had. No variant ever holds the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The server's address, the token or a name cannot be used; nothing was sent.
    #[error("{0}")]
    Invalid(String),
    /// No answer came, or it broke off.
    #[error("the server at {server} cannot be reached: {why}")]
    Unreachable {
        /// Its address.
        server: String,
        /// What went wrong.
        why: String,
    },
    /// There is no such thing, or none that whoever asks may see (404).
    #[error("{}", told(.0))]
    NotFound(Box<Problem>),
    /// It is not, or no longer, in a state in which that can be done (409), or was changed by somebody else (412).
    #[error("{}", told(.0))]
    Conflict(Box<Problem>),
    /// The server refused for another reason.
    #[error("{}", told(.0))]
    Refused(Box<Problem>),
    /// What answered does not speak this API, or not this version of it.
    #[error("the answer of the server at {server} cannot be understood: {why}")]
    Protocol {
        /// Its address.
        server: String,
        /// What was wrong with it.
        why: String,
    },
    /// It was [given up](crate::Client::give_up) before an answer came. It may have been done all the same.
    #[error("it was interrupted before the server answered")]
    GivenUp,
    /// What was had could not be written down.
    #[error("cannot be written: {0}")]
    Write(String),
}

impl ClientError {
    /// What the server said, when it did.
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::NotFound(problem) | Self::Conflict(problem) | Self::Refused(problem) => Some(problem),
            _ => None,
        }
    }

    /// The status of the answer, when it was a refusal.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.problem().map(|problem| problem.status)
    }

    /// The refusal of that status.
    pub(crate) fn refused(problem: Problem) -> Self {
        let problem = Box::new(problem);
        match problem.status {
            404 => Self::NotFound(problem),
            409 | 412 => Self::Conflict(problem),
            _ => Self::Refused(problem),
        }
    }
}

/// The detail, and what is wrong field by field.
fn told(problem: &Problem) -> String {
    let said = if problem.detail.is_empty() { &problem.title } else { &problem.detail };
    let fields = problem.errors.iter().map(|error| format!("{}: {}", error.pointer, error.detail));
    // What is said of the only field that is wrong need not be said twice.
    let is_told = problem.errors.iter().any(|error| error.detail == *said);
    let lines: Vec<_> = (!is_told).then(|| said.clone()).into_iter().chain(fields).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use monkeyci_rest::FieldError;

    use super::*;

    #[test]
    fn a_refusal_tells_every_field_that_is_wrong() {
        let field = |pointer: &str, detail: &str| FieldError { pointer: pointer.into(), detail: detail.into() };
        let error = ClientError::refused(Problem {
            title: "Unprocessable Content".into(),
            status: 422,
            detail: "the repository cannot be taken".into(),
            code: None,
            errors: vec![field("/url", "is no url"), field("/poll", "is less than 60")],
        });
        let only = ClientError::refused(Problem {
            title: "Unprocessable Content".into(),
            status: 422,
            detail: "is no url".into(),
            code: None,
            errors: vec![field("/url", "is no url")],
        });
        assert_eq!(only.to_string(), "/url: is no url");
        assert_eq!(error.to_string(), "the repository cannot be taken\n/url: is no url\n/poll: is less than 60");
        assert_eq!(error.status(), Some(422));
    }
}
