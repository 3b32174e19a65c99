//! What the `git` program complained about, without secrets, and what that means.

use super::SourceError;

/// Bytes of a complaint that are shown.
const SHOWN: usize = 600;

/// Makes what a program printed fit for people: `secrets` and the user parts of addresses are hidden, control
/// characters dropped, the last lines kept.
pub(super) fn scrub(printed: &[u8], secrets: &[&str]) -> String {
    let mut text = String::from_utf8_lossy(printed).into_owned();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        text = text.replace(secret, "***");
    }
    let lines: Vec<String> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(hide_users).collect();
    let mut text = lines.join("; ");
    text.retain(|c| !c.is_control());
    if text.len() > SHOWN {
        let cut = (text.len() - SHOWN..).find(|i| text.is_char_boundary(*i)).unwrap_or(text.len());
        text.replace_range(..cut, "…");
    }
    text
}

/// Replaces `user:password@` in any address of the line.
fn hide_users(line: &str) -> String {
    let mut shown = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("://") {
        shown.push_str(before);
        shown.push_str("://");
        let authority = &after[..after.find(['/', ' ', '\'', '"']).unwrap_or(after.len())];
        rest = match authority.rfind('@') {
            Some(at) => &after[at + 1..],
            None => after,
        };
    }
    shown + rest
}

/// The error that a scrubbed complaint stands for.
pub(super) fn classify(what: &'static str, url: &str, reason: String) -> SourceError {
    let says = |any: &[&str]| any.iter().any(|words| reason.contains(words));
    let url = url.to_owned();
    if says(&["No space left on device", "Disk quota exceeded"]) {
        return SourceError::DiskFull { path: url.into() };
    }
    if says(&["Host key verification failed", "HOST IDENTIFICATION HAS CHANGED", "host key is known"]) {
        return SourceError::HostKey { url, reason };
    }
    if says(&["transport '", "not allowed"]) && reason.contains("transport '") {
        return SourceError::NotAllowed {
            url,
            reason: "it, or a submodule of it, is reached in a way that is not allowed here",
        };
    }
    if says(&["unable to update url base from redirection", "error: 301", "error: 302", "error: 307", "error: 308"]) {
        let reason = "the server redirects elsewhere, which is not followed: give the address that it redirects to";
        return SourceError::NotAllowed { url, reason };
    }
    if says(&[
        "Authentication failed",
        "Permission denied (",
        "could not read Username",
        "could not read Password",
        "unable to read askpass",
        "error: 401",
        "error: 403",
        "Load key ",
    ]) {
        return SourceError::Auth { url, reason };
    }
    if says(&[
        "Could not resolve host",
        "Connection refused",
        "Connection timed out",
        "Connection reset",
        "Network is unreachable",
        "SSL certificate",
        "Failed to connect",
        "Connection closed by",
    ]) {
        return SourceError::Unreachable { url, reason };
    }
    if says(&[
        "epository not found",
        "' not found",
        "does not appear to be a git repository",
        "error: 404",
        "does not exist",
        "no such path",
    ]) {
        return SourceError::NotFound { url, reason };
    }
    if says(&[
        "fsck error",
        "suspicious submodule name",
        "invalid path",
        "object corrupt",
        "index-pack failed",
        "disallowed submodule",
        "fatal: bad object",
    ]) {
        return SourceError::Refused { url, reason };
    }
    SourceError::Git { what, url, reason }
}

/// Whether a server refused to hand out a commit by its id.
pub(super) fn refuses_commit(reason: &str) -> bool {
    ["not our ref", "unadvertised object", "couldn't find remote ref", "no such remote ref"]
        .iter()
        .any(|w| reason.contains(w))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn complaints_hold_no_secrets_and_no_control_characters() {
        let printed = b"fatal: Authentication failed for 'https://bob:s3cr3t@example.com/a'\nremote: \x1b[31mtoken tok-1 is void\n";
        let shown = scrub(printed, &["tok-1"]);
        assert_eq!(shown, "fatal: Authentication failed for 'https://example.com/a'; remote: [31mtoken *** is void");
    }

    #[test]
    fn long_complaints_keep_their_end() {
        let shown = scrub(format!("{}\nfatal: ünd so", "ü".repeat(9999)).as_bytes(), &[]);
        assert!(shown.ends_with("fatal: ünd so") && shown.len() <= SHOWN + 4, "{}", shown.len());
    }

    #[test]
    fn each_complaint_becomes_the_error_that_tells_what_to_do() {
        let case = |text: &str| classify("fetching", "https://example.com/a", text.to_owned());
        assert!(matches!(case("git@example.com: Permission denied (publickey)."), SourceError::Auth { .. }));
        assert!(matches!(case("No ED25519 host key is known for [127.0.0.1]:22"), SourceError::HostKey { .. }));
        assert!(matches!(case("fatal: write error: No space left on device"), SourceError::DiskFull { .. }));
        assert!(matches!(case("fatal: transport 'file' not allowed"), SourceError::NotAllowed { .. }));
        assert!(matches!(
            case("fatal: unable to access: Could not resolve host: example.com"),
            SourceError::Unreachable { .. }
        ));
        assert!(matches!(case("remote: Repository not found."), SourceError::NotFound { .. }));
        assert!(matches!(case("fatal: fsck error in packed object"), SourceError::Refused { .. }));
        assert!(matches!(case("fatal: something else"), SourceError::Git { .. }));
    }

    proptest! {
        #[test]
        fn whatever_is_printed_a_secret_never_comes_through(before in "[ -~]{0,40}", after in "[ -~]{0,40}") {
            let shown = scrub(format!("{before}s3cr3t-value{after}").as_bytes(), &["s3cr3t-value"]);
            prop_assert!(!shown.contains("s3cr3t-value"));
        }
    }
}
