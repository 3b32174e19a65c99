//! What a channel may be told of.

use monkeyci_rest::Moment;

use crate::event::unknown;

/// What happens to builds that a word says, in the server's words and in others; `all` says all of it.
///
/// # Errors
/// What is known instead, as a sentence.
pub fn moments(word: &str) -> Result<Vec<Moment>, String> {
    let said = word.to_lowercase().replace('_', "-");
    let moment = match said.as_str() {
        "all" => return Ok(Moment::ALL.to_vec()),
        "failure" | "failures" => Some(Moment::Failed),
        "success" | "passed" => Some(Moment::Succeeded),
        "approval" | "approvals" => Some(Moment::Waiting),
        "cancelled" => Some(Moment::Canceled),
        "deploy" | "deploys" | "deployment" | "deployments" => Some(Moment::Deployed),
        said => Moment::ALL.into_iter().find(|moment| moment.as_str() == said),
    };
    moment.map(|moment| vec![moment]).ok_or_else(|| unknown(word, "happens to builds", known()))
}

/// The server's words, and `all`.
pub(crate) fn known() -> impl Iterator<Item = &'static str> + Clone {
    Moment::ALL.into_iter().map(Moment::as_str).chain(["all"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_to_builds_has_several_names() {
        assert_eq!(moments("approval"), Ok(vec![Moment::Waiting]));
        assert_eq!(moments("still_failing"), Ok(vec![Moment::StillFailing]));
        assert_eq!(moments("ALL").map(|all| all.len()), Ok(Moment::ALL.len()));
        let near = moments("fialed").expect_err("none");
        assert_eq!(near, "nothing that happens to builds is called `fialed`; did you mean `failed`?");
    }
}
