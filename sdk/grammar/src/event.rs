//! What causes builds.

use crate::{mistake, nearest};

/// What causes builds, in the server's words and in others.
pub(crate) const EVENTS: &[(&str, &[&str])] = &[
    ("push", &[]),
    ("tag", &[]),
    ("pull-request", &["pr", "mr", "pull"]),
    ("schedule", &["cron"]),
    ("build", &[]),
    ("manual", &["api", "cli"]),
];

/// What causes a build, in the server's word for it: of `pr` it is `pull-request`.
///
/// # Errors
/// What is known instead, as a sentence.
pub fn event(word: &str) -> Result<&'static str, String> {
    let found = EVENTS.iter().find(|(name, others)| *name == word || others.contains(&word));
    found.map(|(name, _)| *name).ok_or_else(|| unknown(word, "causes builds", EVENTS.iter().map(|(name, _)| *name)))
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
        assert_eq!((event("pr"), event("push")), (Ok("pull-request"), Ok("push")));
        let near = event("scedule").expect_err("none");
        assert_eq!(near, "nothing that causes builds is called `scedule`; did you mean `schedule`?");
        assert!(event("breakfast").expect_err("none").contains("known are `push`, `tag`,"));
    }
}
