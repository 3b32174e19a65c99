//! Sending, and what is said when it did not work.

use std::time::Duration;

use monkeyci_sdk::http::{HttpError, Request};
use monkeyci_sdk::prelude::Act;

/// Tries beside the first. What arrives twice does no harm.
const RETRIES: u32 = 2;

/// How long one try may take.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Characters of an answer that are shown.
const SHOWN: usize = 200;

/// Sends a request to the place that `whose` names; an error says why that did not work.
///
/// The URL of a webhook is as good as a password, and part of it would be enough for a log to tell: no error holds it.
pub(crate) fn send(request: Request, whose: &str) -> Result<(), String> {
    let request = request.header("User-Agent", "MonkeyCI").timeout(TIMEOUT).retries(RETRIES);
    request.send().map(drop).map_err(|error| format!("{whose}: {}", said(&error)))
}

fn said(error: &HttpError) -> String {
    match error {
        HttpError::Status { response } => {
            let text: String = response.text().trim().chars().take(SHOWN).collect();
            let text = if text.is_empty() { text } else { format!(": {}", text.escape_debug()) };
            format!("it answered {}{text}", response.status)
        }
        HttpError::Unreached { said, .. } => format!("no answer: {said}"),
        HttpError::Refused { why, .. } => format!("it was not asked: {why}"),
        HttpError::Io { what, source, .. } => format!("{what}: {source}"),
        HttpError::NoCurl => error.to_string(),
        _ => "it could not be asked".to_owned(),
    }
}

/// The value of a param that is wanted now.
pub(crate) fn param<'a>(act: &'a Act, name: &str, what: &str) -> Result<&'a str, String> {
    let missing = || format!("this build has no param `{name}`, {what}: add it");
    act.get(name).map(str::trim).filter(|value| !value.is_empty()).ok_or_else(missing)
}
