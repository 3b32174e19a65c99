//! Which `git` programs are trusted with a stranger's repository.

/// The first release of each line without CVE-2024-32002, -32004, -32020, -32021 and -32465 (May 2024), by which a
/// repository could run programs while it was cloned. Source: the release notes of git 2.45.1.
const FIXED: [(u32, u32); 7] = [(39, 4), (40, 2), (41, 1), (42, 2), (43, 4), (44, 1), (45, 1)];

/// Asks the `git` program of this machine for its version; the error says why it is not used for strangers' repositories.
///
/// # Errors
/// When there is none, or it is known to let a repository run programs.
pub async fn git_version() -> Result<String, String> {
    let output = tokio::process::Command::new("git").arg("--version").stdin(std::process::Stdio::null()).output().await;
    let output =
        output.map_err(|error| format!("the program `git` cannot be run: {error}; install git 2.45.1 or newer"))?;
    let banner = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    match fault(&banner) {
        None => Ok(banner),
        Some(fault) => Err(fault),
    }
}

/// Says why the program that printed `banner` for `git --version` is not used, if so.
pub(super) fn fault(banner: &str) -> Option<String> {
    let Some((major, minor, patch)) = parse(banner) else {
        let banner: String = banner.chars().filter(|c| !c.is_control()).take(80).collect();
        return Some(format!("`git --version` says `{banner}`, which is no version of git"));
    };
    let fixed = match FIXED.iter().find(|(line, _)| *line == minor) {
        _ if major != 2 => major > 2,
        Some((_, first)) => patch >= *first,
        None => minor > 45,
    };
    (!fixed).then(|| {
        format!(
            "git {major}.{minor}.{patch} lets a repository run programs while it is fetched (CVE-2024-32002 and others), \
             unless the distribution repaired it without a new number: install git 2.39.4, 2.40.2, 2.41.1, 2.42.2, \
             2.43.4, 2.44.1, 2.45.1 or newer"
        )
    })
}

fn parse(banner: &str) -> Option<(u32, u32, u32)> {
    let version = banner.trim().strip_prefix("git version ")?.split_whitespace().next()?;
    let mut numbers = version.split('.').map(str::parse);
    match (numbers.next(), numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor)), patch) => Some((major, minor, patch.and_then(Result::ok).unwrap_or(0))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_releases_are_used_and_older_ones_named() {
        for banner in [
            "git version 2.47.3\n",
            "git version 2.45.1",
            "git version 2.43.4",
            "git version 2.39.5 (Apple Git-154)",
            "git version 2.46.0.windows.1",
            "git version 2.50.rc1",
            "git version 3.0.0",
        ] {
            assert_eq!(fault(banner), None, "{banner}");
        }
        for banner in
            ["git version 2.45.0", "git version 2.43.3", "git version 2.39", "git version 2.38.9", "git version 1.9.1"]
        {
            assert!(fault(banner).expect(banner).contains("2.45.1"), "{banner}");
        }
        for banner in ["", "git", "hub version 2.45.1", "git version x.y", "\u{1b}[2J"] {
            assert!(fault(banner).expect(banner).contains("no version"), "{banner}");
        }
    }
}
