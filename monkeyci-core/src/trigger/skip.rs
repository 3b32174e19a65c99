//! Commits that ask not to be built.

/// What stands in a message that asks not to be built, in any case: that of GitHub, of GitLab, and ours.
const MARKERS: [&str; 6] = ["[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]", "[skip monkeyci]"];

/// The trailer that asks the same, after GitHub.
const TRAILER: &str = "skip-checks: true";

/// What in the message of a commit asks not to be built, if anything does: a marker, or a trailer.
#[must_use]
pub fn skip_marker(message: &str) -> Option<&'static str> {
    let folded = message.to_lowercase();
    MARKERS.into_iter().find(|marker| folded.contains(marker)).or_else(|| has_trailer(&folded).then_some(TRAILER))
}

/// Whether the last paragraph, which is not the first, consists of trailers, and this is one of them.
fn has_trailer(message: &str) -> bool {
    let lines: Vec<&str> = message.trim_end().lines().map(str::trim_end).collect();
    let Some(blank) = lines.iter().rposition(|line| line.is_empty()) else { return false };
    let trailers: Option<Vec<_>> = lines[blank + 1..].iter().map(|line| trailer(line)).collect();
    trailers.is_some_and(|all| all.contains(&("skip-checks", "true")))
}

fn trailer(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_name.then_some((name, value.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_says_by_a_marker_or_a_trailer_that_it_is_not_to_be_built() {
        for (message, found) in [
            ("mend the fence", None),
            ("mend [skip ci] the fence", Some("[skip ci]")),
            ("mend\n\nand more [CI Skip]\nof it", Some("[ci skip]")),
            ("[no ci]", Some("[no ci]")),
            ("[skip actions] x", Some("[skip actions]")),
            ("x [actions skip]", Some("[actions skip]")),
            ("[Skip MonkeyCI]", Some("[skip monkeyci]")),
            ("skip ci", None),
            ("[skip  ci]", None),
            ("mend\n\nskip-checks: true", Some(TRAILER)),
            ("mend\r\n\r\n\r\nSigned-off-by: Ann <ann@example.com>\r\nSkip-Checks:true\r\n", Some(TRAILER)),
            ("skip-checks: true", None),
            ("mend\n\nskip-checks: false", None),
            ("mend\n\nsomebody wrote\nskip-checks: true", None),
            ("mend\n\nskip-checks: true\n\nand went on", None),
            ("mend\nskip-checks: true", None),
            ("", None),
        ] {
            assert_eq!(skip_marker(message), found, "{message:?}");
        }
    }
}
