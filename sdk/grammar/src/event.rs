//! What causes builds.

use monkeyci_rest::Occasion;

use crate::{mistake, nearest};

/// What causes a build, in the server's word for it or in another: `pr` is a pull request.
///
/// # Errors
/// What is known instead, as a sentence.
pub fn event(word: &str) -> Result<Occasion, String> {
    let occasion = match word {
        "pr" | "mr" | "pull" => Some(Occasion::PullRequest),
        "cron" => Some(Occasion::Schedule),
        "api" | "cli" => Some(Occasion::Manual),
        word => Occasion::ALL.into_iter().find(|occasion| occasion.as_str() == word),
    };
    occasion.ok_or_else(|| unknown(word, "causes builds", known()))
}

/// The server's words.
pub(crate) fn known() -> impl Iterator<Item = &'static str> + Clone {
    Occasion::ALL.into_iter().map(Occasion::as_str)
}

/// What is said of a word that is none of those that are known.
pub(crate) fn unknown(word: &str, what: &str, known: impl Iterator<Item = &'static str> + Clone) -> String {
    let hint = match nearest(word, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known are {}", crate::filter::list(known.map(|word| format!("`{word}`")))),
    };
    format!("nothing that {what} is called `{}`; {hint}", mistake::shown(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_causes_builds_has_several_names() {
        assert_eq!((event("pr"), event("push")), (Ok(Occasion::PullRequest), Ok(Occasion::Push)));
        let near = event("scedule").expect_err("none");
        assert_eq!(near, "nothing that causes builds is called `scedule`; did you mean `schedule`?");
        assert!(event("breakfast").expect_err("none").contains("known are `push`, `tag`,"));
    }
}
