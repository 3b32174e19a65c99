//! What went wrong with a server, for a person.

use monkeyci_client::ClientError;

use crate::error::{CliError, Exit};

/// The error, with what to do about it and the exit code that says whose it is.
pub fn told(error: &ClientError) -> CliError {
    let message = error.to_string();
    match error {
        // What is named on the command line is not there.
        ClientError::Invalid(_) | ClientError::NotFound(_) => CliError::usage(message),
        ClientError::Conflict(_) => CliError::failed(message),
        ClientError::Refused(problem) => match problem.status {
            401 => CliError::failed(message)
                .hint("`monkeyci login URL` keeps a token; `MONKEYCI_TOKEN` gives one for this command"),
            403 => CliError::failed(message).hint("`monkeyci whoami` says who you are there, and what you may do"),
            400..=428 => CliError::usage(message),
            _ => CliError::ours(message),
        },
        ClientError::Unreachable { .. } => {
            CliError::ours(message).hint("`--server`, `MONKEYCI_SERVER` or `monkeyci login` say which server is meant")
        }
        _ => CliError::new(message, Exit::Ours),
    }
}

impl From<ClientError> for CliError {
    fn from(error: ClientError) -> Self {
        told(&error)
    }
}

#[cfg(test)]
mod tests {
    use monkeyci_client::rest::Problem;

    use super::*;

    #[test]
    fn the_exit_code_says_whose_the_mistake_is() {
        let refused = |status| {
            let problem =
                Problem { title: "No".into(), status, detail: "because".into(), code: None, errors: Vec::new() };
            told(&ClientError::Refused(Box::new(problem)))
        };
        let codes = [401, 403, 422, 429, 500].map(|status| refused(status).exit().code());
        assert_eq!(codes, [1, 1, 2, 4, 4]);
        assert!(refused(401).to_string().contains("monkeyci login"));
    }
}
